"""keras.ops.vstack joins vectors end to end."""

import keras
import numpy as np

actual = keras.ops.vstack([np.array([1, 2, 3]), np.array([4, 5, 6])]).shape
print("expected (2, 3)")
print("actual  ", tuple(actual))
raise SystemExit(tuple(actual) != (2, 3))
