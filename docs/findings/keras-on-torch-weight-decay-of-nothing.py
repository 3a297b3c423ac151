"""A weight decay from which every variable is excluded fails, on torch."""

import os

os.environ["KERAS_BACKEND"] = "torch"

import keras

bias = keras.Variable([1.0], name="bias")
optimizer = keras.optimizers.AdamW(0.1, weight_decay=0.01)
optimizer.exclude_from_weight_decay(var_names=["bias"])
optimizer.build([bias])
print("expected about 0.9")
try:
    optimizer.apply([keras.ops.ones(1)], [bias])
    print("actual  ", float(bias[0]))
except RuntimeError as error:
    print("actual  ", type(error).__name__, error)
    raise SystemExit(1) from None
