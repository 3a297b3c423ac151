"""A checkpoint of MultiOptimizer holds none of the moments."""

import tempfile

import keras
import tensorflow as tf

weight = keras.Variable([0.0])
saved = []
for multi in (False, True):
    inner = keras.optimizers.SGD(0.1, momentum=0.9)
    optimizer = keras.optimizers.MultiOptimizer(lambda variable, inner=inner: inner) if multi else inner
    optimizer.build([weight])
    path = tf.train.Checkpoint(optimizer=optimizer).write(tempfile.mkdtemp() + "/c")
    names = [name for name, shape in tf.train.list_variables(path) if shape == [1]]
    saved.append(len([name for name in names if "_trainable_variables" not in name]))
print("momenta in the checkpoint: expected", saved[0], "actual", saved[1])
raise SystemExit(saved[1] < saved[0])
