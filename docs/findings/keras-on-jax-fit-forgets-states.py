"""A stateful layer forgets its state within fit, on JAX."""

import os

os.environ["KERAS_BACKEND"] = "jax"

import keras
import numpy as np

layer = keras.layers.LSTM(2, stateful=True)
model = keras.Sequential([keras.Input(batch_shape=(2, 3, 1)), layer])
model.compile("sgd", "mse")
model.fit(np.ones((4, 3, 1)), np.zeros((4, 2)), batch_size=2, shuffle=False, verbose=0)
state = np.asarray(layer.states[0].value)
print("expected the last state of the last batch, which is not 0")
print("actual  ", state.tolist())
raise SystemExit(int(not state.any()))
