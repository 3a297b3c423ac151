"""With jit_compile ndtri of a small probability is -infinity."""

import tensorflow as tf

p = tf.constant(1e-9)
actual = float(tf.function(tf.math.ndtri, jit_compile=True)(p))
print("expected", round(float(tf.math.ndtri(p)), 4))
print("actual  ", actual)
raise SystemExit(actual == float("-inf"))
