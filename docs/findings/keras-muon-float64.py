"""Muon, OrthogonalRegularizer and Normalization.adapt of batches raise for float64."""

import keras
import tensorflow as tf

weight = keras.Variable([[1.0, 2.0]], dtype="float64")
print("expected a step, and a penalty")
failed = 0
for attempt in (
    lambda: keras.optimizers.Muon(0.1).apply([keras.ops.ones((1, 2), "float64")], [weight]),
    lambda: keras.regularizers.OrthogonalRegularizer()(weight.value),
):
    try:
        attempt()
    except tf.errors.InvalidArgumentError as error:
        print("actual  ", str(error)[:70])
        failed += 1
raise SystemExit(failed > 0)
