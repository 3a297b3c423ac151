"""SparseAdam is no masked version of Adam: its epsilon is another."""

import torch

moved = []
for adam, gradient in ((torch.optim.Adam, torch.ones(1, 1)), (torch.optim.SparseAdam, torch.ones(1, 1).to_sparse(1))):
    weight = torch.nn.Parameter(torch.zeros(1, 1))
    optimizer = adam([weight], lr=1.0, eps=0.1)
    weight.grad = gradient
    optimizer.step()
    moved.append(round(weight.item(), 4))
print("expected", moved[0])
print("actual  ", moved[1])
raise SystemExit(moved[0] != moved[1])
