"""Images sampled at any points. Channels are last here; a grid holds (x, y), x along the width, from -1 to 1."""

from typing import Any

import numpy as np

from conformance.case import Array, Case
from conformance.reference import sampling as ref
from fixtures.samples import given, normal, sample

TORCH = "https://docs.pytorch.org/docs/stable/generated/torch.nn.functional."
KERAS = "https://keras.io/api/ops/image/"
BAD: dict[str, Any] = {"edge": True, "raises": True, "dtypes": ("float32",)}


def keras_sampled(tf, map_coordinates, x, grid, padding, align_corners, order):
    """Keras takes pixels, (row, column), and one array: each channel of each image by itself."""
    mode = {"zeros": "constant", "border": "nearest", "reflection": "mirror" if align_corners else "reflect"}[padding]
    scale = tf.cast(tf.shape(x)[1:3] - (1 if align_corners else 0), x.dtype) / 2
    at = (grid[..., ::-1] + 1) * scale - (0 if align_corners else 0.5)
    images = [
        tf.stack([map_coordinates(channel, tf.transpose(where, (2, 0, 1)), order, mode) for channel in channels], -1)
        for channels, where in zip((tf.unstack(image, axis=-1) for image in tf.unstack(x)), tf.unstack(at), strict=True)
    ]
    return tf.stack(images)


def tf_affine_grid(tf, theta, size, align_corners):
    """TensorFlow has no such function: the pixels of an image, and a product."""
    lines = []
    for n in size:
        i = tf.cast(tf.range(n), theta.dtype)
        lines.append(2 * i / max(n - 1, 1) - int(n > 1) if align_corners else (2 * i + 1) / n - 1)
    y, x = tf.meshgrid(*lines, indexing="ij")
    return tf.einsum("bij,hwj->bhwi", theta, tf.stack([x, y, tf.ones_like(x)], axis=-1))


def torch_transformed(torch, x, transform):
    """The matrix of pixels as one of normalized coordinates."""
    h, w = x.shape[1:3]
    a = transform.reshape(-1, 2, 3)
    # N maps normalized coordinates to pixels; its inverse is applied to what the matrix returns.
    to_pixels = torch.tensor([[(w - 1) / 2, 0, (w - 1) / 2], [0, (h - 1) / 2, (h - 1) / 2], [0, 0, 1]], dtype=x.dtype)
    theta = a @ to_pixels
    scale, shift = torch.tensor([2 / (w - 1), 2 / (h - 1)], dtype=x.dtype), torch.tensor([0, 0, 1], dtype=x.dtype)
    theta = theta * scale[:, None] - shift
    grid = torch.nn.functional.affine_grid(theta, (x.shape[0], x.shape[3], h, w), align_corners=True)
    return torch.nn.functional.grid_sample(x.movedim(-1, 1), grid, align_corners=True).movedim(1, -1)


def points(x: tuple[int, ...], rows: int, columns: int, reach: float):
    """Numbers, and points that reach beyond the image."""

    def make(rng: np.random.Generator) -> tuple[Array, ...]:
        return rng.standard_normal(x), rng.uniform(-reach, reach, (x[0], rows, columns, 2))

    return make


def transformed(shape: tuple[int, ...], *rows: list[float]):
    return lambda rng: (rng.standard_normal(shape), np.asarray(rows))


ZEROS: dict[str, Any] = {"padding": "zeros", "align_corners": False}
BORDER: dict[str, Any] = {"padding": "border", "align_corners": True}
SAMPLES = [
    sample("inside", points((1, 4, 3, 2), 3, 2, 0.7), **ZEROS),
    sample("zeros-outside", points((1, 3, 4, 1), 4, 3, 1.6), edge=True, **ZEROS),
    # Keras subtracts equal numbers where a coordinate is held: of the second derivative, 0, a rounding is left.
    sample("border", points((2, 3, 5, 1), 3, 3, 1.8), edge=True, smooth=False, **BORDER),
    given(
        np.arange(15.0).reshape(1, 3, 5, 1), [[[[0.0, 0.0], [-1.0, -1.0], [1.0, 1.0]]]], name="on-pixels",
        gradient=False, padding="zeros", align_corners=True,
    ),
    sample(
        "bad-sizes-batch", lambda rng: (rng.standard_normal((2, 3, 3, 1)), rng.standard_normal((1, 2, 2, 2))), **ZEROS,
        **BAD,
    ),
    sample(
        "bad-rank", lambda rng: (rng.standard_normal((2, 3, 3)), rng.standard_normal((2, 2, 2, 2))), **ZEROS, **BAD
    ),
]  # fmt: skip
CORNERS: dict[str, Any] = {"padding": "reflection", "align_corners": True}
EDGES: dict[str, Any] = {"padding": "reflection", "align_corners": False}


