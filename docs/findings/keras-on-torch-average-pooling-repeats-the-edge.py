"""Average pooling with padding='same' averages a border that is not there, on torch."""

import os

os.environ["KERAS_BACKEND"] = "torch"

import keras

actual = keras.ops.average_pool(keras.ops.array([[[1.0], [2.0], [4.0]]]), 2, 1, padding="same")
print("expected [1.5, 3.0, 4.0]")  # the last window holds one number
print("actual  ", actual.flatten().tolist())
image = keras.ops.arange(16.0).reshape(1, 4, 4, 1)
pooled = keras.ops.average_pool(image, 3, 2, padding="same")
print("expected [5.0, 6.5, 11.0, 12.5]")  # 3 by 3, of which the last row and column are outside
print("actual  ", pooled.flatten().tolist())
raise SystemExit(abs(pooled.flatten()[-1].item() - 12.5) > 1e-6)
