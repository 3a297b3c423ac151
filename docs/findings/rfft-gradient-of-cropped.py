"""The gradient of rfft with a shorter fft_length raises."""

import tensorflow as tf

x = tf.ones(8)
print("expected a gradient")
try:
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.abs(tf.signal.rfft(x, [4]))
    tape.gradient(y, x)
except Exception as error:
    print("actual  ", type(error).__name__, str(error).split("}} ")[-1][:70])
    raise SystemExit(1) from None
