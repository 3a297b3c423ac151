"""The forward derivative of logcumsumexp has an epsilon of 1e-13."""

import torch

x = torch.tensor([0.0, 30.0], dtype=torch.float64)
_, actual = torch.func.jvp(lambda x: torch.logcumsumexp(x, 0), (x,), (torch.tensor([1.0, 0.0], dtype=x.dtype),))
print("expected 1.0")
print("actual  ", actual[0].item())
raise SystemExit(abs(actual[0].item() - 1) > 1e-9)
