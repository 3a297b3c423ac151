"""The dropout family. In inference it is the identity; in training it is judged by hypothesis tests on what it makes of
ones (noise that is added: of zeros). Feature maps are (batch, positions..., channels); torch has channels first."""

import numpy as np

from conformance.case import Case, KerasLayer
from conformance.reference import layers as ref
from conformance.reference import statistics
from fixtures.samples import normal, sample

KERAS = "https://keras.io/api/layers/regularization_layers/"
TORCH = "https://docs.pytorch.org/docs/stable/generated/torch.nn."


def torch_gaussian_dropout(torch, x, rate):
    """torch has no such layer."""
    return x * (1 + (rate / (1 - rate)) ** 0.5 * torch.randn_like(x))


def torch_gaussian_noise(torch, x, deviation):
    """torch has no such layer."""
    return x + deviation * torch.randn_like(x)


def with_axes(tf, x, layer, n):
    """The layer, given ``n`` positions more before those of the input."""

    class WithAxes(tf.keras.layers.Layer):
        def __init__(self):
            super().__init__(dtype=x.dtype)
            self.layer = layer

        def call(self, x):
            return tf.squeeze(self.layer(x[(slice(None), *(None,) * n)], training=False), list(range(1, n + 1)))

    return WithAxes()


SEEDED = ("eager", "function", "shapeless", "xla", "compile", "dynamic", "inductor")
"""All but a TF1 graph, whose seed is set inside of it."""


def constant(value: float, *shape: int):
    return lambda _: (np.full(shape, value),)


def masked(share: float, *shape: int):
    """Numbers, and which of them are kept."""
    return lambda rng: (rng.standard_normal(shape), rng.uniform(size=shape) < share)


def maps(*shape: int):
    """Rates for feature maps of ones."""
    return [
        sample("half", constant(1.0, *shape), rate=0.5),
        sample("fifth", constant(1.0, *shape), rate=0.2),
        sample("nearly-all", constant(1.0, *shape), rate=0.9, edge=True),
        sample("everything", constant(1.0, 4, *shape[1:]), rate=1.0, edge=True),
    ]


