"""The gradients of det and slogdet of complex matrices are wrong."""

import tensorflow as tf

a = tf.constant([[2j]], tf.complex64)
gradients = []
for determinant in (lambda a: a[0, 0], tf.linalg.det):
    with tf.GradientTape() as tape:
        tape.watch(a)
        y = tf.math.real(determinant(a))
    gradients.append(complex(tape.gradient(y, a)[0, 0]))
print("expected", gradients[0])
print("actual  ", gradients[1])
raise SystemExit(gradients[0] != gradients[1])
