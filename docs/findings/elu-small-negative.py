"""tf.nn.elu and selu lose all digits of small negative numbers."""

import tensorflow as tf

actual = float(tf.nn.elu(tf.constant(-1e-8)))
print("expected -1e-08")
print("actual  ", actual)
raise SystemExit(abs(actual + 1e-8) > 1e-10)
