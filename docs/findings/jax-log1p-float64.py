"""log1p of float64 loses two digits near -0.41."""

import jax
import numpy as np

jax.config.update("jax_enable_x64", True)
x = -0.4141892
expected = np.log1p(np.longdouble(x))
actual = float(jax.numpy.log1p(x))
print("expected", float(expected))
print("actual  ", actual)
raise SystemExit(abs(actual - expected) > 20 * np.spacing(abs(actual)))
