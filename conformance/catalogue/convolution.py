"""Convolution: plain and dilated. The other kinds are in the modules that end the list."""

from typing import Any

from conformance.case import Case, KerasLayer
from conformance.catalogue.convolution_groups import CASES as GROUPS
from conformance.catalogue.convolution_padding import CASES as PADDING
from conformance.catalogue.convolution_shared import (
    KERAS,
    TF,
    TORCH,
    first,
    fitted,
    images,
    jax_layout,
    last,
    refused,
    weight,
)
from conformance.catalogue.convolution_transposed import CASES as TRANSPOSED
from conformance.catalogue.convolution_windows import CASES as WINDOWS
from conformance.reference import convolution as ref
from fixtures.samples import given, normal


def torch_contiguous(torch, x, kernel, bias, stride, padding):
    """Channels first in memory too; elsewhere they come first by a permutation of what lies channels last."""
    x, w = fitted(torch, first(x), kernel, stride, padding).contiguous(), weight(kernel).contiguous()
    return last(torch.nn.functional.conv2d(x, w, bias, stride))


def torch_windows(torch, x, kernel, bias, stride, padding):
    """A matrix product of windows."""
    x = fitted(torch, first(x), kernel, stride, padding)
    y = weight(kernel).flatten(1) @ torch.nn.functional.unfold(x, kernel.shape[:2], stride=stride)
    rows = (x.shape[2] - kernel.shape[0]) // stride[0] + 1
    return y.mT.unflatten(1, (rows, -1)) + bias


