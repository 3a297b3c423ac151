"""The forward derivative of triangular_solve reads the triangle that the function does not."""

import torch

a, b = torch.tensor([[1.0, 0.0], [2.0, 3.0]]), torch.ones(2, 1)
above = torch.tensor([[0.0, 1.0], [0.0, 0.0]])
solve = lambda a: torch.triangular_solve(b, a, upper=False).solution
_, actual = torch.func.jvp(solve, (a,), (above,))
print("expected [0.0, 0.0]: the solutions are", solve(a)[:, 0].tolist(), solve(a + above)[:, 0].tolist())
print("actual  ", actual[:, 0].tolist())
raise SystemExit(bool(actual.any()))
