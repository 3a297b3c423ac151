"""A model with a stateful layer cannot be trained, on torch."""

import os

os.environ["KERAS_BACKEND"] = "torch"

import keras
import numpy as np

model = keras.Sequential([keras.Input(batch_shape=(2, 3, 1)), keras.layers.LSTM(2, stateful=True)])
model.compile("sgd", "mse")
print("expected a loss")
try:
    print("actual  ", model.fit(np.ones((2, 3, 1)), np.zeros((2, 2)), batch_size=2, verbose=0).history["loss"])
except RuntimeError as error:
    print("actual  ", type(error).__name__, str(error).split(":")[0])
    raise SystemExit(1) from None
