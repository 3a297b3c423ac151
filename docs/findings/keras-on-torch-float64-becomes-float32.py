"""Sums of float64 are computed in float32, on torch."""

import os

os.environ["KERAS_BACKEND"] = "torch"

import keras
import torch

x = torch.tensor([0.1, 0.2], dtype=torch.float64)
results = {"matmul": keras.ops.matmul(x, x), "var": keras.ops.var(x), "norm": keras.ops.norm(x)}
results |= {"cumsum": keras.ops.cumsum(x)[-1], "Dense": keras.layers.Dense(1, dtype="float64")(x[None])}
results |= {"sum": keras.ops.sum(x)}
print("expected float64 of all; matmul", float(x @ x))
print("actual  ", {name: str(y.dtype).removeprefix("torch.") for name, y in results.items()})
print("          matmul", results["matmul"].item())
raise SystemExit(abs(results["matmul"].item() - float(x @ x)) > 1e-12)
