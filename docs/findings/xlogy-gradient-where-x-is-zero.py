"""The gradients of xlogy, xlog1py and xdivy in x are 0 where x is 0."""

import math

import tensorflow as tf

x = tf.constant(0.0)
with tf.GradientTape() as tape:
    tape.watch(x)
    y = tf.math.xlogy(x, 2.0)
actual = float(tape.gradient(y, x))
print("expected", round(math.log(2), 4))
print("actual  ", actual)
raise SystemExit(actual == 0)
