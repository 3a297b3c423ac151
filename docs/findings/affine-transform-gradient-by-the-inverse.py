"""The gradient of ImageProjectiveTransformV3 samples by the inverse transform."""

import keras
import tensorflow as tf

image = tf.ones((1, 1, 4, 1))
twice = tf.constant([[2.0, 0, 0, 0, 1, 0, 0, 0]])  # out[i] = image[2 i], of which 0 and 2 exist
with tf.GradientTape() as tape:
    tape.watch(image)
    total = tf.reduce_sum(keras.ops.image.affine_transform(image, twice, "nearest"))
actual = tape.gradient(total, image).numpy()[0, 0, :, 0].tolist()
print("expected [1.0, 0.0, 1.0, 0.0]")
print("actual  ", actual)
raise SystemExit(actual != [1.0, 0.0, 1.0, 0.0])
