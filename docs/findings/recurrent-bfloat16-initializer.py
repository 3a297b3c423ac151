"""Recurrent layers of bfloat16 cannot be built."""

import keras

print("expected a layer")
try:
    keras.layers.GRU(2, dtype="bfloat16").build((1, 3, 2))
except Exception as error:
    print("actual  ", type(error).__name__, str(error)[:80])
    raise SystemExit(1) from None
