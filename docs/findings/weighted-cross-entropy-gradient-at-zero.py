"""The gradient of weighted_cross_entropy_with_logits is wrong where a logit is 0."""

import tensorflow as tf

gradients = []
for z in (1e-7, 0.0):
    logits = tf.constant([z])
    with tf.GradientTape() as tape:
        tape.watch(logits)
        loss = tf.nn.weighted_cross_entropy_with_logits(tf.constant([1.0]), logits, 3.0)
    gradients.append(round(float(tape.gradient(loss, logits)[0]), 4))
print("expected", gradients[0])
print("actual  ", gradients[1])
raise SystemExit(gradients[0] != gradients[1])
