"""tf.signal.fftnd has no kernel on the CPU, rfft3d no gradient."""

import tensorflow as tf

print("expected a transform")
try:
    tf.signal.fftnd(tf.ones((2, 2), tf.complex64), fft_length=[2, 2], axes=[0, 1])
except tf.errors.NotFoundError as error:
    print("actual   NotFoundError:", str(error)[:60])
    raise SystemExit(1) from None
