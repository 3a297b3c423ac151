"""The gradient of det is 0 for an exactly singular matrix."""

import torch

matrix = torch.tensor([[1.0, 2.0], [2.0, 4.0]], dtype=torch.float64, requires_grad=True)
torch.linalg.det(matrix).backward()
print("expected", [[4.0, -2.0], [-2.0, 1.0]])
print("actual  ", matrix.grad.tolist())
raise SystemExit(not matrix.grad.any())
