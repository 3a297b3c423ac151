"""The mean of the Circle loss leaves out rows whose loss is 0."""

import keras
import numpy as np

labels = np.array([0, 0, 1], np.int32)  # the last row has no partner: its loss is 0
points = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]], np.float32)
rows = keras.losses.Circle(reduction="none")(labels, points).numpy()
actual = float(keras.losses.Circle()(labels, points))
print("losses  ", rows.round(3).tolist())
print("expected", round(float(rows.mean()), 3))
print("actual  ", round(actual, 3))
raise SystemExit(abs(actual - rows.mean()) > 1e-3)
