"""tf.math.erf of infinity is NaN in float64."""

import tensorflow as tf

actual = float(tf.math.erf(tf.constant(float("inf"), tf.float64)))
print("expected 1.0")
print("actual  ", actual)
raise SystemExit(actual != 1)
