"""Weights converted between the layouts of the frameworks: nothing is lost on the way, and what is refused.

That converted layers compute the same is the business of the area construction."""

import numpy as np
import pytest

from conformance.weights import LAYERS, keras_to_torch, torch_to_keras

SHAPES: dict[str, tuple[tuple[int, ...], ...]] = {
    "Dense": ((3, 4), (4,)),
    "Embedding": ((5, 3),),
    "Conv1D": ((2, 3, 4), (4,)),
    "Conv2D": ((2, 5, 3, 4), (4,)),
    "Conv3D": ((2, 5, 1, 3, 4), (4,)),
    "Conv1DTranspose": ((2, 4, 3), (4,)),
    "Conv2DTranspose": ((2, 5, 4, 3), (4,)),
    "Conv3DTranspose": ((2, 5, 1, 4, 3), (4,)),
    "DepthwiseConv1D": ((2, 3, 2), (6,)),
    "DepthwiseConv2D": ((2, 5, 3, 2), (6,)),
    "SeparableConv1D": ((2, 3, 2), (1, 6, 4), (4,)),
    "SeparableConv2D": ((2, 5, 3, 2), (1, 1, 6, 4), (4,)),
    "BatchNormalization": ((3,), (3,), (3,), (3,)),
    "LayerNormalization": ((3,), (3,)),
    "GroupNormalization": ((3,), (3,)),
    "RMSNormalization": ((3,),),
    "PReLU": ((3,),),
    "SimpleRNN": ((3, 4), (4, 4), (4,)),
    "LSTM": ((3, 16), (4, 16), (16,)),
    "GRU": ((3, 12), (4, 12), (2, 12)),
    "Bidirectional(SimpleRNN)": ((3, 4), (4, 4), (4,)) * 2,
    "Bidirectional(LSTM)": ((3, 16), (4, 16), (16,)) * 2,
    "Bidirectional(GRU)": ((3, 12), (4, 12), (2, 12)) * 2,
    "MultiHeadAttention": (*((6, 2, 3), (2, 3)) * 3, (2, 3, 6), (6,)),
}


@pytest.mark.parametrize("layer", LAYERS)
def test_weights_that_come_back_are_the_same(layer: str) -> None:
    rng = np.random.default_rng(0)
    weights = [rng.standard_normal(shape) for shape in SHAPES[layer]]
    back = torch_to_keras(layer, keras_to_torch(layer, weights), heads=2, multiplier=2)
    for given, returned in zip(weights, back, strict=True):
        np.testing.assert_array_equal(returned, given)


def test_the_biases_of_an_lstm_are_added() -> None:
    state = keras_to_torch("LSTM", [np.zeros(shape) for shape in SHAPES["LSTM"]])
    state["bias_ih_l0"], state["bias_hh_l0"] = np.ones(16), 2 * np.ones(16)
    assert np.array_equal(torch_to_keras("LSTM", state)[2], 3 * np.ones(16))


def test_the_gates_of_a_gru_change_places() -> None:
    kernel = np.repeat([[0.0, 1.0, 2.0]], 4, axis=1)  # update, reset, new
    state = keras_to_torch("GRU", [kernel, np.zeros((4, 12))])
    assert np.array_equal(state["weight_ih_l0"][::4, 0], [1.0, 0.0, 2.0])


@pytest.mark.parametrize("layer", ["Dense", "Conv2D", "LSTM", "MultiHeadAttention"])
def test_a_layer_without_bias(layer: str) -> None:
    weights = [np.ones(shape) for shape in SHAPES[layer] if len(shape) > (2 if layer.startswith("Multi") else 1)]
    back = torch_to_keras(layer, keras_to_torch(layer, weights), heads=2)
    assert [w.shape for w in back] == [w.shape for w in weights]


def test_a_layer_without_a_layout_is_refused() -> None:
    with pytest.raises(ValueError, match="no layout for the layer 'Lambda'; known are Dense, "):
        keras_to_torch("Lambda", [])
