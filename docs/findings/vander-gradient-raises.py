"""torch.vander has a gradient function that always raises."""

import torch

x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
print("expected a gradient")
try:
    torch.vander(x, 4).sum().backward()
except RuntimeError as error:
    print("actual  ", str(error)[:90])
    raise SystemExit(1) from None
