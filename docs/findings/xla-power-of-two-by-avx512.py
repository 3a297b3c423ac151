"""XLA computes float16 powers of two wrong by AVX-512."""

import tensorflow as tf


@tf.function(jit_compile=True)
def scaled(x, n):
    return tf.where(x == 0, x, x * tf.pow(tf.constant(2.0, tf.float16), tf.cast(n, tf.float16)))


actual = scaled(tf.ones(34, tf.float16), tf.fill([34], -2)).numpy()
print("expected 34 times 0.25")
print("actual  ", actual[:2].tolist(), "...", actual[-2:].tolist())
raise SystemExit(not (actual == 0.25).all())