SAMPLING = (
    Case(
        "affine_grid",
        "contraction",
        ref.affine_grid,
        vjp=ref.affine_grid_vjp,
        torch=[
            lambda torch, theta, size, align_corners: torch.nn.functional.affine_grid(
                theta, (theta.shape[0], 1, *size), align_corners
            ),
        ],
        tensorflow=[tf_affine_grid],
        samples=[
            normal((2, 2, 3), size=(3, 4), align_corners=False),
            normal((1, 2, 3), size=(5, 2), align_corners=True, name="corners"),
            normal((1, 2, 3), size=(1, 3), align_corners=True, name="one-row-corners", edge=True),
            normal((1, 2, 3), size=(1, 1), align_corners=False, name="one-pixel", edge=True),
            normal((1, 2, 2), size=(2, 2), align_corners=False, name="bad-sizes", **BAD),
        ],
        sources=(f"{TORCH}affine_grid.html", "https://arxiv.org/abs/1506.02025"),
    ),
    Case(
        "grid_sample",
        "contraction",
        ref.grid_sample,
        vjp=ref.grid_sample_vjp,
        torch=[
            lambda torch, x, grid, padding, align_corners: torch.nn.functional.grid_sample(
                x.movedim(-1, 1), grid, "bilinear", padding, align_corners
            ).movedim(1, -1)
        ],
        tensorflow=[
            lambda tf, x, grid, padding, align_corners: keras_sampled(
                tf, tf.keras.ops.image.map_coordinates, x, grid, padding, align_corners, 1
            )
        ],
        samples=SAMPLES,
        # A coordinate that is rounded may lie on the other side of a pixel, where the slope is another.
        dtypes=("float64", "float32"),
        sources=(f"{TORCH}grid_sample.html", f"{KERAS}#map_coordinates-function"),
    ),
    Case(
        "grid_sample_reflected",
        "contraction",
        ref.grid_sample,
        vjp=ref.grid_sample_vjp,
        torch=[
            lambda torch, x, grid, padding, align_corners: torch.nn.functional.grid_sample(
                x.movedim(-1, 1), grid, "bilinear", padding, align_corners
            ).movedim(1, -1)
        ],
        tensorflow=[
            lambda tf, x, grid, padding, align_corners: keras_sampled(
                tf, tf.keras.ops.image.map_coordinates, x, grid, padding, align_corners, 1
            )
        ],
        samples=[
            sample("edges", points((1, 4, 3, 1), 3, 3, 2.5), **EDGES),
            sample("corners", points((1, 4, 3, 1), 3, 3, 2.5), edge=True, dtypes=("float64",), **CORNERS),
            sample("inside", points((1, 3, 3, 1), 2, 2, 0.6), **CORNERS),
            sample(
                "far-outside",
                lambda rng: (rng.standard_normal((1, 3, 2, 1)), rng.uniform(5, 9, (1, 2, 2, 2))),
                edge=True,
                **EDGES,
            ),
        ],
        # A coordinate that is rounded may lie on the other side of a pixel, where the slope is another.
        dtypes=("float64", "float32"),
        sources=(f"{TORCH}grid_sample.html", f"{KERAS}#map_coordinates-function"),
    ),
    Case(
        "grid_sample_nearest",
        "selection",
        ref.grid_sample_nearest,
        vjp=ref.grid_sample_nearest_vjp,
        held=("grid",),
        torch=[
            lambda torch, x, grid, padding, align_corners: torch.nn.functional.grid_sample(
                x.movedim(-1, 1), grid, "nearest", padding, align_corners
            ).movedim(1, -1)
        ],
        tensorflow=[
            lambda tf, x, grid, padding, align_corners: keras_sampled(
                tf, tf.keras.ops.image.map_coordinates, x, grid, padding, align_corners, 0
            )
        ],
        samples=SAMPLES,
        # A coordinate that is rounded may lie on the other side of one half.
        dtypes=("float64", "float32"),
        sources=(f"{TORCH}grid_sample.html", f"{KERAS}#map_coordinates-function"),
    ),
    Case(
        "affine_transform_of_image",
        "contraction",
        ref.affine_transform,
        vjp=ref.affine_transform_vjp,
        held=("transform",),
        torch=[torch_transformed],
        tensorflow=[
            # Two zeros more make it a projection.
            lambda tf, x, transform: tf.keras.ops.image.affine_transform(
                x, tf.concat([transform, tf.zeros_like(transform[:, :2])], axis=1)
            ),
        ],
        samples=[
            sample(
                "shear",
                transformed((2, 5, 5, 2), [1.0, 0.25, 0.375, -0.25, 1.0, 0.625], [0.75, 0.0, 0.5, 0.125, 1.25, -0.375]),
            ),
            sample("half-a-pixel", transformed((1, 3, 5, 1), [1.0, 0.0, 0.5, 0.0, 1.0, 0.5])),
            sample("identity", transformed((1, 3, 3, 2), [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]), edge=True, smooth=False),
            sample("all-outside", transformed((1, 3, 3, 1), [1.0, 0.0, 8.0, 0.0, 1.0, 8.0]), edge=True),
            sample("bad-rank", lambda rng: (rng.standard_normal((3, 3)), np.ones((1, 6))), **BAD),
        ],
        sources=(f"{KERAS}#affine_transform-function", f"{TORCH}affine_grid.html"),
    ),
)
