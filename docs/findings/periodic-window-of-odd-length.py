"""tf.signal.hann_window of an odd length is never periodic."""

import tensorflow as tf

periodic = tf.signal.hann_window(5, periodic=True).numpy()
print("expected", tf.signal.hann_window(6, periodic=False).numpy()[:-1].round(4).tolist())
print("actual  ", periodic.round(4).tolist())
raise SystemExit(float(periodic[-1]) < 1e-6)
