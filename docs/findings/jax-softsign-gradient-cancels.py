"""The gradient of soft_sign cancels."""

import jax
import numpy as np

x = np.array([1e6, 1e8], np.float32)
expected = 1 / (1 + x.astype(float)) ** 2
actual = jax.vmap(jax.grad(jax.nn.soft_sign))(x)
print("expected", expected.tolist())
print("actual  ", actual.tolist())
raise SystemExit(not np.allclose(actual / expected, 1, atol=0.001))
