"""Layers that move, repeat, pad and crop, and that mask. Channels are last here, unless an entry says otherwise."""

from typing import Any

import numpy as np

from conformance.case import Array, Case, KerasLayer
from conformance.catalogue.resizing_images import IMAGES
from conformance.catalogue.resizing_sampling import SAMPLING
from conformance.reference import resizing as ref
from conformance.reference.arranging import adjoint
from fixtures.samples import given, normal, sample

TORCH = "https://docs.pytorch.org/docs/stable/generated/torch."
TF = "https://www.tensorflow.org/api_docs/python/tf/"
KERAS = "https://keras.io/api/layers/reshaping_layers/"
BAD: dict[str, Any] = {"edge": True, "raises": True, "dtypes": ("float32",)}


def last_first(pads):
    """Pads as torch.nn.functional.pad takes them: those of the last axis first. Channels are last: they have none."""
    return [0, 0, *(n for pair in reversed(pads) for n in pair)]


def torch_padded_layer(torch, x, pads):
    layer = {1: torch.nn.ZeroPad1d, 2: torch.nn.ZeroPad2d, 3: torch.nn.ZeroPad3d}[len(pads)]
    return layer([n for pair in reversed(pads) for n in pair])(x.movedim(-1, 1)).movedim(1, -1)


def torch_cropped(torch, x, crops):
    for axis, (before, after) in enumerate(crops, 1):
        x = torch.narrow(x, axis, before, x.shape[axis] - before - after)
    return x


def torch_cropped_by_padding(torch, x, crops):
    """Negative padding removes."""
    return torch.nn.functional.pad(x, [0, 0, *(-n for pair in reversed(crops) for n in pair)])


def torch_middle(torch, x, size):
    for axis, m in enumerate(size, 1):
        n = x.shape[axis]
        before = abs(n - m) // 2
        if m < n:
            x = torch.narrow(x, axis, before, m)
        else:
            x = torch.nn.functional.pad(x.movedim(axis, -1), (before, m - n - before)).movedim(-1, axis)
    return x


