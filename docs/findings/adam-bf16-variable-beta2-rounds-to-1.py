"""Adam never moves bfloat16 weights."""

import keras

weight = keras.Variable([0.0], dtype="bfloat16")
optimizer = keras.optimizers.Adam(0.125)
for _ in range(10):
    optimizer.apply([keras.ops.array([1.0], "bfloat16")], [weight])
print("expected about -1.25")
print("actual  ", float(weight[0]))
raise SystemExit(float(weight[0]) == 0)
