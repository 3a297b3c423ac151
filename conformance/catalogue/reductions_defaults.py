"""Reductions and windows as they are when nothing is said: torch's defaults."""

import numpy as np

from conformance.case import Case
from conformance.reference import fft, reductions
from fixtures.samples import given, normal

TORCH = "https://docs.pytorch.org/docs/stable/generated/torch."
TF = "https://www.tensorflow.org/api_docs/python/tf/"
WIDE = ("float64", "float32")


def corrected(tf, x):
    n = tf.cast(tf.shape(x)[-1], x.dtype)
    variance = tf.math.reduce_variance(x, -1) * n / (n - 1)
    return variance, tf.sqrt(variance)


def periodic_hanning(tf, x):
    n = x.shape[-1]
    return x * tf.cast(tf.keras.ops.hanning(n + 1 if n > 1 else 1)[:n], x.dtype)


def centred(tf, x, n):
    """torch's: reflected ends, frames that overlap by three quarters, no window."""
    frames = tf.pad(x, [[n // 2, n // 2]], "REFLECT")
    return tf.transpose(tf.signal.stft(frames, n, n // 4, n, window_fn=None))


DEFAULTS = (
    Case(
        "var_and_std_by_default",
        "reduction",
        lambda x: tuple(f(x, axis=-1, ddof=1) for f in (reductions.var, reductions.std)),
        torch=[lambda torch, x: (torch.var(x, -1), torch.std(x, -1)), lambda torch, x: (x.var(-1), x.std(-1))],
        tensorflow=[
            lambda tf, x: (tf.math.reduce_variance(x, -1), tf.math.reduce_std(x, -1)),
            lambda tf, x: (tf.keras.ops.var(x, -1), tf.keras.ops.std(x, -1)),
            corrected,
        ],
        jax=[lambda jax, x: (jax.numpy.var(x, -1), jax.numpy.std(x, -1))],
        samples=[normal((4, 9)), given([[1.0, 2.0], [-3.0, 5.0]], name="two"), normal((2, 3, 5), name="three-axes")],
        dtypes=WIDE,
        sources=(f"{TORCH}var.html", f"{TF}math/reduce_variance"),
    ),
    Case(
        "hann_window_by_default",
        "reduction",
        lambda x: fft.cosine_window(x, a=(1, 2), periodic=True),
        torch=[lambda torch, x: x * torch.hann_window(x.shape[-1], dtype=x.dtype)],
        tensorflow=[
            lambda tf, x: x * tf.signal.hann_window(x.shape[-1], dtype=x.dtype),
            lambda tf, x: x * tf.cast(tf.keras.ops.hanning(x.shape[-1]), x.dtype),
            periodic_hanning,
        ],
        jax=[lambda jax, x: x * jax.numpy.hanning(x.shape[-1]).astype(x.dtype)],
        samples=[
            normal((2, 8)),
            normal((4,), name="four"),
            given([1.0, 1.0], name="two"),
            given([2.0], name="one-element"),
        ],
        dtypes=WIDE,
        modes=("eager", "function"),
        sources=(f"{TORCH}hann_window.html", f"{TF}signal/hann_window", "https://keras.io/api/ops/numpy/"),
    ),
    Case(
        "stft_by_default",
        "reduction",
        lambda x, *, n: np.moveaxis(
            fft.stft(np.pad(x, n // 2, mode="reflect"), np.ones_like(x[:n]), n=n, step=n // 4), -1, 0
        ),
        torch=[lambda torch, x, n: torch.stft(x, n, return_complex=True)],
        tensorflow=[
            lambda tf, x, n: tf.transpose(tf.signal.stft(x, n, n // 4)),
            lambda tf, x, n: tf.transpose(tf.complex(*tf.keras.ops.stft(x, n, n // 4, n))),
            centred,
        ],
        samples=[
            normal((40,), n=16),
            normal((33,), n=8, name="odd"),
            given(np.arange(8.0), n=8, name="one-frame"),
        ],
        dtypes=WIDE,
        modes=("eager",),
        sources=(f"{TORCH}stft.html", f"{TF}signal/stft", "https://keras.io/api/ops/fft/"),
    ),
)
