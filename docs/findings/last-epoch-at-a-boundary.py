"""StepLR, MultiStepLR and ConstantLR made with last_epoch change the restored rate a second time."""

import warnings

import torch

warnings.simplefilter("ignore")
optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 2, gamma=0.5)
scheduler.step()
scheduler.step()  # epoch 2: the rate is 0.5
before = optimizer.param_groups[0]["lr"]
torch.optim.lr_scheduler.StepLR(optimizer, 2, gamma=0.5, last_epoch=scheduler.last_epoch - 1)
print("expected", before)
print("actual  ", optimizer.param_groups[0]["lr"])
raise SystemExit(optimizer.param_groups[0]["lr"] != before)
