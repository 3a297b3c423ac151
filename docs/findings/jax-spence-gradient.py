"""The gradient of spence is NaN between 1 and 2, and 0 at 1."""

import jax
import numpy as np

x = np.array([1, 1.25], np.float32)
actual = jax.vmap(jax.grad(jax.scipy.special.spence))(x).tolist()
print("expected", [-1.0, float(np.log(1.25) / (1 - 1.25))])
print("actual  ", actual)
raise SystemExit(not np.allclose(actual, [-1, np.log(1.25) / (1 - 1.25)]))
