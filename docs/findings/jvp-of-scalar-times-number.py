"""torch.func.jvp of a scalar times a number returns a float64 tangent."""

import torch

x = torch.tensor(2.0)
value, tangent = torch.func.jvp(lambda x: x * 0.5, (x,), (torch.ones_like(x),))
print("expected", value.dtype)
print("actual  ", tangent.dtype)
raise SystemExit(tangent.dtype != value.dtype)
