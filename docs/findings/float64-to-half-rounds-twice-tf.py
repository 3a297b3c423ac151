"""tf.cast rounds float64 to float16 by way of float32."""

import numpy as np
import tensorflow as tf

x = np.float64(1 + 2.0**-11 + 2.0**-40)  # just above the middle of 1 and 1 + 2**-10
print("expected", float(x.astype(np.float16)))
print("actual  ", float(tf.cast(x, tf.float16)))
raise SystemExit(bool(tf.cast(x, tf.float16).numpy() == 1))
