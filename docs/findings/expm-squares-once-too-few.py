"""tf.linalg.expm squares once too few."""

import math

import tensorflow as tf

actual = float(tf.linalg.expm(tf.constant([[7.8]]))[0, 0])
print("expected", round(math.exp(7.8), 1))
print("actual  ", round(actual, 1))
raise SystemExit(abs(actual / math.exp(7.8) - 1) > 1e-3)
