"""A label outside the classes costs nothing and counts in the mean, on JAX."""

import os

os.environ["KERAS_BACKEND"] = "jax"

import keras
import numpy as np

loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
scores = np.array([[2.0, 0.0, 0.0]] * 2, "float32")
good, bad = (float(loss(np.array(labels), scores)) for labels in ([0, 0], [0, 3]))
print("expected an error, or NaN, for the label 3 of three classes")
print("actual  ", round(bad, 4), "half of", round(good, 4))
raise SystemExit(int(bad == bad))
