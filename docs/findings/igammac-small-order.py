"""tf.math.igammac of a small order has lost its digits."""

import tensorflow as tf

expected = 1e-12 * 0.5597735947761608  # a E1(1/2)
actual = float(tf.math.igammac(tf.constant(1e-12, tf.float64), tf.constant(0.5, tf.float64)))
print("expected", expected)
print("actual  ", actual)
raise SystemExit(abs(actual / expected - 1) > 1e-8)
