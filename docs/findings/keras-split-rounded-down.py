"""validation_split=0.9 of 100 rows leaves 9 to train on."""

import numpy as np
from keras.src.trainers.data_adapters.array_slicing import train_validation_split

(train,), (held_out,) = train_validation_split((np.arange(100),), 0.9)
print("expected 10 90")
print("actual  ", len(train), len(held_out))
raise SystemExit(len(train) != 10)
