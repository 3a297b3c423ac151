"""Bessel functions of the second kind are wrong at 0 and below."""

import tensorflow as tf

single, double = (float(tf.math.special.bessel_y1(tf.constant(0.0, t))) for t in (tf.float32, tf.float64))
below = float(tf.math.special.bessel_k0(tf.constant(-1.0)))
print("expected -inf -inf nan")
print("actual  ", single, double, below)
raise SystemExit(single != double)
