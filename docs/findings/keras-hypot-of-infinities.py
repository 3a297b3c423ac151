"""keras.ops.hypot of two infinities is NaN."""

import keras
import numpy as np

actual = float(keras.ops.hypot(np.float32(np.inf), np.float32(np.inf)))
print("expected inf")
print("actual  ", actual)
raise SystemExit(actual != np.inf)
