"""A complex number by 0 is NaN or infinite, depending on where it stands."""

import numpy as np
import tensorflow as tf

x, y = np.full(9, 1 + 2j), np.zeros(9, complex)
with np.errstate(all="ignore"):
    expected = x / y
actual = tf.divide(x, y).numpy()
print("expected", expected[[0, -1]])
print("actual  ", actual[[0, -1]])
raise SystemExit(bool(np.isnan(actual).any()))
