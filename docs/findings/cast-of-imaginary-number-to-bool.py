"""tf.cast of an imaginary number to bool is False."""

import tensorflow as tf

actual = bool(tf.cast(tf.constant(2j, tf.complex64), tf.bool))
print("expected True")
print("actual  ", actual)
raise SystemExit(not actual)
