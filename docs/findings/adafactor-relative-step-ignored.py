"""relative_step=False of Adafactor changes nothing."""

import keras

ends = []
for relative in (True, False):
    weight = keras.Variable([1.0])
    optimizer = keras.optimizers.Adafactor(0.9, relative_step=relative)
    for _ in range(9):
        optimizer.apply([keras.ops.array([1.0])], [weight])
    ends.append(round(float(weight[0]), 5))
print("relative_step=True: ", ends[0])
print("relative_step=False:", ends[1], "expected another number")
raise SystemExit(ends[0] == ends[1])
