"""The gradient of softsign is 0 above 254 in float16."""

import tensorflow as tf

x = tf.constant(300.0, tf.float16)
with tf.GradientTape() as tape:
    tape.watch(x)
    y = tf.nn.softsign(x)
actual = float(tape.gradient(y, x))
print("expected about", round(1 / 301**2, 7))
print("actual  ", actual)
raise SystemExit(actual == 0)
