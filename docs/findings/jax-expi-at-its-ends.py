"""expi is NaN at 0 and at both infinities."""

import jax
import numpy as np

actual = jax.scipy.special.expi(np.array([0, np.inf, -np.inf], np.float32)).tolist()
print("expected [-inf, inf, 0.0]")
print("actual  ", actual)
raise SystemExit(actual != [-np.inf, np.inf, 0])
