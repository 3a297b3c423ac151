"""Alpha and beta of Tversky's loss are exchanged."""

import keras
import numpy as np

target, prediction = np.array([[[[1.0], [0.0]]]]), np.array([[[[1.0], [1.0]]]])  # one false positive
actual = float(keras.losses.Tversky(alpha=0.9, beta=0.1)(target, prediction))
print("expected", round(1 - 1 / (1 + 0.9), 4))
print("actual  ", round(actual, 4))
raise SystemExit(abs(actual - (1 - 1 / 1.9)) > 0.01)
