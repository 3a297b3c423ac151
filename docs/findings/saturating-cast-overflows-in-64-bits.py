"""tf.saturate_cast of a large number to int64 is the smallest."""

import tensorflow as tf

actual = int(tf.saturate_cast(tf.constant(1e19, tf.float64), tf.int64))
print("expected at most", 2**63 - 1)
print("actual  ", actual)
raise SystemExit(actual < 0)
