"""Authorities for layers."""

from collections.abc import Callable
from typing import Any

import numpy as np

from conformance.reference import layers


def pools(x: np.ndarray, f: Callable[..., Any], size: Any, stride: Any, padding: str) -> np.ndarray:
    """Window by window, in plain Python."""
    out, (h, w) = {}, x.shape[1:3]
    pads = [
        layers.same_padding(n, k, s) if padding == "same" else (0, 0)
        for n, k, s in zip((h, w), size, stride, strict=False)
    ]
    rows = range(-pads[0][0], h + pads[0][1] - size[0] + 1, stride[0])
    columns = range(-pads[1][0], w + pads[1][1] - size[1] + 1, stride[1])
    for i, top in enumerate(rows):
        for j, left in enumerate(columns):
            window = x[:, max(top, 0) : max(top + size[0], 0), max(left, 0) : max(left + size[1], 0)]
            out[i, j] = f(window, axis=(1, 2))
    return np.stack([np.stack([out[i, j] for j in range(len(columns))], 1) for i in range(len(rows))], 1)


AUTHORITIES: dict[str, Callable[..., Any]] = {
    "dense": lambda x, kernel, bias: np.einsum("...i,io->...o", x, kernel) + bias,
    "embedding": lambda ids, table: np.eye(len(table))[ids] @ table,
    "embedding_with_padding_index": lambda ids, table: np.eye(len(table))[ids] @ table,
    "global_average_pooling1d": lambda x: np.average(x, axis=1),
    "masked_average_pooling1d": lambda x, mask: np.ma.average(
        x, axis=1, weights=np.broadcast_to(mask[..., None], x.shape)
    ),
    "average_pooling2d": lambda x, size, stride, padding: pools(x, np.mean, size, stride, padding),
    "average_pooling2d_symmetric": lambda x, count_include_pad: pools(x, np.mean, (3, 3), (1, 1), "same"),
    "max_pooling2d": lambda x, size, stride, padding: pools(x, np.max, size, stride, padding),
    "flatten": lambda x: np.stack([image.ravel() for image in x]),
    "dropout_in_evaluation": lambda x, rate: x,
}
