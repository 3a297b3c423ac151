"""Precision, Recall, AUC, R2Score and others ignore their dtype."""

import keras
import numpy as np

metric = keras.metrics.Precision(dtype="float64")
metric.update_state(np.array([1, 0, 0]), np.array([1.0, 1.0, 1.0]))
print("expected", 1 / 3)
print("actual  ", float(metric.result()), keras.backend.standardize_dtype(metric.result().dtype))
raise SystemExit(abs(float(metric.result()) * 3 - 1) > 1e-12)
