"""Centered RMSprop makes NaN of a constant gradient."""

import torch

for gradient in (0.1, 0.2, 0.3, 0.7, 1.1, 1.3):
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.RMSprop([weight], lr=0.001, alpha=0.9, centered=True)
    for step in range(2000):
        weight.grad = torch.tensor([gradient])
        optimizer.step()
        if weight.isnan():
            print("expected a finite weight")
            print("actual  ", weight.item(), "after", step + 1, "steps with the gradient", gradient)
            raise SystemExit(1)
