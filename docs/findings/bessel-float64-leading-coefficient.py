"""bessel_j0, j1, y0, y1 and airy_ai have 6 digits in float64."""

import torch

x = torch.tensor(5.5, dtype=torch.float64)
expected = -0.006843869417819196  # scipy.special.j0(5.5)
actual = torch.special.bessel_j0(x).item()
print("expected", expected)
print("actual  ", actual)
raise SystemExit(abs(actual - expected) > 1e-12)
