"""Samples and conversions that the entries of convolution share.

The canonical layout is Keras': images (batch, *spatial, channels), kernels (*window, in of a group, out).
"""

from typing import Any

import numpy as np

from conformance.case import Sample
from fixtures.samples import normal, sample

TORCH = "https://docs.pytorch.org/docs/stable/generated/torch.nn.{}.html"
KERAS = "https://keras.io/api/layers/convolution_layers/{}/"
TF = "https://www.tensorflow.org/api_docs/python/tf/nn/{}"


def first(x: Any) -> Any:
    """To (batch, channels, *spatial), as torch has images."""
    return x.movedim(-1, 1)


def last(y: Any) -> Any:
    """To (batch, *spatial, channels), as TensorFlow has images."""
    return y.movedim(1, -1)


def weight(kernel: Any) -> Any:
    """(*window, in, out) to (out, in, *window); if transposed, (*window, out, in) to (in, out, *window)."""
    return kernel.movedim((-1, -2), (0, 1))


def layout(x: Any) -> str:
    """tf.nn.convolution without a data_format has no gradient in eager mode, of rank 5; no second one, of rank 4."""
    return {3: "NWC", 4: "NHWC", 5: "NDHWC"}[len(x.shape)]


def jax_layout(x: Any) -> tuple[str, str, str]:
    """Of image, kernel and result."""
    axes = "DHW"[5 - len(x.shape) :]
    return f"N{axes}C", f"{axes}IO", f"N{axes}C"


def fitted(torch: Any, x: Any, kernel: Any, stride: Any, padding: str, dilation: Any = None) -> Any:
    """An image (batch, channels, *spatial) with the zeros of TensorFlow's padding, which torch does not add itself."""
    if padding == "valid":
        return x
    pads: list[int] = []  # the last axis comes first
    window = kernel.shape[:-2]
    for n, k, s, d in zip(x.shape[2:], window, stride, dilation or (1,) * len(window), strict=True):
        total = (k - 1) * d if padding == "causal" else max((-(-n // s) - 1) * s + (k - 1) * d + 1 - n, 0)
        before = total if padding == "causal" else total // 2
        pads = [before, total - before, *pads]
    return torch.nn.functional.pad(x, pads)


def images(x: tuple[int, ...], kernel: tuple[int, ...], name: str = "normal", **options: Any) -> Sample:
    """An image, a kernel and a bias."""
    return normal(x, kernel, kernel[-1:], name=name, **options)


def refused(rank: int, **options: Any) -> list[Sample]:
    """Inputs of which there is no convolution."""
    n, k, more = (4,) * rank, (2,) * rank, {"edge": True, "raises": True, **options}

    def integers(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
        return rng.integers(-3, 4, (2, *n, 2)), rng.standard_normal((*k, 2, 3)), rng.standard_normal(3)

    return [
        images((2, 3, *n, 2), (*k, 2, 3), "bad-rank", **more),
        images((2, *n, 3), (*k, 2, 3), "bad-sizes", **more),
        sample("bad-dtype", integers, dtypes=("float64", "float32"), **more),
        images((2, *n, 2), (5,) * rank + (2, 3), "bad-sizes-kernel-larger-than-input", **more),
    ]
