"""NAdam, ASGD and differentiable Adam keep scalars in float32 for float64 weights."""

import torch

weight = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
optimizer = torch.optim.NAdam([weight])
weight.grad = torch.ones_like(weight)
optimizer.step()
actual = optimizer.state[weight]["mu_product"]
print("expected", 0.9 * (1 - 0.5 * 0.96**0.004))
print("actual  ", actual.item(), actual.dtype)
raise SystemExit(actual.dtype != torch.float64)
