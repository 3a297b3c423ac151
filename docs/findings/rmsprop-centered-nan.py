"""Centered RMSprop makes NaN of a constant gradient."""

import torch

weight = torch.nn.Parameter(torch.zeros(1))
optimizer = torch.optim.RMSprop([weight], lr=0.001, alpha=0.9, centered=True)
for _ in range(500):
    weight.grad = torch.tensor([0.7])
    optimizer.step()
print("expected a finite weight")
print("actual  ", weight.item())
raise SystemExit(bool(weight.isnan()))
