"""RNN of a list of float64 cells rounds its input to float32."""

import keras
import numpy as np

ends = []
for stack in (False, True):
    cell = keras.layers.SimpleRNNCell(1, "linear", kernel_initializer="ones", dtype="float64")
    layer = keras.layers.RNN([cell] if stack else cell, dtype="float64")
    ends.append(float(layer(np.full((1, 1, 1), 0.1))[0, 0]))
print("expected", ends[0])
print("actual  ", ends[1])
raise SystemExit(ends[0] != ends[1])
