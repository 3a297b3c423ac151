"""For every plain reference a function of the same arguments that is not this project's: SciPy's or NumPy's own, or the
same mathematics written in another way. One module per area."""

from importlib import import_module

MODULES = (
    "elementwise", "activations", "special", "reductions", "linalg", "fft", "indexing", "dtypes", "autodiff", "models",
    "layers", "convolution", "pooling", "normalization", "recurrent", "attention", "resizing", "preprocessing",
    "losses", "metrics", "construction", "optimizers", "optimizers_scaled", "optimizers_states",
    "clipping", "optimizers_more", "optimizers_functions", "schedules", "initializers", "random",
    "devices",
)  # fmt: skip
AUTHORITIES = {
    name: authority
    for module in MODULES
    for name, authority in import_module(f"meta_tests.authorities.{module}").AUTHORITIES.items()
}
