"""The gradient of keras.ops.sinc at 0 is NaN."""

import keras
import tensorflow as tf

x = tf.constant(0.0)
with tf.GradientTape() as tape:
    tape.watch(x)
    y = keras.ops.sinc(x)
actual = float(tape.gradient(y, x))
print("expected 0.0")
print("actual  ", actual)
raise SystemExit(actual != 0)
