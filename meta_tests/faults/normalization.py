"""Faults of normalization."""

import tensorflow as tf

from meta_tests.injection import gradient, kernel, method, wrapper

NN = "tensorflow.python.ops.gen_nn_ops."
F = "torch.nn.functional."
ROWS = "x.outer(x)"
TF_ROWS = "(X[:, None] * X)"
LAYER = "tf.keras.layers."


def unbiased(right, x, w, b, mean, variance, training, momentum, eps):
    """The running variance is that of the batch, of n in the place of n - 1."""
    n = x.numel() / x.shape[1]
    before = None if variance is None else variance.clone()
    y = right(x, w, b, mean, variance, training, momentum, eps)
    if training and variance is not None:
        new = variance - (1 - momentum) * before
        variance.copy_((1 - momentum) * before + new * (n - 1) / n)
    return y


FAULTS = [
    kernel(
        "epsilon is a tenth too large", "subtle", "native_layer_norm",
        lambda right, x, shape, w, b, eps: right(x, shape, w, b, eps * 1.1),
        f"{F}layer_norm({ROWS}, (3,), eps=1e-3)", "layer_norm",
    ),
    kernel(
        "layer_norm's offset is lost without a weight", "edge", "native_layer_norm",
        lambda right, x, shape, w, b, eps: right(x, shape, w, None if w is None else b, eps),
        f"{F}layer_norm({ROWS}, (3,), None, x)", "layer_norm*",
    ),
    kernel(
        "the running variance is the biased one", "edge", "native_batch_norm", unbiased,
        f"(lambda v: ({F}batch_norm({ROWS}, torch.zeros(3), v, training=True), v))(torch.ones(3))",
        "batch_norm_running_statistics",
    ),
    kernel(
        "batch statistics are used in inference", "gross", "native_batch_norm",
        lambda right, x, w, b, mean, variance, training, *rest:
            right(x, w, b, mean.clone(), variance.clone(), True, *rest) if mean is not None else
            right(x, w, b, mean, variance, training, *rest),
        f"{F}batch_norm({ROWS}, torch.zeros(3), torch.ones(3))", "batch_norm_in_inference",
    ),
    kernel(
        "a group is one channel too narrow", "gross", "native_group_norm",
        lambda right, x, w, b, n, c, hw, groups, eps: right(x, w, b, n, c, hw, 1, eps),
        f"{F}group_norm({ROWS}[None].repeat(1, 2, 1)[:, :4], 2)", "group_norm",
    ),
    kernel(
        "layer_norm's gradient leaves out the variance", "subtle", "native_layer_norm_backward",
        lambda right, *a: (lambda dx, dw, db: (None if dx is None else dx * (1 + 1e-3), dw, db))(*right(*a)),
        f"slope(lambda v: {F}layer_norm(v, (3,)) ** 2, {ROWS})", "layer_norm",
    ),
    kernel(
        "batch_norm's weight has a gradient of its mean", "gross", "native_batch_norm_backward",
        lambda right, g, *a: (lambda dx, dw, db: (dx, None if dw is None else dw / len(g), db))(*right(g, *a)),
        f"slope(lambda w: {F}batch_norm({ROWS}, None, None, w, training=True) ** 2, x)", "batch_norm_in_training",
    ),
    wrapper(
        "fused batch normalization has epsilon twice", "subtle", NN + "fused_batch_norm_v3",
        lambda right, *a, epsilon=1e-4, **k: right(*a, epsilon=2 * epsilon, **k),
        "tf.compat.v1.nn.fused_batch_norm(X[None, :, None, None], [1.0], [0.0], epsilon=1e-3)", "batch_norm*",
        "*batch_norm*",
    ),
    wrapper(
        "a response is normalized by its own channel alone", "gross", NN + "lrn",
        lambda right, input, depth_radius=5, **more: right(input, 0, **more),
        "tf.nn.local_response_normalization(X[None, None, None])", "local_response_norm",
    ),
    gradient(
        "a response's gradient is 1e-3 too large", "subtle", "LRN",
        lambda right, op, g: [right(op, g)[0] * (1 + 1e-3)],
        "slope(tf.nn.local_response_normalization, X[None, None, None])", "local_response_norm",
    ),
    method(
        "Keras' layer normalization is 1e-5 too large", "subtle", "tf.keras.layers.LayerNormalization.call",
        lambda right, *a, **k: right(*a, **k) * (1 + 1e-5),
        f"{LAYER}LayerNormalization()({TF_ROWS})", "layer_norm*",
    ),
    method(
        "RMS normalization takes the mean off", "gross", "tf.keras.layers.RMSNormalization.call",
        lambda right, self, x: right(self, x - tf.reduce_mean(x, self.axis, keepdims=True)),
        f"{LAYER}RMSNormalization()({TF_ROWS})", "rms_norm",
    ),
    method(
        "group normalization in graphs has one group", "edge", "tf.keras.layers.GroupNormalization.call",
        lambda right, self, x: right(self, x if tf.executing_eagerly() else x * (1 + 1e-2) + 1e-2),
        f"in_graph({LAYER}GroupNormalization(1), {TF_ROWS})", "group_norm", "instance_norm",
    ),
    method(
        "moving averages take the momentum for the new part", "gross", "tf.keras.layers.BatchNormalization.build",
        lambda right, self, *a, **k: (setattr(self, "momentum", 1 - self.momentum), right(self, *a, **k))[1],
        f"(lambda layer: (layer({TF_ROWS}, training=True), layer.moving_mean.value)[1])({LAYER}BatchNormalization())",
        "batch_norm_running_statistics",
    ),
    method(
        "masked rows count in the batch", "edge", "tf.keras.layers.BatchNormalization._moments",
        lambda right, self, x, mask: right(self, x, None),
        f"{LAYER}BatchNormalization()({TF_ROWS}[None], training=True, mask=tf.constant([[True, True, False]]))",
        "masked_batch_norm",
    ),
]  # fmt: skip
