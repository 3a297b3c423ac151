"""The gradient of cumprod is wrong where a factor is 0."""

import tensorflow as tf

x = tf.constant([0.0, 3.0])
with tf.GradientTape() as tape:
    tape.watch(x)
    y = tf.math.cumprod(x)[1]
actual = tape.gradient(y, x).numpy().tolist()
print("expected [3.0, 0.0]")
print("actual  ", actual)
raise SystemExit(actual != [3.0, 0.0])
