"""PiecewiseConstantDecay fails when it is asked for several steps at once, on torch."""

import os

os.environ["KERAS_BACKEND"] = "torch"

import keras

schedule = keras.optimizers.schedules.PiecewiseConstantDecay([1], [1.0, 0.5])
print("expected [1.0, 1.0, 0.5]")
try:
    print("actual  ", schedule(keras.ops.arange(3)).tolist())
except RuntimeError as error:
    print("actual  ", type(error).__name__, error)
    raise SystemExit(1) from None
