"""nll_loss of images whose channels were moved has no gradient."""

import torch

x = torch.zeros(1, 4, 4, 3, requires_grad=True)  # channels last
print("expected a gradient")
try:
    torch.nn.functional.nll_loss(x.movedim(-1, 1), torch.zeros(1, 4, 4, dtype=torch.long)).backward()
except RuntimeError as error:
    print("actual  ", str(error)[:90])
    raise SystemExit(1) from None
