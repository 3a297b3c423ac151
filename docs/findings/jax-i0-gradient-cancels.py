"""The gradient of i0 cancels near 0."""

import jax
import numpy as np

x = np.float32(1e-7)
actual = float(jax.grad(jax.scipy.special.i0)(x))
print("expected", float(x / 2))
print("actual  ", actual)
raise SystemExit(abs(actual / (x / 2) - 1) > 0.01)
