"""The gradient of keras.ops.ldexp at 0 is 1."""

import keras
import tensorflow as tf

x = tf.constant([0.0, 1.0])
with tf.GradientTape() as tape:
    tape.watch(x)
    y = keras.ops.ldexp(x, tf.constant([3, 3]))
actual = tape.gradient(y, x).numpy().tolist()
print("expected [8.0, 8.0]")
print("actual  ", actual)
raise SystemExit(actual != [8.0, 8.0])
