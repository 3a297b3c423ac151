"""Polygamma, and the gradient of digamma, are garbage below -9 in float32."""

import tensorflow as tf

values = [float(tf.math.polygamma(tf.constant(1, t), tf.constant(-12.5, t))) for t in (tf.float64, tf.float32)]
print("expected", values[0])
print("actual  ", values[1])
raise SystemExit(abs(values[1] / values[0] - 1) > 0.01)
