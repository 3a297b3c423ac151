"""keras.ops.saturate_cast of a large number is the smallest."""

import keras
import numpy as np

actual = int(keras.ops.saturate_cast(np.float32([3e9]), "int32")[0])
print("expected at most 2147483647, at least 2147483520")
print("actual  ", actual)
raise SystemExit(actual < 0)
