"""Transposed convolution."""

from typing import Any

from conformance.case import Case, KerasLayer
from conformance.catalogue.convolution_shared import KERAS, TF, TORCH, first, jax_layout, last, weight
from conformance.reference import convolution as ref
from fixtures.samples import normal, sample


def images(x: tuple[int, ...], kernel: tuple[int, ...], name: str = "normal", groups: int = 1, **options: Any):
    """A kernel is (*window, out of a group, in)."""
    options |= {"groups": groups} if groups > 1 else {}
    return normal(x, kernel, (groups * kernel[-2],), name=name, **options)


def numbers(kernel: Any, stride: Any, padding: str) -> tuple[list[int], list[int]]:
    """torch's padding and output_padding for 'valid' and 'same'; where an odd number is to be cut off, one too few."""
    sides = list(zip(kernel.shape[:-2], stride, strict=True))
    cut = [max(k - s, 0) // 2 if padding == "same" else 0 for k, s in sides]
    return cut, [max(s - k, 0) for k, s in sides]


def shortened(y: Any, x: Any, stride: Any, padding: str) -> Any:
    """'same' ends after size * stride."""
    if padding == "valid":
        return y
    for axis, s in enumerate(stride, 2):
        y = y.narrow(axis, 0, s * x.shape[axis - 1])
    return y


def result_shape(tf: Any, x: Any, kernel: Any, stride: Any, padding: str) -> list[Any]:
    """tf.nn asks for the shape of the result; at run time, since that of the input may be unknown before."""
    batch, *sizes, _ = tf.unstack(tf.shape(x), len(x.shape))
    *window, out, _ = tf.unstack(tf.shape(kernel), len(kernel.shape))
    sides = zip(sizes, window, stride, strict=True)
    return [batch, *(n * s if padding == "same" else n * s + tf.maximum(k - s, 0) for n, k, s in sides), out]


def torch_by_its_numbers(torch, x, kernel, bias, stride, padding):
    """padding and output_padding, where an even number is cut off."""
    call = getattr(torch.nn.functional, f"conv_transpose{len(stride)}d")
    cut, more = numbers(kernel, stride, padding)
    return last(shortened(call(first(x), weight(kernel), bias, stride, cut, more), x, stride, padding))


def torch_full(torch, x, kernel, bias, stride, padding):
    """All of it, of which the ends are cut off: what any framework can do."""
    call = getattr(torch.nn.functional, f"conv_transpose{len(stride)}d")
    y, pads = call(first(x), weight(kernel), None, stride), []
    for n, k, s in zip(x.shape[1:-1], kernel.shape[:-2], stride, strict=True):
        size = n * s if padding == "same" else n * s + max(k - s, 0)
        before = max(k - s, 0) // 2 if padding == "same" else 0
        pads = [-before, size - ((n - 1) * s + k - before), *pads]
    return last(torch.nn.functional.pad(y, pads)) + bias


def tf_cut(tf, x, kernel, bias, stride, pad, output_padding):
    """All of it, and then the ends cut off, less what output_padding leaves; more than all are zeros."""
    batch, *sizes, _ = tf.unstack(tf.shape(x), len(x.shape))
    *window, out, _ = tf.unstack(tf.shape(kernel), len(kernel.shape))
    full = [(n - 1) * s + k for n, k, s in zip(sizes, window, stride, strict=True)]
    y = tf.nn.conv_transpose(x, kernel, [batch, *full, out], stride, "VALID")
    y = tf.pad(y, [[0, 0], *([0, o] for o in output_padding), [0, 0]])
    kept = [m - 2 * p + o for m, p, o in zip(full, pad, output_padding, strict=True)]
    return tf.slice(y, [0, *pad, 0], [batch, *kept, out]) + bias


def tf_spread(tf, x, kernel, bias, stride, dilation):
    """Zeros between the elements of the kernel."""
    for axis, d in enumerate(dilation):
        k = tf.shape(kernel)[axis]
        spread = tf.one_hot(tf.range(k) * d, (k - 1) * d + 1, dtype=kernel.dtype)
        kernel = tf.experimental.numpy.moveaxis(tf.tensordot(kernel, spread, [[axis], [0]]), -1, axis)
    return tf.nn.conv2d_transpose(x, kernel, result_shape(tf, x, kernel, stride, "valid"), stride, "VALID") + bias


def tf_by_groups(tf, x, kernel, bias, stride, groups):
    parts = zip(tf.split(x, groups, -1), tf.split(kernel, groups, -1), strict=True)
    pieces = [
        tf.nn.conv2d_transpose(p, k, result_shape(tf, x, kernel, stride, "valid"), stride, "VALID") for p, k in parts
    ]
    return tf.concat(pieces, -1) + bias


def tf_channels_first(tf, x, kernel, bias, stride, padding):
    x = tf.transpose(x, [0, 2, 3, 1])
    y = tf.nn.conv2d_transpose(x, kernel, result_shape(tf, x, kernel, stride, padding), stride, padding.upper())
    return tf.transpose(y + bias, [0, 3, 1, 2])


V: dict[str, Any] = {"padding": "valid"}
S: dict[str, Any] = {"padding": "same"}
BAD: dict[str, Any] = {"edge": True, "raises": True}


def refused(rank: int, **options: Any):
    n, k, more = (3,) * rank, (2,) * rank, {**BAD, **options}
    return [
        images((2, 3, *n, 2), (*k, 3, 2), "bad-rank", **more),
        images((2, *n, 3), (*k, 3, 2), "bad-sizes", **more),
        sample(
            "bad-dtype",
            lambda rng: (rng.integers(-3, 4, (2, *n, 2)), rng.standard_normal((*k, 3, 2)), rng.standard_normal(3)),
            dtypes=("float64", "float32"),
            **more,
        ),
    ]


def keras_padding(pad: Any) -> str:
    """Keras' 'same' with an output_padding cuts window // 2 off at both ends, as these samples do."""
    return "same" if any(pad) else "valid"


CASES = (
    Case(
        "conv1d_transpose",
        "contraction",
        ref.transposed,
        vjp=ref.transposed_vjp,
        torch=[
            torch_by_its_numbers,
            torch_full,
            lambda torch, x, kernel, bias, stride, padding: last(
                shortened(
                    torch.func.functional_call(
                        torch.nn.ConvTranspose1d(
                            x.shape[2], kernel.shape[1], kernel.shape[0], stride, *numbers(kernel, stride, padding)
                        ),
                        {"weight": weight(kernel), "bias": bias},
                        (first(x),),
                    ),
                    x,
                    stride,
                    padding,
                )
            ),
        ],
        tensorflow=[
            lambda tf, x, kernel, bias, stride, padding: (
                tf.nn.conv1d_transpose(x, kernel, result_shape(tf, x, kernel, stride, padding), stride, padding.upper())
                + bias
            ),
            lambda tf, x, kernel, bias, stride, padding: tf.keras.ops.conv_transpose(x, kernel, stride, padding) + bias,
            KerasLayer(
                lambda tf, x, kernel, bias, stride, padding: tf.keras.layers.Conv1DTranspose(
                    kernel.shape[1], kernel.shape[0], stride, padding, dtype=x.dtype
                )
            ),
        ],
        jax=[
            lambda jax, x, kernel, bias, stride, padding: (
                jax.lax.conv_transpose(
                    x, kernel, stride, padding.upper(), dimension_numbers=jax_layout(x), transpose_kernel=True
                )
                + bias
            )
        ],
        samples=[
            images((2, 4, 3), (3, 4, 3), stride=(1,), **V),
            images((2, 4, 2), (3, 3, 2), "same-strided", stride=(2,), **S),
            images((2, 3, 2), (2, 2, 2), "stride-larger-than-window", stride=(3,), edge=True, **V),
            images((1, 3, 2), (2, 2, 2), "same-stride-larger-than-window", stride=(4,), edge=True, **S),
            images((2, 1, 2), (4, 2, 2), "same-one-step", stride=(2,), edge=True, **S),
            *refused(1, stride=(2,), **V),
        ],
        sources=(
            TORCH.format("ConvTranspose1d"),
            KERAS.format("convolution1d_transpose"),
            TF.format("conv1d_transpose"),
        ),
    ),
    Case(
        "conv2d_transpose",
        "contraction",
        ref.transposed,
        vjp=ref.transposed_vjp,
        torch=[
            torch_by_its_numbers,
            torch_full,
            lambda torch, x, kernel, bias, stride, padding: last(
                shortened(
                    torch.func.functional_call(
                        torch.nn.ConvTranspose2d(
                            x.shape[3], kernel.shape[2], kernel.shape[:2], stride, *numbers(kernel, stride, padding)
                        ),
                        {"weight": weight(kernel), "bias": bias},
                        (first(x),),
                    ),
                    x,
                    stride,
                    padding,
                )
            ),
        ],
        tensorflow=[
            lambda tf, x, kernel, bias, stride, padding: (
                tf.nn.conv2d_transpose(x, kernel, result_shape(tf, x, kernel, stride, padding), stride, padding.upper())
                + bias
            ),
            lambda tf, x, kernel, bias, stride, padding: (
                tf.nn.conv_transpose(x, kernel, result_shape(tf, x, kernel, stride, padding), stride, padding.upper())
                + bias
            ),
            lambda tf, x, kernel, bias, stride, padding: tf.keras.ops.conv_transpose(x, kernel, stride, padding) + bias,
            KerasLayer(
                lambda tf, x, kernel, bias, stride, padding: tf.keras.layers.Conv2DTranspose(
                    kernel.shape[2], kernel.shape[:2], stride, padding, dtype=x.dtype
                )
            ),
        ],
        jax=[
            lambda jax, x, kernel, bias, stride, padding: (
                jax.lax.conv_transpose(
                    x, kernel, stride, padding.upper(), dimension_numbers=jax_layout(x), transpose_kernel=True
                )
                + bias
            )
        ],
        samples=[
            images((2, 3, 4, 3), (3, 2, 2, 3), stride=(1, 1), **V),
            images((2, 3, 2, 2), (3, 4, 3, 2), "same-strided", stride=(2, 2), **S),
            images((2, 2, 3, 2), (2, 3, 2, 2), "stride-larger-than-window", stride=(3, 1), edge=True, **V),
            images((1, 1, 1, 1), (1, 1, 1, 1), "one-element", stride=(1, 1), edge=True, **V),
            *refused(2, stride=(2, 1), **V),
        ],
        sources=(
            TORCH.format("ConvTranspose2d"),
            KERAS.format("convolution2d_transpose"),
            TF.format("conv2d_transpose"),
        ),
    ),
    Case(
        "conv3d_transpose",
        "contraction",
        ref.transposed,
        vjp=ref.transposed_vjp,
        torch=[
            torch_by_its_numbers,
            lambda torch, x, kernel, bias, stride, padding: last(
                shortened(
                    torch.func.functional_call(
                        torch.nn.ConvTranspose3d(
                            x.shape[4], kernel.shape[3], kernel.shape[:3], stride, *numbers(kernel, stride, padding)
                        ),
                        {"weight": weight(kernel), "bias": bias},
                        (first(x),),
                    ),
                    x,
                    stride,
                    padding,
                )
            ),
        ],
        tensorflow=[
            lambda tf, x, kernel, bias, stride, padding: (
                tf.nn.conv3d_transpose(x, kernel, result_shape(tf, x, kernel, stride, padding), stride, padding.upper())
                + bias
            ),
            lambda tf, x, kernel, bias, stride, padding: tf.keras.ops.conv_transpose(x, kernel, stride, padding) + bias,
            KerasLayer(
                lambda tf, x, kernel, bias, stride, padding: tf.keras.layers.Conv3DTranspose(
                    kernel.shape[3], kernel.shape[:3], stride, padding, dtype=x.dtype
                )
            ),
        ],
        jax=[
            lambda jax, x, kernel, bias, stride, padding: (
                jax.lax.conv_transpose(
                    x, kernel, stride, padding.upper(), dimension_numbers=jax_layout(x), transpose_kernel=True
                )
                + bias
            )
        ],
        samples=[
            images((2, 2, 3, 2, 2), (2, 2, 1, 3, 2), stride=(1, 1, 1), **V),
            images((1, 2, 2, 2, 2), (3, 2, 1, 2, 2), "same-strided", stride=(2, 1, 2), **S),
            images((1, 2, 2, 1, 2), (1, 2, 2, 2, 2), "stride-larger-than-window", stride=(2, 1, 3), edge=True, **V),
            images((1, 1, 1, 1, 1), (1, 1, 1, 1, 1), "one-element", stride=(1, 1, 1), edge=True, **V),
            *refused(3, stride=(1, 1, 1), **V),
        ],
        sources=(
            TORCH.format("ConvTranspose3d"),
            KERAS.format("convolution3d_transpose"),
            TF.format("conv3d_transpose"),
        ),
    ),
    Case(
        "conv1d_transpose_output_padding",
        "contraction",
        lambda x, kernel, bias, *, stride, pad, output_padding: ref.transposed(
            x, kernel, bias, stride=stride, padding=pad, output_padding=output_padding
        ),
        vjp=lambda c, x, kernel, bias, *, stride, pad, output_padding: ref.transposed_vjp(
            c, x, kernel, bias, stride=stride, padding=pad, output_padding=output_padding
        ),
        torch=[
            lambda torch, x, kernel, bias, stride, pad, output_padding: last(
                torch.nn.functional.conv_transpose1d(first(x), weight(kernel), bias, stride, pad, output_padding)
            ),
            lambda torch, x, kernel, bias, stride, pad, output_padding: last(
                torch.func.functional_call(
                    torch.nn.ConvTranspose1d(x.shape[2], kernel.shape[1], kernel.shape[0], stride, pad, output_padding),
                    {"weight": weight(kernel), "bias": bias},
                    (first(x),),
                )
            ),
        ],
        tensorflow=[
            tf_cut,
            lambda tf, x, kernel, bias, stride, pad, output_padding: (
                tf.keras.ops.conv_transpose(x, kernel, stride, keras_padding(pad), output_padding) + bias
            ),
            KerasLayer(
                lambda tf, x, kernel, bias, stride, pad, output_padding: tf.keras.layers.Conv1DTranspose(
                    kernel.shape[1],
                    kernel.shape[0],
                    stride,
                    keras_padding(pad),
                    output_padding=output_padding,
                    dtype=x.dtype,
                )
            ),
        ],
        samples=[
            images((2, 4, 3), (3, 2, 3), stride=(2,), pad=(1,), output_padding=(0,)),
            images(
                (2, 4, 2), (3, 2, 2), "same-and-output-padding", stride=(2,), pad=(1,), output_padding=(1,), edge=True
            ),
            images((2, 3, 2), (2, 3, 2), "output-padding-alone", stride=(3,), pad=(0,), output_padding=(2,), edge=True),
            images((1, 3, 2), (4, 3, 2), "even-window", stride=(2,), pad=(2,), output_padding=(0,)),
        ],
        sources=(TORCH.format("ConvTranspose1d"), KERAS.format("convolution1d_transpose")),
    ),
    Case(
        "conv2d_transpose_output_padding",
        "contraction",
        lambda x, kernel, bias, *, stride, pad, output_padding: ref.transposed(
            x, kernel, bias, stride=stride, padding=pad, output_padding=output_padding
        ),
        vjp=lambda c, x, kernel, bias, *, stride, pad, output_padding: ref.transposed_vjp(
            c, x, kernel, bias, stride=stride, padding=pad, output_padding=output_padding
        ),
        torch=[
            lambda torch, x, kernel, bias, stride, pad, output_padding: last(
                torch.nn.functional.conv_transpose2d(first(x), weight(kernel), bias, stride, pad, output_padding)
            ),
            lambda torch, x, kernel, bias, stride, pad, output_padding: last(
                torch.func.functional_call(
                    torch.nn.ConvTranspose2d(
                        x.shape[3], kernel.shape[2], kernel.shape[:2], stride, pad, output_padding
                    ),
                    {"weight": weight(kernel), "bias": bias},
                    (first(x),),
                )
            ),
        ],
        tensorflow=[
            tf_cut,
            KerasLayer(
                lambda tf, x, kernel, bias, stride, pad, output_padding: tf.keras.layers.Conv2DTranspose(
                    kernel.shape[2],
                    kernel.shape[:2],
                    stride,
                    keras_padding(pad),
                    output_padding=output_padding,
                    dtype=x.dtype,
                )
            ),
        ],
        samples=[
            images((2, 3, 3, 3), (3, 3, 2, 3), stride=(2, 2), pad=(1, 1), output_padding=(0, 0)),
            images(
                (2, 2, 3, 2),
                (3, 3, 2, 2),
                "same-and-output-padding",
                stride=(2, 3),
                pad=(1, 1),
                output_padding=(1, 1),
                edge=True,
            ),
            images(
                (2, 2, 3, 2),
                (2, 3, 2, 2),
                "output-padding-alone",
                stride=(2, 3),
                pad=(0, 0),
                output_padding=(1, 2),
                edge=True,
            ),
            images(
                (1, 2, 1, 2),
                (3, 3, 2, 2),
                "all-but-two-cut-off",
                stride=(1, 1),
                pad=(1, 1),
                output_padding=(0, 0),
                edge=True,
            ),
        ],
        sources=(TORCH.format("ConvTranspose2d"), KERAS.format("convolution2d_transpose")),
    ),
    Case(
        "conv3d_transpose_output_padding",
        "contraction",
        lambda x, kernel, bias, *, stride, pad, output_padding: ref.transposed(
            x, kernel, bias, stride=stride, padding=pad, output_padding=output_padding
        ),
        vjp=lambda c, x, kernel, bias, *, stride, pad, output_padding: ref.transposed_vjp(
            c, x, kernel, bias, stride=stride, padding=pad, output_padding=output_padding
        ),
        torch=[
            lambda torch, x, kernel, bias, stride, pad, output_padding: last(
                torch.nn.functional.conv_transpose3d(first(x), weight(kernel), bias, stride, pad, output_padding)
            ),
        ],
        tensorflow=[
            tf_cut,
            KerasLayer(
                lambda tf, x, kernel, bias, stride, pad, output_padding: tf.keras.layers.Conv3DTranspose(
                    kernel.shape[3],
                    kernel.shape[:3],
                    stride,
                    keras_padding(pad),
                    output_padding=output_padding,
                    dtype=x.dtype,
                )
            ),
        ],
        samples=[
            images((2, 2, 2, 2, 2), (3, 1, 3, 2, 2), stride=(2, 1, 2), pad=(1, 0, 1), output_padding=(0, 0, 0)),
            images(
                (1, 1, 2, 1, 2),
                (2, 2, 2, 1, 2),
                "one-channel-out",
                stride=(2, 2, 2),
                pad=(0, 0, 0),
                output_padding=(0, 0, 0),
                edge=True,
            ),
            images(
                (1, 2, 2, 2, 2),
                (3, 3, 1, 2, 2),
                "same-and-output-padding",
                stride=(2, 1, 2),
                pad=(1, 1, 0),
                output_padding=(1, 0, 0),
                edge=True,
            ),
            images(
                (1, 2, 1, 2, 2),
                (2, 2, 1, 2, 2),
                "output-padding-alone",
                stride=(2, 1, 2),
                pad=(0, 0, 0),
                output_padding=(1, 0, 1),
                edge=True,
            ),
        ],
        sources=(TORCH.format("ConvTranspose3d"), KERAS.format("convolution3d_transpose")),
    ),
    Case(
        "conv2d_transpose_dilated",
        "contraction",
        lambda x, kernel, bias, *, stride, dilation: ref.transposed(
            x, kernel, bias, stride=stride, padding=(0, 0), dilation=dilation
        ),
        vjp=lambda c, x, kernel, bias, *, stride, dilation: ref.transposed_vjp(
            c, x, kernel, bias, stride=stride, padding=(0, 0), dilation=dilation
        ),
        torch=[
            lambda torch, x, kernel, bias, stride, dilation: last(
                torch.nn.functional.conv_transpose2d(first(x), weight(kernel), bias, stride, dilation=dilation)
            ),
            lambda torch, x, kernel, bias, stride, dilation: last(
                torch.func.functional_call(
                    torch.nn.ConvTranspose2d(x.shape[3], kernel.shape[2], kernel.shape[:2], stride, dilation=dilation),
                    {"weight": weight(kernel), "bias": bias},
                    (first(x),),
                )
            ),
        ],
        tensorflow=[
            tf_spread,
            lambda tf, x, kernel, bias, stride, dilation: (
                tf.keras.ops.conv_transpose(x, kernel, stride, "valid", None, None, dilation) + bias
            ),
        ],
        samples=[
            images((2, 3, 3, 2), (2, 3, 3, 2), stride=(1, 1), dilation=(2, 1)),
            images((1, 2, 3, 2), (3, 2, 2, 2), "strided-too", stride=(2, 1), dilation=(2, 3), edge=True),
            images((2, 1, 1, 2), (2, 2, 2, 2), "one-pixel", stride=(1, 1), dilation=(3, 2), edge=True),
            images((1, 4, 2, 2), (2, 3, 3, 2), "wide-window", stride=(1, 1), dilation=(1, 2), edge=True),
            images((1, 4, 2, 1), (1, 3, 2, 1), "one-channel-in", stride=(1, 1), dilation=(1, 2), edge=True),
        ],
        sources=(TORCH.format("ConvTranspose2d"), KERAS.format("convolution2d_transpose")),
    ),
    Case(
        "conv2d_transpose_grouped",
        "contraction",
        lambda x, kernel, bias, *, stride, groups: ref.transposed(
            x, kernel, bias, stride=stride, padding="valid", groups=groups
        ),
        vjp=lambda c, x, kernel, bias, *, stride, groups: ref.transposed_vjp(
            c, x, kernel, bias, stride=stride, padding="valid", groups=groups
        ),
        torch=[
            lambda torch, x, kernel, bias, stride, groups: last(
                torch.nn.functional.conv_transpose2d(
                    first(x), weight(kernel), bias, stride, *numbers(kernel, stride, "valid"), groups=groups
                )
            ),
            lambda torch, x, kernel, bias, stride, groups: last(
                torch.func.functional_call(
                    torch.nn.ConvTranspose2d(
                        x.shape[3],
                        len(bias),
                        kernel.shape[:2],
                        stride,
                        *numbers(kernel, stride, "valid"),
                        groups=groups,
                    ),
                    {"weight": weight(kernel), "bias": bias},
                    (first(x),),
                )
            ),
        ],
        tensorflow=[tf_by_groups],
        samples=[
            images((2, 3, 2, 4), (2, 3, 3, 4), stride=(1, 1), groups=2),
            images((2, 2, 2, 6), (3, 2, 1, 6), "strided", stride=(2, 2), groups=3),
            images((1, 2, 2, 3), (2, 2, 2, 3), "as-many-groups-as-channels", stride=(1, 2), groups=3, edge=True),
            images((1, 2, 2, 3), (2, 2, 2, 3), "bad-sizes-channels", stride=(1, 1), groups=2, **BAD),
        ],
        sources=(TORCH.format("ConvTranspose2d"),),
    ),
    Case(
        "conv2d_transpose_channels_first",
        "contraction",
        ref.transposed_channels_first,
        vjp=ref.transposed_channels_first_vjp,
        torch=[
            lambda torch, x, kernel, bias, stride, padding: shortened(
                torch.nn.functional.conv_transpose2d(
                    x, weight(kernel), bias, stride, *numbers(kernel, stride, padding)
                ),
                x.movedim(1, -1),
                stride,
                padding,
            ),
        ],
        tensorflow=[
            tf_channels_first,
            KerasLayer(
                lambda tf, x, kernel, bias, stride, padding: tf.keras.layers.Conv2DTranspose(
                    kernel.shape[2], kernel.shape[:2], stride, padding, data_format="channels_first", dtype=x.dtype
                )
            ),
        ],
        samples=[
            images((2, 3, 2, 3), (3, 2, 2, 3), stride=(1, 1), **V),
            images((2, 2, 3, 2), (3, 2, 3, 2), "same-strided", stride=(2, 2), edge=True, **S),
            images((1, 2, 1, 1), (2, 3, 2, 2), "one-pixel", stride=(2, 1), edge=True, **V),
            # Its gradient is that of a strided convolution, which of fewer than 16 channels destroys memory.
            images((1, 1, 3, 4), (1, 1, 16, 1), "window-of-one", stride=(1, 2), edge=True, **V),
        ],
        sources=(TORCH.format("ConvTranspose2d"), KERAS.format("convolution2d_transpose")),
    ),
)
