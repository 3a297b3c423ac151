"""Second derivatives of tf.nn.moments, and so of all Keras normalization layers, are wrong."""

import tensorflow as tf

x = tf.constant([1.0, 2.0])
with tf.GradientTape() as outer:
    outer.watch(x)
    with tf.GradientTape() as inner:
        inner.watch(x)
        variance = tf.nn.moments(x, 0)[1]
    gradient = inner.gradient(variance, x)
hessian = outer.jacobian(gradient, x).numpy().tolist()
print("expected [[0.5, -0.5], [-0.5, 0.5]]")
print("actual  ", hessian)
raise SystemExit(hessian[0][1] == 0)
