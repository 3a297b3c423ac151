"""The gradient of x^0 at 0 is NaN."""

import tensorflow as tf

x = tf.constant([0.0, 2.0])
with tf.GradientTape() as tape:
    tape.watch(x)
    y = tf.pow(x, 0.0)
actual = tape.gradient(y, x).numpy().tolist()
print("expected [0.0, 0.0]")
print("actual  ", actual)
raise SystemExit(actual != [0.0, 0.0])
