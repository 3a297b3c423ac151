"""fractional_max_pool3d refuses as many windows as fit."""

import torch

print("expected", torch.nn.functional.fractional_max_pool2d(torch.zeros(1, 1, 4, 4), 2, output_size=3).shape[2:])
try:
    torch.nn.functional.fractional_max_pool3d(torch.zeros(1, 1, 4, 4, 4), 2, output_size=3)
except RuntimeError as error:
    print("actual  ", str(error)[:90])
    raise SystemExit(1) from None
