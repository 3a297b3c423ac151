"""Construction: the same from the shapes of weights, and from the definitions of the layers."""

from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray


def shapes_of_weights(n: int, rank: int, layer: str, units: int = 4) -> tuple[list[tuple[int, ...]], ...]:
    """Trainable and other weights, as the papers that define the layers have them."""
    window = (3,) * rank
    lstm = [(n, units), (units, units), (units,)] * 4
    return {
        "Dense": ([(n, units), (units,)], []),
        "Embedding": ([(10, units)], []),
        "Conv1D": ([(*window, n, units), (units,)], []),
        "Conv2D": ([(*window, n, units), (units,)], []),
        "Conv3D": ([(*window, n, units), (units,)], []),
        "Conv2DTranspose": ([(*window, units, n), (units,)], []),
        "DepthwiseConv2D": ([(*window, n, 1), (n,)], []),
        "SeparableConv2D": ([(*window, n, 1), (1, 1, n, units), (units,)], []),
        "BatchNormalization": ([(n,), (n,)], [(n,), (n,)]),
        "LayerNormalization": ([(n,), (n,)], []),
        "GroupNormalization": ([(n,), (n,)], []),
        "PReLU": ([(n,)], []),
        "SimpleRNN": ([(n, units), (units, units), (units,)], []),
        "LSTM": (lstm, []),
        "GRU": ([(n, units), (units, units), (units,), (units,)] * 3, []),
        "Bidirectional(LSTM)": (lstm * 2, []),
        "MultiHeadAttention": ([(n, 2, n // 2), (2, n // 2)] * 3 + [(2, n // 2, n), (n,)], []),
    }[layer]


def counted(x: Array, *, layer: str) -> Array:
    groups = shapes_of_weights(x.shape[-1], x.ndim - 2, layer)
    return np.array([sum(int(np.prod(shape)) for shape in shapes) for shapes in groups])


def measured_shape(x: Array, *, layer: str) -> Array:
    """By moving a window of 3 over each axis in plain loops, or by a product of the right size."""
    lengths = []
    for m in x.shape[1:-1]:
        if "Conv" not in layer:
            lengths.append(m)
        elif layer.endswith("Transpose"):
            lengths.append(len({i + k for i in range(m) for k in range(3)}))
        else:
            lengths.append(sum(all(i + k < m for k in range(3)) for i in range(m)))
    width = {"Bidirectional(LSTM)": 8, "Dense": 4, "SimpleRNN": 4, "LSTM": 4, "GRU": 4}.get(layer, x.shape[-1])
    if "Conv" in layer and "Depthwise" not in layer:
        width = 4
    return np.array([*x.shape, 4] if layer == "Embedding" else [len(x), *lengths, width])


AUTHORITIES: dict[str, Callable[..., Any]] = {
    "parameter_count": counted,
    "output_shape": measured_shape,
    "saved_and_loaded": lambda x, layer: np.full(tuple(measured_shape(x, layer=layer)), True),
    "defaults": lambda x, layer: np.array([
        float(v)
        for v in {
            "BatchNormalization": "1e-05 0.1", "LayerNormalization": "1e-05", "GroupNormalization": "1e-05",
            "LeakyReLU": "0.01", "PReLU": "0.25", "ELU": "1.0", "Dense": "1", "LSTM": "0", "MaxPooling2D": "3",
            "Softmax": "1", "Conv2D": "1 1 0 0",
        }[layer].split()
    ]),
}  # fmt: skip
"""The defaults are those of the signatures in PyTorch's documentation."""
