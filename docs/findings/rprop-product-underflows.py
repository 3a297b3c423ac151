"""Rprop does not see the sign of small gradients."""

import torch

moved = []
for scale in (1.0, 2.0**-80):
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.Rprop([weight], lr=0.1)
    for _ in range(5):
        weight.grad = torch.tensor([scale])
        optimizer.step()
    moved.append(round(weight.item(), 5))
print("expected", moved[0])
print("actual  ", moved[1])
raise SystemExit(moved[0] != moved[1])
