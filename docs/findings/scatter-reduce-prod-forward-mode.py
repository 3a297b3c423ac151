"""The forward derivative of scatter_reduce with 'prod' is zero."""

import torch

index = torch.tensor([0, 0])
product = lambda x: torch.ones(1).scatter_reduce(0, index, x, "prod")
_, actual = torch.func.jvp(product, (torch.tensor([2.0, 3.0]),), (torch.tensor([1.0, 0.0]),))
print("expected 3.0")
print("actual  ", actual.item())
raise SystemExit(actual.item() != 3)
