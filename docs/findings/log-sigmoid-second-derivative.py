"""The second derivative of logsigmoid cancels."""

import math

import torch

x = torch.tensor(36.0, dtype=torch.float64, requires_grad=True)
(first,) = torch.autograd.grad(torch.nn.functional.logsigmoid(x), x, create_graph=True)
(second,) = torch.autograd.grad(first, x)
print("expected", -math.exp(-36))
print("actual  ", second.item())
raise SystemExit(abs(second.item() / -math.exp(-36) - 1) > 1e-6)
