"""The threshold of keras.layers.ReLU is exclusive, and documented as inclusive."""

import keras
import numpy as np

actual = float(keras.layers.ReLU(threshold=1.0)(np.float32([1]))[0])
print("expected 1.0")
print("actual  ", actual)
raise SystemExit(actual != 1)
