"""The forward derivative of cholesky_inverse is wrong."""

import torch

factor = torch.tensor([[1.0, 0.0], [2.0, 3.0]], dtype=torch.float64)
tangent = torch.tensor([[1.0, 0.0], [0.0, 0.0]], dtype=torch.float64)
_, expected = torch.func.jvp(lambda f: torch.linalg.inv(f @ f.mT), (factor,), (tangent,))
_, actual = torch.func.jvp(torch.cholesky_inverse, (factor,), (tangent,))
print("expected", expected.numpy().round(4).tolist())
print("actual  ", actual.numpy().round(4).tolist())
raise SystemExit(not torch.allclose(expected, actual))
