"""Windows of an image by themselves, and their sum."""

from typing import Any

from conformance.case import Case
from conformance.catalogue.convolution_shared import TORCH, first
from conformance.reference import convolution as ref
from fixtures.samples import normal


def torch_patches(torch, x, window, stride, padding, dilation):
    """torch.nn.functional.unfold has channels before the places in a window, and all windows on one axis."""
    x = spread_same(torch, first(x), window, stride, padding, dilation)
    parts = torch.nn.functional.unfold(x, window, dilation, stride=stride).unflatten(1, (x.shape[1], -1))
    rows = (x.shape[2] - (window[0] - 1) * dilation[0] - 1) // stride[0] + 1
    return parts.permute(0, 3, 2, 1).flatten(2).unflatten(1, (rows, -1))


def torch_strides(torch, x, window, stride, padding, dilation):
    """Tensor.unfold, one axis after the other: a view. It has no dilation, so it takes all and leaves some out."""
    x = spread_same(torch, first(x), window, stride, padding, dilation)
    for axis, (k, s, d) in enumerate(zip(window, stride, dilation, strict=True), 2):
        x = x.unfold(axis, (k - 1) * d + 1, s)[..., ::d]
    return x.movedim(1, -1).flatten(1 + len(window))


def spread_same(torch: Any, x: Any, window: Any, stride: Any, padding: str, dilation: Any) -> Any:
    pads: list[int] = []
    for n, k, s, d in zip(x.shape[2:], window, stride, dilation, strict=True):
        total = max((-(-n // s) - 1) * s + (k - 1) * d + 1 - n, 0) if padding == "same" else 0
        pads = [total // 2, total - total // 2, *pads]
    return torch.nn.functional.pad(x, pads)


def tf_by_transposed_convolution(tf, parts, size, window, stride, padding, dilation):
    """With a kernel that puts every element at its place in the window, at every offset of which it is 1 or 0."""
    sides = list(zip(size, window, stride, padding, dilation, strict=True))
    places = [(n + 2 * p - (k - 1) * d - 1) // s + 1 for n, k, s, p, d in sides]
    full = [(m - 1) * s + (k - 1) * d + 1 for m, (_, k, s, _, d) in zip(places, sides, strict=True)]
    channels, offsets = tf.shape(parts)[1] // (window[0] * window[1]), window[0] * window[1]
    taps = [tf.one_hot(tf.range(k) * d, (k - 1) * d + 1, dtype=parts.dtype) for _, k, _, _, d in sides]
    kernel = tf.einsum("iy,jx,cd->yxcdij", *taps, tf.eye(channels, dtype=parts.dtype))
    kernel = tf.reshape(kernel, [*kernel.shape[:2], channels, channels * offsets])
    grid = tf.transpose(tf.reshape(parts, [-1, tf.shape(parts)[1], *places]), [0, 2, 3, 1])
    y = tf.nn.conv2d_transpose(grid, kernel, [tf.shape(grid)[0], *full, channels], stride, "VALID")
    ends = [(0, max(n + 2 * p - m, 0)) for (n, _, _, p, _), m in zip(sides, full, strict=True)]
    y = tf.pad(y, [[0, 0], *ends, [0, 0]])[:, padding[0] : padding[0] + size[0], padding[1] : padding[1] + size[1]]
    return tf.transpose(y, [0, 3, 1, 2])


ONE = (1, 1)
V: dict[str, Any] = {"padding": "valid"}
S: dict[str, Any] = {"padding": "same"}
BAD: dict[str, Any] = {"edge": True, "raises": True}

CASES = (
    Case(
        "patches_as_channels",
        "selection",
        ref.patches,
        vjp=ref.patches_vjp,
        torch=[torch_patches, torch_strides],
        tensorflow=[
            lambda tf, x, window, stride, padding, dilation: tf.image.extract_patches(
                x, (1, *window, 1), (1, *stride, 1), (1, *dilation, 1), padding.upper()
            ),
            lambda tf, x, window, stride, padding, dilation: tf.keras.ops.image.extract_patches(
                x, window, stride, dilation, padding
            ),
        ],
        samples=[
            normal((2, 4, 5, 2), window=(2, 3), stride=ONE, dilation=ONE, **V),
            normal((2, 5, 4, 2), name="same-strided", window=(3, 2), stride=(2, 2), dilation=ONE, **S),
            normal((1, 5, 5, 2), name="dilated", window=(2, 2), stride=ONE, dilation=(2, 3), edge=True, **V),
            normal((1, 4, 4, 1), name="with-gaps", window=ONE, stride=(3, 2), dilation=ONE, edge=True, **V),
            normal(
                (1, 3, 2, 2), name="window-as-large-as-input", window=(3, 2), stride=ONE, dilation=ONE, edge=True, **V
            ),
            normal(
                (1, 3, 2, 2),
                name="bad-sizes-window-larger-than-input",
                window=(4, 2),
                stride=ONE,
                dilation=ONE,
                **BAD,
                **V,
            ),
        ],
        sources=(
            "https://www.tensorflow.org/api_docs/python/tf/image/extract_patches",
            "https://docs.pytorch.org/docs/stable/generated/torch.nn.Unfold.html",
        ),
    ),
    Case(
        "extract_patches_3d",
        "selection",
        ref.patches,
        vjp=ref.patches_vjp,
        torch=[torch_strides],
        tensorflow=[
            lambda tf, x, window, stride, padding, dilation: tf.keras.ops.image.extract_patches_3d(
                x, window, stride, dilation, padding
            ),
            lambda tf, x, window, stride, padding, dilation: tf.keras.ops.image.extract_patches(
                x, window, stride, dilation, padding
            ),
        ],
        samples=[
            normal((2, 3, 3, 2, 2), window=(2, 2, 1), stride=(1, 1, 1), dilation=(1, 1, 1), **V),
            normal((1, 3, 2, 4, 2), name="same-strided", window=(2, 2, 3), stride=(2, 1, 2), dilation=(1, 1, 1), **S),
            normal(
                (1, 3, 3, 2, 1), name="dilated", window=(2, 2, 2), stride=(1, 1, 1), dilation=(2, 1, 1), edge=True, **V
            ),
            normal(
                (1, 1, 1, 1, 1),
                name="one-element",
                window=(1, 1, 1),
                stride=(1, 1, 1),
                dilation=(1, 1, 1),
                edge=True,
                **V,
            ),
        ],
        sources=("https://keras.io/api/ops/image/",),
    ),
    Case(
        "unfold_images",
        "selection",
        ref.unfold,
        vjp=ref.unfold_vjp,
        torch=[
            lambda torch, x, window, stride, padding, dilation: torch.nn.functional.unfold(
                x, window, dilation, padding, stride
            ),
            lambda torch, x, window, stride, padding, dilation: torch.nn.Unfold(window, dilation, padding, stride)(x),
        ],
        tensorflow=[
            lambda tf, x, window, stride, padding, dilation: tf.keras.ops.unfold(x, window, dilation, padding, stride),
        ],
        samples=[
            normal((2, 2, 4, 5), window=(2, 3), stride=ONE, padding=(0, 0), dilation=ONE),
            normal((2, 2, 5, 4), name="padded-strided", window=(3, 2), stride=(2, 1), padding=(1, 2), dilation=ONE),
            normal((1, 2, 5, 5), name="dilated", window=(2, 2), stride=ONE, padding=(1, 0), dilation=(2, 3), edge=True),
            normal(
                (1, 2, 3, 2),
                name="window-as-large-as-input",
                window=(3, 2),
                stride=(2, 2),
                padding=(0, 0),
                dilation=ONE,
                edge=True,
            ),
            normal(
                (1, 2, 3, 2),
                name="bad-sizes-window-larger-than-input",
                window=(4, 2),
                stride=ONE,
                padding=(0, 0),
                dilation=ONE,
                **BAD,
            ),
            normal((2, 1, 1, 3, 2), name="bad-rank", window=(2, 2), stride=ONE, padding=(0, 0), dilation=ONE, **BAD),
        ],
        sources=(TORCH.format("Unfold"), "https://keras.io/api/ops/nn/"),
    ),
    Case(
        "fold_images",
        "reduction",
        ref.fold,
        vjp=ref.fold_vjp,
        torch=[
            lambda torch, parts, size, window, stride, padding, dilation: torch.nn.functional.fold(
                parts, size, window, dilation, padding, stride
            ),
            lambda torch, parts, size, window, stride, padding, dilation: torch.nn.Fold(
                size, window, dilation, padding, stride
            )(parts),
        ],
        # Not tf.keras.ops.fold: it is traced anew for each call, half a second.
        tensorflow=[tf_by_transposed_convolution],
        samples=[
            normal((2, 12, 9), size=(4, 5), window=(2, 3), stride=ONE, padding=(0, 0), dilation=ONE),
            normal(
                (2, 12, 21),
                name="padded-strided",
                size=(5, 4),
                window=(3, 2),
                stride=(2, 1),
                padding=(1, 2),
                dilation=ONE,
            ),
            normal(
                (1, 8, 10),
                name="dilated",
                size=(5, 5),
                window=(2, 2),
                stride=ONE,
                padding=(1, 0),
                dilation=(2, 3),
                edge=True,
            ),
            normal(
                (2, 4, 4),
                name="gaps-stay-zero",
                size=(5, 5),
                window=(2, 2),
                stride=(3, 3),
                padding=(0, 0),
                dilation=ONE,
                edge=True,
            ),
            normal(
                (2, 4, 5),
                name="bad-sizes",
                size=(5, 5),
                window=(2, 2),
                stride=(3, 3),
                padding=(0, 0),
                dilation=ONE,
                **BAD,
            ),
            normal(
                (2, 5, 4),
                name="bad-sizes-channels",
                size=(5, 5),
                window=(2, 2),
                stride=(3, 3),
                padding=(0, 0),
                dilation=ONE,
                **BAD,
            ),
        ],
        sources=(TORCH.format("Fold"), "https://keras.io/api/ops/nn/"),
    ),
)
