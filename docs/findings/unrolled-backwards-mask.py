"""An unrolled, backward layer with zero_output_for_mask zeroes the wrong steps."""

import keras
import numpy as np

x, mask = np.ones((1, 3, 1), np.float32), np.array([[True, True, False]])
results = []
for unroll in (False, True):
    layer = keras.layers.SimpleRNN(
        1, kernel_initializer="ones", go_backwards=True, unroll=unroll,
        return_sequences=True, zero_output_for_mask=True,
    )  # fmt: skip
    results.append((np.abs(layer(x, mask=mask).numpy()) > 0)[0, :, 0].tolist())
print("steps that are not 0, from the last to the first")
print("expected", results[0])
print("actual  ", results[1])
raise SystemExit(results[0] != results[1])
