"""Forward mode of group_norm fails for channels-last images."""

import torch

x = torch.randn(2, 4, 3, 3).to(memory_format=torch.channels_last)
print("expected a tangent")
try:
    torch.func.jvp(lambda x: torch.nn.functional.group_norm(x, 2), (x,), (x,))
except RuntimeError as error:
    print("actual  ", str(error)[:90])
    raise SystemExit(1) from None
