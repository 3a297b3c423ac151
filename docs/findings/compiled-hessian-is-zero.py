"""torch.autograd.functional.hessian of a compiled program is 0."""

import torch

hessian = lambda x: torch.autograd.functional.hessian(lambda x: (x**3).sum(), x)
x = torch.tensor([2.0])
print("expected", hessian(x).item())
actual = torch.compile(hessian, backend="aot_eager")(x).item()
print("actual  ", actual)
raise SystemExit(actual != 12)
