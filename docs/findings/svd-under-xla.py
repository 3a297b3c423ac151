"""With jit_compile decompositions of float64 stop at a relative error of 1e-6."""

import numpy as np
import tensorflow as tf

a = np.random.default_rng(0).random((3, 3))
a = tf.constant(a + a.T)
for compiled in (False, True):
    w, v = tf.function(tf.linalg.eigh, jit_compile=compiled)(a)
    error = abs(v @ tf.linalg.diag(w) @ tf.transpose(v) - a).numpy().max()
    print("jit_compile =", compiled, "error below 1e-14:", bool(error < 1e-14))
raise SystemExit(bool(error > 1e-12))
