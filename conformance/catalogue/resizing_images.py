"""Images of another size. Channels are last here; the centres of pixels are half-way between their edges (half-pixel)
unless an entry says otherwise."""

from typing import Any

from conformance.case import Array, Case
from conformance.reference import resizing as ref
from conformance.reference.arranging import adjoint
from fixtures.samples import normal

TORCH = "https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.interpolate.html"
TF = "https://www.tensorflow.org/api_docs/python/tf/"
KERAS = "https://keras.io/api/ops/image/#resize-function"
BAD: dict[str, Any] = {"edge": True, "raises": True, "dtypes": ("float32",)}


def resized(interpolate, x, size, mode, **options):
    return interpolate(x.movedim(-1, 1), size, mode=mode, **options).movedim(1, -1)


def tf_resized_lines(tf, x, size):
    """TensorFlow resizes images alone: one of a single column."""
    return tf.image.resize(x[:, :, None], (*size, 1))[:, :, 0]


def tf_resized_volumes(tf, x, size):
    """Two axes as an image, then the third."""
    b, d, h, w, c = tf.unstack(tf.shape(x))
    y = tf.image.resize(tf.reshape(x, (b * d, h, w, c)), size[1:])
    y = tf.image.resize(tf.reshape(y, (b, d, size[1] * size[2], c)), (size[0], size[1] * size[2]))
    return tf.reshape(y, (b, *size, c))


def keras_scaled(tf, x, size, factor):
    return tf.keras.ops.image.scale_and_translate(
        x, (x.shape[0], *size, x.shape[3]), tf.constant([factor, factor], x.dtype), tf.zeros([2], x.dtype), (1, 2),
        "linear", antialias=False,
    )  # fmt: skip


def scaled(x: Array, times: tuple[int, int]) -> tuple[int, ...]:
    """The size of an image so many times as large."""
    return tuple(n * k for n, k in zip(x.shape[1:3], times, strict=True))


def sizes(up: tuple[int, int] = (5, 7), **options: Any) -> list[Any]:
    return [
        normal((2, 3, 4, 2), size=up, name="larger", **options),
        normal((1, 6, 7, 2), size=(3, 4), name="smaller", **options),
        normal((1, 4, 4, 1), size=(8, 2), name="whole-ratios", edge=True, **options),
        normal((1, 1, 3, 2), size=(3, 1), name="from-and-to-one-pixel", edge=True, **options),
    ]


def refused(**options: Any) -> list[Any]:
    return [
        normal((2, 3), size=(2, 2), name="bad-rank", **options, **BAD),
        normal((1, 2, 2, 1), size=(0, 2), name="bad-sizes-nothing", **options, **BAD),
    ]


TELLING = ("float64", "float32", "float16")
"""In bfloat16 coordinates are rounded so far that a result off by half would pass: no such check."""