def torch_center(torch, x, size):
    for axis, m in enumerate(size, 1):
        x = torch.narrow(x, axis, (x.shape[axis] - m) // 2, m)
    return x


def torch_masked(torch, x, value):
    mask = (x != value).any(dim=-1)
    return torch.where(mask[..., None], x, 0.0), mask


def torch_mean_of_unmasked(torch, x, value):
    mask = (x != value).any(dim=-1, keepdim=True)
    return torch.where(mask, x, 0.0).sum(dim=1) / mask.sum(dim=1)


def keras_masked(tf, x, value):
    layer = tf.keras.layers.Masking(value, dtype=x.dtype)
    return layer(x), layer.compute_mask(x)


def keras_mean_of_unmasked(tf, x, value):
    """The mask travels with the output of one layer to the next."""
    y = tf.keras.layers.Masking(value, dtype=x.dtype)(x)
    return tf.keras.layers.GlobalAveragePooling1D(data_format="channels_last", dtype=x.dtype)(y)


def keras_mean_through_a_layer(tf, x, value):
    """Layers that do not know of masks pass them on if they say so: an Activation does."""
    y = tf.keras.layers.Masking(value, dtype=x.dtype)(x)
    y = tf.keras.layers.Activation("linear", dtype=x.dtype)(y)
    return tf.keras.layers.GlobalAveragePooling1D(data_format="channels_last", dtype=x.dtype)(y)


def steps(value: float, *masked: tuple[int, int], shape: tuple[int, int, int] = (3, 4, 2)):
    """Numbers, with a value in all features of some steps, and in one feature of one other."""

    def make(rng: np.random.Generator) -> tuple[Array, ...]:
        x = rng.standard_normal(shape)
        x[0, 0, 0] = value
        for at in masked:
            x[at] = value
        return (x,)

    return make


CASES = (
    Case(
        "flatten_channels_first",
        "selection",
        ref.flatten_channels_first,
        vjp=adjoint(ref.flatten_channels_first),
        # The input is (batch, channels, *spatial). Dense layers after it have their rows in the order of channels last.
        torch=[lambda torch, x, **_: torch.nn.Flatten()(x.movedim(1, -1))],
        tensorflow=[
            KerasLayer(lambda tf, x: tf.keras.layers.Flatten(data_format="channels_first", dtype=x.dtype)),
        ],
        samples=[
            normal((2, 3, 4, 2), name="image"),
            normal((2, 3, 4), name="sequence"),
            normal((3, 4), name="features-alone", edge=True),
            normal((0, 2, 3, 2), name="empty-batch", edge=True),
        ],
        sources=(f"{KERAS}flatten/",),
    ),
    Case(
        "permute_axes",
        "selection",
        ref.permute,
        vjp=adjoint(ref.permute),
        torch=[
            lambda torch, x, dims: torch.permute(x, (0, *dims)),
        ],
        tensorflow=[
            lambda tf, x, dims: tf.keras.layers.Permute(dims, dtype=x.dtype)(x),
            lambda tf, x, dims: tf.transpose(x, (0, *dims)),
        ],
        jax=[lambda jax, x, dims: jax.numpy.transpose(x, (0, *dims))],
        samples=[
            normal((2, 3, 4), dims=(2, 1), name="sequence"),
            normal((2, 3, 4, 5), dims=(3, 1, 2), name="image"),
            normal((2, 3), dims=(1,), name="nothing-to-do", edge=True),
            normal((0, 2, 3), dims=(2, 1), name="empty-batch", edge=True),
            normal((2, 3, 4), dims=(1, 2, 3), name="bad-rank", **BAD),
            normal((2, 3, 4), dims=(1, 1), name="bad-sizes-twice", **BAD),
        ],
        sources=(f"{KERAS}permute/",),
    ),
    Case(
        "reshape_each",
        "selection",
        ref.reshape_rows,
        vjp=adjoint(ref.reshape_rows),
        torch=[
            lambda torch, x, shape: torch.reshape(x, (x.shape[0], *shape)),
            lambda torch, x, shape: torch.nn.Unflatten(1, shape)(torch.nn.Flatten()(x)),
        ],
        tensorflow=[
            lambda tf, x, shape: tf.keras.layers.Reshape(shape, dtype=x.dtype)(x),
            lambda tf, x, shape: tf.reshape(x, (tf.shape(x)[0], *shape)),
        ],
        jax=[lambda jax, x, shape: jax.numpy.reshape(x, (x.shape[0], *shape))],
        samples=[
            normal((2, 12), shape=(3, 4)),
            normal((2, 3, 4), shape=(2, -1), name="what-is-left"),
            normal((3, 2, 2), shape=(4,), name="flat", edge=True),
            normal((1, 1), shape=(1, 1, 1), name="one-element", edge=True),
            normal((2, 12), shape=(5, 2), name="bad-sizes", **BAD),
            normal((2, 12), shape=(5, -1), name="bad-sizes-nothing-left", **BAD),
        ],
        sources=(f"{KERAS}reshape/", f"{TORCH}nn.Unflatten.html"),
    ),
    Case(
        "repeat_vector",
        "selection",
        ref.repeat_vector,
        vjp=adjoint(ref.repeat_vector),
        torch=[
            lambda torch, x, n: x[:, None].expand(-1, n, -1),
        ],
        tensorflow=[
            lambda tf, x, n: tf.keras.layers.RepeatVector(n, dtype=x.dtype)(x),
            lambda tf, x, n: tf.tile(x[:, None], [1, n, 1]),
        ],
        jax=[lambda jax, x, n: jax.numpy.repeat(x[:, None], n, 1)],
        samples=[
            normal((3, 4), n=5),
            normal((2, 3), n=1, name="once", edge=True),
            normal((1, 1), n=2, name="one-feature", edge=True),
            normal((4,), n=2, name="bad-rank", **BAD),
        ],
        sources=(f"{KERAS}repeat_vector/",),
    ),
    Case(
        "zero_padding1d",
        "selection",
        ref.zero_padding,
        vjp=adjoint(ref.zero_padding),
        torch=[
            lambda torch, x, pads: torch.nn.functional.pad(x, last_first(pads)),
            torch_padded_layer,
        ],
        tensorflow=[
            lambda tf, x, pads: tf.keras.layers.ZeroPadding1D(pads[0], data_format="channels_last", dtype=x.dtype)(x),
            lambda tf, x, pads: tf.pad(x, [[0, 0], *pads, [0, 0]]),
        ],
        jax=[lambda jax, x, pads: jax.numpy.pad(x, [(0, 0), *pads, (0, 0)])],
        samples=[
            normal((2, 4, 3), pads=((1, 1),)),
            normal((2, 3, 2), pads=((2, 0),), name="in-front", edge=True),
            normal((1, 1, 1), pads=((0, 0),), name="nothing", edge=True),
            normal((2, 3), pads=((1, 1),), name="bad-rank", **BAD),
        ],
        sources=(f"{KERAS}zero_padding1d/", f"{TORCH}nn.ZeroPad1d.html"),
    ),
    Case(
        "zero_padding2d",
        "selection",
        ref.zero_padding,
        vjp=adjoint(ref.zero_padding),
        torch=[
            lambda torch, x, pads: torch.nn.functional.pad(x, last_first(pads)),
            torch_padded_layer,
        ],
        tensorflow=[
            lambda tf, x, pads: tf.keras.layers.ZeroPadding2D(pads, data_format="channels_last", dtype=x.dtype)(x),
            lambda tf, x, pads: tf.pad(x, [[0, 0], *pads, [0, 0]]),
            lambda tf, x, pads: tf.keras.ops.image.pad_images(x, pads[0][0], pads[1][0], pads[0][1], pads[1][1]),
            lambda tf, x, pads: tf.image.pad_to_bounding_box(
                x, pads[0][0], pads[1][0], sum(pads[0]) + tf.shape(x)[1], sum(pads[1]) + tf.shape(x)[2]
            ),
        ],
        jax=[lambda jax, x, pads: jax.numpy.pad(x, [(0, 0), *pads, (0, 0)])],
        samples=[
            normal((2, 3, 4, 2), pads=((1, 1), (2, 2))),
            normal((1, 2, 3, 2), pads=((0, 2), (3, 1)), name="unequal"),
            normal((1, 1, 1, 1), pads=((0, 0), (0, 0)), name="nothing", edge=True),
            normal((0, 2, 2, 2), pads=((1, 1), (1, 1)), name="empty-batch", edge=True),
            normal((2, 3), pads=((1, 1), (1, 1)), name="bad-rank", **BAD),
        ],
        sources=(f"{KERAS}zero_padding2d/", f"{TORCH}nn.ZeroPad2d.html"),
    ),
    Case(
        "zero_padding3d",
        "selection",
        ref.zero_padding,
        vjp=adjoint(ref.zero_padding),
        torch=[
            lambda torch, x, pads: torch.nn.functional.pad(x, last_first(pads)),
            torch_padded_layer,
        ],
        tensorflow=[
            lambda tf, x, pads: tf.keras.layers.ZeroPadding3D(pads, data_format="channels_last", dtype=x.dtype)(x),
        ],
        jax=[lambda jax, x, pads: jax.numpy.pad(x, [(0, 0), *pads, (0, 0)])],
        samples=[
            normal((2, 2, 3, 2, 2), pads=((1, 1), (0, 0), (2, 2))),
            normal((1, 2, 1, 3, 2), pads=((0, 2), (3, 1), (1, 0)), name="unequal", edge=True),
            normal((1, 1, 1, 1, 1), pads=((0, 0), (0, 0), (0, 0)), name="nothing", edge=True),
            normal((2, 3), pads=((1, 1), (1, 1), (1, 1)), name="bad-rank", **BAD),
        ],
        sources=(f"{KERAS}zero_padding3d/", f"{TORCH}nn.ZeroPad3d.html"),
    ),
    Case(
        "cropping1d",
        "selection",
        ref.cropping,
        vjp=adjoint(ref.cropping),
        torch=[torch_cropped, torch_cropped_by_padding],
        tensorflow=[
            lambda tf, x, crops: tf.keras.layers.Cropping1D(crops[0], dtype=x.dtype)(x),
        ],
        jax=[
            lambda jax, x, crops: jax.lax.pad(
                x, x.dtype.type(0), [(0, 0, 0), *((-a, -b, 0) for a, b in crops), (0, 0, 0)]
            )
        ],
        samples=[
            normal((2, 6, 3), crops=((1, 2),)),
            normal((2, 3, 2), crops=((2, 0),), name="to-one", edge=True),
            normal((1, 1, 1), crops=((0, 0),), name="nothing", edge=True),
            normal((1, 3, 2), crops=((2, 2),), name="bad-sizes", **BAD),
        ],
        sources=(f"{KERAS}cropping1d/",),
    ),
    Case(
        "cropping2d",
        "selection",
        ref.cropping,
        vjp=adjoint(ref.cropping),
        torch=[torch_cropped, torch_cropped_by_padding],
        tensorflow=[
            lambda tf, x, crops: tf.keras.layers.Cropping2D(crops, data_format="channels_last", dtype=x.dtype)(x),
            lambda tf, x, crops: tf.image.crop_to_bounding_box(
                x, crops[0][0], crops[1][0], tf.shape(x)[1] - sum(crops[0]), tf.shape(x)[2] - sum(crops[1])
            ),
            lambda tf, x, crops: tf.keras.ops.image.crop_images(x, crops[0][0], crops[1][0], crops[0][1], crops[1][1]),
        ],
        jax=[
            lambda jax, x, crops: jax.lax.pad(
                x, x.dtype.type(0), [(0, 0, 0), *((-a, -b, 0) for a, b in crops), (0, 0, 0)]
            )
        ],
        samples=[
            normal((2, 5, 6, 2), crops=((1, 2), (0, 3))),
            normal((1, 3, 4, 2), crops=((2, 0), (1, 2)), name="to-one", edge=True),
            normal((1, 1, 1, 1), crops=((0, 0), (0, 0)), name="nothing", edge=True),
            normal((1, 3, 3, 1), crops=((2, 2), (0, 0)), name="bad-sizes", **BAD),
            normal((1, 3, 3, 1), crops=((2, 1), (0, 0)), name="bad-sizes-all", **BAD),
        ],
        sources=(f"{KERAS}cropping2d/", f"{TF}image/crop_to_bounding_box"),
    ),
    Case(
        "cropping3d",
        "selection",
        ref.cropping,
        vjp=adjoint(ref.cropping),
        torch=[torch_cropped, torch_cropped_by_padding],
        tensorflow=[
            lambda tf, x, crops: tf.keras.layers.Cropping3D(crops, data_format="channels_last", dtype=x.dtype)(x),
        ],
        jax=[
            lambda jax, x, crops: jax.lax.pad(
                x, x.dtype.type(0), [(0, 0, 0), *((-a, -b, 0) for a, b in crops), (0, 0, 0)]
            )
        ],
        samples=[
            normal((2, 4, 3, 5, 2), crops=((1, 2), (0, 1), (2, 1))),
            normal((1, 3, 2, 2, 2), crops=((2, 0), (0, 1), (1, 0)), name="to-one", edge=True),
            normal((1, 1, 1, 1, 1), crops=((0, 0), (0, 0), (0, 0)), name="nothing", edge=True),
            normal((1, 3, 3, 3, 1), crops=((2, 2), (0, 0), (0, 0)), name="bad-sizes", **BAD),
        ],
        sources=(f"{KERAS}cropping3d/",),
    ),
    Case(
        "upsampling1d",
        "selection",
        ref.upsampling,
        vjp=adjoint(ref.upsampling),
        torch=[
            lambda torch, x, size: torch.nn.Upsample(scale_factor=size)(x.mT).mT,
            lambda torch, x, size: torch.repeat_interleave(x, size[0], dim=1),
        ],
        tensorflow=[
            lambda tf, x, size: tf.keras.layers.UpSampling1D(size[0], dtype=x.dtype)(x),
            lambda tf, x, size: tf.repeat(x, size[0], axis=1),
        ],
        samples=[
            normal((2, 3, 2), size=(2,)),
            normal((1, 2, 3), size=(3,), name="threefold"),
            normal((1, 4, 2), size=(1,), name="once", edge=True),
            normal((1, 1, 1), size=(5,), name="one-element", edge=True),
        ],
        sources=(f"{KERAS}up_sampling1d/", f"{TORCH}nn.Upsample.html"),
    ),
    Case(
        "upsampling2d",
        "selection",
        ref.upsampling,
        vjp=adjoint(ref.upsampling),
        torch=[
            lambda torch, x, size: torch.nn.Upsample(scale_factor=size)(x.movedim(-1, 1)).movedim(1, -1),
            lambda torch, x, size: torch.nn.functional.interpolate(
                x.movedim(-1, 1), scale_factor=size, mode="nearest-exact"
            ).movedim(1, -1),
        ],
        tensorflow=[
            lambda tf, x, size: tf.keras.layers.UpSampling2D(
                size, data_format="channels_last", interpolation="nearest", dtype=x.dtype
            )(x),
            lambda tf, x, size: tf.repeat(tf.repeat(x, size[0], axis=1), size[1], axis=2),
        ],
        samples=[
            normal((2, 2, 3, 2), size=(2, 3)),
            normal((1, 2, 2, 1), size=(1, 4), name="one-axis"),
            normal((1, 1, 1, 2), size=(3, 2), name="one-pixel", edge=True),
            normal((0, 2, 2, 1), size=(2, 2), name="empty-batch", edge=True),
            normal((2, 3), size=(2, 2), name="bad-rank", **BAD),
        ],
        sources=(f"{KERAS}up_sampling2d/", f"{TORCH}nn.Upsample.html"),
    ),
    Case(
        "upsampling3d",
        "selection",
        ref.upsampling,
        vjp=adjoint(ref.upsampling),
        torch=[lambda torch, x, size: torch.nn.Upsample(scale_factor=size)(x.movedim(-1, 1)).movedim(1, -1)],
        tensorflow=[
            lambda tf, x, size: tf.keras.layers.UpSampling3D(size, data_format="channels_last", dtype=x.dtype)(x),
        ],
        samples=[
            normal((1, 2, 1, 2, 2), size=(2, 3, 1)),
            normal((2, 2, 2, 1, 1), size=(1, 2, 2), name="two-axes"),
            normal((1, 1, 1, 1, 1), size=(2, 2, 3), name="one-element", edge=True),
            normal((2, 3), size=(2, 2, 2), name="bad-rank", **BAD),
        ],
        sources=(f"{KERAS}up_sampling3d/", f"{TORCH}nn.Upsample.html"),
    ),
    Case(
        "flip_image",
        "selection",
        ref.flip,
        vjp=adjoint(ref.flip),
        torch=[lambda torch, x, axis: torch.flip(x, (axis,))],
        tensorflow=[
            lambda tf, x, axis: tf.image.flip_left_right(x) if axis == 2 else tf.image.flip_up_down(x),
            lambda tf, x, axis: tf.keras.ops.flip(x, axis),
        ],
        jax=[lambda jax, x, axis: jax.numpy.flip(x, axis)],
        samples=[
            normal((2, 3, 4, 2), axis=2, name="left-right"),
            normal((2, 3, 4, 2), axis=1, name="up-down"),
            normal((1, 3, 1, 2), axis=2, name="one-column", edge=True),
            normal((0, 2, 2, 2), axis=1, name="empty-batch", edge=True),
        ],
        sources=(f"{TF}image/flip_left_right", f"{TORCH}flip.html"),
    ),
    Case(
        "middle_of_image",
        "selection",
        ref.crop_or_pad,
        vjp=adjoint(ref.crop_or_pad),
        torch=[torch_middle],
        tensorflow=[
            lambda tf, x, size: tf.image.resize_with_crop_or_pad(x, *size),
        ],
        samples=[
            normal((2, 6, 5, 2), size=(2, 3), name="crop"),
            normal((1, 2, 3, 2), size=(5, 6), name="pad"),
            normal((1, 5, 2, 1), size=(2, 5), name="odd-differences-of-both-signs", edge=True),
            normal((1, 3, 3, 1), size=(3, 3), name="nothing", edge=True),
        ],
        sources=(f"{TF}image/resize_with_crop_or_pad",),
    ),
    Case(
        "center_crop",
        "selection",
        ref.center_crop,
        vjp=adjoint(ref.center_crop),
        torch=[torch_center],
        tensorflow=[
            lambda tf, x, size: tf.keras.layers.CenterCrop(*size, data_format="channels_last", dtype=x.dtype)(x),
        ],
        samples=[
            normal((2, 6, 5, 2), size=(2, 3)),
            normal((1, 5, 4, 1), size=(2, 3), name="odd-differences", edge=True),
            normal((1, 3, 3, 1), size=(3, 3), name="nothing", edge=True),
            normal((1, 4, 5, 2), size=(1, 1), name="one-pixel"),
            normal((1, 2, 4, 1), size=(4, 3), name="bad-sizes", **BAD),
        ],
        sources=("https://keras.io/api/layers/preprocessing_layers/image_preprocessing/center_crop/",),
    ),
    Case(
        "masking",
        "selection",
        ref.masking,
        vjp=ref.masking_vjp,
        torch=[torch_masked],
        tensorflow=[keras_masked],
        samples=[
            sample("zeros", steps(0.0, (0, 2), (1, 0), (1, 1)), value=0.0, smooth=False),
            sample("another-value", steps(-1.0, (0, 3), (2, 1)), value=-1.0, smooth=False),
            sample("nothing-masked", steps(5.0), value=5.0),
            sample("all-masked", lambda _: (np.zeros((2, 3, 2)),), value=0.0, smooth=False, edge=True),
            given(
                [[[0.0, -0.0], [np.nan, 0.0], [np.inf, 1.0]]],
                name="signed-zeros-and-nonfinite",
                value=0.0,
                gradient=False,
            ),
        ],
        sources=("https://keras.io/api/layers/core_layers/masking/",),
    ),
    Case(
        "masking_propagated",
        "reduction",
        ref.masked_mean,
        vjp=ref.masked_mean_vjp,
        torch=[torch_mean_of_unmasked],
        tensorflow=[keras_mean_of_unmasked, keras_mean_through_a_layer],
        samples=[
            sample("zeros", steps(0.0, (0, 2), (1, 0), (1, 1)), value=0.0, smooth=False),
            sample("another-value", steps(-1.0, (0, 3), (2, 1)), value=-1.0, smooth=False),
            sample("nothing-masked", steps(5.0), value=5.0),
            sample("one-left", steps(0.0, (0, 1), (0, 2), (0, 3)), value=0.0, smooth=False, edge=True),
            sample("all-masked", lambda _: (np.zeros((1, 3, 2)),), value=0.0, edge=True, gradient=False),
        ],
        sources=("https://keras.io/guides/understanding_masking_and_padding/",),
    ),
    *IMAGES,
    *SAMPLING,
)
