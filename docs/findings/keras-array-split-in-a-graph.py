"""keras.ops.array_split of an unknown length returns one piece."""

import keras
import tensorflow as tf


@tf.function(input_signature=[tf.TensorSpec([None])], autograph=False)
def pieces(x):
    return keras.ops.array_split(x, 3)


print("expected 3 pieces")
print("actual  ", len(pieces(tf.range(7.0))))
raise SystemExit(len(pieces(tf.range(7.0))) != 3)
