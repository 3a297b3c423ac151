"""An epsilon of 1e-12 is 0 in float16: BCELoss and cosine_similarity give NaN."""

import torch

for dtype in (torch.float32, torch.float16):
    p = torch.tensor([1.0], dtype=dtype, requires_grad=True)
    torch.nn.functional.binary_cross_entropy(p, torch.ones(1, dtype=dtype)).backward()
    print(dtype, p.grad.item())
raise SystemExit(bool(p.grad.isnan()))
