"""The gradients of hardsigmoid and celu have a constant of float32."""

import torch

x = torch.tensor(1.0, dtype=torch.float64, requires_grad=True)
torch.nn.functional.hardsigmoid(x).backward()
print("expected", 1 / 6)
print("actual  ", x.grad.item())
raise SystemExit(abs(x.grad.item() * 6 - 1) > 1e-12)
