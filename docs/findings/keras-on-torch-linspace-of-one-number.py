"""linspace and logspace of one number between tensors are NaN, on torch."""

import os

os.environ["KERAS_BACKEND"] = "torch"

import keras
import numpy as np
import torch

expected = np.linspace(3.0, 5.0, 1)
actual = keras.ops.linspace(torch.tensor(3.0), torch.tensor(5.0), 1).numpy()
print("expected", expected.tolist())
print("actual  ", actual.tolist())
raise SystemExit(int(actual.tolist() != expected.tolist()))
