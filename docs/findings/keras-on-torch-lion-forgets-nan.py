"""Lion goes on without a word after a gradient that is not a number, on torch."""

import os

os.environ["KERAS_BACKEND"] = "torch"

import keras

weight = keras.Variable([1.0])
optimizer = keras.optimizers.Lion(0.1)
optimizer.build([weight])
for gradient in (1.0, float("nan"), 1.0, 1.0):
    optimizer.apply([keras.ops.array([gradient])], [weight])
print("expected nan, as from Lion on TensorFlow and JAX, and from other optimizers on torch")
print("actual  ", round(float(weight.numpy()[0]), 6), "after four steps of 0.1, of which three were not taken")
raise SystemExit(1 if weight.numpy()[0] == weight.numpy()[0] else 0)
