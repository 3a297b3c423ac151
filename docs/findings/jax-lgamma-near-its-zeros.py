"""gammaln loses its digits near 1 and 2."""

import jax
import numpy as np

x = np.float32(1.001)
t = float(x) - 1
expected = -0.5772156649 * t + 0.8224670334 * t**2
actual = float(jax.scipy.special.gammaln(x))
print("expected", expected)
print("actual  ", actual)
raise SystemExit(abs(actual / expected - 1) > 1e-4)
