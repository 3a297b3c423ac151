"""Igammac of a small order has lost its digits."""

import torch

a, x = torch.tensor([1e-12, 0.5], dtype=torch.float64)
expected = 1e-12 * 0.5597735947761608  # a E1(1/2)
actual = torch.special.gammaincc(a, x).item()
print("expected", expected)
print("actual  ", actual)
raise SystemExit(abs(actual / expected - 1) > 1e-8)
