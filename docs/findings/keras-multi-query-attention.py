"""dot_product_attention of one key head raises."""

import keras
import numpy as np
import tensorflow as tf

query, key = np.ones((1, 3, 4, 8), np.float32), np.ones((1, 3, 1, 8), np.float32)
print("expected a result of shape (1, 3, 4, 8)")
try:
    keras.ops.dot_product_attention(query, key, key)
except tf.errors.InvalidArgumentError as error:
    print("actual   InvalidArgumentError", str(error).split("}} ")[-1][:60])
    raise SystemExit(1) from None
