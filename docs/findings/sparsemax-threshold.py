"""Sparsemax does not sum to 1."""

import keras

actual = keras.ops.sparsemax(keras.ops.array([[0.0, 0.5, 1.0]])).numpy()
print("expected [0.0, 0.25, 0.75]")
print("actual  ", actual[0].tolist())
raise SystemExit(abs(actual.sum() - 1) > 1e-6)
