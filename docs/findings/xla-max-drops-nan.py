"""With jit_compile a maximum drops NaN."""

import math

import tensorflow as tf

x = tf.constant([1.0, math.nan, 3.0])
print("expected", float(tf.reduce_max(x)))
actual = float(tf.function(tf.reduce_max, jit_compile=True)(x))
print("actual  ", actual)
raise SystemExit(not math.isnan(actual))
