"""CosineDecayRestarts restarts one step late."""

import keras
import tensorflow as tf

rate = tf.constant(1.0, tf.float64)
for first, t_mul in ((1, 3.0), (1, 5.0), (1, 6.0), (1, 7.0), (2, 3.0)):
    schedule = keras.optimizers.schedules.CosineDecayRestarts(rate, first, t_mul=t_mul)
    for period in range(1, 6):
        step = round(first * (t_mul**period - 1) / (t_mul - 1))
        if float(schedule(step)) < 0.5:
            print("t_mul =", t_mul, "step", step, "begins period", period)
            print("expected 1.0")
            print("actual  ", round(float(schedule(step)), 6))
            raise SystemExit(1)
