"""Convolution: the conventions of padding."""

from conformance.case import Case, KerasLayer
from conformance.catalogue.convolution_shared import KERAS, TF, TORCH, first, fitted, images, jax_layout, last, weight
from conformance.reference import convolution as ref


def tf_explicit_lists(tf, x, kernel, bias, pad):
    return tf.nn.conv2d(x, kernel, 1, [[0, 0], *([p, p] for p in pad), [0, 0]]) + bias


def torch_reflected(torch, x, kernel, bias, pad, mode):
    """Of numpy's modes torch has 'reflect' and 'wrap' (circular); 'symmetric' it does not have."""
    w = {"weight": weight(kernel), "bias": bias}
    padding_mode = {"reflect": "reflect", "wrap": "circular", "edge": "replicate"}[mode]
    layer = torch.nn.Conv2d(*kernel.shape[2:], kernel.shape[:2], padding=pad, padding_mode=padding_mode)
    return last(torch.func.functional_call(layer, w, (first(x),)))


def tf_reflected(tf, x, kernel, bias, pad, mode):
    """tf.pad has 'reflect' and 'symmetric'; what wraps around or repeats the edge is gathered."""
    if mode == "reflect":
        x = tf.pad(x, [[0, 0], *([p, p] for p in pad), [0, 0]], "REFLECT")
    else:
        for axis, p in enumerate(pad, 1):
            n = x.shape[axis]
            places = tf.range(-p, n + p)
            x = tf.gather(x, places % n if mode == "wrap" else tf.clip_by_value(places, 0, n - 1), axis=axis)
    return tf.nn.conv2d(x, kernel, 1, "VALID") + bias


SAME = "https://www.tensorflow.org/api_docs/python/tf/nn#notes_on_padding_2"

