"""zeta(2, infinity) is NaN, and polygamma(1, -1) is finite."""

import torch

two, minus_one = torch.tensor([2.0, -1.0], dtype=torch.float64)
actual = torch.special.zeta(two, torch.tensor(torch.inf, dtype=two.dtype)).item(), torch.polygamma(1, minus_one).item()
print("expected 0.0 inf")
print("actual  ", *actual)
raise SystemExit(actual != (0, torch.inf))
