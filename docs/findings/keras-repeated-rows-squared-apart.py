"""An Embedding with Adam does not follow Adam if a word comes twice in a batch."""

import keras
import tensorflow as tf

moved = []
for dense in (True, False):
    table = keras.Variable([[0.0]])
    gradient = tf.IndexedSlices(tf.constant([[1.0], [1.0]]), tf.constant([0, 0]), tf.constant([1, 1]))
    optimizer = keras.optimizers.Adagrad(1.0, initial_accumulator_value=0.0)
    optimizer.apply([tf.convert_to_tensor(gradient) if dense else gradient], [table])
    moved.append(round(float(table[0, 0]), 4))
print("expected", moved[0])
print("actual  ", moved[1])
raise SystemExit(moved[0] != moved[1])
