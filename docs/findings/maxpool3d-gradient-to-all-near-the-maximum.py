"""The gradient of MaxPool3D goes in full to every number within 1e-5 of the maximum."""

import tensorflow as tf

x = tf.reshape(tf.constant([2e-6, 1e-6]), (1, 2, 1, 1, 1))
with tf.GradientTape() as tape:
    tape.watch(x)
    y = tf.nn.max_pool3d(x, (2, 1, 1), 1, "VALID")
actual = tf.reshape(tape.gradient(y, x), [-1]).numpy().tolist()
print("expected [1.0, 0.0]")
print("actual  ", actual)
raise SystemExit(actual != [1.0, 0.0])
