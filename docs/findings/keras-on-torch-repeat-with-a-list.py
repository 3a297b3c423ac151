"""repeat takes no list of repeats, on torch."""

import os

os.environ["KERAS_BACKEND"] = "torch"

import keras
import numpy as np

x = np.array([[1.0], [2.0]])
print("expected", np.repeat(x, [1, 2], axis=0).tolist())
try:
    print("actual  ", keras.ops.repeat(x, [1, 2], axis=0).tolist())
except (TypeError, ValueError) as error:
    print("actual  ", type(error).__name__, error)
    raise SystemExit(1) from None
