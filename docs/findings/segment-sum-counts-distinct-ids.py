"""keras.ops.segment_sum takes the number of distinct ids for that of segments."""

import keras
import numpy as np
import tensorflow as tf

print("expected [1.0, 0.0, 2.0]")
try:
    keras.ops.segment_sum(np.float32([1, 2]), np.array([0, 2]))
except tf.errors.InvalidArgumentError as error:
    print("actual   InvalidArgumentError", str(error).split("}} ")[-1][:60])
    raise SystemExit(1) from None
