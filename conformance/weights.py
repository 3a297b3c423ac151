"""Weights of a layer as Keras keeps them and as PyTorch does, and each from the other.

`keras_to_torch` makes a ``state_dict`` of ``layer.get_weights()``, `torch_to_keras` the reverse. Both work on NumPy
arrays and import no framework::

    module.load_state_dict({k: torch.tensor(v) for k, v in keras_to_torch("Dense", layer.get_weights()).items()})
    layer.set_weights(torch_to_keras("Dense", {k: v.numpy() for k, v in module.state_dict().items()}))

Every layer named in `LAYERS` is checked in both directions by the area ``construction``: the torch module that is given
the weights of a Keras layer computes the same function, and so does the Keras layer that is given them back.
"""

from collections.abc import Mapping, Sequence

import numpy as np

Array = np.ndarray

LAYERS = (
    "Dense", "Embedding", "Conv1D", "Conv2D", "Conv3D", "Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose",
    "DepthwiseConv1D", "DepthwiseConv2D", "SeparableConv1D", "SeparableConv2D", "BatchNormalization",
    "LayerNormalization", "GroupNormalization", "RMSNormalization", "PReLU", "SimpleRNN", "LSTM", "GRU",
    "Bidirectional(SimpleRNN)", "Bidirectional(LSTM)", "Bidirectional(GRU)", "MultiHeadAttention",
)  # fmt: skip
"""Keras layers whose weights can be converted. Their counterparts are torch.nn.Linear, Embedding, Conv1d ...; for
depthwise convolutions a Conv with ``groups`` equal to its input channels; for separable ones a Sequential of that,
without bias, and of a Conv of size 1; for PReLU with shared axes all but the channels."""


def keras_to_torch(layer: str, weights: Sequence[Array], suffix: str = "_l0") -> dict[str, Array]:
    """The ``state_dict`` of the torch module that computes what a Keras layer does.

    ``layer`` is one of `LAYERS`, ``weights`` what ``get_weights()`` gives; of a layer without bias, fewer of them.
    ``suffix`` is that of the names in a recurrent module: the layer's number in a stack. Raises ``ValueError`` for
    other layers.
    """
    if layer.startswith("Bidirectional("):
        half, inner = len(weights) // 2, layer[len("Bidirectional(") : -1]
        forward = keras_to_torch(inner, weights[:half], suffix)
        return forward | keras_to_torch(inner, weights[half:], f"{suffix}_reverse")
    if layer in ("SimpleRNN", "LSTM", "GRU"):
        return recurrent_to_torch(layer, weights, suffix)
    if layer == "MultiHeadAttention":
        return attention_to_torch(weights)
    if layer.startswith(("DepthwiseConv", "SeparableConv")):
        depthwise = depthwise_to_torch(weights[0])
        if layer.startswith("Depthwise"):
            return {"weight": depthwise, **({"bias": weights[1]} if len(weights) > 1 else {})}
        rest = keras_to_torch(f"Conv{layer[-2:]}", weights[1:])
        return {"0.weight": depthwise, **{f"1.{name}": value for name, value in rest.items()}}
    if layer == "PReLU":
        return {"weight": np.reshape(weights[0], -1)}
    return {name: np.transpose(w, axes) for (name, axes), w in zip(axes_of(layer), weights, strict=False)}


