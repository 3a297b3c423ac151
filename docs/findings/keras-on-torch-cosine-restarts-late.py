"""CosineDecayRestarts in float32 has the lowest rate where it should have the highest, on torch."""

import os

os.environ["KERAS_BACKEND"] = "torch"

import keras

schedule = keras.optimizers.schedules.CosineDecayRestarts(0.1, first_decay_steps=10, t_mul=1.5)
restart = 10 + 15  # the periods are of 10, 15, 22.5, ... steps
print("expected", 0.1, "at step", restart, "where the third period begins")
print("actual  ", round(float(schedule(restart)), 6))
raise SystemExit(1 if float(schedule(restart)) < 0.05 else 0)
