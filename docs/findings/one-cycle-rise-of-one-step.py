"""OneCycleLR divides by zero if its rise is one step."""

import torch

optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
print("expected a schedule")
try:
    torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=1.0, total_steps=10, pct_start=0.1)
except ZeroDivisionError as error:
    print("actual   ZeroDivisionError:", error)
    raise SystemExit(1) from None
