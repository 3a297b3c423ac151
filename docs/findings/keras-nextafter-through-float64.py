"""keras.ops.nextafter of float32 is the number itself."""

import keras
import numpy as np

one, two = np.float32([1, 2])
actual = keras.ops.nextafter(one, two).numpy()
print("expected", float(np.nextafter(one, two)))
print("actual  ", actual)
raise SystemExit(bool(actual == one))