def tf_subsampled(tf, x, kernel, bias, stride, padding, dilation):
    """The dilated convolution at every place, of which some are taken; 'same' padding depends on the stride."""
    if padding == "same":
        sides = list(zip(x.shape[1:-1], kernel.shape, stride, dilation, strict=False))
        totals = [max((-(-n // s) - 1) * s + (k - 1) * d + 1 - n, 0) for n, k, s, d in sides]
        x = tf.pad(x, [[0, 0], *([t // 2, t - t // 2] for t in totals), [0, 0]])
    y = tf.nn.convolution(x, kernel, 1, "VALID", dilations=dilation)
    return y[:, :: stride[0], :: stride[1]] + bias


V: dict[str, Any] = {"padding": "valid"}
S: dict[str, Any] = {"padding": "same"}

CASES = (
    Case(
        "conv1d",
        "contraction",
        ref.convolution,
        vjp=ref.convolution_vjp,
        torch=[
            lambda torch, x, kernel, bias, stride, padding: last(
                torch.nn.functional.conv1d(
                    fitted(torch, first(x), kernel, stride, padding), weight(kernel), bias, stride
                )
            ),
            lambda torch, x, kernel, bias, stride, padding: last(
                torch.func.functional_call(
                    torch.nn.Conv1d(*kernel.shape[1:], kernel.shape[0], stride),
                    {"weight": weight(kernel), "bias": bias},
                    (fitted(torch, first(x), kernel, stride, padding),),
                )
            ),
        ],
        tensorflow=[
            lambda tf, x, kernel, bias, stride, padding: tf.nn.conv1d(x, kernel, stride, padding.upper()) + bias,
            lambda tf, x, kernel, bias, stride, padding: tf.nn.convolution(x, kernel, stride, padding.upper()) + bias,
            lambda tf, x, kernel, bias, stride, padding: tf.keras.ops.conv(x, kernel, stride, padding) + bias,
            KerasLayer(
                lambda tf, x, kernel, bias, stride, padding: tf.keras.layers.Conv1D(
                    kernel.shape[2], kernel.shape[0], stride, padding, dtype=x.dtype
                )
            ),
        ],
        jax=[
            lambda jax, x, kernel, bias, stride, padding: (
                jax.lax.conv_general_dilated(x, kernel, stride, padding.upper(), dimension_numbers=jax_layout(x)) + bias
            )
        ],
        samples=[
            images((2, 8, 3), (3, 3, 4), stride=(1,), **V),
            images((2, 9, 2), (4, 2, 3), "same-even-window-strided", stride=(2,), **S),
            images((3, 10, 2), (3, 2, 2), "valid-strided-rest-unused", stride=(3,), edge=True, **V),
            images((1, 2, 2), (5, 2, 3), "same-kernel-larger-than-input", stride=(1,), edge=True, **S),
            images((0, 5, 2), (3, 2, 3), "empty-batch", stride=(1,), edge=True, **V),
            *refused(1, stride=(1,), **V),
        ],
        sources=(TORCH.format("Conv1d"), KERAS.format("convolution1d"), TF.format("conv1d")),
    ),
    Case(
        "conv2d",
        "contraction",
        ref.convolution,
        vjp=ref.convolution_vjp,
        torch=[
            lambda torch, x, kernel, bias, stride, padding: last(
                torch.nn.functional.conv2d(
                    fitted(torch, first(x), kernel, stride, padding), weight(kernel), bias, stride
                )
            ),
            lambda torch, x, kernel, bias, stride, padding: last(
                torch.func.functional_call(
                    torch.nn.Conv2d(*kernel.shape[2:], kernel.shape[:2], stride),
                    {"weight": weight(kernel), "bias": bias},
                    (fitted(torch, first(x), kernel, stride, padding),),
                )
            ),
            torch_contiguous,
            torch_windows,
        ],
        tensorflow=[
            lambda tf, x, kernel, bias, stride, padding: tf.nn.conv2d(x, kernel, stride, padding.upper()) + bias,
            lambda tf, x, kernel, bias, stride, padding: tf.nn.convolution(x, kernel, stride, padding.upper()) + bias,
            lambda tf, x, kernel, bias, stride, padding: tf.keras.ops.conv(x, kernel, stride, padding) + bias,
            KerasLayer(
                lambda tf, x, kernel, bias, stride, padding: tf.keras.layers.Conv2D(
                    kernel.shape[3], kernel.shape[:2], stride, padding, dtype=x.dtype
                )
            ),
        ],
        jax=[
            lambda jax, x, kernel, bias, stride, padding: (
                jax.lax.conv_general_dilated(x, kernel, stride, padding.upper(), dimension_numbers=jax_layout(x)) + bias
            )
        ],
        samples=[
            images((2, 6, 5, 3), (3, 2, 3, 4), stride=(1, 1), **V),
            images((2, 7, 6, 2), (3, 4, 2, 3), "same-strided", stride=(2, 3), **S),
            # Of fewer than 16 channels, oneDNN's gradient writes behind its memory: docs/findings.md.
            images((1, 4, 4, 16), (1, 1, 16, 4), "one-by-one-strided", stride=(2, 1), edge=True, **V),
            images((2, 3, 4, 2), (3, 4, 2, 3), "kernel-as-large-as-input", stride=(1, 1), edge=True, **V),
            given(
                [[[[1.0], [float("inf")], [0.5], [1.0], [2.0], [float("nan")]]]],
                [[[[1.0]], [[-2.0]]]],
                [0.5],
                name="nonfinite",
                gradient=False,
                stride=(1, 1),
                **V,
            ),
            images(
                (2, 4, 4, 4),
                (2, 2, 2, 4),
                "bad-sizes-a-multiple",
                stride=(1, 1),
                edge=True,
                raises=True,
                dtypes=("float32",),
                **V,
            ),
            *refused(2, stride=(1, 1), **V),
        ],
        sources=(TORCH.format("Conv2d"), KERAS.format("convolution2d"), TF.format("conv2d")),
    ),
    Case(
        "conv3d",
        "contraction",
        ref.convolution,
        vjp=ref.convolution_vjp,
        torch=[
            lambda torch, x, kernel, bias, stride, padding: last(
                torch.nn.functional.conv3d(
                    fitted(torch, first(x), kernel, stride, padding), weight(kernel), bias, stride
                )
            ),
            lambda torch, x, kernel, bias, stride, padding: last(
                torch.func.functional_call(
                    torch.nn.Conv3d(*kernel.shape[3:], kernel.shape[:3], stride),
                    {"weight": weight(kernel), "bias": bias},
                    (fitted(torch, first(x), kernel, stride, padding),),
                )
            ),
        ],
        tensorflow=[
            lambda tf, x, kernel, bias, stride, padding: (
                tf.nn.conv3d(x, kernel, (1, *stride, 1), padding.upper()) + bias
            ),
            lambda tf, x, kernel, bias, stride, padding: tf.nn.convolution(x, kernel, stride, padding.upper()) + bias,
            lambda tf, x, kernel, bias, stride, padding: tf.keras.ops.conv(x, kernel, stride, padding) + bias,
            KerasLayer(
                lambda tf, x, kernel, bias, stride, padding: tf.keras.layers.Conv3D(
                    kernel.shape[4], kernel.shape[:3], stride, padding, dtype=x.dtype
                )
            ),
        ],
        jax=[
            lambda jax, x, kernel, bias, stride, padding: (
                jax.lax.conv_general_dilated(x, kernel, stride, padding.upper(), dimension_numbers=jax_layout(x)) + bias
            )
        ],
        samples=[
            images((2, 4, 3, 4, 2), (2, 3, 2, 2, 3), stride=(1, 1, 1), **V),
            images((1, 5, 4, 3, 2), (3, 2, 2, 2, 2), "same-strided", stride=(2, 3, 1), **S),
            images((2, 2, 3, 2, 2), (1, 1, 1, 2, 3), "window-of-one", stride=(1, 2, 1), edge=True, **V),
            images((1, 1, 1, 1, 1), (1, 1, 1, 1, 1), "one-element", stride=(1, 1, 1), edge=True, **V),
            *refused(3, stride=(1, 1, 1), **V),
        ],
        sources=(TORCH.format("Conv3d"), KERAS.format("convolution3d"), TF.format("conv3d")),
    ),
    Case(
        "conv1d_dilated",
        "contraction",
        ref.convolution,
        vjp=ref.convolution_vjp,
        torch=[
            lambda torch, x, kernel, bias, stride, padding, dilation: last(
                torch.nn.functional.conv1d(
                    fitted(torch, first(x), kernel, stride, padding, dilation),
                    weight(kernel),
                    bias,
                    stride,
                    0,
                    dilation,
                )
            ),
        ],
        tensorflow=[
            lambda tf, x, kernel, bias, stride, padding, dilation: (
                tf.nn.convolution(x, kernel, stride, padding.upper(), dilations=dilation) + bias
            ),
            KerasLayer(
                lambda tf, x, kernel, bias, stride, padding, dilation: tf.keras.layers.Conv1D(
                    kernel.shape[2], kernel.shape[0], stride, padding, None, dilation, dtype=x.dtype
                )
            ),
        ],
        jax=[
            lambda jax, x, kernel, bias, stride, padding, dilation: (
                jax.lax.conv_general_dilated(
                    x, kernel, stride, padding.upper(), dimension_numbers=jax_layout(x), rhs_dilation=dilation
                )
                + bias
            )
        ],
        samples=[
            images((2, 9, 3), (3, 3, 2), stride=(1,), dilation=(2,), **V),
            images((2, 7, 2), (2, 2, 3), "same", stride=(1,), dilation=(3,), **S),
            images((1, 5, 2), (3, 2, 2), "as-large-as-input", stride=(1,), dilation=(2,), edge=True, **V),
            images((2, 2, 2), (2, 2, 3), "same-beyond-the-input", stride=(1,), dilation=(4,), edge=True, **S),
            images(
                (1, 4, 2),
                (3, 2, 2),
                "bad-sizes-kernel-larger-than-input",
                stride=(1,),
                dilation=(2,),
                edge=True,
                raises=True,
                **V,
            ),
        ],
        sources=(TORCH.format("Conv1d"), TF.format("convolution")),
    ),
    Case(
        "conv2d_dilated",
        "contraction",
        ref.convolution,
        vjp=ref.convolution_vjp,
        torch=[
            lambda torch, x, kernel, bias, stride, padding, dilation: last(
                torch.nn.functional.conv2d(
                    fitted(torch, first(x), kernel, stride, padding, dilation),
                    weight(kernel),
                    bias,
                    stride,
                    0,
                    dilation,
                )
            ),
            lambda torch, x, kernel, bias, stride, padding, dilation: last(
                torch.func.functional_call(
                    torch.nn.Conv2d(*kernel.shape[2:], kernel.shape[:2], stride, dilation=dilation),
                    {"weight": weight(kernel), "bias": bias},
                    (fitted(torch, first(x), kernel, stride, padding, dilation),),
                )
            ),
        ],
        tensorflow=[
            lambda tf, x, kernel, bias, stride, padding, dilation: (
                tf.nn.convolution(x, kernel, stride, padding.upper(), dilations=dilation) + bias
            ),
            lambda tf, x, kernel, bias, stride, padding, dilation: (
                tf.nn.conv2d(x, kernel, stride, padding.upper(), dilations=dilation) + bias
            ),
            KerasLayer(
                lambda tf, x, kernel, bias, stride, padding, dilation: tf.keras.layers.Conv2D(
                    kernel.shape[3], kernel.shape[:2], stride, padding, None, dilation, dtype=x.dtype
                )
            ),
        ],
        jax=[
            lambda jax, x, kernel, bias, stride, padding, dilation: (
                jax.lax.conv_general_dilated(
                    x, kernel, stride, padding.upper(), dimension_numbers=jax_layout(x), rhs_dilation=dilation
                )
                + bias
            )
        ],
        samples=[
            images((2, 7, 5, 3), (3, 2, 3, 2), stride=(1, 1), dilation=(2, 3), **V),
            images((2, 5, 6, 2), (2, 3, 2, 3), "same", stride=(1, 1), dilation=(2, 1), **S),
            images((1, 5, 4, 2), (3, 2, 2, 2), "as-large-as-input", stride=(1, 1), dilation=(2, 3), edge=True, **V),
            images((2, 2, 1, 2), (2, 2, 2, 3), "same-beyond-the-input", stride=(1, 1), dilation=(3, 2), edge=True, **S),
            images(
                (1, 4, 4, 2),
                (3, 2, 2, 2),
                "bad-sizes-kernel-larger-than-input",
                stride=(1, 1),
                dilation=(2, 1),
                edge=True,
                raises=True,
                **V,
            ),
        ],
        sources=(TORCH.format("Conv2d"), TF.format("convolution")),
    ),
    Case(
        "conv2d_strided_dilated",
        "contraction",
        ref.convolution,
        vjp=ref.convolution_vjp,
        torch=[
            lambda torch, x, kernel, bias, stride, padding, dilation: last(
                torch.nn.functional.conv2d(
                    fitted(torch, first(x), kernel, stride, padding, dilation),
                    weight(kernel),
                    bias,
                    stride,
                    0,
                    dilation,
                )
            ),
        ],
        tensorflow=[
            # tf.nn.convolution and Keras refuse it; of the gradients TensorFlow has none on a CPU.
            tf_subsampled,
            lambda tf, x, kernel, bias, stride, padding, dilation: (
                tf.nn.conv2d(x, kernel, stride, padding.upper(), dilations=dilation) + bias
            ),
            KerasLayer(
                lambda tf, x, kernel, bias, stride, padding, dilation: tf.keras.layers.Conv2D(
                    kernel.shape[3], kernel.shape[:2], stride, padding, None, dilation, dtype=x.dtype
                )
            ),
        ],
        jax=[
            lambda jax, x, kernel, bias, stride, padding, dilation: (
                jax.lax.conv_general_dilated(
                    x, kernel, stride, padding.upper(), dimension_numbers=jax_layout(x), rhs_dilation=dilation
                )
                + bias
            )
        ],
        samples=[
            images((2, 7, 6, 2), (2, 2, 2, 3), stride=(2, 2), dilation=(2, 3), **V),
            images((1, 6, 7, 2), (3, 2, 2, 2), "one-axis-each", stride=(2, 1), dilation=(1, 2), edge=True, **V),
            images((2, 5, 4, 2), (2, 2, 2, 2), "same", stride=(2, 3), dilation=(2, 2), **S),
            images(
                (1, 3, 4, 2), (2, 2, 2, 2), "stride-beyond-the-input", stride=(5, 4), dilation=(2, 3), edge=True, **V
            ),
        ],
        sources=(TORCH.format("Conv2d"), TF.format("convolution")),
    ),
    Case(
        "atrous_conv2d",
        "contraction",
        lambda x, kernel, *, rate, padding: ref.convolution(
            x, kernel, 0 * kernel[0, 0, 0], stride=(1, 1), padding=padding, dilation=(rate, rate)
        ),
        vjp=lambda c, x, kernel, *, rate, padding: ref.convolution_vjp(
            c, x, kernel, 0 * kernel[0, 0, 0], stride=(1, 1), padding=padding, dilation=(rate, rate)
        )[:2],
        torch=[
            lambda torch, x, kernel, rate, padding: last(
                torch.nn.functional.conv2d(first(x), weight(kernel), padding=padding, dilation=rate)
            ),
            lambda torch, x, kernel, rate, padding: last(
                torch.func.functional_call(
                    torch.nn.Conv2d(*kernel.shape[2:], kernel.shape[:2], 1, padding, rate, bias=False),
                    {"weight": weight(kernel)},
                    (first(x),),
                )
            ),
        ],
        tensorflow=[
            lambda tf, x, kernel, rate, padding: tf.nn.atrous_conv2d(x, kernel, rate, padding.upper()),
            lambda tf, x, kernel, rate, padding: tf.keras.ops.conv(x, kernel, 1, padding, dilation_rate=rate),
            KerasLayer(
                lambda tf, x, kernel, rate, padding: tf.keras.layers.Conv2D(
                    kernel.shape[3],
                    kernel.shape[:2],
                    1,
                    padding,
                    dilation_rate=rate,
                    use_bias=False,
                    dtype=x.dtype,
                )
            ),
        ],
        jax=[
            lambda jax, x, kernel, rate, padding: jax.lax.conv_general_dilated(
                x, kernel, (1, 1), padding.upper(), dimension_numbers=jax_layout(x), rhs_dilation=(rate, rate)
            )
        ],
        samples=[
            normal((2, 7, 6, 3), (3, 2, 3, 2), rate=2, **V),
            normal((2, 5, 6, 2), (3, 4, 2, 3), name="same-even-window", rate=2, **S),
            normal((1, 3, 3, 2), (2, 2, 2, 2), name="same-beyond-the-input", rate=4, edge=True, **S),
            normal((2, 4, 3, 2), (2, 2, 2, 2), name="rate-1", rate=1, edge=True, **V),
        ],
        sources=(TF.format("atrous_conv2d"), TORCH.format("Conv2d")),
    ),
    Case(
        "conv3d_dilated",
        "contraction",
        ref.convolution,
        vjp=ref.convolution_vjp,
        torch=[
            lambda torch, x, kernel, bias, stride, padding, dilation: last(
                torch.nn.functional.conv3d(
                    fitted(torch, first(x), kernel, stride, padding, dilation),
                    weight(kernel),
                    bias,
                    stride,
                    0,
                    dilation,
                )
            ),
        ],
        tensorflow=[
            lambda tf, x, kernel, bias, stride, padding, dilation: (
                tf.nn.convolution(x, kernel, stride, padding.upper(), dilations=dilation) + bias
            ),
            KerasLayer(
                lambda tf, x, kernel, bias, stride, padding, dilation: tf.keras.layers.Conv3D(
                    kernel.shape[4], kernel.shape[:3], stride, padding, None, dilation, dtype=x.dtype
                )
            ),
        ],
        jax=[
            lambda jax, x, kernel, bias, stride, padding, dilation: (
                jax.lax.conv_general_dilated(
                    x, kernel, stride, padding.upper(), dimension_numbers=jax_layout(x), rhs_dilation=dilation
                )
                + bias
            )
        ],
        samples=[
            images((2, 4, 4, 3, 2), (2, 2, 2, 2, 2), stride=(1, 1, 1), dilation=(2, 3, 1), **V),
            images((1, 4, 3, 4, 2), (2, 3, 2, 2, 3), "same", stride=(1, 1, 1), dilation=(1, 1, 2), **S),
            images(
                (1, 3, 3, 3, 2),
                (2, 2, 2, 2, 2),
                "as-large-as-input",
                stride=(1, 1, 1),
                dilation=(2, 2, 2),
                edge=True,
                **V,
            ),
            images(
                (1, 1, 2, 1, 2),
                (2, 1, 2, 2, 2),
                "same-one-pixel-wide",
                stride=(1, 1, 1),
                dilation=(2, 1, 3),
                edge=True,
                **S,
            ),
        ],
        sources=(TORCH.format("Conv3d"), TF.format("convolution")),
    ),
    Case(
        "conv2d_without_bias_relu",
        "contraction",
        ref.rectified,
        vjp=ref.rectified_vjp,
        torch=[
            lambda torch, x, kernel, stride, padding: last(
                torch.relu(
                    torch.nn.functional.conv2d(
                        fitted(torch, first(x), kernel, stride, padding), weight(kernel), stride=stride
                    )
                )
            ),
        ],
        tensorflow=[
            KerasLayer(
                lambda tf, x, kernel, stride, padding: tf.keras.layers.Conv2D(
                    kernel.shape[3],
                    kernel.shape[:2],
                    stride,
                    padding,
                    activation="relu",
                    use_bias=False,
                    dtype=x.dtype,
                )
            ),
            lambda tf, x, kernel, stride, padding: tf.nn.relu(tf.nn.conv2d(x, kernel, stride, padding.upper())),
        ],
        jax=[
            lambda jax, x, kernel, stride, padding: jax.nn.relu(
                jax.lax.conv_general_dilated(x, kernel, stride, padding.upper(), dimension_numbers=jax_layout(x))
            )
        ],
        samples=[
            normal((2, 4, 5, 2), (3, 2, 2, 3), stride=(1, 1), **V),
            normal((2, 5, 4, 2), (3, 3, 2, 2), name="same-strided", stride=(2, 2), **S),
            given(
                [[[[1.0], [1.0]], [[2.0], [0.0]]]], [[[[1.0]], [[-1.0]]]], name="kink", smooth=False, stride=(1, 1), **V
            ),
            normal((1, 1, 1, 1), (1, 1, 1, 1), name="one-element", edge=True, stride=(1, 1), **V),
        ],
        sources=(KERAS.format("convolution2d"),),
    ),
    *PADDING,
    *GROUPS,
    *TRANSPOSED,
    *WINDOWS,
)
