"""take_along_dim wraps indices that are out of range."""

import torch

print("expected an error: index 3 of 3 elements")
try:
    actual = torch.take_along_dim(torch.tensor([10, 20, 30]), torch.tensor([3]), 0)
except (IndexError, RuntimeError):
    raise SystemExit(0) from None
print("actual  ", actual.item())
raise SystemExit(1)
