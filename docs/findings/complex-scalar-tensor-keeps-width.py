"""A zero-dimensional complex128 tensor does not widen a float32 one, as documented."""

import torch

actual = torch.result_type(torch.zeros(1), torch.tensor(1j, dtype=torch.complex128))
print("expected torch.complex128")
print("actual  ", actual)
raise SystemExit(actual != torch.complex128)
