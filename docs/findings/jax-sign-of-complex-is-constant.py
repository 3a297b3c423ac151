"""The gradient of the sign of a complex number is 0."""

import jax
import numpy as np

z, one = np.complex64(3 + 4j), np.complex64(1)
(expected,) = jax.vjp(lambda z: z / jax.numpy.abs(z), z)[1](one)
(actual,) = jax.vjp(jax.numpy.sign, z)[1](one)
print("expected", complex(expected))
print("actual  ", complex(actual))
raise SystemExit(abs(complex(actual - expected)) > 1e-6)
