"""Gelu and leaky_relu of float64 have constants of float32."""

import math

import tensorflow as tf

actual = float(tf.nn.gelu(tf.constant(1.0, tf.float64)))
print("expected", math.erfc(-(0.5**0.5)) / 2)
print("actual  ", actual)
raise SystemExit(abs(actual - math.erfc(-(0.5**0.5)) / 2) > 1e-12)
