"""Igamma of large orders is computed with pi of float32."""

import torch

a = torch.tensor(30.0, dtype=torch.float64)
expected = 0.52428301389368  # scipy.special.gammainc(30, 30)
actual = torch.special.gammainc(a, a).item()
print("expected", expected)
print("actual  ", actual)
raise SystemExit(abs(actual - expected) > 1e-11)
