"""The gradient of tf.nn.convolution of volumes raises AttributeError in eager mode."""

import tensorflow as tf

x, kernel = tf.ones((1, 3, 3, 3, 1)), tf.ones((2, 2, 2, 1, 1))
print("expected a gradient")
try:
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.nn.convolution(x, kernel)
    tape.gradient(y, x)
except AttributeError as error:
    print("actual   AttributeError:", error)
    raise SystemExit(1) from None
