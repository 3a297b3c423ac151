"""Average with weights takes the last axis, whatever axis is asked for, on torch."""

import os

os.environ["KERAS_BACKEND"] = "torch"

import keras
import numpy as np

x, weights = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([1.0, 3.0])
expected = np.average(x, axis=0, weights=weights)
actual = keras.ops.average(x, axis=0, weights=weights).numpy()
print("expected", expected.tolist())
print("actual  ", actual.tolist())
raise SystemExit(int(not np.allclose(actual, expected)))
