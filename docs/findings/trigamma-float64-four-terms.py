"""polygamma(1, x), and the gradient of digamma, have 9 digits in float64."""

import math

import torch

x = torch.tensor(1.0, dtype=torch.float64)
actual = torch.polygamma(1, x).item()
print("expected", math.pi**2 / 6)
print("actual  ", actual)
raise SystemExit(abs(actual - math.pi**2 / 6) > 1e-13)
