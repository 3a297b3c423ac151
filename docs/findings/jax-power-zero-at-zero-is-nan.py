"""The gradient of x^0.0 at 0 is NaN."""

import jax
import numpy as np

actual = jax.grad(lambda x: jax.numpy.power(x, 0.0).sum())(np.array([0, 2], np.float32)).tolist()
print("expected [0.0, 0.0]")
print("actual  ", actual)
raise SystemExit(actual != [0, 0])
