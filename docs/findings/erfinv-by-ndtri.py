"""tf.math.erfinv loses small numbers."""

import math

import tensorflow as tf

actual = float(tf.math.erfinv(tf.constant(1e-8)))
print("expected", 1e-8 * math.pi**0.5 / 2)
print("actual  ", actual)
raise SystemExit(abs(actual / (1e-8 * math.pi**0.5 / 2) - 1) > 0.01)
