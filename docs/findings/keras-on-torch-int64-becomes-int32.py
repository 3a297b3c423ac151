"""Sums and products of int64 keep the lower 32 bits, on torch."""

import os

os.environ["KERAS_BACKEND"] = "torch"

import keras
import numpy as np
import torch

x = torch.tensor([2**40 + 1, 3])
expected = np.cumsum(x.numpy())
actual = keras.ops.cumsum(x).numpy()
print("expected", expected.tolist(), expected.dtype)
print("actual  ", actual.tolist(), actual.dtype)
raise SystemExit(int(actual.tolist() != expected.tolist()))
