"""Layer normalization over an axis that is not the last normalizes the last, on torch."""

import os

os.environ["KERAS_BACKEND"] = "torch"

import keras

x = keras.ops.array([[0.0, 1.0], [10.0, 30.0]])
actual = keras.layers.LayerNormalization(axis=0, center=False, scale=False)(x).tolist()
print("expected [[-1, -1], [1, 1]] or nearly so")  # each column by itself
print("actual  ", actual)
raise SystemExit(abs(actual[0][1] + 1) > 1e-2)
