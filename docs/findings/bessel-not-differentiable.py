"""bessel_j0 and its siblings are constants to autograd, without an error."""

import torch

x = torch.tensor(2.0, requires_grad=True)
(x + torch.special.bessel_j0(x)).backward()
print("expected", round(1 - torch.special.bessel_j1(x.detach()).item(), 4))
print("actual  ", x.grad.item())
raise SystemExit(x.grad.item() == 1)
