"""The gradient of keras.ops.logaddexp is wrong where both arguments are equal."""

import keras
import tensorflow as tf

x, y = tf.constant(1.0), tf.constant(1.0)
with tf.GradientTape() as tape:
    tape.watch([x, y])
    z = keras.ops.logaddexp(x, y)
actual = [float(g) for g in tape.gradient(z, [x, y])]
print("expected [0.5, 0.5]")
print("actual  ", actual)
raise SystemExit(actual != [0.5, 0.5])
