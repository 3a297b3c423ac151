"""segment_sum, segment_max and their relatives round integers to float32, on torch."""

import os

os.environ["KERAS_BACKEND"] = "torch"

import keras
import torch

x = torch.tensor([2**24 + 1])
actual = keras.ops.segment_sum(x, torch.tensor([0]))
print("expected", x.tolist())
print("actual  ", actual.tolist())
raise SystemExit(int(actual.tolist() != x.tolist()))
