"""zeta(2, infinity) and polygamma(1, infinity) are NaN."""

import jax
import numpy as np

special = jax.scipy.special
actual = float(special.zeta(2.0, np.inf)), float(special.polygamma(1, np.inf)), float(special.zeta(np.inf, 1.0))
print("expected 0.0 0.0 1.0")
print("actual  ", *actual)
raise SystemExit(actual != (0, 0, 1))
