"""The second derivative of layer_norm with a bias and no weight raises."""

import torch

x = torch.tensor([[1.0, 2.0, 4.0]], requires_grad=True)
bias = torch.zeros(3, requires_grad=True)
for weight in (torch.ones(3), None):
    y = torch.nn.functional.layer_norm(x, (3,), weight, bias)
    first = torch.autograd.grad(y, [x, bias], torch.ones_like(y), create_graph=True)
    try:
        torch.autograd.grad(first, [x, bias], [torch.ones_like(g) for g in first], allow_unused=True)
    except RuntimeError as error:
        print("weight is None:" if weight is None else "weight of ones:", str(error).split(" for ")[0])
        raise SystemExit(weight is None) from None
    print("weight is None:" if weight is None else "weight of ones:", "no error")
raise SystemExit(0)
