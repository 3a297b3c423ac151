"""keras.ops.rot90 by two quarters scrambles a matrix that is not square."""

import keras
import numpy as np

x = np.arange(6).reshape(2, 3)
actual = keras.ops.rot90(x, k=2).numpy()
print("expected", np.rot90(x, 2).tolist())
print("actual  ", actual.tolist())
raise SystemExit(bool((actual != np.rot90(x, 2)).any()))
