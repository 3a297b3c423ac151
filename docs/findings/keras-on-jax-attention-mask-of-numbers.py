"""A mask of numbers that are to be added is taken for booleans, on JAX."""

import os

os.environ["KERAS_BACKEND"] = "jax"

import keras
import numpy as np

q = np.array([[[[1.0, 0.0]], [[0.0, 1.0]]]], "float32")
numbers = np.array([[[[0.0, -np.inf], [0.0, 0.0]]]], "float32")
expected = np.asarray(keras.ops.dot_product_attention(q, q, q, bias=numbers)).ravel()
actual = np.asarray(keras.ops.dot_product_attention(q, q, q, mask=numbers)).ravel()
print("expected", expected.round(4).tolist(), "or an error")
print("actual  ", actual.round(4).tolist())
raise SystemExit(int(not np.allclose(actual, expected)))
