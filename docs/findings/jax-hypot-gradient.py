"""The gradient of hypot is wrong, or NaN, for large and small numbers."""

import jax
import numpy as np

gradient = jax.grad(jax.numpy.hypot, (0, 1))
actual = [float(g) for size in (1e25, 1e-20) for g in gradient(np.float32(3 * size), np.float32(4 * size))]
print("expected [0.6, 0.8, 0.6, 0.8]")
print("actual  ", actual)
raise SystemExit(not np.allclose(actual, [0.6, 0.8, 0.6, 0.8]))
