"""tf.nn.depthwise_conv2d with strides and dilations is another function."""

import tensorflow as tf

x, kernel = tf.reshape(tf.range(49.0), (1, 7, 7, 1)), tf.ones((2, 2, 1, 1))
everywhere = tf.nn.depthwise_conv2d(x, kernel, [1, 1, 1, 1], "VALID", dilations=[2, 2])
actual = tf.nn.depthwise_conv2d(x, kernel, [1, 2, 2, 1], "VALID", dilations=[2, 2])
print("expected", everywhere[0, 0, ::2, 0].numpy().tolist())
print("actual  ", actual[0, 0, :, 0].numpy().tolist())
raise SystemExit(bool(tf.reduce_any(everywhere[0, 0, ::2] != actual[0, 0])))
