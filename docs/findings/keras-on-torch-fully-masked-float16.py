"""Attention in float16 gives NaN for a query all of whose keys are masked, on torch."""

import os

os.environ["KERAS_BACKEND"] = "torch"

import keras
import numpy as np

x = np.array([[[1.0], [3.0]]], np.float16)
mask = [np.ones((1, 2), bool), np.zeros((1, 2), bool)]  # of queries, of values
actual = keras.layers.Attention(dtype="float16")([x, x], mask=mask).flatten().tolist()
wide = keras.layers.Attention(dtype="float32")([x.astype("float32")] * 2, mask=mask).flatten().tolist()
print("expected", wide)  # what float32 gives
print("actual  ", actual)
raise SystemExit(actual[0] != actual[0])
