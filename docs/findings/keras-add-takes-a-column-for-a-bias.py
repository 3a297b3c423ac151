"""keras.ops.add adds along another axis what looks like a bias."""

import keras
import numpy as np

column = np.array([[[0], [1], [2]]], np.float32)
actual = keras.ops.add(np.zeros((1, 3, 3), np.float32), column).numpy()
print("expected", (np.zeros((1, 3, 3)) + column)[0].tolist())
print("actual  ", actual[0].tolist())
raise SystemExit(bool((actual != column).any()))
