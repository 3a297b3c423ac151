"""keras.ops.slice_update has no gradient."""

import keras
import tensorflow as tf

x = tf.ones(3)
print("expected a gradient")
try:
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = keras.ops.slice_update(x, [1], tf.zeros(1))
    tape.gradient(y, x)
except LookupError as error:
    print("actual   LookupError:", str(error)[:80])
    raise SystemExit(1) from None
