"""Spectral normalization from a vector that is drawn: how near to the largest singular value the first call comes."""

import numpy as np

from conformance.case import Array, Case
from conformance.reference import normalization as ref
from fixtures.samples import sample


def torch_registered(torch, x, kernel):
    """Registration draws vectors and iterates 15 times; each call in training once more."""
    torch.manual_seed(0)
    layer = torch.nn.Linear(*kernel.shape, bias=False, dtype=x.dtype)
    with torch.no_grad():
        layer.weight.copy_(kernel.mT)
    return torch.nn.utils.parametrizations.spectral_norm(layer)(x)


def keras_first_call(tf, x, kernel, iterations=1):
    tf.keras.utils.set_random_seed(0)
    dense = tf.keras.layers.Dense(kernel.shape[1], use_bias=False, dtype=x.dtype)
    layer = tf.keras.layers.SpectralNormalization(dense, iterations, dtype=x.dtype)
    layer.build(x.shape)
    dense.set_weights([tf.keras.ops.convert_to_numpy(kernel)])
    return layer(x, training=True)


def keras_many_iterations(tf, x, kernel):
    return keras_first_call(tf, x, kernel, 30)


def dominated(rows: int, inputs: int, outputs: int):
    """The largest singular value is 3, the others are at most 3/4: 15 iterations find it to a part in 1e17."""

    def make(rng: np.random.Generator) -> tuple[Array, ...]:
        k = min(inputs, outputs)
        left, right = (np.linalg.qr(rng.standard_normal((n, k)))[0] for n in (inputs, outputs))
        values = np.array([3.0, *rng.uniform(0.25, 0.75, k - 1)])
        return rng.standard_normal((rows, inputs)), left * values @ right.T

    return make


CASES = (
    Case(
        "spectral_normalization_at_first",
        "factorization",
        ref.converged_spectral_norm,
        torch=[torch_registered],
        tensorflow=[keras_many_iterations, keras_first_call],
        samples=[
            sample("square", dominated(3, 4, 4)),
            sample("wide", dominated(2, 3, 5)),
            sample("tall", dominated(2, 5, 3), edge=True),
            sample("two-by-two", dominated(1, 2, 2), edge=True),
        ],
        modes=("eager",),
        dtypes=("float64", "float32"),
        sources=(
            "https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.parametrizations.spectral_norm.html",
            "https://keras.io/api/layers/normalization_layers/spectral_normalization/",
            "https://arxiv.org/abs/1802.05957",
        ),
    ),
)
