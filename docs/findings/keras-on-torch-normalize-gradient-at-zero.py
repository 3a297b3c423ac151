"""The gradient of normalize at 0 is NaN, on torch."""

import os

os.environ["KERAS_BACKEND"] = "torch"

import keras
import torch

x = torch.zeros(1, 2, requires_grad=True)
keras.ops.normalize(x)[0, 0].backward()
print("expected [[10000000.0, 0.0]], one over the epsilon that the norm is bounded by, as on TensorFlow")
print("actual  ", x.grad.tolist())
raise SystemExit(int(bool(x.grad.isnan().any())))
