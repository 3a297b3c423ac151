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
    "devices",
)  # fmt: skip


GPU_ALONE = ("devices",)
"""Areas that have nothing on the CPU."""

LAYERS = AREAS[AREAS.index("layers") : AREAS.index("optimizers")]
"""Areas whose cases TensorFlow builds of the operations before them."""

OF_KERAS = {
    "torch": (
        "elementwise", "activations", "special", "reductions", "linalg", "fft", "indexing", "dtypes", "layers",
        "convolution", "pooling", "normalization", "recurrent", "attention", "resizing", "preprocessing",
        "construction", "losses", "metrics", "optimizers", "schedules", "clipping", "initializers", "random",
    ),
    "jax": (
        "elementwise", "activations", "special", "reductions", "fft", "indexing", "dtypes", "layers", "convolution",
        "pooling", "normalization", "recurrent", "attention", "resizing", "preprocessing", "losses", "metrics",
        "optimizers", "schedules", "clipping", "initializers",
    ),
}  # fmt: skip
"""Areas in which Keras is asked on each of its other backends: those that were brought to agree there."""

NOT_OF_KERAS = {"jax": {"gradient_accumulation": "each step compiles both ways of a condition anew"}}
"""Cases in those areas that are left out, and why."""

REPRESENTATIVE = frozenset({
    "exp", "pow", "where", "add", "maximum", "sign", "relu", "gelu", "softplus", "erf", "igamma", "igammac", "sum",
    "mean", "prod", "softmax", "logsumexp", "var", "amax", "argmax", "cumsum", "matmul", "einsum1", "solve", "concat",
    "gather", "scatter_max", "scatter_min", "scatter_mul", "scatter_add_along_axis", "pad_reflect", "sort", "dense",
    "embedding", "conv2d", "conv3d", "conv2d_transpose", "conv3d_transpose", "depthwise_conv2d", "atrous_conv2d",
    "unfold_images", "max_pooling2d", "max_pooling3d", "max_pooling2d_with_indices", "average_pooling2d",
    "average_pooling3d", "fractional_max_pooling2d_by_whole_ratios", "batch_norm_in_training", "layer_norm",
    "local_response_norm", "simple_rnn", "lstm", "gru", "scaled_dot_product_attention", "multi_head_attention",
    "resize_nearest", "resize_nearest_from_top_left", "resize_bilinear", "resize_bicubic", "resize_area",
    "upsampling2d_bilinear", "grid_sample", "cross_entropy", "soft_cross_entropy",
    "huber_loss", "cosine_similarity_loss", "kl_divergence", "dice_loss", "ctc_loss",
})  # fmt: skip
"""The cases that represent all others where one takes long: compiled by inductor, by forward over reverse mode in
TensorFlow, and layers by its forward mode."""


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
