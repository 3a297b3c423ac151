"""A step of SGD with Nesterov momentum and foreach changes the gradients."""

import torch

weight = torch.nn.Parameter(torch.zeros(1))
weight.grad = torch.ones(1)
torch.optim.SGD([weight], lr=0.1, momentum=0.9, nesterov=True, foreach=True).step()
print("expected 1.0")
print("actual  ", round(weight.grad.item(), 4))
raise SystemExit(weight.grad.item() != 1)
