"""Recurrent layers of half precision cannot be built, on torch."""

import os

os.environ["KERAS_BACKEND"] = "torch"

import keras
import numpy as np

print("expected an output of shape (1, 3)")
try:
    layer = keras.layers.LSTM(3, dtype="bfloat16")
    print("actual   an output of shape", tuple(layer(np.ones((1, 2, 1), "float32")).shape))
except (NotImplementedError, RuntimeError) as error:
    print(f"actual   {type(error).__name__}: {error}")
    raise SystemExit(1) from None
