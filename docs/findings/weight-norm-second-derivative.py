"""The second derivative of weight_norm takes the norms for constants."""

import torch

v = torch.tensor([[3.0, 4.0]], dtype=torch.float64)
g, x = torch.tensor([[2.0]], dtype=torch.float64), torch.tensor([1.0, 0.0], dtype=torch.float64)
second = []
for weight in (
    lambda v: v * (g / torch.linalg.vector_norm(v, dim=1, keepdim=True)),
    lambda v: torch._weight_norm(v, g),
):
    leaf = v.clone().requires_grad_()
    (first,) = torch.autograd.grad((weight(leaf) * x).sum(), leaf, create_graph=True)
    second += torch.autograd.grad(first[0, 0], leaf)
print("expected", second[0].numpy())
print("actual  ", second[1].numpy())
raise SystemExit(not torch.allclose(*second))
