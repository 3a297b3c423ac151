"""What programs on a device must give, beside what the catalogue's other references say."""

import numpy as np

from conformance.reference import convolution as conv
from conformance.reference.dtypes_defaults import coded

Array = np.ndarray
NONE = np.asarray(0)
"""So many elements differ."""


def products(x: Array, weights: Array) -> tuple[Array, Array]:
    """The sum of x W over several matrices, and that one stream gives the same bits."""
    return np.sum([x @ w for w in weights], axis=0), NONE


def layers(blocks: Array, weight: Array) -> tuple[Array, Array]:
    """tanh(x W) of each block, and that eager code gives the same bits."""
    return np.tanh(blocks @ weight), NONE


def layers_alone(blocks: Array, weight: Array) -> Array:
    return np.tanh(blocks @ weight)


def trained(x: Array, kernel: Array, bias: Array) -> tuple[Array, Array, Array, Array]:
    """y = the convolution of x, and the gradient of |y|^2 / 2 for the image, the kernel and the bias."""
    y = conv.convolution(x, kernel, bias, stride=(1, 1))
    return (y, *conv.convolution_vjp(y, x, kernel, bias, stride=(1, 1)))


def trained_twice(x: Array, kernel: Array, bias: Array) -> tuple[Array, ...]:
    """The same, and that a second run gives the same bits."""
    return (*trained(x, kernel, bias), NONE)


AUTOCAST = {
    # https://docs.pytorch.org/docs/stable/amp.html, "CUDA Ops that can autocast to float16"
    **dict.fromkeys(("matmul", "linear", "conv2d", "bmm", "mv", "addmm", "einsum", "prelu"), "lower"),
    # "CUDA Ops that can autocast to float32"
    **dict.fromkeys((
        "exp", "log", "pow", "softmax", "log_softmax", "sum", "prod", "cumsum", "norm", "layer_norm", "group_norm",
        "mse_loss", "l1_loss", "cross_entropy", "binary_cross_entropy_with_logits", "cosine_similarity", "softplus",
        "reciprocal", "rsqrt", "cosh", "tan",
    ), "float32"),
    # "CUDA Ops that promote to the widest input type"
    **dict.fromkeys(("addcmul", "addcdiv", "atan2", "dot", "cross"), "widest"),
    # in none of the lists: as the inputs are
    **dict.fromkeys(("relu", "tanh", "amax"), "own"),
}  # fmt: skip
"""What becomes of an operation under autocast, by its documentation."""


def autocast(x: Array, *, operation: str, lower: str) -> Array:
    """The dtype of an operation's result: of inputs in the lower format (of one float32 and one lower where the widest
    decides), but for those that autocast makes lower, of float32."""
    rule = AUTOCAST[operation]
    return coded({"lower": lower, "own": lower}.get(rule, "float32"))
