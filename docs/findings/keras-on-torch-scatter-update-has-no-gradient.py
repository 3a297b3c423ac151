"""scatter_update with a reduction has no gradient, on torch."""

import os

os.environ["KERAS_BACKEND"] = "torch"

import keras
import torch

x, updates = torch.zeros(3, requires_grad=True), torch.ones(2, requires_grad=True)
print("expected gradients [0, 0, 1] and [1, 1]")
try:
    keras.ops.scatter_update(x, [[0], [1]], updates, reduction="max").sum().backward()
    print("actual  ", x.grad.tolist(), updates.grad.tolist())
except RuntimeError as error:
    print("actual  ", type(error).__name__, str(error).split(":")[0])
    raise SystemExit(1) from None
