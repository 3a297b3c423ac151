"""Ndtr is 0 in its left tail."""

import torch

x = torch.tensor(-10.0, dtype=torch.float64)
print("expected", torch.special.erfc(-x / 2**0.5).item() / 2)
print("actual  ", torch.special.ndtr(x).item())
raise SystemExit(torch.special.ndtr(x).item() == 0)
