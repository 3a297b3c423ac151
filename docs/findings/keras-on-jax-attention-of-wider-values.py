"""Attention whose values are wider than its keys fails, on JAX."""

import os

os.environ["KERAS_BACKEND"] = "jax"

import keras
import numpy as np

q = np.ones((1, 2, 1, 4), "float32")
print("expected a result of shape (1, 2, 1, 3), as documented")
try:
    print("actual  ", keras.ops.dot_product_attention(q, q, np.ones((1, 2, 1, 3), "float32")).shape)
except TypeError as error:
    print("actual  ", type(error).__name__, str(error).splitlines()[0])
    raise SystemExit(1) from None
