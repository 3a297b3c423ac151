"""gammainc and gammaincc of an infinite order are NaN."""

import jax
import numpy as np

actual = float(jax.scipy.special.gammainc(np.inf, 1.0)), float(jax.scipy.special.gammaincc(np.inf, 1.0))
print("expected 0.0 1.0")
print("actual  ", *actual)
raise SystemExit(actual != (0, 1))