IMAGES = (
    Case(
        "resize_nearest",
        "selection",
        lambda x, *, size, mode: ref.nearest(x, size=size),
        vjp=lambda c, x, *, size, mode: ref.nearest_vjp(c, x, size=size),
        torch=[
            lambda torch, x, size, mode: resized(torch.nn.functional.interpolate, x, size, mode),
            lambda torch, x, size, mode: torch.nn.Upsample(size, mode=mode)(x.movedim(-1, 1)).movedim(1, -1),
        ],
        tensorflow=[
            lambda tf, x, size, mode: tf.image.resize(x, size, "nearest"),
            lambda tf, x, size, mode: tf.keras.ops.image.resize(x, size, interpolation="nearest"),
            lambda tf, x, size, mode: tf.keras.layers.Resizing(
                *size, interpolation="nearest", data_format="channels_last", dtype=x.dtype
            )(x),
        ],
        jax=[
            lambda jax, x, size, mode: jax.image.resize(x, (x.shape[0], *size, x.shape[-1]), "nearest", antialias=False)
        ],
        samples=[
            *sizes(mode="nearest-exact"),
            normal((1, 5, 5, 1), size=(3, 3), name="torch-default", edge=True, mode="nearest"),
            *refused(mode="nearest-exact"),
        ],
        sources=(TORCH, f"{TF}image/resize"),
    ),
    Case(
        "resize_nearest_from_top_left",
        "selection",
        lambda x, *, size: ref.nearest(x, size=size, half_pixel=False),
        vjp=lambda c, x, *, size: adjoint(lambda y: ref.nearest(y, size=size, half_pixel=False))(c, x),
        torch=[
            lambda torch, x, size: resized(torch.nn.functional.interpolate, x, size, "nearest"),
            lambda torch, x, size: torch.nn.UpsamplingNearest2d(size)(x.movedim(-1, 1)).movedim(1, -1),
        ],
        tensorflow=[lambda tf, x, size: tf.compat.v1.image.resize_nearest_neighbor(x, size)],
        samples=[*sizes(), normal((1, 5, 5, 1), size=(3, 3), name="smaller-odd")],
        sources=(TORCH, f"{TF}compat/v1/image/resize_nearest_neighbor"),
    ),
    Case(
        "resize_bilinear",
        "contraction",
        ref.resize,
        vjp=ref.resize_vjp,
        intermediates=ref.resize_passes,
        vjp_intermediates=ref.resize_vjp_passes,
        torch=[
            lambda torch, x, size: resized(torch.nn.functional.interpolate, x, size, "bilinear"),
            lambda torch, x, size: torch.nn.Upsample(size, mode="bilinear")(x.movedim(-1, 1)).movedim(1, -1),
        ],
        tensorflow=[
            lambda tf, x, size: tf.image.resize(x, size),
            lambda tf, x, size: tf.keras.ops.image.resize(x, size),
            lambda tf, x, size: tf.keras.layers.Resizing(
                *size, interpolation="bilinear", data_format="channels_last", dtype=x.dtype
            )(x),
            lambda tf, x, size: tf.compat.v1.image.resize_bilinear(x, size, half_pixel_centers=True),
        ],
        jax=[lambda jax, x, size: jax.image.resize(x, (x.shape[0], *size, x.shape[-1]), "bilinear", antialias=False)],
        samples=[*sizes(), normal((0, 2, 3, 1), size=(3, 4), name="empty-batch", edge=True), *refused()],
        dtypes=TELLING,
        sources=(TORCH, f"{TF}image/resize", KERAS),
    ),
    Case(
        "upsampling2d_bilinear",
        "contraction",
        lambda x, *, times: ref.resize(x, size=scaled(x, times)),
        vjp=lambda c, x, *, times: ref.resize_vjp(c, x, size=scaled(x, times)),
        intermediates=lambda x, *, times: ref.resize_passes(x, size=scaled(x, times)),
        vjp_intermediates=lambda c, x, *, times: ref.resize_vjp_passes(c, x, size=scaled(x, times)),
        torch=[
            lambda torch, x, times: torch.nn.Upsample(scale_factor=times, mode="bilinear")(x.movedim(-1, 1)).movedim(
                1, -1
            ),
        ],
        tensorflow=[
            lambda tf, x, times: tf.keras.layers.UpSampling2D(
                times, data_format="channels_last", interpolation="bilinear", dtype=x.dtype
            )(x),
        ],
        samples=[
            normal((2, 2, 3, 2), times=(2, 3)),
            normal((1, 3, 2, 1), times=(1, 4), name="one-axis"),
            normal((1, 1, 1, 2), times=(3, 2), name="one-pixel", edge=True),
            normal((1, 2, 2, 1), times=(1, 1), name="once", edge=True),
        ],
        sources=("https://keras.io/api/layers/reshaping_layers/up_sampling2d/", TORCH),
    ),
    Case(
        "resize_bilinear_align_corners",
        "contraction",
        lambda x, *, size: ref.resize(x, size=size, coordinates="corners"),
        vjp=lambda c, x, *, size: ref.resize_vjp(c, x, size=size, coordinates="corners"),
        intermediates=ref.resize_passes,
        vjp_intermediates=ref.resize_vjp_passes,
        torch=[
            lambda torch, x, size: resized(torch.nn.functional.interpolate, x, size, "bilinear", align_corners=True),
            lambda torch, x, size: torch.nn.UpsamplingBilinear2d(size)(x.movedim(-1, 1)).movedim(1, -1),
        ],
        tensorflow=[lambda tf, x, size: tf.compat.v1.image.resize_bilinear(x, size, align_corners=True)],
        samples=sizes(),
        dtypes=TELLING,
        sources=(TORCH, f"{TF}compat/v1/image/resize_bilinear"),
    ),
    Case(
        "resize_bilinear_from_top_left",
        "contraction",
        lambda x, *, size: ref.resize(x, size=size, coordinates="top-left"),
        vjp=lambda c, x, *, size: ref.resize_vjp(c, x, size=size, coordinates="top-left"),
        intermediates=ref.resize_passes,
        vjp_intermediates=ref.resize_vjp_passes,
        # torch has no such mode: it is the default of TensorFlow 1.
        tensorflow=[lambda tf, x, size: tf.compat.v1.image.resize(x, size)],
        samples=sizes(),
        dtypes=TELLING,
        sources=(f"{TF}compat/v1/image/resize",),
    ),
    Case(
        "resize_bilinear_by_a_factor",
        "contraction",
        ref.resize,
        vjp=ref.resize_vjp,
        intermediates=ref.resize_passes,
        vjp_intermediates=ref.resize_vjp_passes,
        # Sizes are floor(n factor); the factor itself places the pixels, not the ratio of the sizes.
        torch=[
            lambda torch, x, size, factor: torch.nn.functional.interpolate(
                x.movedim(-1, 1), scale_factor=factor, mode="bilinear"
            ).movedim(1, -1),
        ],
        tensorflow=[keras_scaled],
        samples=[
            normal((2, 3, 5, 2), size=(4, 7), factor=1.5),
            normal((1, 7, 5, 1), size=(5, 3), factor=0.75, name="smaller"),
            normal((1, 2, 3, 2), size=(4, 6), factor=2.0, name="whole", edge=True),
            normal((1, 1, 1, 1), size=(2, 2), factor=2.75, name="one-pixel", edge=True),
        ],
        sources=(TORCH, "https://keras.io/api/ops/image/"),
    ),
    Case(
        "resize_linear1d",
        "contraction",
        ref.resize,
        vjp=ref.resize_vjp,
        intermediates=ref.resize_passes,
        vjp_intermediates=ref.resize_vjp_passes,
        torch=[lambda torch, x, size: resized(torch.nn.functional.interpolate, x, size, "linear")],
        tensorflow=[tf_resized_lines],
        jax=[lambda jax, x, size: jax.image.resize(x, (x.shape[0], *size, x.shape[-1]), "linear", antialias=False)],
        samples=[
            normal((2, 4, 3), size=(7,)),
            normal((1, 7, 2), size=(3,), name="smaller"),
            normal((1, 1, 2), size=(3,), name="from-one", edge=True),
            normal((1, 4, 1), size=(1,), name="to-one", edge=True),
        ],
        sources=(TORCH,),
    ),
    Case(
        "resize_trilinear",
        "contraction",
        ref.resize,
        vjp=ref.resize_vjp,
        intermediates=ref.resize_passes,
        vjp_intermediates=ref.resize_vjp_passes,
        torch=[lambda torch, x, size: resized(torch.nn.functional.interpolate, x, size, "trilinear")],
        tensorflow=[tf_resized_volumes],
        jax=[lambda jax, x, size: jax.image.resize(x, (x.shape[0], *size, x.shape[-1]), "trilinear", antialias=False)],
        samples=[
            normal((1, 2, 3, 2, 2), size=(3, 4, 5)),
            normal((1, 4, 3, 5, 1), size=(2, 2, 3), name="smaller"),
            normal((1, 1, 2, 3, 1), size=(2, 1, 3), name="from-and-to-one", edge=True),
            normal((2, 2, 2, 2, 1), size=(2, 2, 2), name="nothing", edge=True),
        ],
        dtypes=TELLING,
        sources=(TORCH,),
    ),
    Case(
        "resize_bicubic",
        "contraction",
        lambda x, *, size, antialias: ref.resize(x, size=size, kernel="cubic", antialias=antialias),
        vjp=lambda c, x, *, size, antialias: ref.resize_vjp(c, x, size=size, kernel="cubic", antialias=antialias),
        intermediates=ref.resize_passes,
        vjp_intermediates=ref.resize_vjp_passes,
        torch=[
            lambda torch, x, size, antialias: resized(
                torch.nn.functional.interpolate, x, size, "bicubic", antialias=antialias
            )
        ],
        tensorflow=[
            lambda tf, x, size, antialias: tf.image.resize(x, size, "bicubic", antialias=antialias),
            lambda tf, x, size, antialias: tf.keras.ops.image.resize(x, size, "bicubic", antialias=antialias),
        ],
        jax=[
            lambda jax, x, size, antialias: jax.image.resize(
                x, (x.shape[0], *size, x.shape[-1]), "bicubic", antialias=antialias
            )
        ],
        samples=[
            # Images that grow have no aliases: the option then only chooses torch's kernel with a = -1/2.
            normal((2, 3, 4, 2), size=(5, 7), name="larger", antialias=True),
            normal((1, 8, 7, 2), size=(3, 4), name="smaller-antialias", antialias=True),
            normal((1, 1, 3, 2), size=(3, 1), name="from-and-to-one-pixel", edge=True, antialias=True),
            normal(
                (1, 4, 4, 1),
                size=(6, 5),
                name="torch-default",
                edge=True,
                antialias=False,
                dtypes=("float64", "float32"),
            ),
        ],
        dtypes=TELLING,
        sources=(TORCH, f"{TF}image/resize", "https://doi.org/10.1109/TASSP.1981.1163711"),
    ),
    Case(
        "resize_bicubic_steep",
        "contraction",
        lambda x, *, size: ref.resize(x, size=size, kernel="steep"),
        vjp=lambda c, x, *, size: ref.resize_vjp(c, x, size=size, kernel="steep"),
        intermediates=ref.resize_passes,
        vjp_intermediates=ref.resize_vjp_passes,
        # torch's default, a = -3/4. TensorFlow has it with other coordinates alone: resize_bicubic_align_corners.
        torch=[
            lambda torch, x, size: resized(torch.nn.functional.interpolate, x, size, "bicubic"),
            lambda torch, x, size: torch.nn.Upsample(size, mode="bicubic")(x.movedim(-1, 1)).movedim(1, -1),
        ],
        samples=sizes(),
        dtypes=TELLING,
        sources=(TORCH, "https://github.com/pytorch/pytorch/issues/19650"),
    ),
    Case(
        "resize_bicubic_align_corners",
        "contraction",
        lambda x, *, size: ref.resize(x, size=size, kernel="steep", coordinates="corners"),
        vjp=lambda c, x, *, size: ref.resize_vjp(c, x, size=size, kernel="steep", coordinates="corners"),
        intermediates=ref.resize_passes,
        vjp_intermediates=ref.resize_vjp_passes,
        torch=[lambda torch, x, size: resized(torch.nn.functional.interpolate, x, size, "bicubic", align_corners=True)],
        tensorflow=[lambda tf, x, size: tf.compat.v1.image.resize_bicubic(x, size, align_corners=True)],
        samples=sizes(),
        dtypes=TELLING,
        sources=(TORCH, f"{TF}compat/v1/image/resize_bicubic"),
    ),
    Case(
        "resize_bilinear_antialias",
        "contraction",
        lambda x, *, size: ref.resize(x, size=size, antialias=True),
        vjp=lambda c, x, *, size: ref.resize_vjp(c, x, size=size, antialias=True),
        intermediates=ref.resize_passes,
        vjp_intermediates=ref.resize_vjp_passes,
        torch=[lambda torch, x, size: resized(torch.nn.functional.interpolate, x, size, "bilinear", antialias=True)],
        tensorflow=[
            lambda tf, x, size: tf.image.resize(x, size, antialias=True),
            lambda tf, x, size: tf.keras.ops.image.resize(x, size, antialias=True),
        ],
        jax=[lambda jax, x, size: jax.image.resize(x, (x.shape[0], *size, x.shape[-1]), "bilinear", antialias=True)],
        samples=sizes(),
        dtypes=TELLING,
        sources=(TORCH, f"{TF}image/resize", KERAS),
    ),
    Case(
        "resize_lanczos3",
        "contraction",
        lambda x, *, size: ref.resize(x, size=size, kernel="lanczos3", antialias=True),
        vjp=lambda c, x, *, size: ref.resize_vjp(c, x, size=size, kernel="lanczos3", antialias=True),
        intermediates=ref.resize_passes,
        vjp_intermediates=ref.resize_vjp_passes,
        torch=[lambda torch, x, size: resized(torch.nn.functional.interpolate, x, size, "lanczos", antialias=True)],
        tensorflow=[
            lambda tf, x, size: tf.image.resize(x, size, "lanczos3", antialias=True),
            lambda tf, x, size: tf.keras.ops.image.resize(x, size, "lanczos3", antialias=True),
        ],
        jax=[lambda jax, x, size: jax.image.resize(x, (x.shape[0], *size, x.shape[-1]), "lanczos3", antialias=True)],
        samples=sizes(),
        dtypes=TELLING,
        sources=(TORCH, f"{TF}image/resize", "https://doi.org/10.1175/1520-0450(1979)018<1016:LFIOAT>2.0.CO;2"),
    ),
    Case(
        "resize_lanczos5",
        "contraction",
        lambda x, *, size, antialias: ref.resize(x, size=size, kernel="lanczos5", antialias=antialias),
        vjp=lambda c, x, *, size, antialias: ref.resize_vjp(c, x, size=size, kernel="lanczos5", antialias=antialias),
        intermediates=ref.resize_passes,
        vjp_intermediates=ref.resize_vjp_passes,
        # torch has the kernel of radius 3 alone.
        tensorflow=[
            lambda tf, x, size, antialias: tf.image.resize(x, size, "lanczos5", antialias=antialias),
            lambda tf, x, size, antialias: tf.keras.ops.image.resize(x, size, "lanczos5", antialias=antialias),
        ],
        jax=[
            lambda jax, x, size, antialias: jax.image.resize(
                x, (x.shape[0], *size, x.shape[-1]), "lanczos5", antialias=antialias
            )
        ],
        samples=[
            *sizes(antialias=False)[:2],
            *sizes(antialias=True)[2:],
        ],
        dtypes=TELLING,
        sources=(f"{TF}image/resize",),
    ),
    Case(
        "resize_area",
        "contraction",
        lambda x, *, size: ref.resize(x, size=size, kernel="area"),
        vjp=lambda c, x, *, size: ref.resize_vjp(c, x, size=size, kernel="area"),
        torch=[lambda torch, x, size: resized(torch.nn.functional.interpolate, x, size, "area")],
        tensorflow=[
            lambda tf, x, size: tf.image.resize(x, size, "area"),
            lambda tf, x, size: tf.compat.v1.image.resize_area(x, size),
        ],
        samples=[
            normal((2, 4, 6, 2), size=(2, 3), name="whole-ratios"),
            normal((1, 2, 3, 1), size=(4, 3), name="larger", edge=True),
            normal((1, 3, 2, 2), size=(1, 1), name="to-one-pixel", edge=True),
            normal((1, 5, 7, 1), size=(3, 4), name="no-whole-ratios"),
        ],
        sources=(TORCH, f"{TF}image/resize"),
    ),
)
