"""An unrolled recurrent layer that goes backwards fails with a mask, on torch."""

import os

os.environ["KERAS_BACKEND"] = "torch"

import keras
import numpy as np

x, mask = np.ones((1, 2, 1), "float32"), np.array([[True, False]])
print("expected the same as with unroll=False")
for unroll in (False, True):
    layer = keras.layers.SimpleRNN(1, go_backwards=True, unroll=unroll, kernel_initializer="ones")
    try:
        print(f"unroll={unroll}:", layer(x, mask=mask).tolist())
    except AttributeError as error:
        print(f"unroll={unroll}: {type(error).__name__}: {str(error).splitlines()[0]}")
        raise SystemExit(1) from None
