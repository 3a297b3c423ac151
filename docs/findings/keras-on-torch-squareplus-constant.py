"""squareplus rounds its constant to float32, whatever it computes in, on torch."""

import os

os.environ["KERAS_BACKEND"] = "torch"

import math

import keras
import torch

x = torch.tensor([-30.0], dtype=torch.float64)
actual = keras.ops.squareplus(x, b=0.1).item()
expected = 0.1 / 2 / (30 + math.sqrt(900.1))  # (x + sqrt(x^2 + b)) / 2 without cancellation
print("expected", expected)
print("actual  ", actual)
half = keras.ops.squareplus(torch.tensor(1.0, dtype=torch.float16), b=4.0).dtype
print("expected torch.float16")
print("actual  ", half)
raise SystemExit(abs(actual / expected - 1) > 1e-10 or half != torch.float16)
