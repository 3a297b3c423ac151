"""keras.ops.squareplus overflows above 255 in float16."""

import keras
import numpy as np

actual = float(keras.ops.squareplus(np.float16([300]))[0])
print("expected 300.0")
print("actual  ", actual)
raise SystemExit(actual == np.inf)
