"""torch.compile drops the backward of a custom function under torch.func.grad."""

import torch


class Straight(torch.autograd.Function):
    generate_vmap_rule = True
    forward = staticmethod(lambda x: torch.round(x))
    setup_context = staticmethod(lambda ctx, inputs, output: None)
    backward = staticmethod(lambda ctx, gradient: gradient)


gradient = lambda x: torch.func.grad(lambda x: Straight.apply(x).sum())(x)
x = torch.tensor([0.3])
print("expected", gradient(x).item())
print("actual  ", torch.compile(gradient, backend="eager")(x).item())
raise SystemExit(torch.compile(gradient, backend="eager")(x).item() != 1)
