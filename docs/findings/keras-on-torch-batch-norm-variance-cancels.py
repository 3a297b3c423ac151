"""Batch normalization of numbers far from 0 is NaN, on torch."""

import os

os.environ["KERAS_BACKEND"] = "torch"

import keras
import numpy as np

x = np.array([[9999.0], [10001.0]], np.float32)  # of mean 10000 and variance 1
for shift in (0, 10_000):
    y = keras.layers.BatchNormalization(epsilon=1e-5)(keras.ops.array(x - 10_000 + shift), training=True)
    print(f"numbers near {shift:5}: expected [-1, 1], actual {y.detach().flatten().tolist()}")
big = np.random.default_rng(0).standard_normal((1000, 1)).astype("float32") + 10_000
actual = keras.layers.BatchNormalization(epsilon=1e-5)(keras.ops.array(big), training=True).isnan().sum().item()
print("expected 0 of 1000 normal numbers near 10000 to be NaN")
print("actual  ", actual)
raise SystemExit(actual > 0)
