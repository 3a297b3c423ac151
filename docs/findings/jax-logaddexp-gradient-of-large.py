"""The gradient of logaddexp loses digits for large numbers."""

import jax
import numpy as np

actual = float(jax.grad(jax.numpy.logaddexp)(np.float32(10000), np.float32(10000.5)))
expected = float(1 / (1 + np.exp(0.5)))
print("expected", expected)
print("actual  ", actual)
raise SystemExit(abs(actual / expected - 1) > 1e-5)
