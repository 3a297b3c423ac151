"""The gradient of PReLU at 0 is 0."""

import keras
import tensorflow as tf

x = tf.zeros((1, 1))
layer = keras.layers.PReLU(alpha_initializer="ones")  # the identity
with tf.GradientTape() as tape:
    tape.watch(x)
    y = layer(x)
actual = float(tape.gradient(y, x)[0, 0])
print("expected 1.0")
print("actual  ", actual)
raise SystemExit(actual != 1)
