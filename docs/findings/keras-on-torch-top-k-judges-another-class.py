"""A label that does not exist is judged as another class by top-k accuracy, on torch."""

import os

os.environ["KERAS_BACKEND"] = "torch"

import keras
import numpy as np

scores = np.array([[0.1, 0.9]], "float32")
metric = keras.metrics.SparseTopKCategoricalAccuracy(k=1)
metric.update_state(np.array([3]), scores)
print("expected 0.0: there is no class 3")
print("actual  ", float(metric.result()))
raise SystemExit(int(float(metric.result()) != 0))
