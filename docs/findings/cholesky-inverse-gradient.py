"""The gradient of torch.cholesky_inverse depends on the triangle that its value does not read."""

import torch


def gradient(above: float) -> torch.Tensor:
    factor = torch.tensor([[2.0, above], [1.0, 3.0]], requires_grad=True)
    torch.cholesky_inverse(factor).sum().backward()
    return factor.grad


expected, actual = gradient(0.0), gradient(7.0)
print("expected", expected.tolist(), "whatever is above the diagonal")
print("actual  ", actual.tolist())
raise SystemExit(int(not torch.allclose(expected, actual)))
