"""ConstantLR(factor=0) divides by zero in the middle of a run."""

import torch

optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
scheduler = torch.optim.lr_scheduler.ConstantLR(optimizer, factor=0.0, total_iters=2)
print("expected a rate of 1 from step 2 on")
try:
    for _ in range(2):
        optimizer.step()
        scheduler.step()
except ZeroDivisionError as error:
    print("actual   ZeroDivisionError:", error)
    raise SystemExit(1) from None
