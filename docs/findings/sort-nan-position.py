"""tf.sort does not sort the other numbers if one is NaN."""

import math

import tensorflow as tf

nan = math.nan
for numbers in ([3.0, nan, 1.0, 2.0], [2.0, nan, 3.0, 1.0], [nan, 2.0, 1.0, 3.0], [3.0, 1.0, nan, 2.0]):
    actual = tf.sort(numbers).numpy().tolist()
    finite = [x for x in actual if not math.isnan(x)]
    if finite != sorted(finite):
        print("sort of ", numbers)
        print("actual  ", actual)
        raise SystemExit(1)
