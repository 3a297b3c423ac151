"""Forward over reverse mode of mse_loss raises."""

import torch

x, y = torch.randn(2, 3)
print("expected a product")
try:
    torch.func.jvp(torch.func.grad(lambda x: torch.nn.functional.mse_loss(x, y)), (x,), (x,))
except RuntimeError as error:
    print("actual  ", str(error)[:90])
    raise SystemExit(1) from None
