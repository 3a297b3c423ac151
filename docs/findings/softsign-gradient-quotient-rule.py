"""The gradient of softsign cancels."""

import torch

x = torch.tensor(3000.0, requires_grad=True)
torch.nn.functional.softsign(x).backward()
print("expected", 1 / 3001**2)
print("actual  ", x.grad.item())
raise SystemExit(abs(x.grad.item() * 3001**2 - 1) > 1e-5)
