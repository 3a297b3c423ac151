"""Softsign has no second derivative."""

import tensorflow as tf

x = tf.constant(1.0)
print("expected -0.25")
try:
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = tf.nn.softsign(x)
        first = inner.gradient(y, x)
    outer.gradient(first, x)
except LookupError as error:
    print("actual   LookupError:", str(error)[:60])
    raise SystemExit(1) from None
