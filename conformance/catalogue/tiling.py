"""Padding, repeating, turning, and blocks of images."""

from typing import Any

import numpy as np

from conformance.case import DTYPES, Case
from conformance.catalogue.arranging import NUMBERS, TF, TORCH, empty, focused, specials
from conformance.reference import arranging as ref
from conformance.reference.arranging import adjoint
from fixtures.samples import normal, sample


def last_first(pads):
    """Padding as torch.nn.functional.pad takes it: the last axis first."""
    return [n for pair in reversed(pads) for n in pair]


def torch_pad(torch, x, pads, mode):
    """Modes other than constant are for (batch, channels, ...)."""
    return torch.nn.functional.pad(x[None, None], last_first(pads), mode=mode)[0, 0]


def torch_reflection_layer(torch, x, pads):
    layer = (torch.nn.ReflectionPad1d, torch.nn.ReflectionPad2d)[x.ndim - 1]
    return layer(tuple(last_first(pads)))(x[None, None])[0, 0]


def torch_replication_layer(torch, x, pads):
    layer = (torch.nn.ReplicationPad1d, torch.nn.ReplicationPad2d)[x.ndim - 1]
    return layer(tuple(last_first(pads)))(x[None, None])[0, 0]


def torch_circular_layer(torch, x, pads):
    layer = (torch.nn.CircularPad1d, torch.nn.CircularPad2d)[x.ndim - 1]
    return layer(tuple(last_first(pads)))(x[None, None])[0, 0]


def torch_roll_by_slices(torch, x, shift, axis):
    for s, a in zip(shift, axis, strict=True):
        n = x.shape[a]
        x = torch.cat((x.narrow(a, n - s % n, s % n), x.narrow(a, 0, n - s % n)), a)
    return x


def torch_reverse_sequence(torch, x, lengths):
    t = torch.arange(x.shape[1])
    return torch.gather(x, 1, torch.where(t < lengths[:, None], lengths[:, None] - 1 - t, t))


def torch_symmetric(torch, x, pads):
    for axis, (before, after) in enumerate(pads):
        n = x.shape[axis]
        ends = (x.narrow(axis, 0, before).flip(axis), x, x.narrow(axis, n - after, after).flip(axis))
        x = torch.cat(ends, axis)
    return x


def tf_replicate(tf, x, pads):
    for axis, (before, after) in enumerate(pads):
        n = tf.shape(x)[axis]
        x = tf.gather(x, tf.clip_by_value(tf.range(-before, n + after), 0, n - 1), axis=axis)
    return x


def tf_circular(tf, x, pads):
    for axis, (before, after) in enumerate(pads):
        n = tf.shape(x)[axis]
        x = tf.gather(x, tf.range(-before, n + after) % n, axis=axis)
    return x


def tf_crop(tf, x, crops):
    begin = [a for a, _ in crops]
    return tf.slice(x, begin, tf.shape(x) - tf.reduce_sum(crops, 1))


def torch_space_to_depth(torch, x, size):
    """torch keeps the pixels of a channel together, TensorFlow the channels of a pixel."""
    y = torch.nn.functional.pixel_unshuffle(x.permute(0, 3, 1, 2), size)
    return y.unflatten(1, (x.shape[3], size * size)).permute(0, 3, 4, 2, 1).flatten(3)


def torch_depth_to_space(torch, x, size):
    y = x.unflatten(3, (size * size, -1)).permute(0, 4, 3, 1, 2).flatten(1, 2)
    return torch.nn.functional.pixel_shuffle(y, size).permute(0, 2, 3, 1)