def torch_to_keras(
    layer: str, state: Mapping[str, Array], suffix: str = "_l0", heads: int = 1, multiplier: int = 1
) -> list[Array]:
    """What ``set_weights`` of a Keras layer takes, from the ``state_dict`` of a torch module.

    ``layer`` and ``suffix`` are those of `keras_to_torch`; ``heads`` is the number of heads of MultiHeadAttention and
    ``multiplier`` the depth multiplier of a depthwise convolution, which the weights in torch do not tell. The two
    biases of a torch RNN or LSTM, of which Keras has the sum, are added; the slopes of a PReLU come without
    the axes of size 1 that shared axes leave in Keras. Raises ``ValueError`` for other layers.
    """
    if layer.startswith("Bidirectional("):
        inner = layer[len("Bidirectional(") : -1]
        return [w for s in (suffix, f"{suffix}_reverse") for w in torch_to_keras(inner, state, s)]
    if layer in ("SimpleRNN", "LSTM", "GRU"):
        return recurrent_to_keras(layer, state, suffix)
    if layer == "MultiHeadAttention":
        return attention_to_keras(state, heads)
    if layer.startswith("DepthwiseConv"):
        return [depthwise_to_keras(state["weight"], len(state["weight"]) // multiplier), *_bias(state)]
    if layer.startswith("SeparableConv"):
        channels = state["1.weight"].shape[1]
        rest = torch_to_keras(f"Conv{layer[-2:]}", {name[2:]: w for name, w in state.items() if name.startswith("1.")})
        return [depthwise_to_keras(state["0.weight"], channels // multiplier), *rest]
    return [np.transpose(state[name], np.argsort(axes)) for name, axes in axes_of(layer) if name in state]


def axes_of(layer: str) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """For each weight of a Keras layer, the name of torch's and the axes of Keras' in the order of torch's."""
    bias = ("bias", (0,))
    scale, shift = ("weight", (0,)), bias
    known: dict[str, tuple[tuple[str, tuple[int, ...]], ...]] = {
        "Dense": (("weight", (1, 0)), bias),
        "Embedding": (("weight", (0, 1)),),
        # (window, in, out) becomes (out, in, window); of a transposed one, (window, out, in) becomes (in, out, window)
        "Conv1D": (("weight", (2, 1, 0)), bias),
        "Conv2D": (("weight", (3, 2, 0, 1)), bias),
        "Conv3D": (("weight", (4, 3, 0, 1, 2)), bias),
        "Conv1DTranspose": (("weight", (2, 1, 0)), bias),
        "Conv2DTranspose": (("weight", (3, 2, 0, 1)), bias),
        "Conv3DTranspose": (("weight", (4, 3, 0, 1, 2)), bias),
        "BatchNormalization": (scale, shift, ("running_mean", (0,)), ("running_var", (0,))),
        "LayerNormalization": (scale, shift),
        "GroupNormalization": (scale, shift),
        "RMSNormalization": (scale,),
        "PReLU": (scale,),
    }
    if layer not in known:
        raise ValueError(f"no layout for the layer {layer!r}; known are {', '.join(known)}")
    return known[layer]


def layout(layer: str) -> str:
    """How the weights of a Keras layer become torch's, in words. Raises ``ValueError`` for other layers."""
    if layer.startswith("Bidirectional("):
        return f"Both directions as {layer[len('Bidirectional(') : -1]}; names in torch end in _reverse for the second."
    if layer in ("SimpleRNN", "LSTM", "GRU"):
        order = " " + " ".join((gates.__doc__ or "").split()) if layer == "GRU" else ""
        return " ".join((recurrent_to_torch.__doc__ or "").split()) + order
    if layer == "MultiHeadAttention":
        return " ".join((attention_to_torch.__doc__ or "").split())
    if layer.startswith(("DepthwiseConv", "SeparableConv")):
        rest = " The second kernel is that of a Conv of size 1." if layer.startswith("Separable") else ""
        return f"Depthwise kernel: {' '.join((depthwise_to_torch.__doc__ or '').split())}{rest}"
    return " ".join(
        f"{name}: {'as it is' if axes == tuple(range(len(axes))) else f'np.transpose(w, {axes})'}."
        for name, axes in axes_of(layer)
    )


def gates(layer: str, a: Array) -> Array:
    """Gates along the last axis in the other framework's order: the GRU's are update, reset, new in Keras and reset,
    update, new in torch; the LSTM's are input, forget, cell, output in both."""
    parts = np.split(a, {"SimpleRNN": 1, "LSTM": 4, "GRU": 3}[layer], axis=-1)
    return np.concatenate([parts[i] for i in (1, 0, 2)], axis=-1) if layer == "GRU" else np.concatenate(parts, axis=-1)


def recurrent_to_torch(layer: str, weights: Sequence[Array], suffix: str) -> dict[str, Array]:
    """Keras: kernel (in, gates units), recurrent kernel (units, gates units), bias (gates units), of a GRU that resets
    after the product (2, 3 units). torch: their transposes, and two biases."""
    kernel, recurrent = (gates(layer, w).T for w in weights[:2])
    state = {f"weight_ih{suffix}": kernel, f"weight_hh{suffix}": recurrent}
    if len(weights) > 2:
        bias = gates(layer, weights[2])
        pair = (bias[0], bias[1]) if bias.ndim == 2 else (bias, np.zeros_like(bias))
        state |= {f"bias_ih{suffix}": pair[0], f"bias_hh{suffix}": pair[1]}
    return state


def recurrent_to_keras(layer: str, state: Mapping[str, Array], suffix: str) -> list[Array]:
    weights = [gates(layer, state[f"weight_{which}{suffix}"].T) for which in ("ih", "hh")]
    if f"bias_ih{suffix}" in state:
        pair = np.stack([gates(layer, state[f"bias_{which}{suffix}"]) for which in ("ih", "hh")])
        weights.append(pair if layer == "GRU" else pair.sum(axis=0))
    return weights


def attention_to_torch(weights: Sequence[Array]) -> dict[str, Array]:
    """Keras: query, key, value kernels (width, heads, size) and biases (heads, size), output kernel (heads, size,
    width) and bias. torch: one (3 heads size, width) matrix for all three, in its output (width, heads size)."""
    with_bias = weights[1].ndim == 2
    kernels, biases = (weights[::2], weights[1::2]) if with_bias else (weights, ())
    state = {
        "in_proj_weight": np.concatenate([k.reshape(len(k), -1).T for k in kernels[:3]]),
        "out_proj.weight": kernels[3].reshape(-1, kernels[3].shape[-1]).T,
    }
    if with_bias:
        state |= {"in_proj_bias": np.concatenate([b.reshape(-1) for b in biases[:3]]), "out_proj.bias": biases[3]}
    return state


def attention_to_keras(state: Mapping[str, Array], heads: int) -> list[Array]:
    projections = [w.T.reshape(w.shape[1], heads, -1) for w in np.split(state["in_proj_weight"], 3)]
    output = state["out_proj.weight"].T.reshape(heads, -1, len(state["out_proj.weight"]))
    if "in_proj_bias" not in state:
        return [*projections, output]
    biases = [b.reshape(heads, -1) for b in np.split(state["in_proj_bias"], 3)]
    pairs = [w for pair in zip(projections, biases, strict=True) for w in pair]
    return [*pairs, output, state["out_proj.bias"]]


def depthwise_to_torch(kernel: Array) -> Array:
    """(window, channels, multiplier) becomes (channels multiplier, 1, window)."""
    window = kernel.shape[:-2]
    return np.moveaxis(kernel.reshape(*window, -1), -1, 0)[:, None]


def depthwise_to_keras(kernel: Array, channels: int) -> Array:
    moved = np.moveaxis(kernel[:, 0], 0, -1)
    return moved.reshape(*moved.shape[:-1], channels, -1)


def _bias(state: Mapping[str, Array]) -> list[Array]:
    return [state["bias"]] if "bias" in state else []
