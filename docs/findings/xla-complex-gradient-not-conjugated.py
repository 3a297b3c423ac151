"""With jit_compile the gradient of a complex square root is another one."""

import tensorflow as tf


def gradient(x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.math.real(tf.sqrt(x))
    return tape.gradient(y, x)


x = tf.constant(3 + 4j, tf.complex64)
expected, actual = complex(gradient(x)), complex(tf.function(gradient, jit_compile=True)(x))
print("expected", expected)
print("actual  ", actual)
raise SystemExit(abs(expected - actual) > 1e-3)
