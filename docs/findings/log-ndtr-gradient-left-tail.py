"""The gradient of log_ndtr has no digits left in its left tail."""

import torch

x = torch.tensor(-3000.0, requires_grad=True)
torch.special.log_ndtr(x).backward()
print("expected 3000.0003")
print("actual  ", x.grad.item())
raise SystemExit(abs(x.grad.item() / 3000 - 1) > 0.01)