CASES = (
    Case(
        "conv1d_causal",
        "contraction",
        lambda x, kernel, bias, *, stride, dilation: ref.convolution(
            x, kernel, bias, stride=stride, padding="causal", dilation=dilation
        ),
        vjp=lambda c, x, kernel, bias, *, stride, dilation: ref.convolution_vjp(
            c, x, kernel, bias, stride=stride, padding="causal", dilation=dilation
        ),
        torch=[
            lambda torch, x, kernel, bias, stride, dilation: last(
                torch.nn.functional.conv1d(
                    fitted(torch, first(x), kernel, stride, "causal", dilation),
                    weight(kernel),
                    bias,
                    stride,
                    0,
                    dilation,
                )
            ),
            lambda torch, x, kernel, bias, stride, dilation: last(
                torch.func.functional_call(
                    torch.nn.Conv1d(*kernel.shape[1:], kernel.shape[0], stride, dilation=dilation),
                    {"weight": weight(kernel), "bias": bias},
                    (torch.nn.ConstantPad1d(((kernel.shape[0] - 1) * dilation[0], 0), 0.0)(first(x)),),
                )
            ),
        ],
        tensorflow=[
            KerasLayer(
                lambda tf, x, kernel, bias, stride, dilation: tf.keras.layers.Conv1D(
                    kernel.shape[2], kernel.shape[0], stride, "causal", None, dilation, dtype=x.dtype
                )
            ),
            lambda tf, x, kernel, bias, stride, dilation: (
                tf.nn.convolution(
                    tf.pad(x, [[0, 0], [(tf.shape(kernel)[0] - 1) * dilation[0], 0], [0, 0]]),
                    kernel,
                    stride,
                    "VALID",
                    dilations=dilation,
                )
                + bias
            ),
        ],
        jax=[
            lambda jax, x, kernel, bias, stride, dilation: (
                jax.lax.conv_general_dilated(
                    x,
                    kernel,
                    stride,
                    [((kernel.shape[0] - 1) * dilation[0], 0)],
                    dimension_numbers=jax_layout(x),
                    rhs_dilation=dilation,
                )
                + bias
            )
        ],
        samples=[
            images((2, 7, 3), (3, 3, 4), stride=(1,), dilation=(1,)),
            images((2, 8, 2), (2, 2, 3), "dilated", stride=(1,), dilation=(3,)),
            images((2, 7, 2), (3, 2, 2), "strided", stride=(2,), dilation=(1,)),
            images((1, 2, 2), (4, 2, 3), "kernel-larger-than-input", stride=(1,), dilation=(2,), edge=True),
            images((2, 1, 2), (2, 2, 2), "one-step", stride=(1,), dilation=(1,), edge=True),
        ],
        sources=(KERAS.format("convolution1d"),),
    ),
    Case(
        "conv1d_own_same",
        "contraction",
        lambda x, kernel, bias, *, dilation: ref.convolution(
            x, kernel, bias, stride=(1,), padding="same", dilation=dilation
        ),
        vjp=lambda c, x, kernel, bias, *, dilation: ref.convolution_vjp(
            c, x, kernel, bias, stride=(1,), padding="same", dilation=dilation
        ),
        torch=[
            lambda torch, x, kernel, bias, dilation: last(
                torch.nn.functional.conv1d(first(x), weight(kernel), bias, padding="same", dilation=dilation)
            ),
            lambda torch, x, kernel, bias, dilation: last(
                torch.func.functional_call(
                    torch.nn.Conv1d(*kernel.shape[1:], kernel.shape[0], 1, "same", dilation),
                    {"weight": weight(kernel), "bias": bias},
                    (first(x),),
                )
            ),
        ],
        tensorflow=[
            lambda tf, x, kernel, bias, dilation: tf.nn.convolution(x, kernel, 1, "SAME", dilations=dilation) + bias,
            lambda tf, x, kernel, bias, dilation: (
                tf.keras.ops.conv(x, kernel, 1, "same", dilation_rate=dilation) + bias
            ),
        ],
        jax=[
            lambda jax, x, kernel, bias, dilation: (
                jax.lax.conv_general_dilated(
                    x, kernel, (1,), "SAME", dimension_numbers=jax_layout(x), rhs_dilation=dilation
                )
                + bias
            )
        ],
        samples=[
            images((2, 7, 3), (3, 3, 2), dilation=(1,)),
            images((2, 6, 2), (4, 2, 3), "even-window", dilation=(1,), edge=True),
            images((2, 7, 2), (2, 2, 3), "even-window-dilated", dilation=(3,), edge=True),
            images((1, 2, 2), (5, 2, 2), "kernel-larger-than-input", dilation=(1,), edge=True),
        ],
        sources=(TORCH.format("Conv1d"), SAME),
    ),
    Case(
        "conv2d_own_same",
        "contraction",
        lambda x, kernel, bias, *, stride: ref.convolution(x, kernel, bias, stride=stride, padding="same"),
        vjp=lambda c, x, kernel, bias, *, stride: ref.convolution_vjp(
            c, x, kernel, bias, stride=stride, padding="same"
        ),
        torch=[
            lambda torch, x, kernel, bias, stride: last(
                torch.nn.functional.conv2d(first(x), weight(kernel), bias, stride, padding="same")
            ),
            lambda torch, x, kernel, bias, stride: last(
                torch.func.functional_call(
                    torch.nn.Conv2d(*kernel.shape[2:], kernel.shape[:2], stride, "same"),
                    {"weight": weight(kernel), "bias": bias},
                    (first(x),),
                )
            ),
        ],
        tensorflow=[
            lambda tf, x, kernel, bias, stride: tf.nn.conv2d(x, kernel, stride, "SAME") + bias,
            KerasLayer(
                lambda tf, x, kernel, bias, stride: tf.keras.layers.Conv2D(
                    kernel.shape[3], kernel.shape[:2], stride, "same", dtype=x.dtype
                )
            ),
        ],
        jax=[
            lambda jax, x, kernel, bias, stride: (
                jax.lax.conv_general_dilated(x, kernel, stride, "SAME", dimension_numbers=jax_layout(x)) + bias
            )
        ],
        samples=[
            images((2, 5, 6, 3), (3, 3, 3, 2), stride=(1, 1)),
            images((2, 6, 5, 2), (4, 2, 2, 3), "even-window", stride=(1, 1), edge=True),
            images((2, 6, 5, 2), (3, 3, 2, 2), "strided", stride=(2, 2), edge=True),
            images((1, 1, 2, 2), (4, 5, 2, 2), "kernel-larger-than-input", stride=(1, 1), edge=True),
        ],
        sources=(TORCH.format("Conv2d"), SAME),
    ),
    Case(
        "conv2d_half_padding",
        "contraction",
        lambda x, kernel, bias, *, stride: ref.convolution(x, kernel, bias, stride=stride, padding="same"),
        vjp=lambda c, x, kernel, bias, *, stride: ref.convolution_vjp(
            c, x, kernel, bias, stride=stride, padding="same"
        ),
        torch=[
            lambda torch, x, kernel, bias, stride: last(
                torch.nn.functional.conv2d(first(x), weight(kernel), bias, stride, [k // 2 for k in kernel.shape[:2]])
            ),
            lambda torch, x, kernel, bias, stride: last(
                torch.func.functional_call(
                    torch.nn.Conv2d(*kernel.shape[2:], kernel.shape[:2], stride, [k // 2 for k in kernel.shape[:2]]),
                    {"weight": weight(kernel), "bias": bias},
                    (first(x),),
                )
            ),
        ],
        tensorflow=[
            lambda tf, x, kernel, bias, stride: tf.nn.conv2d(x, kernel, stride, "SAME") + bias,
            KerasLayer(
                lambda tf, x, kernel, bias, stride: tf.keras.layers.Conv2D(
                    kernel.shape[3], kernel.shape[:2], stride, "same", dtype=x.dtype
                )
            ),
        ],
        jax=[
            lambda jax, x, kernel, bias, stride: (
                jax.lax.conv_general_dilated(x, kernel, stride, "SAME", dimension_numbers=jax_layout(x)) + bias
            )
        ],
        samples=[
            images((2, 5, 6, 3), (3, 5, 3, 2), stride=(1, 1)),
            images((2, 5, 7, 2), (3, 3, 2, 2), "odd-sizes-strided", stride=(2, 2)),
            images((2, 4, 6, 2), (3, 3, 2, 2), "even-sizes-strided", stride=(2, 2), edge=True),
            images((2, 4, 3, 2), (2, 2, 2, 2), "even-window", stride=(1, 1), edge=True),
        ],
        sources=(TORCH.format("Conv2d"), SAME),
    ),
    Case(
        "conv2d_explicit_padding",
        "contraction",
        lambda x, kernel, bias, *, pad: ref.convolution(x, kernel, bias, stride=(1, 1), padding=pad),
        vjp=lambda c, x, kernel, bias, *, pad: ref.convolution_vjp(c, x, kernel, bias, stride=(1, 1), padding=pad),
        torch=[
            lambda torch, x, kernel, bias, pad: last(
                torch.nn.functional.conv2d(first(x), weight(kernel), bias, 1, pad)
            ),
            lambda torch, x, kernel, bias, pad: last(
                torch.nn.functional.conv2d(
                    torch.nn.ZeroPad2d((pad[1], pad[1], pad[0], pad[0]))(first(x)), weight(kernel), bias, padding=0
                )
            ),
        ],
        tensorflow=[
            tf_explicit_lists,
            lambda tf, x, kernel, bias, pad: (
                tf.keras.ops.conv(tf.keras.layers.ZeroPadding2D(pad, dtype=x.dtype)(x), kernel, 1, "valid") + bias
            ),
        ],
        jax=[
            lambda jax, x, kernel, bias, pad: (
                jax.lax.conv_general_dilated(x, kernel, (1, 1), [(p, p) for p in pad], dimension_numbers=jax_layout(x))
                + bias
            )
        ],
        samples=[
            images((2, 4, 5, 3), (3, 2, 3, 2), pad=(1, 2)),
            images((2, 4, 3, 2), (3, 3, 2, 3), "full", pad=(2, 2)),
            images((1, 2, 2, 2), (2, 2, 2, 2), "more-than-the-window", pad=(3, 0), edge=True),
            images((2, 2, 2, 2), (4, 3, 2, 2), "kernel-as-large-as-padded", pad=(1, 1), edge=True),
            images(
                (2, 2, 2, 2), (5, 3, 2, 2), "bad-sizes-kernel-larger-than-padded", pad=(1, 1), edge=True, raises=True
            ),
        ],
        sources=(TORCH.format("Conv2d"), TF.format("conv2d")),
    ),
    Case(
        "conv2d_padding_mode",
        "contraction",
        ref.reflected,
        vjp=ref.reflected_vjp,
        torch=[torch_reflected],
        tensorflow=[tf_reflected],
        samples=[
            images((2, 4, 5, 2), (3, 3, 2, 3), pad=(1, 2), mode="reflect"),
            images((2, 4, 5, 2), (3, 3, 2, 3), "circular", pad=(1, 2), mode="wrap"),
            images((2, 3, 2, 2), (3, 3, 2, 3), "replicate", pad=(1, 2), mode="edge", edge=True),
            images((1, 3, 2, 2), (2, 2, 2, 2), "reflect-all", pad=(2, 1), mode="reflect", edge=True),
            images(
                (1, 2, 2, 2),
                (2, 2, 2, 2),
                "bad-sizes-reflect-too-much",
                pad=(2, 1),
                mode="reflect",
                edge=True,
                raises=True,
            ),
        ],
        sources=(TORCH.format("Conv2d"), "https://www.tensorflow.org/api_docs/python/tf/pad"),
    ),
)
