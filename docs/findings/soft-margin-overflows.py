"""SoftMarginLoss is infinite, and its gradient NaN, for a confident mistake."""

import torch

x = torch.tensor([-100.0], requires_grad=True)
loss = torch.nn.functional.soft_margin_loss(x, torch.ones(1))
loss.backward()
print("expected 100.0, gradient -1.0")
print("actual  ", loss.item(), "gradient", x.grad.item())
raise SystemExit(not loss.isfinite())
