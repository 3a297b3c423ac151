"""The gradients of cumprod and tridiagonal_solve of complex numbers are not conjugated."""

import tensorflow as tf

x = tf.constant([1 + 1j, 2 + 3j], tf.complex64)
gradients = []
for product in (lambda x: x[0] * x[1], lambda x: tf.math.cumprod(x)[1]):
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.math.real(product(x))
    gradients.append(tape.gradient(y, x).numpy().round(4).tolist())
print("expected", gradients[0])
print("actual  ", gradients[1])
raise SystemExit(gradients[0] != gradients[1])
