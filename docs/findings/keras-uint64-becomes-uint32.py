"""keras.ops reduces uint64 to uint32 and complex128 to complex64."""

import keras
import numpy as np

x = keras.ops.array(np.array([2**40 + 1], np.uint64))
actual = keras.ops.add(x, x).numpy()
print("expected", 2**41 + 2, "of uint64")
print("actual  ", actual[0], "of", actual.dtype)
raise SystemExit(int(actual[0]) != 2**41 + 2)
