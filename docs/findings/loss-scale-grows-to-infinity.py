"""LossScaleOptimizer doubles its scale to infinity, and never takes a step again."""

import keras

weight = keras.Variable([0.0])
inner = keras.optimizers.SGD(1.0)
optimizer = keras.optimizers.LossScaleOptimizer(inner, initial_scale=2.0**126, dynamic_growth_steps=1)
for _ in range(6):
    gradient = optimizer.scale_loss(keras.ops.array([2.0**-130]))  # finite before the scale is
    optimizer.apply([gradient], [weight])
print("expected 6 steps, or one fewer; a finite scale")
print("actual  ", int(inner.iterations), "steps, scale", float(optimizer.dynamic_scale.value))
raise SystemExit(float(optimizer.dynamic_scale.value) == float("inf"))
