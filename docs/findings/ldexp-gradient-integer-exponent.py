"""The gradient of ldexp is 0 for a negative integer exponent."""

import torch

x = torch.tensor(3.0, requires_grad=True)
torch.ldexp(x, torch.tensor(-1)).backward()
print("expected 0.5")
print("actual  ", x.grad.item())
raise SystemExit(x.grad.item() != 0.5)
