"""The gradient of polar with respect to a radius of 0 is 0."""

import torch

radius, angle = torch.tensor(0.0, requires_grad=True), torch.tensor(0.5)
torch.polar(radius, angle).real.backward()
print("expected", round(torch.cos(angle).item(), 4))
print("actual  ", radius.grad.item())
raise SystemExit(radius.grad.item() == 0)
