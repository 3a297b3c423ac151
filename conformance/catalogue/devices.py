"""What a GPU alone has: precisions below float32, streams, captured graphs, kernels of its own, memory.

These cases have no test on the CPU. `meta_tests/test_devices.py` runs their programs there, as far as a CPU goes.
"""

import numpy as np

from conformance.case import Case
from conformance.catalogue.devices_memory import CASES as MEMORY
from conformance.catalogue.devices_memory import EAGER, GPU, TF, TORCH
from conformance.catalogue.devices_programs import CASES as PROGRAMS
from conformance.catalogue.devices_programs import HALVES
from conformance.reference import convolution as conv
from fixtures.samples import given, normal

JAX = "https://docs.jax.dev/en/latest/201/precision.html"

# float32, with the settings that frameworks have by default, and with TF32 off


def torch_with(torch, f, matmul, convolution):
    before = torch.backends.cuda.matmul.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = matmul
    try:
        with torch.backends.cudnn.flags(enabled=True, allow_tf32=convolution):
            return f()
    finally:
        torch.backends.cuda.matmul.allow_tf32 = before


def torch_product_by_default(torch, a, b):
    return torch_with(torch, lambda: a @ b, matmul=False, convolution=True)


def torch_product_without_tf32(torch, a, b):
    return torch_with(torch, lambda: a @ b, matmul=False, convolution=False)


def torch_product_in_tf32(torch, a, b):
    return torch_with(torch, lambda: a @ b, matmul=True, convolution=True)


def torch_convolved(torch, x, kernel):
    return torch.nn.functional.conv2d(x.movedim(-1, 1), kernel.movedim((-1, -2), (0, 1))).movedim(1, -1)


def torch_convolution_by_default(torch, x, kernel):
    return torch_with(torch, lambda: torch_convolved(torch, x, kernel), matmul=False, convolution=True)


def torch_convolution_without_tf32(torch, x, kernel):
    return torch_with(torch, lambda: torch_convolved(torch, x, kernel), matmul=False, convolution=False)


def tf_with(tf, f, allowed):
    experimental = tf.config.experimental
    before = experimental.tensor_float_32_execution_enabled()
    experimental.enable_tensor_float_32_execution(allowed)
    try:
        return f()
    finally:
        experimental.enable_tensor_float_32_execution(before)


def tf_product_by_default(tf, a, b):
    return tf_with(tf, lambda: tf.matmul(a, b), allowed=True)


def tf_product_without_tf32(tf, a, b):
    return tf_with(tf, lambda: tf.matmul(a, b), allowed=False)


def tf_convolution_by_default(tf, x, kernel):
    return tf_with(tf, lambda: tf.nn.conv2d(x, kernel, 1, "VALID"), allowed=True)


def tf_convolution_without_tf32(tf, x, kernel):
    return tf_with(tf, lambda: tf.nn.conv2d(x, kernel, 1, "VALID"), allowed=False)


def jax_product_by_default(jax, a, b):
    with jax.default_matmul_precision("default"):
        return jax.numpy.matmul(a, b)


def jax_product_without_tf32(jax, a, b):
    with jax.default_matmul_precision("highest"):
        return jax.numpy.matmul(a, b)


# float16 and bfloat16, with sums in float32 or in less


def torch_summed(torch, a, b, reduced):
    matmul = torch.backends.cuda.matmul
    names = "allow_fp16_reduced_precision_reduction", "allow_bf16_reduced_precision_reduction"
    before = [getattr(matmul, name) for name in names]
    for name in names:
        setattr(matmul, name, reduced)
    try:
        return a @ b
    finally:
        for name, value in zip(names, before, strict=True):
            setattr(matmul, name, value)


def torch_sums_in_float32(torch, a, b):
    return torch_summed(torch, a, b, False)


def torch_sums_by_default(torch, a, b):
    return torch_summed(torch, a, b, True)


def cancelling(n: int, size: float):
    """A row and a column whose products are n / 2 times size^2, n / 2 times its negative, and a last one of 2^15."""
    row = np.full((1, n + 1), size)
    column = np.where(np.arange(n + 1) < n / 2, size, -size)[:, None]
    row[0, -1], column[-1, 0] = 256, 128
    return row, column


PRECISIONS = (
    Case(
        "float32_product",
        "contraction",
        lambda a, b: a @ b,
        torch=[torch_product_by_default, torch_product_without_tf32, torch_product_in_tf32],
        tensorflow=[tf_product_by_default, tf_product_without_tf32],
        jax=[jax_product_by_default, jax_product_without_tf32],
        samples=[
            normal((256, 512), (512, 128)),
            normal((33, 700), (700, 65), name="odd-sizes", edge=True),
            given(np.full((16, 64), 1.0001), np.ones((64, 16)), name="one-and-a-bit"),  # as TensorFlow documents it
        ],
        dtypes=("float32",),
        modes=EAGER,
        devices=GPU,
        sources=(f"{TORCH}notes/cuda.html", f"{TF}config/experimental/enable_tensor_float_32_execution", JAX),
    ),
    Case(
        "float32_convolution",
        "contraction",
        lambda x, kernel: conv.convolution(x, kernel, np.zeros(kernel.shape[-1]), stride=(1, 1)),
        torch=[torch_convolution_by_default, torch_convolution_without_tf32],
        tensorflow=[tf_convolution_by_default, tf_convolution_without_tf32],
        samples=[
            normal((4, 16, 16, 32), (3, 3, 32, 64)),
            normal((2, 8, 8, 64), (3, 3, 64, 32), name="deep"),
            given(np.full((1, 8, 8, 32), 1.0001), np.ones((1, 1, 32, 16)), name="one-and-a-bit"),
        ],
        dtypes=("float32",),
        modes=EAGER,
        devices=GPU,
        sources=(f"{TORCH}notes/cuda.html", f"{TF}config/experimental/enable_tensor_float_32_execution"),
    ),
    Case(
        "half_precision_product",
        "contraction",
        lambda a, b: a @ b,
        torch=[torch_sums_in_float32, torch_sums_by_default],
        tensorflow=[lambda tf, a, b: tf.matmul(a, b)],
        jax=[lambda jax, a, b: jax.numpy.matmul(a, b)],
        samples=[
            normal((64, 256), (256, 64)),
            normal((16, 4096), (4096, 16), name="long"),
            normal((1, 4096), (4096, 1), name="one-row-and-column", edge=True),
        ],
        dtypes=HALVES,
        modes=EAGER,
        devices=GPU,
        sources=(f"{TORCH}notes/numerical_accuracy.html",),
    ),
    Case(
        "half_precision_product_of_large_sums",  # beyond float16 on the way
        "contraction",
        lambda a, b: a @ b,
        torch=[torch_sums_in_float32],
        tensorflow=[lambda tf, a, b: tf.matmul(a, b)],
        jax=[lambda jax, a, b: jax.numpy.matmul(a, b)],
        samples=[
            given(*cancelling(4096, 16.0), name="sums-of-half-a-million"),
            given(*cancelling(64, 64.0), name="sums-of-a-hundred-thousand"),
            given(*cancelling(32, 64.0), name="sums-just-beyond"),
        ],
        dtypes=HALVES,
        modes=EAGER,
        devices=GPU,
        sources=(f"{TORCH}notes/numerical_accuracy.html",),
    ),
)

CASES = (*PRECISIONS, *PROGRAMS, *MEMORY)
