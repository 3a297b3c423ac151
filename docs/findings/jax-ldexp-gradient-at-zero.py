"""The gradient of ldexp at 0 is 1."""

import jax
import numpy as np

actual = [float(jax.grad(jax.numpy.ldexp)(np.float32(x), 3)) for x in (0, 1)]
print("expected [8.0, 8.0]")
print("actual  ", actual)
raise SystemExit(actual != [8, 8])
