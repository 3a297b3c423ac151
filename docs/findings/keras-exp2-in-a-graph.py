"""keras.ops.exp2 of float64 raises in a graph."""

import keras
import tensorflow as tf

x = tf.constant(3.0, tf.float64)
print("expected", float(keras.ops.exp2(x)))
try:
    tf.function(keras.ops.exp2)(x)
except TypeError as error:
    print("actual  ", type(error).__name__)
    raise SystemExit(1) from None
