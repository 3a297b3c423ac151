"""A SimpleRNN of float64 cannot be called, on JAX."""

import os

os.environ["KERAS_BACKEND"] = "jax"

import jax
import keras

jax.config.update("jax_enable_x64", True)
layer = keras.layers.SimpleRNN(2, dtype="float64")
print("expected a result of shape (1, 2)")
try:
    print("actual  ", layer(jax.numpy.ones((1, 3, 2))).shape)
except TypeError as error:
    print("actual  ", type(error).__name__, str(error).splitlines()[0][:90])
    raise SystemExit(1) from None