def torch_space_to_batch(torch, x, size, pads):
    x = torch.nn.functional.pad(x, last_first((*pads, (0, 0))))
    n, h, w, c = x.shape
    return x.reshape(n, h // size, size, w // size, size, c).permute(2, 4, 0, 1, 3, 5).flatten(0, 2)


def torch_batch_to_space(torch, x, size, crops):
    b, h, w, c = x.shape
    x = x.reshape(size, size, b // (size * size), h, w, c).permute(2, 3, 0, 4, 1, 5)
    whole = x.reshape(-1, h * size, w * size, c)
    return torch.nn.functional.pad(whole, last_first([(-a, -b) for a, b in (*crops, (0, 0))]))


def tf_unfold(tf, x, size, stride, dilation, padding):
    """tf.image.extract_patches has channels fastest, and windows where their first pixel is."""
    n, c, *_ = tf.unstack(tf.shape(x))
    images = tf.pad(tf.transpose(x, [0, 2, 3, 1]), [(0, 0), *((p, p) for p in padding), (0, 0)])
    y = tf.image.extract_patches(images, [1, *size, 1], [1, *stride, 1], [1, *dilation, 1], "VALID")
    windows = tf.shape(y)[1] * tf.shape(y)[2]
    return tf.reshape(tf.transpose(tf.reshape(y, [n, windows, -1, c]), [0, 3, 2, 1]), [n, -1, windows])


def tf_fold(tf, x, shape, size, stride):
    """What `tf_unfold` takes from each pixel is added to it."""
    n, channels = tf.shape(x)[0], tf.shape(x)[1] // (size[0] * size[1])
    pixels = tf.reshape(tf.range(n * channels * shape[0] * shape[1]), [n, channels, *shape])
    places = tf_unfold(tf, pixels, size, stride, (1, 1), (0, 0))
    return tf.reshape(tf.math.unsorted_segment_sum(x, places, tf.size(pixels)), tf.shape(pixels))


def torch_extract_patches(torch, x, size, stride, dilation):
    n, _, _, c = x.shape
    rows, columns = (
        (length - (s - 1) * d - 1) // step + 1
        for length, s, d, step in zip(x.shape[1:3], size, dilation, stride, strict=True)
    )
    y = torch.nn.functional.unfold(x.permute(0, 3, 1, 2), size, dilation, stride=stride)
    return y.reshape(n, c, -1, rows, columns).permute(0, 3, 4, 2, 1).flatten(3)


WINDOWS: dict[str, Any] = {"size": (2, 3), "stride": (1, 1), "dilation": (1, 1)}
EXTRACTED = focused(
    normal((2, 4, 5, 3), **WINDOWS),
    normal((1, 5, 7, 2), size=(2, 2), stride=(2, 3), dilation=(1, 1), name="strided"),
    normal((1, 5, 6, 1), size=(2, 2), stride=(1, 1), dilation=(2, 3), name="dilated"),
    normal((1, 2, 3, 2), **WINDOWS, name="one-window", edge=True),
)

PADDING = (
    Case(
        "pad_constant",
        "selection",
        ref.pad_constant,
        vjp=adjoint(ref.pad_constant, value=0),
        torch=[
            lambda torch, x, pads, value: torch.nn.functional.pad(x, last_first(pads), value=value),
            lambda torch, x, pads, value: torch.constant_pad_nd(x, last_first(pads), value),
        ],
        tensorflow=[
            lambda tf, x, pads, value: tf.pad(x, pads, constant_values=tf.cast(value, x.dtype)),
            lambda tf, x, pads, value: tf.keras.ops.pad(x, pads, constant_values=value),
        ],
        jax=[lambda jax, x, pads, value: jax.numpy.pad(x, pads, constant_values=value)],
        samples=focused(
            normal((3, 4), pads=((1, 2), (0, 3)), value=0),
            normal((3, 4), pads=((1, 0), (2, 1)), value=5, name="with-a-value"),
            normal((1, 1), pads=((0, 0), (0, 0)), value=1, name="nothing", edge=True),
            empty((0, 3), pads=((1, 1), (0, 0)), value=0),
            specials(8, pads=((1, 1),), value=1),
        ),
        dtypes=DTYPES,
        sources=(f"{TORCH}nn.functional.pad.html", f"{TF}pad"),
    ),
    Case(
        "pad_reflect",
        "selection",
        ref.pad_reflect,
        vjp=adjoint(ref.pad_reflect),
        torch=[lambda torch, x, pads: torch_pad(torch, x, pads, "reflect"), torch_reflection_layer],
        tensorflow=[
            lambda tf, x, pads: tf.pad(x, pads, "REFLECT"),
            lambda tf, x, pads: tf.keras.ops.pad(x, pads, "reflect"),
        ],
        jax=[lambda jax, x, pads: jax.numpy.pad(x, pads, "reflect")],
        samples=focused(
            normal((4, 5), pads=((1, 2), (3, 0))),
            normal((3,), pads=((2, 2),), name="as-far-as-possible", edge=True),
            specials(8, pads=((3, 3),)),
        ),
        dtypes=NUMBERS,
        sources=(f"{TORCH}nn.ReflectionPad2d.html", f"{TF}pad"),
    ),
    Case(
        "pad_symmetric",
        "selection",
        ref.pad_symmetric,
        vjp=adjoint(ref.pad_symmetric),
        # torch has no such mode.
        torch=[torch_symmetric],
        tensorflow=[
            lambda tf, x, pads: tf.pad(x, pads, "SYMMETRIC"),
            lambda tf, x, pads: tf.keras.ops.pad(x, pads, "symmetric"),
        ],
        jax=[lambda jax, x, pads: jax.numpy.pad(x, pads, "symmetric")],
        samples=focused(
            normal((4, 5), pads=((1, 2), (3, 0))),
            normal((3,), pads=((3, 3),), name="as-far-as-possible", edge=True),
            specials(8, pads=((3, 3),)),
        ),
        dtypes=NUMBERS,
        sources=(f"{TF}pad",),
    ),
    Case(
        "pad_replicate",
        "selection",
        ref.pad_replicate,
        vjp=adjoint(ref.pad_replicate),
        # TensorFlow has no such mode.
        torch=[lambda torch, x, pads: torch_pad(torch, x, pads, "replicate"), torch_replication_layer],
        tensorflow=[tf_replicate],
        jax=[lambda jax, x, pads: jax.numpy.pad(x, pads, "edge")],
        samples=focused(
            normal((4, 5), pads=((1, 2), (3, 0))),
            normal((1,), pads=((3, 2),), name="one-element", edge=True),
            specials(8, pads=((3, 3),)),
        ),
        sources=(f"{TORCH}nn.ReplicationPad2d.html",),
    ),
    Case(
        "pad_circular",
        "selection",
        ref.pad_circular,
        vjp=adjoint(ref.pad_circular),
        # TensorFlow has no such mode.
        torch=[lambda torch, x, pads: torch_pad(torch, x, pads, "circular"), torch_circular_layer],
        tensorflow=[tf_circular],
        jax=[lambda jax, x, pads: jax.numpy.pad(x, pads, "wrap")],
        samples=focused(
            normal((4, 5), pads=((1, 2), (3, 0))),
            normal((3,), pads=((3, 3),), name="as-far-as-possible", edge=True),
            specials(8, pads=((3, 3),)),
        ),
        sources=(f"{TORCH}nn.CircularPad2d.html",),
    ),
    Case(
        "crop",
        "selection",
        ref.crop,
        vjp=adjoint(ref.crop),
        torch=[
            lambda torch, x, crops: torch.nn.functional.pad(x, last_first([(-a, -b) for a, b in crops])),
            lambda torch, x, crops: x[tuple(slice(a, n - b) for n, (a, b) in zip(x.shape, crops, strict=True))],
        ],
        tensorflow=[
            tf_crop,
            lambda tf, x, crops: x[tuple(slice(a, -b or None) for a, b in crops)],
        ],
        jax=[lambda jax, x, crops: jax.lax.pad(x, x.dtype.type(0), [(-a, -b, 0) for a, b in crops])],
        samples=focused(
            normal((4, 5), crops=((1, 1), (0, 3))),
            normal((4,), crops=((0, 0),), name="nothing", edge=True),
            normal((3, 2), crops=((1, 2), (0, 0)), name="to-empty", edge=True),
        ),
        dtypes=NUMBERS,
        sources=(f"{TORCH}nn.functional.pad.html", f"{TF}slice"),
    ),
)

REPEATING = (
    Case(
        "tile",
        "selection",
        ref.tile,
        vjp=adjoint(ref.tile),
        torch=[
            lambda torch, x, multiples: torch.tile(x, multiples),
            lambda torch, x, multiples: x.repeat(multiples),
        ],
        tensorflow=[
            lambda tf, x, multiples: tf.tile(x, multiples),
            lambda tf, x, multiples: tf.keras.ops.tile(x, multiples),
        ],
        jax=[lambda jax, x, multiples: jax.numpy.tile(x, multiples)],
        samples=focused(
            normal((2, 3), multiples=(2, 3)),
            normal((2, 3), multiples=(1, 1), name="once"),
            normal((2, 3), multiples=(0, 2), name="to-empty", edge=True),
            empty((0, 3), multiples=(2, 1)),
            specials(8, multiples=(2,)),
        ),
        dtypes=DTYPES,
        sources=(f"{TORCH}tile.html", f"{TF}tile"),
    ),
    Case(
        "repeat",
        "selection",
        ref.repeat,
        vjp=adjoint(ref.repeat),
        torch=[
            lambda torch, x, repeats, axis: torch.repeat_interleave(
                x, repeats if isinstance(repeats, int) else torch.tensor(repeats), axis
            )
        ],
        tensorflow=[
            lambda tf, x, repeats, axis: tf.repeat(x, repeats, axis),
            lambda tf, x, repeats, axis: tf.keras.ops.repeat(x, repeats, axis),
        ],
        jax=[lambda jax, x, repeats, axis: jax.numpy.repeat(x, np.asarray(repeats), axis)],
        samples=focused(
            normal((2, 3), repeats=2, axis=1),
            normal((3, 2), repeats=(2, 0, 3), axis=0, name="its-own-number-each"),
            normal((2, 3), repeats=(1, 4, 1), axis=-1, name="negative-axis"),
            normal((2, 3), repeats=0, axis=0, name="to-empty", edge=True),
        ),
        dtypes=NUMBERS,
        sources=(f"{TORCH}repeat_interleave.html", f"{TF}repeat"),
    ),
    Case(
        "flip",
        "selection",
        ref.flip,
        vjp=adjoint(ref.flip),
        torch=[lambda torch, x, axis: torch.flip(x, axis)],
        tensorflow=[
            lambda tf, x, axis: tf.reverse(x, axis),
            lambda tf, x, axis: tf.keras.ops.flip(x, axis),
        ],
        jax=[lambda jax, x, axis: jax.numpy.flip(x, axis)],
        samples=focused(
            normal((3, 4), axis=(0,)),
            normal((3, 4, 2), axis=(0, -1), name="two-axes"),
            normal((1, 3), axis=(0,), name="one-element", edge=True),
            empty((0, 3), axis=(0, 1)),
            specials(8, axis=(0,)),
        ),
        dtypes=DTYPES,
        sources=(f"{TORCH}flip.html", f"{TF}reverse"),
    ),
    Case(
        "rot90",
        "selection",
        ref.rot90,
        vjp=adjoint(ref.rot90),
        torch=[lambda torch, x, k, axes: torch.rot90(x, k, axes)],
        tensorflow=[
            lambda tf, x, k, axes: tf.keras.ops.rot90(x, k, axes),
            lambda tf, x, k, axes: tf.experimental.numpy.rot90(x, k, axes),
        ],
        jax=[lambda jax, x, k, axes: jax.numpy.rot90(x, k, axes)],
        samples=focused(
            normal((3, 4), k=1, axes=(0, 1)),
            normal((3, 2, 4), k=-1, axes=(2, 0), name="clockwise"),
            normal((3, 4), k=2, axes=(0, 1), name="twice"),
            normal((3, 4), k=-7, axes=(1, 0), name="many-turns", edge=True),
        ),
        dtypes=NUMBERS,
        sources=(f"{TORCH}rot90.html", "https://numpy.org/doc/stable/reference/generated/numpy.rot90.html"),
    ),
    Case(
        "roll",
        "selection",
        ref.roll,
        vjp=adjoint(ref.roll),
        torch=[lambda torch, x, shift, axis: torch.roll(x, shift, axis), torch_roll_by_slices],
        tensorflow=[
            lambda tf, x, shift, axis: tf.roll(x, shift, axis),
            lambda tf, x, shift, axis: tf.keras.ops.roll(x, shift, axis),
        ],
        jax=[lambda jax, x, shift, axis: jax.numpy.roll(x, shift, axis)],
        samples=focused(
            normal((5, 3), shift=(2,), axis=(0,)),
            normal((5, 3, 2), shift=(-1, 2), axis=(0, -2), name="several-axes"),
            normal((5,), shift=(12,), axis=(0,), name="more-than-once-around", edge=True),
            normal((5, 2), shift=(-7, 0), axis=(0, 1), name="backwards", edge=True),
        ),
        dtypes=NUMBERS,
        sources=(f"{TORCH}roll.html", f"{TF}roll"),
    ),
    Case(
        "roll_flat",
        "selection",
        ref.roll_flat,
        vjp=adjoint(ref.roll_flat),
        torch=[lambda torch, x, shift: torch.roll(x, shift)],
        tensorflow=[
            lambda tf, x, shift: tf.keras.ops.roll(x, shift),
            lambda tf, x, shift: tf.experimental.numpy.roll(x, shift),
        ],
        jax=[lambda jax, x, shift: jax.numpy.roll(x, shift)],
        samples=focused(
            normal((3, 4), shift=5),
            normal((3, 4), shift=-3, name="backwards"),
            normal((2, 2), shift=0, name="nothing", edge=True),
        ),
        sources=(f"{TORCH}roll.html", "https://numpy.org/doc/stable/reference/generated/numpy.roll.html"),
    ),
    Case(
        "reverse_sequence",
        "selection",
        ref.reverse_sequence,
        vjp=adjoint(ref.reverse_sequence),
        torch=[torch_reverse_sequence],
        tensorflow=[lambda tf, x, lengths: tf.reverse_sequence(x, lengths, seq_axis=1, batch_axis=0)],
        samples=focused(
            sample("ragged", lambda rng: (rng.standard_normal((4, 6)), np.array([3, 6, 1, 4]))),
            sample("whole-rows", lambda rng: (rng.standard_normal((2, 5)), np.array([5, 5]))),
            sample("none", lambda rng: (rng.standard_normal((2, 5)), np.array([0, 1])), edge=True),
        ),
        dtypes=NUMBERS,
        sources=(f"{TF}reverse_sequence",),
    ),
)

BLOCKS = (
    Case(
        "space_to_depth",
        "selection",
        ref.space_to_depth,
        vjp=adjoint(ref.space_to_depth),
        torch=[torch_space_to_depth],
        tensorflow=[
            lambda tf, x, size: tf.nn.space_to_depth(x, size),
            lambda tf, x, size: tf.keras.ops.space_to_depth(x, size),
        ],
        samples=focused(
            normal((2, 4, 6, 3), size=2),
            normal((1, 3, 6, 1), size=3, name="one-channel"),
            normal((1, 2, 2, 2), size=2, name="one-block", edge=True),
        ),
        sources=(f"{TF}nn/space_to_depth",),
    ),
    Case(
        "depth_to_space",
        "selection",
        ref.depth_to_space,
        vjp=adjoint(ref.depth_to_space),
        torch=[torch_depth_to_space],
        tensorflow=[
            lambda tf, x, size: tf.nn.depth_to_space(x, size),
            lambda tf, x, size: tf.keras.ops.depth_to_space(x, size),
        ],
        samples=focused(
            normal((2, 2, 3, 12), size=2),
            normal((1, 2, 1, 9), size=3, name="to-one-channel"),
            normal((1, 1, 1, 8), size=2, name="one-block", edge=True),
        ),
        sources=(f"{TF}nn/depth_to_space",),
    ),
    Case(
        "pixel_unshuffle",
        "selection",
        ref.pixel_unshuffle,
        vjp=adjoint(ref.pixel_unshuffle),
        torch=[
            lambda torch, x, size: torch.nn.functional.pixel_unshuffle(x, size),
            lambda torch, x, size: torch.nn.PixelUnshuffle(size)(x),
        ],
        tensorflow=[lambda tf, x, size: tf.keras.ops.space_to_depth(x, size, data_format="channels_first")],
        samples=focused(
            normal((2, 1, 4, 6), size=2),
            normal((1, 3, 3, 6), size=3, name="several-channels"),
            normal((1, 2, 2, 2), size=2, name="one-block", edge=True),
            normal((0, 1, 4, 6), size=2, name="empty-batch", edge=True),
        ),
        sources=(f"{TORCH}nn.PixelUnshuffle.html", "https://keras.io/api/ops/nn/"),
    ),
    Case(
        "pixel_shuffle",
        "selection",
        ref.pixel_shuffle,
        vjp=adjoint(ref.pixel_shuffle),
        torch=[
            lambda torch, x, size: torch.nn.functional.pixel_shuffle(x, size),
            lambda torch, x, size: torch.nn.PixelShuffle(size)(x),
        ],
        tensorflow=[lambda tf, x, size: tf.keras.ops.depth_to_space(x, size, data_format="channels_first")],
        samples=focused(
            normal((2, 4, 2, 3), size=2),
            normal((1, 18, 2, 1), size=3, name="several-channels"),
            normal((1, 8, 1, 1), size=2, name="one-block", edge=True),
        ),
        sources=(f"{TORCH}nn.PixelShuffle.html", "https://doi.org/10.1109/CVPR.2016.207"),
    ),
    Case(
        "channel_shuffle",
        "selection",
        ref.channel_shuffle,
        vjp=adjoint(ref.channel_shuffle),
        torch=[
            lambda torch, x, groups: torch.nn.functional.channel_shuffle(x, groups),
            lambda torch, x, groups: torch.nn.ChannelShuffle(groups)(x),
        ],
        tensorflow=[
            lambda tf, x, groups: tf.keras.ops.rearrange(x, "n (g c) h w -> n (c g) h w", g=groups),
        ],
        samples=focused(
            normal((2, 6, 2, 3), groups=2),
            normal((1, 6, 2, 2), groups=3, name="more-groups"),
            normal((1, 4, 1, 1), groups=1, name="one-group", edge=True),
        ),
        sources=(f"{TORCH}nn.ChannelShuffle.html", "https://doi.org/10.1109/CVPR.2018.00716"),
    ),
    Case(
        "space_to_batch",
        "selection",
        ref.space_to_batch,
        vjp=adjoint(ref.space_to_batch),
        torch=[torch_space_to_batch],
        tensorflow=[lambda tf, x, size, pads: tf.space_to_batch(x, [size, size], pads)],
        samples=focused(
            normal((2, 4, 6, 2), size=2, pads=((0, 0), (0, 0))),
            normal((1, 4, 5, 1), size=3, pads=((1, 1), (0, 1)), name="padded"),
            normal((1, 2, 2, 1), size=2, pads=((0, 0), (0, 0)), name="one-block", edge=True),
        ),
        sources=(f"{TF}space_to_batch",),
    ),
    Case(
        "batch_to_space",
        "selection",
        ref.batch_to_space,
        vjp=adjoint(ref.batch_to_space),
        torch=[torch_batch_to_space],
        tensorflow=[lambda tf, x, size, crops: tf.batch_to_space(x, [size, size], crops)],
        samples=focused(
            normal((8, 2, 3, 2), size=2, crops=((0, 0), (0, 0))),
            normal((9, 2, 2, 1), size=3, crops=((1, 1), (0, 2)), name="cropped"),
            normal((4, 1, 1, 1), size=2, crops=((0, 0), (0, 0)), name="one-block", edge=True),
        ),
        sources=(f"{TF}batch_to_space",),
    ),
    Case(
        "unfold",
        "selection",
        ref.unfold,
        vjp=adjoint(ref.unfold),
        torch=[
            lambda torch, x, size, stride, dilation, padding: torch.nn.functional.unfold(
                x, size, dilation, padding, stride
            ),
            lambda torch, x, size, stride, dilation, padding: torch.nn.Unfold(size, dilation, padding, stride)(x),
        ],
        tensorflow=[
            tf_unfold,
            lambda tf, x, size, stride, dilation, padding: tf.keras.ops.unfold(x, size, dilation, padding, stride),
        ],
        samples=[
            normal((2, 3, 4, 5), padding=(0, 0), **WINDOWS),
            normal((1, 2, 4, 6), size=(3, 2), stride=(2, 1), dilation=(1, 2), padding=(1, 2), name="padded-dilated"),
            normal((1, 2, 2, 3), padding=(0, 0), **WINDOWS, name="one-window", edge=True),
        ],
        sources=(f"{TORCH}nn.Unfold.html",),
    ),
    Case(
        "fold",
        "reduction",
        ref.fold,
        vjp=ref.fold_vjp,
        torch=[
            lambda torch, x, shape, size, stride: torch.nn.functional.fold(x, shape, size, stride=stride),
            lambda torch, x, shape, size, stride: torch.nn.Fold(shape, size, stride=stride)(x),
        ],
        # Not tf.keras.ops.fold: its tf.vectorized_map takes 0.2 s for each call.
        tensorflow=[tf_fold],
        samples=[
            normal((2, 3 * 6, 9), shape=(4, 5), size=(2, 3), stride=(1, 1), name="overlapping"),
            normal((1, 2 * 4, 6), shape=(4, 6), size=(2, 2), stride=(2, 2), name="side-by-side"),
            normal((1, 4, 1), shape=(2, 2), size=(2, 2), stride=(1, 1), name="one-window", edge=True),
        ],
        sources=(f"{TORCH}nn.Fold.html",),
    ),
    Case(
        "extract_patches",
        "selection",
        ref.extract_patches,
        vjp=adjoint(ref.extract_patches),
        torch=[torch_extract_patches],
        tensorflow=[
            lambda tf, x, size, stride, dilation: tf.image.extract_patches(
                x, [1, *size, 1], [1, *stride, 1], [1, *dilation, 1], "VALID"
            ),
            lambda tf, x, size, stride, dilation: tf.keras.ops.image.extract_patches(
                x, size, stride, dilation, data_format="channels_last"
            ),
        ],
        samples=EXTRACTED,
        sources=(f"{TF}image/extract_patches",),
    ),
    Case(
        "frame",
        "selection",
        ref.frame,
        vjp=adjoint(ref.frame),
        torch=[lambda torch, x, size, step: x.unfold(-1, size, step)],
        tensorflow=[
            lambda tf, x, size, step: tf.signal.frame(x, size, step),
            lambda tf, x, size, step: tf.keras.ops.extract_sequences(x, size, step),
        ],
        samples=focused(
            normal((2, 11), size=4, step=2),
            normal((9,), size=2, step=3, name="with-gaps"),
            normal((2, 4), size=4, step=1, name="one-window", edge=True),
        ),
        dtypes=("float64", "float32", "int64"),
        sources=(f"{TORCH}Tensor.unfold.html", f"{TF}signal/frame"),
    ),
)

CASES: tuple[Case, ...] = (*PADDING, *REPEATING, *BLOCKS)
