"""A mask of more steps than the sequence has is cut without a word, on torch."""

import os

os.environ["KERAS_BACKEND"] = "torch"

import keras
import numpy as np

layer = keras.layers.SimpleRNN(1)
print("expected an error: 2 steps, and a mask of 3")
try:
    print("actual  ", layer(np.ones((1, 2, 1), "float32"), mask=np.ones((1, 3), bool)).tolist())
except (ValueError, RuntimeError, IndexError) as error:
    print(f"actual   {type(error).__name__}: {error}")
    raise SystemExit(0) from None
raise SystemExit(1)
