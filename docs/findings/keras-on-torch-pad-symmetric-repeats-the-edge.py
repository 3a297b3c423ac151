"""pad by mode symmetric repeats the edge, on torch."""

import os

os.environ["KERAS_BACKEND"] = "torch"

import keras
import numpy as np

x = np.arange(3.0)
expected = np.pad(x, 2, mode="symmetric")
actual = keras.ops.pad(x, [[2, 2]], mode="symmetric").numpy()
print("expected", expected.tolist())
print("actual  ", actual.tolist())
raise SystemExit(int(not np.array_equal(actual, expected)))
