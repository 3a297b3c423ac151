"""The gradient of keras.ops.celu at 0 is 2."""

import keras
import tensorflow as tf

x = tf.constant(0.0)
with tf.GradientTape() as tape:
    tape.watch(x)
    y = keras.ops.celu(x)
actual = float(tape.gradient(y, x))
print("expected 1.0")
print("actual  ", actual)
raise SystemExit(actual != 1)
