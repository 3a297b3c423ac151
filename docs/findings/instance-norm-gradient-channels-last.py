"""The gradient of instance_norm is wrong for one channels-last image."""

import torch

torch.manual_seed(0)
x, cotangent = torch.randn(2, 1, 3, 4, 4, dtype=torch.float64)
cotangent = cotangent.to(memory_format=torch.channels_last)
gradients = []
for function in (lambda x: torch.nn.functional.group_norm(x, 3), torch.nn.functional.instance_norm):
    leaf = x.clone().requires_grad_()
    function(leaf).mul(cotangent).sum().backward()
    gradients.append(leaf.grad)
print("expected", gradients[0][0, 0, 0].numpy().round(4))
print("actual  ", gradients[1][0, 0, 0].numpy().round(4))
raise SystemExit(not torch.allclose(*gradients))
