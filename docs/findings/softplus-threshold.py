"""Softplus is x above 20, also in float64."""

import math

import torch

x = torch.tensor(20.5, dtype=torch.float64)
expected, actual = 20.5 + math.log1p(math.exp(-20.5)), torch.nn.functional.softplus(x).item()
print("expected", expected)
print("actual  ", actual)
raise SystemExit(abs(actual - expected) > 1e-12)
