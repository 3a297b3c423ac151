"""The forward derivative of tf.image.resize is None, which stands for zero."""

import tensorflow as tf

image = tf.ones((1, 2, 2, 1))
with tf.autodiff.ForwardAccumulator(image, image) as forward:
    y = tf.image.resize(image, (4, 4))
print("expected ones, of shape", tuple(y.shape))
print("actual  ", forward.jvp(y))
raise SystemExit(forward.jvp(y) is None)
