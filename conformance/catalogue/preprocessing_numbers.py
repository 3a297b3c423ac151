"""Preprocessing of numbers and images."""

import numpy as np

from conformance.case import Case, KerasLayer
from conformance.catalogue.metrics_shared import batched
from conformance.reference import preprocessing as ref
from fixtures.samples import given, normal, sample

KERAS = "https://keras.io/api/layers/preprocessing_layers/"
SKLEARN = "https://scikit-learn.org/stable/modules/generated/sklearn.preprocessing."


def adapted(tf, layer, batches=None):
    """A function of data and inputs. As users do, the layer is adapted before a graph is made, whole or in batches: it
    has been called once when it is traced."""
    fresh = True

    def result(data, x):
        nonlocal fresh
        if fresh:
            layer.adapt(data if batches is None else [rows for (rows,) in batched([data], batches)])
            fresh = False
        return layer(x)

    return result


def torch_normalization(torch, data, x, batches, invert: bool):
    variance, mean = torch.var_mean(data, dim=0, correction=0)
    deviation = variance.sqrt().clamp(min=1e-7)
    return mean + x * deviation if invert else (x - mean) / deviation


def torch_discretization(torch, data, x, bins):
    """torch.quantile's interpolations are other definitions: that of Hyndman and Fan's fourth by hand."""
    ordered = data.reshape(-1).sort().values
    at = torch.arange(1, bins, dtype=data.dtype) * len(ordered) / bins
    below = at.floor().clamp(1, len(ordered) - 1)
    low, high = ordered[below.long() - 1], ordered[below.long()]
    boundaries = low + (at - below).clamp(min=0) * (high - low)
    return torch.bucketize(x, boundaries, right=True)


def torch_auto_contrast(torch, x):
    low, high = x.amin(dim=(-3, -2), keepdim=True), x.amax(dim=(-3, -2), keepdim=True)
    return torch.where(high == low, x, (x - low) * 255 / (high - low))


def pixels(*shape: int):
    return lambda rng: (rng.uniform(20, 200, shape),)


CASES = (
    Case(
        "normalization_layer",
        "reduction",
        ref.normalization,
        vjp=ref.normalization_vjp,
        held=("data",),
        torch=[torch_normalization],
        tensorflow=[
            KerasLayer(
                lambda tf, data, x, batches, invert: adapted(
                    tf, tf.keras.layers.Normalization(invert=invert, dtype=x.dtype), batches
                ),
                inputs=2,
            ),
        ],
        samples=[
            normal((12, 3), (4, 3), name="whole", batches=None, invert=False),
            normal((12, 3), (4, 3), name="streamed", batches=(5, 1, 6), invert=False, edge=True),
            normal((12, 3), (4, 3), name="inverted", batches=None, invert=True),
            given([[0.0, 1.0], [0.0, 2.0]], [[0.0, 3.0]], name="constant-column", batches=None, invert=False),
            given([[1.0, 2.0]] * 2, [[1.0, 2.0, 3.0]], name="bad-sizes", raises=True, batches=None, invert=False),
        ],
        dtypes=("float64", "float32"),
        sources=(f"{KERAS}numerical/normalization/", f"{SKLEARN}StandardScaler.html"),
    ),
    Case(
        "rescaling",
        "elementwise",
        ref.rescaling,
        vjp=ref.rescaling_vjp,
        torch=[lambda torch, x, scale, offset: x * scale + offset],
        tensorflow=[
            lambda tf, x, scale, offset: tf.keras.layers.Rescaling(scale, offset, dtype=x.dtype)(x),
            lambda tf, x, scale, offset: x * scale + offset,
        ],
        samples=[
            sample(
                "images", lambda rng: (rng.integers(0, 256, (2, 4, 4, 3)).astype(float),), scale=1 / 255, offset=0.0
            ),
            sample("to-both-signs", pixels(2, 4, 4, 3), scale=1 / 127.5, offset=-1.0),
            given([0.0, 127.5, 255.0], name="ends", scale=2**-7, offset=-1.0),
            given([np.inf, -np.inf, np.nan], name="nonfinite", gradient=False, scale=0.5, offset=0.0),
        ],
        sources=(f"{KERAS}image_preprocessing/rescaling/",),
    ),
    Case(
        "discretization_adapted",
        "selection",
        ref.discretization,
        torch=[torch_discretization],
        tensorflow=[
            KerasLayer(
                lambda tf, data, x, bins: adapted(tf, tf.keras.layers.Discretization(num_bins=bins)),
                inputs=2,
            ),
        ],
        samples=[
            normal((10,), (20,), name="between", bins=4),
            normal((3, 7), (4, 2), name="rank-2", bins=5),
            given([1.0, 2.0, 3.0, 4.0], [0.0, 1.0, 2.0, 3.0, 4.0, 9.0], name="on-boundaries", bins=4),
            given([1.0, 1.0, 1.0, 2.0], [0.5, 1.0, 2.0], name="repeated", bins=4),
            # Below 0.1, and the same in float32.
            given([0.1, 0.3], [0.0999999999, 0.3], name="below-a-boundary", bins=2, dtypes=("float64",)),
        ],
        dtypes=("float64", "float32"),
        sources=(f"{KERAS}numerical/discretization/", f"{SKLEARN}KBinsDiscretizer.html"),
    ),
    Case(
        "auto_contrast",
        "reduction",
        ref.auto_contrast,
        intermediates=ref.auto_contrast_intermediates,
        torch=[torch_auto_contrast],
        tensorflow=[lambda tf, x: tf.keras.layers.AutoContrast(dtype=x.dtype)(x)],
        samples=[
            sample("images", pixels(2, 4, 5, 3)),
            given([[[[0.0], [255.0]], [[128.0], [64.0]]]], name="already"),
            given([[[[7.0], [7.0]]]], name="constant"),
            sample("one-image", pixels(3, 4, 2), edge=True),
            given([0.0, 1.0], name="bad-rank", raises=True),
        ],
        dtypes=("float64", "float32"),
        sources=(
            f"{KERAS}image_preprocessing/auto_contrast/",
            "https://pillow.readthedocs.io/en/stable/reference/ImageOps.html#PIL.ImageOps.autocontrast",
        ),
    ),
)
