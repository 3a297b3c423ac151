"""A stateful layer that is called twice has no gradient, on torch."""

import os

os.environ["KERAS_BACKEND"] = "torch"

import keras
import numpy as np

layer = keras.layers.LSTM(1, stateful=True)
x = np.ones((1, 2, 1), "float32")
total = layer(x).sum() + layer(x).sum()
print("expected a gradient of three weights")
try:
    total.backward()
    print("actual   a gradient of", sum(v.value.grad is not None for v in layer.trainable_variables), "weights")
except RuntimeError as error:
    print(f"actual   RuntimeError: {str(error).split(':')[0]}")
    raise SystemExit(1) from None
