"""conv_transpose2d of one channel with dilation has no gradient for permuted tensors."""

import torch

x = torch.randn(1, 4, 4, 1).permute(0, 3, 1, 2)
weight = torch.randn(2, 2, 3, 1).permute(3, 2, 0, 1).requires_grad_()
print("expected a gradient")
try:
    torch.nn.functional.conv_transpose2d(x, weight, dilation=2).sum().backward()
except RuntimeError as error:
    print("actual  ", str(error)[:90])
    raise SystemExit(1) from None
