"""Muon averages gradients where its documentation adds them."""

import torch

weight = torch.nn.Parameter(torch.zeros(2, 2))
optimizer = torch.optim.Muon([weight], lr=0.1, momentum=0.75)
weight.grad = torch.ones(2, 2)
optimizer.step()
actual = optimizer.state[weight]["momentum_buffer"][0, 0].item()
print("expected", 1.0)
print("actual  ", actual)
raise SystemExit(actual != 1)
