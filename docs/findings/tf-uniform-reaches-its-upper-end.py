"""tf.random.uniform reaches its upper end, which is documented as excluded."""

import tensorflow as tf

draws = tf.random.stateless_uniform([100], (1, 2), 1024.0, 1024.001)
print("expected a largest draw below", float(tf.constant(1024.001)))
print("actual  ", float(tf.reduce_max(draws)))
raise SystemExit(float(tf.reduce_max(draws)) >= float(tf.constant(1024.001)))
