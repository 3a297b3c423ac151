"""The L2 strength of Ftrl counts twice what its documentation says."""

import keras

weight = keras.Variable([0.0])
optimizer = keras.optimizers.Ftrl(1.0, initial_accumulator_value=0.0, l2_regularization_strength=1.0)
optimizer.apply([keras.ops.array([1.0])], [weight])
print("expected", -1 / (1 + 1))
print("actual  ", float(weight[0]))
raise SystemExit(abs(float(weight[0]) + 0.5) > 1e-3)
