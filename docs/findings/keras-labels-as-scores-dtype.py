"""sparse_categorical_accuracy compares classes in the dtype of the scores."""

import keras
import numpy as np

scores = keras.ops.cast(keras.ops.one_hot(np.array([256]), 300), "bfloat16")
actual = float(keras.metrics.sparse_categorical_accuracy(np.array([257]), scores)[0])
print("expected 0.0: class 256 is predicted, 257 is the label")
print("actual  ", actual)
raise SystemExit(actual == 1)
