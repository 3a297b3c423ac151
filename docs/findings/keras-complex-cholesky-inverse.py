"""keras.ops.cholesky_inverse of a complex factor is wrong."""

import keras
import numpy as np

factor = np.array([[1, 0], [1j, 1]], np.complex64)
actual = keras.ops.cholesky_inverse(factor).numpy()
expected = np.linalg.inv(factor @ factor.conj().T)
print("expected", expected.tolist())
print("actual  ", actual.tolist())
raise SystemExit(not np.allclose(actual, expected))
