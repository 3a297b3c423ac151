"""Convolution by groups of channels, depthwise and separable; and in other layouts of images."""

from typing import Any

from conformance.case import Case, KerasLayer
from conformance.catalogue.convolution_shared import (
    KERAS,
    TF,
    TORCH,
    first,
    fitted,
    images,
    jax_layout,
    last,
    layout,
    weight,
)
from conformance.reference import convolution as ref
from fixtures.samples import normal


def tf_by_groups(tf, x, kernel, bias, stride, padding, groups):
    """Each group by itself."""
    parts = zip(tf.split(x, groups, -1), tf.split(kernel, groups, -1), strict=True)
    pieces = [tf.nn.convolution(p, k, stride, padding.upper(), layout(x)) for p, k in parts]
    return tf.concat(pieces, -1) + bias


def tf_channels_first(tf, x, kernel, bias, stride, padding):
    """Moved to the end and back."""
    order = [0, *range(2, len(x.shape)), 1]
    back = [0, len(x.shape) - 1, *range(1, len(x.shape) - 1)]
    y = tf.nn.convolution(tf.transpose(x, order), kernel, stride, padding.upper(), layout(x))
    return tf.transpose(y + bias, back)


def depth_weight(kernel: Any) -> Any:
    """(*window, channels, multiplier) to (channels * multiplier, 1, *window)."""
    return weight(kernel.flatten(-2).unsqueeze(-2))


def depth_images(x: tuple[int, ...], kernel: tuple[int, ...], name: str = "normal", **options: Any):
    return normal(x, kernel, (kernel[-2] * kernel[-1],), name=name, **options)


def split_images(x: tuple[int, ...], depth: tuple[int, ...], out: int, name: str = "normal", **options: Any):
    middle = depth[-2] * depth[-1]
    return normal(x, depth, (*(1 for _ in depth[2:]), middle, out), (out,), name=name, **options)


V: dict[str, Any] = {"padding": "valid"}
S: dict[str, Any] = {"padding": "same"}
BAD: dict[str, Any] = {"edge": True, "raises": True}

