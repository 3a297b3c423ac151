"""Authorities for what programs on a GPU compute: the same mathematics, written with einsum, over windows, as lists."""

from functools import partial
from typing import Any

import numpy as np

from meta_tests.authorities.attention import AUTHORITIES as ATTENTION
from meta_tests.authorities.convolution import AUTHORITIES as CONVOLUTION
from meta_tests.authorities.optimizers import AUTHORITIES as OPTIMIZERS
from meta_tests.authorities.optimizers_scaled import AUTHORITIES as SCALED

Array = np.ndarray
NAMES = (
    "bool",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "float16",
    "bfloat16",
    "float32",
)


def convolved(x: Array, kernel: Array, bias: Any = 0) -> Array:
    """Over all windows at once."""
    windows = np.lib.stride_tricks.sliding_window_view(x, kernel.shape[:2], axis=(1, 2))
    return np.einsum("bhwcij,ijco->bhwo", windows, kernel) + bias


def trained(x: Array, kernel: Array, bias: Array) -> tuple[Array, ...]:
    """The gradient of |y|^2 / 2: that for the image is the full convolution of y with the kernel turned round."""
    y = convolved(x, kernel, bias)
    (height, width), pad = kernel.shape[:2], [(n - 1, n - 1) for n in kernel.shape[:2]]
    around = np.pad(y, [(0, 0), *pad, (0, 0)])
    of_x = convolved(around, kernel[::-1, ::-1].swapaxes(2, 3))
    windows = np.lib.stride_tricks.sliding_window_view(x, y.shape[1:3], axis=(1, 2))
    of_kernel = np.einsum("bijchw,bhwo->ijco", windows, y)
    assert windows.shape[1:3] == (height, width)
    return y, of_x, of_kernel, np.einsum("bhwo->o", y)


def under_autocast(x: Array, *, operation: str, lower: str) -> Array:
    """By the three lists of the reference of operations, shortened."""
    products = "matmul linear conv2d bmm mv addmm einsum prelu relu tanh amax"
    return np.array([NAMES.index(lower if operation in products.split() else "float32")])


AUTHORITIES: dict[str, Any] = {
    "float32_product": lambda a, b: np.einsum("ij,jk->ik", a, b),
    "float32_convolution": convolved,
    "half_precision_product": lambda a, b: np.einsum("ij,jk->ik", a, b),
    "half_precision_product_of_large_sums": lambda a, b: np.einsum("ij,jk->ik", a, b),
    "products_in_streams": lambda x, weights: (np.einsum("ij,njk->ik", x, weights), np.array(0)),
    "replayed_graph": lambda blocks, w: (1 - 2 / (np.exp(2 * np.einsum("bij,jk->bik", blocks, w)) + 1), np.array(0)),
    "compiled_with_graphs": lambda blocks, w: 1 - 2 / (np.exp(2 * np.einsum("bij,jk->bik", blocks, w)) + 1),
    "convolution_settings": trained,
    "deterministic_convolution": lambda x, kernel, bias: (*trained(x, kernel, bias), np.array(0)),
    "convolution_memory_formats": partial(CONVOLUTION["conv2d"], padding="valid"),
    **{
        f"{kernel}_{name}": ATTENTION[of]
        for kernel in ("flash", "memory_efficient", "cudnn")
        for name, of in (
            ("attention", "scaled_dot_product_attention"),
            ("causal_attention", "causal_dot_product_attention"),
        )
    },
    "dtype_under_autocast": under_autocast,
    **{f"{name}_capturable": OPTIMIZERS[name] for name in ("adam", "adamw", "adamax", "nadam", "radam")},
    **{f"{name}_capturable": SCALED[name] for name in ("rmsprop", "adadelta")},
    "copied_to_the_host_and_back": lambda x: x,
    "product_on_each_device": lambda a, b, index: np.einsum("ij,jk->ik", a, b),
    "copied_across_devices": lambda x, first, second: x,
    "indices_out_of_range": lambda x, indices: np.array([x[int(i)] for i in indices]),
    "no_memory": lambda x: (2 * x, np.array(1)),
    "memory_returned": lambda x: (2 * x, np.array(0)),
}
