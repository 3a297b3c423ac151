"""The gradient of keras.ops.fmod at 0 is 0."""

import keras
import tensorflow as tf

x = tf.constant([0.0, 0.5])
with tf.GradientTape() as tape:
    tape.watch(x)
    y = keras.ops.fmod(x, tf.constant([2.0, 2.0]))
actual = tape.gradient(y, x).numpy().tolist()
print("expected [1.0, 1.0]")
print("actual  ", actual)
raise SystemExit(actual != [1.0, 1.0])
