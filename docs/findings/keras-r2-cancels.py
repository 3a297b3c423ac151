"""R2Score cancels for targets far from 0."""

import keras
import numpy as np

target, prediction = np.array([0, 1, 2, 3], np.float32), np.array([0, 1, 2, 2], np.float32)
scores = []
for shift in (0, 10000):
    metric = keras.metrics.R2Score()
    metric.update_state((target + shift)[:, None], (prediction + shift)[:, None])
    scores.append(float(metric.result()))
print("expected", scores[0])
print("actual  ", scores[1])
raise SystemExit(abs(scores[0] - scores[1]) > 0.01)
