"""The cases: one module per area. Every entry is one function, asked for in several ways.

Adding a case is adding one entry to one of these modules (CONTRIBUTING.md shows it); every check, dtype, mode, device
and report row follows from it.
"""

import importlib
from functools import cache

from conformance.case import Case

AREAS = (
    "elementwise", "activations", "special", "reductions", "linalg", "fft", "indexing", "dtypes", "autodiff",
    "layers", "convolution", "pooling", "normalization", "recurrent", "attention", "resizing", "preprocessing",
    "construction", "losses", "metrics", "optimizers", "schedules", "clipping", "initializers", "random", "training",
)  # fmt: skip


REPRESENTATIVE = frozenset({
    "exp", "pow", "where", "add", "maximum", "sign", "relu", "gelu", "softplus", "erf", "igamma", "igammac", "sum",
    "mean", "prod", "softmax", "logsumexp", "var", "amax", "argmax", "cumsum", "matmul", "einsum1", "solve", "concat",
    "gather", "scatter_max", "scatter_min", "scatter_mul", "scatter_add_along_axis", "pad_reflect", "sort", "dense",
    "max_pooling2d", "cross_entropy",
})  # fmt: skip
"""The cases that represent all others where one takes long: compiled by inductor, or by forward over reverse mode in
TensorFlow."""


@cache
def area(name: str) -> tuple[Case, ...]:
    """The cases of one area, in the order of its module."""
    return tuple(importlib.import_module(f"conformance.catalogue.{name}").CASES)


@cache
def catalogue() -> dict[str, tuple[Case, ...]]:
    """Every area with its cases. Raises ``ValueError`` if two cases have the same name."""
    areas = {name: area(name) for name in AREAS}
    names = [case.name for cases in areas.values() for case in cases]
    twice = {n for n in names if names.count(n) > 1}
    if twice:
        raise ValueError(f"case names are used twice: {sorted(twice)}")
    return areas
