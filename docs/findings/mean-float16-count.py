"""tf.reduce_mean of more than 65504 numbers of float16 is 0."""

import tensorflow as tf

actual = float(tf.reduce_mean(tf.fill([70000], tf.constant(0.5, tf.float16))))
print("expected 0.5")
print("actual  ", actual)
raise SystemExit(actual != 0.5)