CASES = (
    Case(
        "dropout_in_evaluation",
        "selection",
        ref.dropout_in_evaluation,
        vjp=ref.identity_vjp,
        torch=[
            lambda torch, x, rate: torch.nn.Dropout(rate).eval()(x),
            lambda torch, x, rate: torch.nn.functional.dropout(x, rate, training=False),
            lambda torch, x, rate: torch.nn.Dropout1d(rate).eval()(x),
            lambda torch, x, rate: torch.nn.Dropout2d(rate).eval()(x[None])[0],
            lambda torch, x, rate: torch.nn.Dropout3d(rate).eval()(x[None])[0],
            lambda torch, x, rate: torch.nn.AlphaDropout(rate).eval()(x),
            lambda torch, x, rate: torch.nn.FeatureAlphaDropout(rate).eval()(x),
        ],
        tensorflow=[
            KerasLayer(lambda tf, x, rate: tf.keras.layers.Dropout(rate, dtype=x.dtype), {"training": False}),
            KerasLayer(lambda tf, x, rate: tf.keras.layers.SpatialDropout1D(rate, dtype=x.dtype)),
            KerasLayer(lambda tf, x, rate: with_axes(tf, x, tf.keras.layers.SpatialDropout2D(rate, dtype=x.dtype), 1)),
            KerasLayer(lambda tf, x, rate: with_axes(tf, x, tf.keras.layers.SpatialDropout3D(rate, dtype=x.dtype), 2)),
            KerasLayer(lambda tf, x, rate: tf.keras.layers.AlphaDropout(rate, dtype=x.dtype)),
            KerasLayer(lambda tf, x, rate: tf.keras.layers.GaussianDropout(rate, dtype=x.dtype)),
            KerasLayer(lambda tf, x, rate: tf.keras.layers.GaussianNoise(rate, dtype=x.dtype)),
        ],
        samples=[
            normal((2, 3, 4), rate=0.5),
            normal((1, 2, 3), rate=0.0, name="rate-0"),
            normal((2, 3, 2), rate=0.9, name="rate-0.9", edge=True),
            normal((1, 1, 1), rate=1.0, name="rate-1", edge=True),
            normal((2, 3, 2), rate=1.5, name="bad-rate", edge=True, raises=True),
        ],
        sources=("https://jmlr.org/papers/v15/srivastava14a.html", KERAS, f"{TORCH}Dropout.html"),
    ),
    Case(
        "dropout_by_a_mask",
        "elementwise",
        ref.dropout_by_a_mask,
        vjp=ref.dropout_by_a_mask_vjp,
        torch=[
            lambda torch, x, kept, rate: x * kept / (1 - rate),
            lambda torch, x, kept, rate: torch.where(kept, x / (1 - rate), 0.0),
        ],
        tensorflow=[
            lambda tf, x, kept, rate: x * tf.cast(kept, x.dtype) / (1 - rate),
            lambda tf, x, kept, rate: tf.where(kept, x / (1 - rate), tf.zeros_like(x)),
        ],
        samples=[
            sample("half", masked(0.5, 4, 5), rate=0.5),
            sample("tenth", masked(0.9, 4, 5), rate=0.1),
            sample("nothing-kept", masked(0.0, 3, 2), rate=0.5, edge=True),
            sample("everything-kept", masked(1.0, 3, 2), rate=0.5, edge=True),
        ],
        sources=("https://jmlr.org/papers/v15/srivastava14a.html",),
    ),
    Case(
        "dropout_in_training",
        "statistics",
        ref.identity,
        statistics=statistics.dropout,
        modes=SEEDED,
        torch=[
            lambda torch, x, rate: torch.nn.Dropout(rate)(x),
            lambda torch, x, rate: torch.nn.functional.dropout(x, rate, training=True),
        ],
        tensorflow=[
            KerasLayer(lambda tf, x, rate: tf.keras.layers.Dropout(rate, dtype=x.dtype), {"training": True}),
            lambda tf, x, rate: tf.nn.dropout(x, rate),
        ],
        samples=[
            sample("half", constant(1.0, 200, 200), rate=0.5),
            sample("tenth", constant(1.0, 200, 200), rate=0.1),
            sample("nearly-all", constant(1.0, 200, 200), rate=0.9, edge=True),
            sample("nothing", constant(1.0, 20, 20), rate=0.0, edge=True),
            sample("everything", constant(1.0, 20, 20), rate=1.0, edge=True),
        ],
        sources=("https://jmlr.org/papers/v15/srivastava14a.html",),
    ),
    Case(
        "spatial_dropout1d_in_training",
        "statistics",
        ref.identity,
        statistics=statistics.spatial_dropout,
        modes=SEEDED,
        torch=[
            lambda torch, x, rate: torch.nn.Dropout1d(rate)(x.mT).mT,
            lambda torch, x, rate: torch.nn.functional.dropout1d(x.mT, rate).mT,
        ],
        tensorflow=[
            KerasLayer(lambda tf, x, rate: tf.keras.layers.SpatialDropout1D(rate, dtype=x.dtype), {"training": True}),
            lambda tf, x, rate: tf.nn.dropout(x, rate, noise_shape=[tf.shape(x)[0], 1, tf.shape(x)[2]]),
        ],
        samples=maps(100, 3, 100),
        dtypes=("float32", "bfloat16"),
        sources=(f"{TORCH}Dropout1d.html", f"{KERAS}spatial_dropout1d/", "https://arxiv.org/abs/1411.4280"),
    ),
    Case(
        "spatial_dropout2d_in_training",
        "statistics",
        ref.identity,
        statistics=statistics.spatial_dropout,
        modes=SEEDED,
        torch=[
            lambda torch, x, rate: torch.nn.Dropout2d(rate)(x.movedim(-1, 1)).movedim(1, -1),
            lambda torch, x, rate: torch.nn.functional.dropout2d(x.movedim(-1, 1), rate).movedim(1, -1),
        ],
        tensorflow=[
            KerasLayer(lambda tf, x, rate: tf.keras.layers.SpatialDropout2D(rate, dtype=x.dtype), {"training": True})
        ],
        samples=maps(80, 2, 2, 80),
        dtypes=("float32", "bfloat16"),
        sources=(f"{TORCH}Dropout2d.html", f"{KERAS}spatial_dropout2d/"),
    ),
    Case(
        "spatial_dropout3d_in_training",
        "statistics",
        ref.identity,
        statistics=statistics.spatial_dropout,
        modes=SEEDED,
        torch=[
            lambda torch, x, rate: torch.nn.Dropout3d(rate)(x.movedim(-1, 1)).movedim(1, -1),
            lambda torch, x, rate: torch.nn.functional.dropout3d(x.movedim(-1, 1), rate).movedim(1, -1),
        ],
        tensorflow=[
            KerasLayer(lambda tf, x, rate: tf.keras.layers.SpatialDropout3D(rate, dtype=x.dtype), {"training": True})
        ],
        samples=maps(80, 1, 2, 2, 80),
        dtypes=("float32", "bfloat16"),
        sources=(f"{TORCH}Dropout3d.html", f"{KERAS}spatial_dropout3d/"),
    ),
    Case(
        "alpha_dropout_in_training",
        "statistics",
        ref.identity,
        statistics=statistics.alpha_dropout,
        torch=[
            lambda torch, x, rate: torch.nn.AlphaDropout(rate)(x),
            lambda torch, x, rate: torch.nn.functional.alpha_dropout(x, rate, training=True),
        ],
        tensorflow=[
            KerasLayer(lambda tf, x, rate: tf.keras.layers.AlphaDropout(rate, dtype=x.dtype), {"training": True})
        ],
        samples=[
            sample("half", constant(1.0, 120, 120), rate=0.5),
            sample("tenth", constant(1.0, 120, 120), rate=0.1),
            sample("nearly-nothing", constant(1.0, 120, 120), rate=0.02, edge=True),
            sample("nearly-all", constant(1.0, 120, 120), rate=0.9, edge=True),
        ],
        dtypes=("float32", "bfloat16"),
        sources=(f"{TORCH}AlphaDropout.html", f"{KERAS}alpha_dropout/", "https://arxiv.org/abs/1706.02515"),
    ),
    Case(
        "feature_alpha_dropout_in_training",
        "statistics",
        ref.identity,
        statistics=statistics.feature_alpha_dropout,
        torch=[
            lambda torch, x, rate: torch.nn.FeatureAlphaDropout(rate)(x.mT).mT,
            lambda torch, x, rate: torch.nn.functional.feature_alpha_dropout(x.mT, rate, training=True).mT,
        ],
        tensorflow=[
            KerasLayer(
                lambda tf, x, rate: tf.keras.layers.AlphaDropout(
                    rate, noise_shape=(x.shape[0], 1, x.shape[2]), dtype=x.dtype
                ),
                {"training": True},
            )
        ],
        samples=[
            sample("half", constant(1.0, 100, 3, 100), rate=0.5),
            sample("tenth", constant(1.0, 100, 3, 100), rate=0.1),
            sample("nearly-all", constant(1.0, 100, 2, 100), rate=0.9, edge=True),
            sample("one-position", constant(1.0, 100, 1, 100), rate=0.3, edge=True),
        ],
        dtypes=("float32", "bfloat16"),
        sources=(f"{TORCH}FeatureAlphaDropout.html", f"{KERAS}alpha_dropout/"),
    ),
    Case(
        "gaussian_dropout_in_training",
        "statistics",
        ref.identity,
        statistics=statistics.gaussian_dropout,
        torch=[torch_gaussian_dropout],
        tensorflow=[
            KerasLayer(lambda tf, x, rate: tf.keras.layers.GaussianDropout(rate, dtype=x.dtype), {"training": True})
        ],
        samples=[
            sample("half", constant(1.0, 80, 80), rate=0.5),
            sample("fifth", constant(1.0, 80, 80), rate=0.2),
            sample("nearly-all", constant(1.0, 80, 80), rate=0.9, edge=True),
            sample("nothing", constant(1.0, 8, 8), rate=0.0, edge=True),
        ],
        dtypes=("float32", "bfloat16"),
        sources=(f"{KERAS}gaussian_dropout/", "https://jmlr.org/papers/v15/srivastava14a.html"),
    ),
    Case(
        "gaussian_noise_in_training",
        "statistics",
        ref.identity,
        statistics=statistics.gaussian_noise,
        torch=[torch_gaussian_noise],
        tensorflow=[
            KerasLayer(
                lambda tf, x, deviation: tf.keras.layers.GaussianNoise(deviation, dtype=x.dtype),
                {"training": True},
            )
        ],
        samples=[
            sample("one", constant(0.0, 80, 80), deviation=1.0),
            sample("tenth", constant(0.0, 80, 80), deviation=0.1),
            sample("small", constant(0.0, 80, 80), deviation=1e-3, edge=True),
            sample("nothing", constant(0.0, 8, 8), deviation=0.0, edge=True),
        ],
        dtypes=("float32", "bfloat16"),
        sources=(f"{KERAS}gaussian_noise/",),
    ),
)
