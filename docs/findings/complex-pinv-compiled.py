"""torch.linalg.pinv of a complex matrix is wrong when compiled."""

import torch

matrix = torch.tensor([[1, 1j], [2, 3 + 1j]], dtype=torch.complex128)
actual = torch.compile(torch.linalg.pinv, backend="aot_eager")(matrix)
print("expected", torch.linalg.inv(matrix)[1].numpy().round(4))
print("actual  ", actual[1].numpy().round(4))
raise SystemExit(not torch.allclose(actual, torch.linalg.inv(matrix)))
