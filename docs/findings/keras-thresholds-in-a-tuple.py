"""Precision refuses a tuple of thresholds."""

import keras

print("expected a metric")
try:
    keras.metrics.Precision(thresholds=(0.3, 0.7))
except TypeError as error:
    print("actual   TypeError:", error)
    raise SystemExit(1) from None
