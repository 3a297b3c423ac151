"""Constants of float64 layers, losses and optimizers pass through float32."""

import keras
import numpy as np

actual = float(keras.layers.Rescaling(1 / 255, dtype="float64")(np.array([255.0]))[0])
print("expected 1.0")
print("actual  ", actual)
raise SystemExit(abs(actual - 1) > 1e-12)
