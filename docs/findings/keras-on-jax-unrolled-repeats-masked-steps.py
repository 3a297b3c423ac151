"""An unrolled layer forgets zero_output_for_mask, on JAX."""

import os

os.environ["KERAS_BACKEND"] = "jax"

import keras
import numpy as np

x, mask = np.ones((1, 3, 1), "float32"), np.array([[True, True, False]])
layer = keras.layers.LSTM(1, return_sequences=True, zero_output_for_mask=True, unroll=True)
last = float(np.asarray(layer(x, mask=mask))[0, -1, 0])
print("expected 0.0 at the masked step, as with unroll=False")
print("actual  ", round(last, 4))
raise SystemExit(int(last != 0))
