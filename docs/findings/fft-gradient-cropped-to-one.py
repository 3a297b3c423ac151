"""The gradients of rfft, irfft, rfft2d and irfft2d cropped to the length 1 are wrong."""

import tensorflow as tf

x, z = tf.ones(4), tf.ones([3, 4], tf.complex64)
with tf.GradientTape() as tape:
    tape.watch([x, z])
    total = tf.reduce_sum(tf.math.real(tf.signal.rfft(x, [1]))) + tf.reduce_sum(tf.signal.irfft2d(z, [3, 1]))
rfft, irfft2d = tape.gradient(total, [x, z])
actual = rfft.numpy().tolist(), tf.math.real(irfft2d)[0].numpy().tolist()
print("expected [1.0, 0.0, 0.0, 0.0] [1.0, 0.0, 0.0, 0.0]")
print("actual  ", *actual)
raise SystemExit(actual != ([1, 0, 0, 0], [1, 0, 0, 0]))
