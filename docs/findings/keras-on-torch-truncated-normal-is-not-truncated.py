"""truncated_normal draws numbers beyond two deviations, on torch."""

import os

os.environ["KERAS_BACKEND"] = "torch"

import keras

x = keras.random.truncated_normal((4_000_000,), seed=0)
beyond = x[abs(x) > 2]
print("expected no number beyond 2, as documented")
print("actual  ", len(beyond), "of 4,000,000, the first of them", round(float(beyond[0]), 3))
raise SystemExit(int(len(beyond) > 0))
