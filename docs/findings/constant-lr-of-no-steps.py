"""ConstantLR, LinearLR and PolynomialLR of 0 steps never reach their last rate."""

import torch

optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
scheduler = torch.optim.lr_scheduler.ConstantLR(optimizer, factor=0.25, total_iters=0)
for _ in range(3):
    optimizer.step()
    scheduler.step()
print("expected", scheduler._get_closed_form_lr())
print("actual  ", scheduler.get_last_lr())
raise SystemExit(scheduler.get_last_lr() != scheduler._get_closed_form_lr())