CASES = (
    Case(
        "conv1d_grouped",
        "contraction",
        ref.convolution,
        vjp=ref.convolution_vjp,
        torch=[
            lambda torch, x, kernel, bias, stride, padding, groups: last(
                torch.nn.functional.conv1d(
                    fitted(torch, first(x), kernel, stride, padding), weight(kernel), bias, stride, groups=groups
                )
            ),
            lambda torch, x, kernel, bias, stride, padding, groups: last(
                torch.func.functional_call(
                    torch.nn.Conv1d(x.shape[2], kernel.shape[2], kernel.shape[0], stride, groups=groups),
                    {"weight": weight(kernel), "bias": bias},
                    (fitted(torch, first(x), kernel, stride, padding),),
                )
            ),
        ],
        tensorflow=[tf_by_groups],
        jax=[
            lambda jax, x, kernel, bias, stride, padding, groups: (
                jax.lax.conv_general_dilated(
                    x, kernel, stride, padding.upper(), dimension_numbers=jax_layout(x), feature_group_count=groups
                )
                + bias
            )
        ],
        samples=[
            images((2, 6, 4), (3, 2, 6), stride=(1,), groups=2, **V),
            images((2, 7, 6), (2, 2, 3), "same-strided", stride=(2,), groups=3, **S),
            images((1, 5, 3), (2, 1, 3), "as-many-groups-as-channels", stride=(1,), groups=3, edge=True, **V),
            images((2, 3, 2), (3, 2, 3), "one-group", stride=(1,), groups=1, edge=True, **V),
            images((2, 6, 4), (3, 2, 5), "bad-sizes-channels-out", stride=(1,), groups=2, **BAD, **V),
        ],
        sources=(TORCH.format("Conv1d"), KERAS.format("convolution1d")),
    ),
    Case(
        "conv2d_grouped",
        "contraction",
        ref.convolution,
        vjp=ref.convolution_vjp,
        torch=[
            lambda torch, x, kernel, bias, stride, padding, groups: last(
                torch.nn.functional.conv2d(
                    fitted(torch, first(x), kernel, stride, padding), weight(kernel), bias, stride, groups=groups
                )
            ),
            lambda torch, x, kernel, bias, stride, padding, groups: last(
                torch.func.functional_call(
                    torch.nn.Conv2d(x.shape[3], kernel.shape[3], kernel.shape[:2], stride, groups=groups),
                    {"weight": weight(kernel), "bias": bias},
                    (fitted(torch, first(x), kernel, stride, padding),),
                )
            ),
        ],
        tensorflow=[
            tf_by_groups,
            # The number of groups follows from the shapes.
            lambda tf, x, kernel, bias, stride, padding, groups: (
                tf.nn.conv2d(x, kernel, stride, padding.upper()) + bias
            ),
        ],
        jax=[
            lambda jax, x, kernel, bias, stride, padding, groups: (
                jax.lax.conv_general_dilated(
                    x, kernel, stride, padding.upper(), dimension_numbers=jax_layout(x), feature_group_count=groups
                )
                + bias
            )
        ],
        samples=[
            images((2, 4, 5, 4), (3, 2, 2, 6), stride=(1, 1), groups=2, **V),
            images((1, 3, 3, 3), (2, 2, 1, 3), "as-many-groups-as-channels", stride=(2, 1), groups=3, edge=True, **S),
            images((2, 4, 4, 4), (2, 2, 2, 5), "bad-sizes-channels-out", stride=(1, 1), groups=2, **BAD, **V),
            images((2, 4, 4, 5), (2, 2, 2, 4), "bad-sizes-channels-in", stride=(1, 1), groups=2, **BAD, **V),
        ],
        sources=(TORCH.format("Conv2d"), KERAS.format("convolution2d")),
    ),
    Case(
        # Keras compiles a grouped convolution anew for each call on a CPU, seconds each: one dtype, few samples, one
        # gradient, one Hessian.
        "conv2d_grouped_keras",
        "contraction",
        ref.convolution,
        vjp=ref.convolution_vjp,
        dtypes=("float64",),
        torch=[
            lambda torch, x, kernel, bias, stride, padding, groups: last(
                torch.nn.functional.conv2d(
                    fitted(torch, first(x), kernel, stride, padding), weight(kernel), bias, stride, groups=groups
                )
            ),
        ],
        tensorflow=[
            KerasLayer(
                lambda tf, x, kernel, bias, stride, padding, groups: tf.keras.layers.Conv2D(
                    kernel.shape[3], kernel.shape[:2], stride, padding, groups=groups, dtype=x.dtype
                )
            ),
        ],
        jax=[
            lambda jax, x, kernel, bias, stride, padding, groups: (
                jax.lax.conv_general_dilated(
                    x, kernel, stride, padding.upper(), dimension_numbers=jax_layout(x), feature_group_count=groups
                )
                + bias
            )
        ],
        samples=[
            images((2, 3, 4, 4), (2, 2, 2, 6), stride=(1, 1), groups=2, **V),
            images((1, 3, 3, 3), (2, 2, 1, 3), "depthwise", stride=(2, 1), groups=3, edge=True, gradient=False, **S),
            images((2, 4, 4, 4), (2, 2, 2, 5), "bad-sizes-channels-out", stride=(1, 1), groups=2, **BAD, **V),
            images((2, 4, 4, 5), (2, 2, 2, 4), "bad-sizes-channels-in", stride=(1, 1), groups=2, **BAD, **V),
        ],
        sources=(KERAS.format("convolution2d"), TORCH.format("Conv2d")),
    ),
    Case(
        "conv3d_grouped",
        "contraction",
        ref.convolution,
        vjp=ref.convolution_vjp,
        torch=[
            lambda torch, x, kernel, bias, stride, padding, groups: last(
                torch.nn.functional.conv3d(
                    fitted(torch, first(x), kernel, stride, padding), weight(kernel), bias, stride, groups=groups
                )
            ),
        ],
        tensorflow=[tf_by_groups],
        jax=[
            lambda jax, x, kernel, bias, stride, padding, groups: (
                jax.lax.conv_general_dilated(
                    x, kernel, stride, padding.upper(), dimension_numbers=jax_layout(x), feature_group_count=groups
                )
                + bias
            )
        ],
        samples=[
            images((2, 3, 2, 3, 4), (2, 2, 2, 2, 4), stride=(1, 1, 1), groups=2, **V),
            images((1, 3, 2, 3, 4), (2, 1, 2, 2, 2), "same-strided", stride=(2, 1, 1), groups=2, **S),
            images((2, 2, 2, 2, 3), (1, 2, 1, 1, 3), "depthwise", stride=(1, 1, 1), groups=3, edge=True, **V),
            images((1, 2, 2, 2, 4), (2, 2, 2, 2, 3), "bad-sizes-channels-out", stride=(1, 1, 1), groups=2, **BAD, **V),
        ],
        sources=(TORCH.format("Conv3d"), KERAS.format("convolution3d")),
    ),
    Case(
        "depthwise_conv1d",
        "contraction",
        ref.depthwise,
        vjp=ref.depthwise_vjp,
        torch=[
            lambda torch, x, kernel, bias, stride, padding, dilation: last(
                torch.nn.functional.conv1d(
                    fitted(torch, first(x), kernel, stride, padding, dilation),
                    depth_weight(kernel),
                    bias,
                    stride,
                    dilation=dilation,
                    groups=x.shape[-1],
                )
            ),
            lambda torch, x, kernel, bias, stride, padding, dilation: last(
                torch.func.functional_call(
                    torch.nn.Conv1d(
                        x.shape[2], len(bias), kernel.shape[0], stride, dilation=dilation, groups=x.shape[2]
                    ),
                    {"weight": depth_weight(kernel), "bias": bias},
                    (fitted(torch, first(x), kernel, stride, padding, dilation),),
                )
            ),
        ],
        tensorflow=[
            lambda tf, x, kernel, bias, stride, padding, dilation: (
                tf.keras.ops.depthwise_conv(x, kernel, stride, padding, None, dilation) + bias
            ),
            KerasLayer(
                lambda tf, x, kernel, bias, stride, padding, dilation: tf.keras.layers.DepthwiseConv1D(
                    kernel.shape[0], stride, padding, kernel.shape[2], None, dilation, dtype=x.dtype
                )
            ),
        ],
        samples=[
            depth_images((2, 6, 3), (3, 3, 2), stride=(1,), dilation=(1,), **V),
            depth_images((2, 8, 2), (2, 2, 3), "same-dilated", stride=(1,), dilation=(2,), **S),
            depth_images((2, 9, 2), (3, 2, 1), "strided-dilated", stride=(2,), dilation=(2,), edge=True, **S),
            depth_images((1, 5, 1), (2, 1, 2), "one-channel-strided", stride=(2,), dilation=(1,), edge=True, **V),
            depth_images((1, 5, 4), (2, 3, 2), "bad-sizes", stride=(1,), dilation=(1,), **BAD, **V),
        ],
        sources=(KERAS.format("depthwise_convolution1d"), TORCH.format("Conv1d")),
    ),
    Case(
        "depthwise_conv2d",
        "contraction",
        ref.depthwise,
        vjp=ref.depthwise_vjp,
        torch=[
            lambda torch, x, kernel, bias, stride, padding, dilation: last(
                torch.nn.functional.conv2d(
                    fitted(torch, first(x), kernel, stride, padding, dilation),
                    depth_weight(kernel),
                    bias,
                    stride,
                    dilation=dilation,
                    groups=x.shape[-1],
                )
            ),
            lambda torch, x, kernel, bias, stride, padding, dilation: last(
                torch.func.functional_call(
                    torch.nn.Conv2d(
                        x.shape[3], len(bias), kernel.shape[:2], stride, dilation=dilation, groups=x.shape[3]
                    ),
                    {"weight": depth_weight(kernel), "bias": bias},
                    (fitted(torch, first(x), kernel, stride, padding, dilation),),
                )
            ),
        ],
        tensorflow=[
            lambda tf, x, kernel, bias, stride, padding, dilation: (
                tf.keras.ops.depthwise_conv(x, kernel, stride, padding, None, dilation) + bias
            ),
            KerasLayer(
                lambda tf, x, kernel, bias, stride, padding, dilation: tf.keras.layers.DepthwiseConv2D(
                    kernel.shape[:2], stride, padding, kernel.shape[3], None, dilation, dtype=x.dtype
                )
            ),
            lambda tf, x, kernel, bias, stride, padding, dilation: (
                tf.nn.depthwise_conv2d(x, kernel, (1, *stride, 1), padding.upper(), dilations=dilation) + bias
            ),
        ],
        samples=[
            depth_images((2, 5, 4, 3), (3, 2, 3, 2), stride=(1, 1), dilation=(1, 1), **V),
            depth_images((2, 5, 6, 2), (3, 3, 2, 1), "same-strided", stride=(2, 2), dilation=(1, 1), **S),
            depth_images((1, 5, 5, 2), (2, 3, 2, 2), "same-dilated", stride=(1, 1), dilation=(2, 2), edge=True, **S),
            depth_images((1, 6, 5, 2), (2, 2, 2, 1), "strided-dilated", stride=(2, 2), dilation=(2, 2), edge=True, **V),
            depth_images((1, 5, 5, 2), (2, 2, 2, 1), "unequal-strides", stride=(2, 1), dilation=(1, 1), edge=True, **V),
            depth_images((1, 4, 4, 4), (2, 2, 3, 2), "bad-sizes", stride=(1, 1), dilation=(1, 1), **BAD, **V),
            depth_images(
                (1, 2, 2, 2),
                (3, 2, 2, 2),
                "bad-sizes-kernel-larger-than-input",
                stride=(1, 1),
                dilation=(1, 1),
                **BAD,
                **V,
            ),
        ],
        sources=(KERAS.format("depthwise_convolution2d"), TF.format("depthwise_conv2d")),
    ),
    Case(
        "separable_conv1d",
        "contraction",
        ref.separable,
        vjp=ref.separable_vjp,
        torch=[
            lambda torch, x, depth, point, bias, stride, padding, dilation: last(
                torch.nn.functional.conv1d(
                    torch.nn.functional.conv1d(
                        fitted(torch, first(x), depth, stride, padding, dilation),
                        depth_weight(depth),
                        None,
                        stride,
                        dilation=dilation,
                        groups=x.shape[-1],
                    ),
                    weight(point),
                    bias,
                )
            ),
        ],
        tensorflow=[
            KerasLayer(
                lambda tf, x, depth, point, bias, stride, padding, dilation: tf.keras.layers.SeparableConv1D(
                    point.shape[2], depth.shape[0], stride, padding, None, dilation, depth.shape[2], dtype=x.dtype
                )
            ),
            lambda tf, x, depth, point, bias, stride, padding, dilation: (
                tf.keras.ops.separable_conv(x, depth, point, stride, padding, None, dilation) + bias
            ),
        ],
        samples=[
            split_images((2, 6, 3), (3, 3, 2), 4, stride=(1,), dilation=(1,), **V),
            split_images((2, 7, 2), (2, 2, 2), 3, "same-dilated", stride=(1,), dilation=(2,), **S),
            split_images((1, 6, 2), (4, 2, 1), 2, "same-strided", stride=(2,), dilation=(1,), edge=True, **S),
            split_images((2, 9, 2), (3, 2, 1), 2, "strided-dilated", stride=(2,), dilation=(2,), edge=True, **V),
            split_images((1, 5, 4), (2, 3, 2), 2, "bad-sizes", stride=(1,), dilation=(1,), **BAD, **V),
        ],
        sources=(KERAS.format("separable_convolution1d"), "https://arxiv.org/abs/1610.02357"),
    ),
    Case(
        "separable_conv2d",
        "contraction",
        ref.separable,
        vjp=ref.separable_vjp,
        torch=[
            lambda torch, x, depth, point, bias, stride, padding, dilation: last(
                torch.nn.functional.conv2d(
                    torch.nn.functional.conv2d(
                        fitted(torch, first(x), depth, stride, padding, dilation),
                        depth_weight(depth),
                        None,
                        stride,
                        dilation=dilation,
                        groups=x.shape[-1],
                    ),
                    weight(point),
                    bias,
                )
            ),
        ],
        tensorflow=[
            KerasLayer(
                lambda tf, x, depth, point, bias, stride, padding, dilation: tf.keras.layers.SeparableConv2D(
                    point.shape[3], depth.shape[:2], stride, padding, None, dilation, depth.shape[3], dtype=x.dtype
                )
            ),
            lambda tf, x, depth, point, bias, stride, padding, dilation: (
                tf.keras.ops.separable_conv(x, depth, point, stride, padding, None, dilation) + bias
            ),
            lambda tf, x, depth, point, bias, stride, padding, dilation: (
                tf.nn.separable_conv2d(x, depth, point, (1, *stride, 1), padding.upper(), dilations=dilation) + bias
            ),
        ],
        samples=[
            split_images((2, 4, 5, 3), (3, 2, 3, 2), 4, stride=(1, 1), dilation=(1, 1), **V),
            split_images((2, 5, 4, 2), (2, 3, 2, 1), 3, "same-strided", stride=(2, 2), dilation=(1, 1), **S),
            split_images((1, 5, 4, 2), (2, 2, 2, 2), 2, "same-dilated", stride=(1, 1), dilation=(2, 2), edge=True, **S),
            split_images((1, 1, 1, 1), (1, 1, 1, 1), 1, "one-element", stride=(1, 1), dilation=(1, 1), edge=True, **V),
            split_images((1, 4, 4, 4), (2, 2, 3, 2), 2, "bad-sizes", stride=(1, 1), dilation=(1, 1), **BAD, **V),
        ],
        sources=(KERAS.format("separable_convolution2d"), TF.format("separable_conv2d")),
    ),
    Case(
        "conv1d_channels_first",
        "contraction",
        ref.convolution_channels_first,
        vjp=ref.convolution_channels_first_vjp,
        torch=[
            lambda torch, x, kernel, bias, stride, padding: torch.nn.functional.conv1d(
                fitted(torch, x, kernel, stride, padding), weight(kernel), bias, stride
            ),
        ],
        tensorflow=[tf_channels_first],
        jax=[
            lambda jax, x, kernel, bias, stride, padding: (
                jax.lax.conv_general_dilated(
                    x, kernel, stride, padding.upper(), dimension_numbers=("NCW", "WIO", "NCW")
                )
                + jax.numpy.expand_dims(bias, (1,))
            )
        ],
        samples=[
            images((2, 3, 6), (3, 3, 4), stride=(1,), **V),
            images((2, 2, 7), (2, 2, 3), "same-strided", stride=(2,), **S),
            images((3, 2, 2), (2, 2, 2), "kernel-as-large-as-input", stride=(1,), edge=True, **V),
            images((1, 2, 2), (5, 2, 2), "same-kernel-larger-than-input", stride=(1,), edge=True, **S),
        ],
        sources=(TORCH.format("Conv1d"), KERAS.format("convolution1d")),
    ),
    Case(
        "conv2d_channels_first",
        "contraction",
        ref.convolution_channels_first,
        vjp=ref.convolution_channels_first_vjp,
        torch=[
            lambda torch, x, kernel, bias, stride, padding: torch.nn.functional.conv2d(
                fitted(torch, x, kernel, stride, padding), weight(kernel), bias, stride
            ),
            lambda torch, x, kernel, bias, stride, padding: torch.func.functional_call(
                torch.nn.Conv2d(*kernel.shape[2:], kernel.shape[:2], stride),
                {"weight": weight(kernel), "bias": bias},
                (fitted(torch, x, kernel, stride, padding),),
            ),
        ],
        tensorflow=[
            tf_channels_first,
            lambda tf, x, kernel, bias, stride, padding: (
                tf.nn.conv2d(x, kernel, stride, padding.upper(), "NCHW") + bias[:, None, None]
            ),
            KerasLayer(
                lambda tf, x, kernel, bias, stride, padding: tf.keras.layers.Conv2D(
                    kernel.shape[3], kernel.shape[:2], stride, padding, "channels_first", dtype=x.dtype
                )
            ),
        ],
        jax=[
            lambda jax, x, kernel, bias, stride, padding: (
                jax.lax.conv_general_dilated(
                    x, kernel, stride, padding.upper(), dimension_numbers=("NCHW", "HWIO", "NCHW")
                )
                + jax.numpy.expand_dims(bias, (1, 2))
            )
        ],
        samples=[
            images((2, 3, 4, 6), (3, 2, 3, 4), stride=(1, 1), **V),
            images((2, 2, 5, 4), (2, 3, 2, 3), "same-strided", stride=(2, 1), **S),
            images((1, 2, 2, 3), (2, 3, 2, 2), "kernel-as-large-as-input", stride=(1, 1), edge=True, **V),
            images((1, 1, 1, 1), (1, 1, 1, 1), "one-element", stride=(1, 1), edge=True, **V),
        ],
        sources=(TORCH.format("Conv2d"), KERAS.format("convolution2d")),
    ),
    Case(
        "conv3d_channels_first",
        "contraction",
        ref.convolution_channels_first,
        vjp=ref.convolution_channels_first_vjp,
        torch=[
            lambda torch, x, kernel, bias, stride, padding: torch.nn.functional.conv3d(
                fitted(torch, x, kernel, stride, padding), weight(kernel), bias, stride
            ),
        ],
        tensorflow=[
            tf_channels_first,
        ],
        jax=[
            lambda jax, x, kernel, bias, stride, padding: (
                jax.lax.conv_general_dilated(
                    x, kernel, stride, padding.upper(), dimension_numbers=("NCDHW", "DHWIO", "NCDHW")
                )
                + jax.numpy.expand_dims(bias, (1, 2, 3))
            )
        ],
        samples=[
            images((2, 2, 3, 2, 3), (2, 2, 2, 2, 3), stride=(1, 1, 1), **V),
            images((1, 2, 3, 2, 2), (2, 1, 2, 2, 2), "same-strided", stride=(2, 1, 1), edge=True, **S),
            images(
                (1, 2, 2, 2, 2), (3, 1, 1, 2, 2), "bad-sizes-kernel-larger-than-input", stride=(1, 1, 1), **BAD, **V
            ),
            images((1, 1, 1, 1, 1), (1, 1, 1, 1, 1), "one-element", stride=(1, 1, 1), edge=True, **V),
        ],
        sources=(TORCH.format("Conv3d"), KERAS.format("convolution3d")),
    ),
    Case(
        # As above: compiled anew for each call.
        "conv3d_channels_first_keras",
        "contraction",
        ref.convolution_channels_first,
        vjp=ref.convolution_channels_first_vjp,
        dtypes=("float64",),
        torch=[
            lambda torch, x, kernel, bias, stride, padding: torch.nn.functional.conv3d(
                fitted(torch, x, kernel, stride, padding), weight(kernel), bias, stride
            ),
        ],
        tensorflow=[
            KerasLayer(
                lambda tf, x, kernel, bias, stride, padding: tf.keras.layers.Conv3D(
                    kernel.shape[4], kernel.shape[:3], stride, padding, "channels_first", dtype=x.dtype
                )
            ),
        ],
        samples=[
            images((2, 2, 3, 2, 3), (2, 2, 2, 2, 3), stride=(1, 1, 1), **V),
            images(
                (1, 2, 3, 2, 2),
                (2, 1, 2, 2, 2),
                "image-as-wide-as-channels",
                stride=(2, 1, 1),
                edge=True,
                gradient=False,
                **S,
            ),
            images(
                (1, 2, 2, 2, 2), (3, 1, 1, 2, 2), "bad-sizes-kernel-larger-than-input", stride=(1, 1, 1), **BAD, **V
            ),
            images((1, 3, 2, 2, 2), (2, 1, 1, 2, 2), "bad-sizes", stride=(1, 1, 1), **BAD, **V),
        ],
        sources=(KERAS.format("convolution3d"), TORCH.format("Conv3d")),
    ),
    Case(
        "depthwise_conv2d_channels_first",
        "contraction",
        ref.depthwise_channels_first,
        vjp=ref.depthwise_channels_first_vjp,
        torch=[
            lambda torch, x, kernel, bias, stride, padding: torch.nn.functional.conv2d(
                fitted(torch, x, kernel, stride, padding), depth_weight(kernel), bias, stride, groups=x.shape[1]
            ),
        ],
        tensorflow=[
            lambda tf, x, kernel, bias, stride, padding: (
                tf.keras.ops.depthwise_conv(x, kernel, stride, padding, "channels_first") + bias[:, None, None]
            ),
            KerasLayer(
                lambda tf, x, kernel, bias, stride, padding: tf.keras.layers.DepthwiseConv2D(
                    kernel.shape[:2], stride, padding, kernel.shape[3], "channels_first", dtype=x.dtype
                )
            ),
        ],
        samples=[
            depth_images((2, 3, 5, 4), (3, 2, 3, 2), stride=(1, 1), **V),
            depth_images((2, 2, 5, 6), (3, 3, 2, 1), "same-strided", stride=(2, 2), **S),
            depth_images((1, 1, 1, 2), (1, 2, 1, 1), "one-channel", stride=(1, 1), edge=True, **V),
            depth_images((2, 2, 3, 5), (2, 2, 2, 2), "image-as-wide-as-channels", stride=(1, 1), edge=True, **V),
        ],
        sources=(KERAS.format("depthwise_convolution2d"), TORCH.format("Conv2d")),
    ),
    Case(
        "conv2d_unbatched",
        "contraction",
        ref.unbatched,
        vjp=ref.unbatched_vjp,
        torch=[
            lambda torch, x, kernel, bias, stride: torch.nn.functional.conv2d(
                x.movedim(-1, 0), weight(kernel), bias, stride
            ).movedim(0, -1),
        ],
        tensorflow=[
            lambda tf, x, kernel, bias, stride: tf.nn.conv2d(x[None], kernel, stride, "VALID")[0] + bias,
        ],
        samples=[
            images((4, 5, 3), (3, 2, 3, 4), stride=(1, 1)),
            images((5, 4, 2), (2, 3, 2, 3), "strided", stride=(2, 1)),
            images((2, 3, 2), (2, 3, 2, 2), "kernel-as-large-as-input", stride=(1, 1), edge=True),
            images(
                (2, 3, 2), (3, 3, 2, 2), "bad-sizes-kernel-larger-than-input", stride=(1, 1), edge=True, raises=True
            ),
        ],
        sources=(TORCH.format("Conv2d"), TF.format("conv2d")),
    ),
)
