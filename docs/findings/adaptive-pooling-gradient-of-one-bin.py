"""The gradient of a pooling window that is larger than the input is uninitialized memory."""

import tensorflow as tf

x = tf.zeros((1, 3, 1, 1))
print("expected an error: a window of 4 in an input of 3")
try:
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.nn.max_pool2d(x, (4, 1), (2, 1), "VALID")
except (ValueError, tf.errors.InvalidArgumentError):
    raise SystemExit(0) from None
print("actual   shape", tuple(y.shape), "with a gradient of shape", tuple(tape.gradient(y, x).shape))
raise SystemExit(1)
