"""beta_1 of ScheduleFreeAdamW has no effect."""

import keras

ends = []
for beta in (0.1, 0.9):
    weight = keras.Variable([1.0])
    optimizer = keras.optimizers.ScheduleFreeAdamW(0.1, beta_1=beta)
    for gradient in (1.0, -2.0, 3.0):
        optimizer.apply([keras.ops.array([gradient])], [weight])
    ends.append(round(float(weight[0]), 5))
print("beta_1 = 0.1:", ends[0])
print("beta_1 = 0.9:", ends[1], "expected another number")
raise SystemExit(ends[0] == ends[1])
