"""F1Score without a threshold does not predict by argmax."""

import keras
import numpy as np

metric = keras.metrics.F1Score(average=None)
metric.update_state(np.eye(2, dtype=np.float32), np.array([[0.0, -1.0], [-1.0, 0.0]], np.float32))
print("expected [1.0, 1.0]")
print("actual  ", metric.result().numpy().tolist())
raise SystemExit(float(metric.result()[0]) == 0)
