"""tf.math.floordiv and floormod contradict each other."""

import tensorflow as tf

x, y = tf.constant(1.0, tf.float64), tf.constant(0.1, tf.float64)
quotient, remainder = float(x // y), float(x % y)
print("expected", 1.0 // 0.1, 1.0 % 0.1)
print("actual  ", quotient, remainder)
raise SystemExit(abs(quotient * 0.1 + remainder - 1) > 0.01)
