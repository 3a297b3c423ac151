"""The norm of float16 is infinite above 256, and its gradient 0."""

import jax
import numpy as np

norm, gradient = jax.value_and_grad(jax.numpy.linalg.norm)(np.full(9, 100, np.float16))
print("expected 300.0 0.333")
print("actual  ", norm, gradient[0])
raise SystemExit(float(norm) != 300)
