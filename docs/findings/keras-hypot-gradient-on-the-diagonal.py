"""The gradient of keras.ops.hypot is wrong where both arguments are equal."""

import keras
import tensorflow as tf

x, y = tf.constant(1.0), tf.constant(1.0)
with tf.GradientTape() as tape:
    tape.watch([x, y])
    z = keras.ops.hypot(x, y)
actual = [round(float(g), 4) for g in tape.gradient(z, [x, y])]
print("expected [0.7071, 0.7071]")
print("actual  ", actual)
raise SystemExit(actual[0] != actual[1])
