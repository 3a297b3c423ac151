"""The gradient of det of a singular matrix raises."""

import tensorflow as tf

a = tf.constant([[1.0, 2.0], [2.0, 4.0]])
print("expected", [[4.0, -2.0], [-2.0, 1.0]])
try:
    with tf.GradientTape() as tape:
        tape.watch(a)
        y = tf.linalg.det(a)
    tape.gradient(y, a)
except tf.errors.InvalidArgumentError as error:
    print("actual   InvalidArgumentError:", str(error).split("}} ")[-1][:40])
    raise SystemExit(1) from None
