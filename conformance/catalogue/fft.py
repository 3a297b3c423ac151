"""Discrete Fourier transforms."""

from typing import Any

import numpy as np

from conformance.case import COMPLEX, FLOATS, Array, Case, Sample
from conformance.reference import fft as ref
from fixtures.samples import given, normal, sample

PARTS = ("float64", "float32")
"""Of complex inputs, the parts. No framework transforms half precision on a CPU."""
TORCH = "https://docs.pytorch.org/docs/stable/generated/torch.fft."
TF = "https://www.tensorflow.org/api_docs/python/tf/signal/"


def complex_normal(*shapes: tuple[int, ...], name: str = "normal", **options: Any) -> Sample:
    def make(rng: np.random.Generator) -> tuple[Array, ...]:
        return tuple(rng.standard_normal(s) + 1j * rng.standard_normal(s) for s in shapes)

    return sample(name, make, **options)


LENGTHS = (
    complex_normal((3, 8), norm="backward", name="even"),
    complex_normal((2, 9), norm="backward", name="odd"),
    complex_normal((13,), norm="ortho", name="prime-ortho"),
    complex_normal((12,), norm="forward", name="forward"),
    complex_normal((1,), norm="backward", name="one-element", edge=True),
    given([0j, 0, 1, 0, 0], norm="backward", name="impulse"),
)
PLANES = (
    complex_normal((4, 6), norm="backward", name="even"),
    complex_normal((2, 3, 5), norm="ortho", name="batch-odd-ortho"),
    complex_normal((5, 4), norm="forward", name="forward"),
    complex_normal((1, 1), norm="backward", name="one-element", edge=True),
)
REAL_LENGTHS = (
    normal((3, 8), n=8, norm="backward", name="even"),
    normal((2, 9), n=9, norm="backward", name="odd"),
    normal((13,), n=13, norm="ortho", name="prime-ortho"),
    normal((6,), n=10, norm="forward", name="padded-forward"),
    normal((9,), n=4, norm="backward", name="cropped"),
    normal((2, 4), n=1, norm="backward", name="cropped-to-one", edge=True),
    normal((1,), n=1, norm="backward", name="one-element", edge=True),
)
HALF_LENGTHS = (
    complex_normal((3, 5), n=8, norm="backward", name="even"),
    complex_normal((2, 5), n=9, norm="backward", name="odd"),
    complex_normal((7,), n=13, norm="ortho", name="prime-ortho"),
    complex_normal((4,), n=10, norm="forward", name="padded-forward"),
    complex_normal((6,), n=5, norm="backward", name="cropped"),
    complex_normal((2, 4), n=1, norm="backward", name="cropped-to-one", edge=True),
    complex_normal((1,), n=1, norm="backward", name="one-element", edge=True),
)
REAL_PLANES = (
    normal((4, 6), n=6, norm="backward", name="even"),
    normal((2, 3, 5), n=5, norm="ortho", name="batch-odd-ortho"),
    normal((5, 4), n=4, norm="forward", name="forward"),
    normal((3, 4), n=1, norm="backward", name="cropped-to-one", edge=True),
    normal((1, 1), n=1, norm="backward", name="one-element", edge=True),
)
HALF_PLANES = (
    complex_normal((4, 4), n=6, norm="backward", name="even"),
    complex_normal((2, 3, 3), n=5, norm="ortho", name="batch-odd-ortho"),
    complex_normal((5, 3), n=4, norm="forward", name="forward"),
    complex_normal((1, 1), n=1, norm="backward", name="one-element", edge=True),
)
WINDOWS = (
    normal((16,), periodic=True, name="even"),
    normal((9,), periodic=True, name="odd"),
    normal((9,), periodic=False, name="symmetric", edge=True),
)
SHIFTED = (
    complex_normal((3, 8), axes=(1,), name="even", dtypes=COMPLEX),
    normal((3, 7), axes=(-1,), name="odd", dtypes=FLOATS),
    normal((4, 5), axes=(0, 1), name="two-axes", dtypes=FLOATS),
    normal((1,), axes=(0,), name="one-element", edge=True, dtypes=FLOATS),
)


def both_parts(tf, x):
    return tf.keras.ops.real(x), tf.keras.ops.imag(x)


def sizes(tf, x, axes):
    """Of so many last axes."""
    return tf.keras.ops.shape(x)[-axes:]


def scaled(tf, y, sizes, norm, inverse=False):
    """TensorFlow and Keras have one convention: 1 / n on the inverse."""
    power = {"backward": 0, "ortho": 0.5, "forward": 1}[norm]
    n = tf.cast(tf.keras.ops.prod(sizes), "float64")
    return y * tf.cast(n ** (power if inverse else -power), y.dtype)


def resized(tf, x, n):
    x = x[..., :n]
    return tf.pad(x, [[0, 0]] * (len(x.shape) - 1) + [[0, n - tf.shape(x)[-1]]])


def centred(y, cut):
    return y[..., cut:-cut] if cut else y


def torch_istft(torch, x, window, n, step, cut):
    y = torch.istft(x.mT, n, step, window=window, center=False)
    return centred(y, cut)


def tf_inverse_stft(tf, x, window, n, step, cut):
    window_fn = tf.signal.inverse_stft_window_fn(step, lambda length, dtype: window)
    return centred(tf.signal.inverse_stft(x, n, step, n, window_fn=window_fn), cut)


def keras_ops_istft(tf, x, window, n, step, cut):
    return centred(tf.keras.ops.istft(both_parts(tf, x), n, step, n, window=window, center=False), cut)


def torch_fold(torch, x, step):
    """torch.nn.functional.fold of an image of one row."""
    frames, length = x.shape[-2:]
    n = (frames - 1) * step + length
    columns = x.mT.reshape(-1, length, frames)
    return torch.nn.functional.fold(columns, (1, n), (1, length), stride=(1, step)).reshape(*x.shape[:-2], n)


def signals(length: int, n: int, name: str, *, batch: tuple[int, ...] = (), **options: Any) -> Sample:
    """A signal, and a positive window of n numbers."""
    return sample(name, lambda rng: (rng.standard_normal((*batch, length)), rng.uniform(0.5, 1, n)), n=n, **options)


def tiny_first(rng: np.random.Generator) -> tuple[Array, ...]:
    """One frame, of which the first number is tiny, and its window."""
    return rng.standard_normal(8) * 2.0 ** np.array([-20, *[0] * 7]), rng.uniform(0.5, 1, 8)


def spectra(frames: int, n: int, name: str, **options: Any) -> Sample:
    def make(rng: np.random.Generator) -> tuple[Array, ...]:
        shape = (frames, n // 2 + 1)
        return rng.standard_normal(shape) + 1j * rng.standard_normal(shape), rng.uniform(0.5, 1, n)

    return sample(name, make, n=n, **options)


def weight(x: Array, **_: Any) -> Array:
    """a - (1 - a) cos: the difference is of numbers of about 1/2."""
    return np.abs(x)


def weight_of_cotangent(c: Array, x: Array, **_: Any) -> Array:
    return np.abs(c)


def jax_idct(jax, x, type, norm):
    """jax.scipy.fft.idct: unlike that of tf.signal it is the inverse of dct, which SciPy has not scaled either."""
    return jax.scipy.fft.idct(x, type, norm=norm) * (1 if norm == "ortho" else 2 * x.shape[-1])


CASES = (
    Case(
        "fft",
        "reduction",
        ref.fft,
        vjp=ref.fft_vjp,
        torch=[lambda torch, x, norm: torch.fft.fft(x, norm=norm)],
        tensorflow=[
            lambda tf, x, norm: scaled(tf, tf.signal.fft(x), tf.shape(x)[-1:], norm),
            lambda tf, x, norm: scaled(tf, tf.complex(*tf.keras.ops.fft(both_parts(tf, x))), sizes(tf, x, 1), norm),
        ],
        jax=[lambda jax, x, norm: jax.numpy.fft.fft(x, norm=norm)],
        samples=LENGTHS,
        dtypes=PARTS,
        sources=(TORCH + "fft.html", TF + "fft"),
    ),
    Case(
        "ifft",
        "reduction",
        ref.ifft,
        vjp=ref.ifft_vjp,
        torch=[lambda torch, x, norm: torch.fft.ifft(x, norm=norm)],
        tensorflow=[
            lambda tf, x, norm: scaled(tf, tf.signal.ifft(x), tf.shape(x)[-1:], norm, inverse=True),
        ],
        jax=[lambda jax, x, norm: jax.numpy.fft.ifft(x, norm=norm)],
        samples=LENGTHS,
        dtypes=PARTS,
        sources=(TORCH + "ifft.html", TF + "ifft"),
    ),
    Case(
        "fft_of_length",
        "reduction",
        ref.fft,
        vjp=ref.fft_vjp,
        torch=[lambda torch, x, n: torch.fft.fft(x, n=n[0])],
        tensorflow=[
            lambda tf, x, n: tf.signal.fft(resized(tf, x, n[0])),
        ],
        jax=[lambda jax, x, n: jax.numpy.fft.fft(x, n[0])],
        samples=[
            complex_normal((2, 6), n=(8,), name="padded"),
            complex_normal((2, 6), n=(3,), name="cropped"),
            complex_normal((1,), n=(2,), name="one-element", edge=True),
        ],
        dtypes=PARTS,
        sources=(TORCH + "fft.html", TF + "fft"),
    ),
    Case(
        "fft_along_axis",
        "reduction",
        ref.fft,
        vjp=ref.fft_vjp,
        torch=[lambda torch, x, axes: torch.fft.fft(x, dim=axes[0])],
        tensorflow=[
            lambda tf, x, axes: tf.experimental.numpy.moveaxis(
                tf.signal.fft(tf.experimental.numpy.moveaxis(x, axes[0], -1)), -1, axes[0]
            ),
        ],
        jax=[lambda jax, x, axes: jax.numpy.fft.fft(x, axis=axes[0])],
        samples=[
            complex_normal((6, 2), axes=(0,), name="first"),
            complex_normal((2, 5, 3), axes=(-2,), name="negative-axis"),
            complex_normal((1, 4), axes=(0,), name="one-element", edge=True),
        ],
        dtypes=PARTS,
        sources=(TORCH + "fft.html",),
    ),
    Case(
        "fft_of_real",
        "reduction",
        ref.fft,
        vjp=ref.fft_vjp,
        torch=[lambda torch, x: torch.fft.fft(x)],
        tensorflow=[
            lambda tf, x: tf.signal.fft(tf.complex(x, tf.zeros_like(x))),
            lambda tf, x: tf.complex(*tf.keras.ops.fft((x, tf.zeros_like(x)))),
        ],
        jax=[lambda jax, x: jax.numpy.fft.fft(x)],
        samples=[
            normal((2, 8), name="even"),
            normal((7,), name="odd"),
            given([1.0, 1.0, 1.0, 1.0], name="constant"),
        ],
        dtypes=PARTS,
        sources=(TORCH + "fft.html",),
    ),
    Case(
        "rfft",
        "reduction",
        lambda x, *, n, norm: ref.rfft(x, norm=norm, n=(n,)),
        vjp=lambda c, x, *, n, norm: ref.rfft_vjp(c, x, norm=norm, n=(n,)),
        torch=[lambda torch, x, n, norm: torch.fft.rfft(x, n=n, norm=norm)],
        tensorflow=[
            lambda tf, x, n, norm: scaled(tf, tf.signal.rfft(x, [n]), (n,), norm),
            lambda tf, x, n, norm: scaled(tf, tf.complex(*tf.keras.ops.rfft(x, n)), (n,), norm),
        ],
        jax=[lambda jax, x, n, norm: jax.numpy.fft.rfft(x, n, norm=norm)],
        samples=REAL_LENGTHS,
        dtypes=PARTS,
        sources=(TORCH + "rfft.html", TF + "rfft"),
    ),
    Case(
        "irfft",
        "reduction",
        ref.irfft,
        vjp=ref.irfft_vjp,
        torch=[lambda torch, x, n, norm: torch.fft.irfft(x, n=n, norm=norm)],
        tensorflow=[
            lambda tf, x, n, norm: scaled(
                tf, tf.signal.irfft(x, n and [n]), (n or 2 * tf.shape(x)[-1] - 2,), norm, inverse=True
            ),
            lambda tf, x, n, norm: scaled(
                tf, tf.keras.ops.irfft(both_parts(tf, x), n), (n or 2 * sizes(tf, x, 1)[0] - 2,), norm, inverse=True
            ),
        ],
        jax=[lambda jax, x, n, norm: jax.numpy.fft.irfft(x, n, norm=norm)],
        samples=(*HALF_LENGTHS, complex_normal((2, 5), n=None, norm="backward", name="default-length")),
        dtypes=PARTS,
        sources=(TORCH + "irfft.html", TF + "irfft"),
    ),
    Case(
        "fft2",
        "reduction",
        lambda x, *, norm: ref.fft(x, norm=norm, axes=(-2, -1)),
        vjp=lambda c, x, *, norm: ref.fft_vjp(c, x, norm=norm, axes=(-2, -1)),
        torch=[lambda torch, x, norm: torch.fft.fft2(x, norm=norm)],
        tensorflow=[
            lambda tf, x, norm: scaled(tf, tf.signal.fft2d(x), tf.shape(x)[-2:], norm),
            lambda tf, x, norm: scaled(tf, tf.complex(*tf.keras.ops.fft2(both_parts(tf, x))), sizes(tf, x, 2), norm),
        ],
        jax=[lambda jax, x, norm: jax.numpy.fft.fft2(x, norm=norm)],
        samples=PLANES,
        dtypes=PARTS,
        sources=(TORCH + "fft2.html", TF + "fft2d"),
    ),
    Case(
        "ifft2",
        "reduction",
        lambda x, *, norm: ref.ifft(x, norm=norm, axes=(-2, -1)),
        vjp=lambda c, x, *, norm: ref.ifft_vjp(c, x, norm=norm, axes=(-2, -1)),
        torch=[lambda torch, x, norm: torch.fft.ifft2(x, norm=norm)],
        tensorflow=[
            lambda tf, x, norm: scaled(tf, tf.signal.ifft2d(x), tf.shape(x)[-2:], norm, inverse=True),
            lambda tf, x, norm: scaled(
                tf, tf.complex(*tf.keras.ops.ifft2(both_parts(tf, x))), sizes(tf, x, 2), norm, inverse=True
            ),
        ],
        jax=[lambda jax, x, norm: jax.numpy.fft.ifft2(x, norm=norm)],
        samples=PLANES,
        dtypes=PARTS,
        sources=(TORCH + "ifft2.html", TF + "ifft2d"),
    ),
    Case(
        "rfft2",
        "reduction",
        lambda x, *, n, norm: ref.rfft(x, norm=norm, n=(x.shape[-2], n), axes=(-2, -1)),
        vjp=lambda c, x, *, n, norm: ref.rfft_vjp(c, x, norm=norm, n=(x.shape[-2], n), axes=(-2, -1)),
        torch=[lambda torch, x, n, norm: torch.fft.rfft2(x, s=(x.shape[-2], n), norm=norm)],
        tensorflow=[
            lambda tf, x, n, norm: scaled(tf, tf.signal.rfft2d(x, [tf.shape(x)[-2], n]), (tf.shape(x)[-2], n), norm)
        ],
        jax=[lambda jax, x, n, norm: jax.numpy.fft.rfft2(x, s=(x.shape[-2], n), norm=norm)],
        samples=REAL_PLANES,
        dtypes=PARTS,
        sources=(TORCH + "rfft2.html", TF + "rfft2d"),
    ),
    Case(
        "irfft2",
        "reduction",
        lambda x, *, n, norm: ref.irfft(x, n=n, norm=norm, axes=(-2, -1)),
        vjp=lambda c, x, *, n, norm: ref.irfft_vjp(c, x, n=n, norm=norm, axes=(-2, -1)),
        torch=[lambda torch, x, n, norm: torch.fft.irfft2(x, s=(x.shape[-2], n), norm=norm)],
        tensorflow=[
            lambda tf, x, n, norm: scaled(
                tf, tf.signal.irfft2d(x, [tf.shape(x)[-2], n]), (tf.shape(x)[-2], n), norm, inverse=True
            )
        ],
        jax=[lambda jax, x, n, norm: jax.numpy.fft.irfft2(x, (x.shape[-2], n), norm=norm)],
        samples=(*HALF_PLANES, complex_normal((1, 2), n=1, norm="backward", name="cropped-to-one", edge=True)),
        dtypes=PARTS,
        sources=(TORCH + "irfft2.html", TF + "irfft2d"),
    ),
    Case(
        "fftn",
        "reduction",
        lambda x: ref.fft(x, axes=(-3, -2, -1)),
        vjp=lambda c, x: ref.fft_vjp(c, x, axes=(-3, -2, -1)),
        torch=[lambda torch, x: torch.fft.fftn(x, dim=(-3, -2, -1))],
        tensorflow=[
            lambda tf, x: tf.signal.fft3d(x),
            lambda tf, x: tf.signal.fftnd(x, axes=[-3, -2, -1], fft_length=tf.shape(x)[-3:]),
        ],
        jax=[lambda jax, x: jax.numpy.fft.fftn(x, axes=(-3, -2, -1))],
        samples=[
            complex_normal((2, 3, 4)),
            complex_normal((2, 3, 1, 5), name="batch"),
            complex_normal((1, 1, 1), name="one-element", edge=True),
        ],
        dtypes=PARTS,
        sources=(TORCH + "fftn.html", TF + "fft3d"),
    ),
    Case(
        "ifftn",
        "reduction",
        lambda x: ref.ifft(x, axes=(-3, -2, -1)),
        vjp=lambda c, x: ref.ifft_vjp(c, x, axes=(-3, -2, -1)),
        torch=[lambda torch, x: torch.fft.ifftn(x, dim=(-3, -2, -1))],
        tensorflow=[
            lambda tf, x: tf.signal.ifft3d(x),
        ],
        jax=[lambda jax, x: jax.numpy.fft.ifftn(x, axes=(-3, -2, -1))],
        samples=[
            complex_normal((2, 3, 4)),
            complex_normal((2, 3, 1, 5), name="batch"),
            complex_normal((1, 1, 1), name="one-element", edge=True),
        ],
        dtypes=PARTS,
        sources=(TORCH + "ifftn.html", TF + "ifft3d"),
    ),
    Case(
        "rfftn",
        "reduction",
        lambda x: ref.rfft(x, axes=(-3, -2, -1)),
        vjp=lambda c, x: ref.rfft_vjp(c, x, axes=(-3, -2, -1)),
        torch=[lambda torch, x: torch.fft.rfftn(x, dim=(-3, -2, -1))],
        tensorflow=[lambda tf, x: tf.signal.rfft3d(x)],
        jax=[lambda jax, x: jax.numpy.fft.rfftn(x, axes=(-3, -2, -1))],
        samples=[
            normal((2, 3, 4)),
            normal((2, 3, 1, 5), name="batch"),
            normal((1, 1, 1), name="one-element", edge=True),
        ],
        dtypes=PARTS,
        sources=(TORCH + "rfftn.html", TF + "rfft3d"),
    ),
    Case(
        "irfftn",
        "reduction",
        lambda x, *, n: ref.irfft(x, n=n, axes=(-3, -2, -1)),
        vjp=lambda c, x, *, n: ref.irfft_vjp(c, x, n=n, axes=(-3, -2, -1)),
        torch=[lambda torch, x, n: torch.fft.irfftn(x, s=(*x.shape[-3:-1], n), dim=(-3, -2, -1))],
        tensorflow=[lambda tf, x, n: tf.signal.irfft3d(x, tf.concat([tf.shape(x)[-3:-1], [n]], 0))],
        jax=[lambda jax, x, n: jax.numpy.fft.irfftn(x, (*x.shape[-3:-1], n), (-3, -2, -1))],
        samples=[
            complex_normal((2, 3, 3), n=4),
            complex_normal((2, 3, 2, 3), n=5, name="batch"),
            complex_normal((1, 1, 1), n=1, name="one-element", edge=True),
        ],
        dtypes=PARTS,
        sources=(TORCH + "irfftn.html", TF + "irfft3d"),
    ),
    Case(
        "hfft",
        "reduction",
        ref.hfft,
        vjp=ref.hfft_vjp,
        torch=[lambda torch, x, n, norm: torch.fft.hfft(x, n=n, norm=norm)],
        tensorflow=[
            lambda tf, x, n, norm: scaled(tf, tf.signal.irfft(tf.math.conj(x), [n]) * n, (n,), norm),
        ],
        jax=[lambda jax, x, n, norm: jax.numpy.fft.hfft(x, n, norm=norm)],
        samples=[
            complex_normal((3, 5), n=8, norm="backward", name="even"),
            complex_normal((5,), n=9, norm="ortho", name="odd-ortho"),
            complex_normal((1,), n=1, norm="forward", name="one-element", edge=True),
        ],
        dtypes=PARTS,
        sources=(TORCH + "hfft.html",),
    ),
    Case(
        "ihfft",
        "reduction",
        ref.ihfft,
        vjp=ref.ihfft_vjp,
        torch=[lambda torch, x, norm: torch.fft.ihfft(x, norm=norm)],
        tensorflow=[
            lambda tf, x, norm: scaled(
                tf,
                scaled(tf, tf.math.conj(tf.signal.rfft(x)), tf.shape(x)[-1:], "forward"),
                tf.shape(x)[-1:],
                norm,
                inverse=True,
            ),
        ],
        jax=[lambda jax, x, norm: jax.numpy.fft.ihfft(x, norm=norm)],
        samples=[
            normal((3, 8), norm="backward", name="even"),
            normal((7,), norm="ortho", name="odd-ortho"),
            normal((1,), norm="forward", name="one-element", edge=True),
        ],
        dtypes=PARTS,
        sources=(TORCH + "ihfft.html",),
    ),
    Case(
        "fftshift",
        "selection",
        ref.fftshift,
        vjp=ref.fftshift_vjp,
        torch=[lambda torch, x, axes: torch.fft.fftshift(x, dim=axes)],
        tensorflow=[lambda tf, x, axes: tf.signal.fftshift(x, axes)],
        jax=[lambda jax, x, axes: jax.numpy.fft.fftshift(x, axes)],
        samples=SHIFTED,
        dtypes=(*FLOATS, *COMPLEX),
        sources=(TORCH + "fftshift.html", TF + "fftshift"),
    ),
    Case(
        "ifftshift",
        "selection",
        ref.ifftshift,
        vjp=ref.ifftshift_vjp,
        torch=[lambda torch, x, axes: torch.fft.ifftshift(x, dim=axes)],
        tensorflow=[lambda tf, x, axes: tf.signal.ifftshift(x, axes)],
        jax=[lambda jax, x, axes: jax.numpy.fft.ifftshift(x, axes)],
        samples=SHIFTED,
        dtypes=(*FLOATS, *COMPLEX),
        sources=(TORCH + "ifftshift.html", TF + "ifftshift"),
    ),
    Case(
        "fftfreq",
        "reduction",
        ref.fftfreq,
        vjp=ref.fftfreq_vjp,
        torch=[lambda torch, spacing, n: torch.fft.fftfreq(n, dtype=spacing.dtype) / spacing],
        jax=[lambda jax, spacing, n: jax.numpy.fft.fftfreq(n, spacing, dtype=spacing.dtype)],
        samples=[
            given(0.5, n=8, name="even"),
            given(-0.25, n=9, name="odd"),
            given(3.0, n=1, name="one-element"),
        ],
        dtypes=PARTS,
        sources=(TORCH + "fftfreq.html",),
    ),
    Case(
        "rfftfreq",
        "reduction",
        ref.rfftfreq,
        vjp=ref.rfftfreq_vjp,
        torch=[lambda torch, spacing, n: torch.fft.rfftfreq(n, dtype=spacing.dtype) / spacing],
        jax=[lambda jax, spacing, n: jax.numpy.fft.rfftfreq(n, spacing, dtype=spacing.dtype)],
        samples=[
            given(0.5, n=8, name="even"),
            given(-0.25, n=9, name="odd"),
            given(3.0, n=1, name="one-element"),
        ],
        dtypes=PARTS,
        sources=(TORCH + "rfftfreq.html",),
    ),
    Case(
        "overlap_and_add",
        "reduction",
        ref.overlap_and_add,
        vjp=ref.overlap_and_add_vjp,
        torch=[torch_fold],
        tensorflow=[lambda tf, x, step: tf.signal.overlap_and_add(x, step)],
        samples=[
            normal((2, 5, 4), step=2, name="overlapping"),
            normal((3, 4), step=3, name="uneven"),
            normal((1, 3), step=1, name="one-frame", edge=True),
        ],
        dtypes=PARTS,
        sources=(TF + "overlap_and_add",),
    ),
    Case(
        "stft",
        "reduction",
        ref.stft,
        vjp=ref.stft_vjp,
        torch=[
            lambda torch, x, window, n, step: (
                torch.stft(x, n, step, window=window, center=False, return_complex=True).mT
            )
        ],
        tensorflow=[
            lambda tf, x, window, n, step: tf.signal.stft(x, n, step, n, window_fn=lambda length, dtype: window),
            lambda tf, x, window, n, step: tf.complex(*tf.keras.ops.stft(x, n, step, n, window=window, center=False)),
        ],
        samples=[
            signals(20, 8, "overlapping", step=4),
            signals(17, 6, "uneven", batch=(2,), step=5),
            signals(5, 5, "one-frame", step=1, edge=True),
            # The gradient of the window's first weight is as small.
            sample("tiny-first", tiny_first, n=8, step=1, edge=True),
        ],
        dtypes=PARTS,
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.stft.html", TF + "stft"),
    ),
    Case(
        "istft",
        "reduction",
        ref.istft,
        vjp=ref.istft_vjp,
        held=("window",),
        torch=[torch_istft],
        tensorflow=[tf_inverse_stft, keras_ops_istft],
        samples=[
            spectra(5, 8, "middle", step=4, cut=4),
            spectra(6, 6, "middle-of-three", step=2, cut=4),
            spectra(4, 8, "with-ends", step=4, cut=0, edge=True),
        ],
        dtypes=PARTS,
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.istft.html", TF + "inverse_stft"),
    ),
    Case(
        "dct",
        "reduction",
        ref.dct,
        vjp=ref.dct_vjp,
        tensorflow=[lambda tf, x, type, norm: tf.signal.dct(x, type=type, norm=norm)],
        jax=[lambda jax, x, type, norm: jax.scipy.fft.dct(x, type, norm=norm)],
        samples=[
            normal((2, 8), type=2, norm=None, name="two"),
            normal((7,), type=2, norm="ortho", name="two-ortho"),
            normal((7,), type=3, norm=None, name="three"),
            normal((6,), type=3, norm="ortho", name="three-ortho"),
            normal((6,), type=1, norm=None, name="one"),
            normal((5,), type=4, norm="ortho", name="four-ortho"),
            normal((1,), type=2, norm=None, name="one-element", edge=True),
        ],
        dtypes=PARTS,
        sources=(TF + "dct",),
    ),
    Case(
        "idct",
        "reduction",
        ref.idct,
        vjp=ref.idct_vjp,
        tensorflow=[lambda tf, x, type, norm: tf.signal.idct(x, type=type, norm=norm)],
        jax=[jax_idct],
        samples=[
            normal((2, 8), type=2, norm=None, name="two"),
            normal((7,), type=2, norm="ortho", name="two-ortho"),
            normal((6,), type=3, norm=None, name="three"),
            normal((5,), type=4, norm=None, name="four"),
            normal((2,), type=1, norm=None, name="two-elements", edge=True),
        ],
        dtypes=PARTS,
        sources=(TF + "idct",),
    ),
    Case(
        "hann_window",
        "reduction",
        lambda x, *, periodic: ref.cosine_window(x, a=(1, 2), periodic=periodic),
        vjp=lambda c, x, *, periodic: ref.cosine_window_vjp(c, x, a=(1, 2), periodic=periodic),
        intermediates=weight,
        vjp_intermediates=weight_of_cotangent,
        torch=[lambda torch, x, periodic: x * torch.hann_window(x.shape[-1], periodic=periodic, dtype=x.dtype)],
        tensorflow=[lambda tf, x, periodic: x * tf.signal.hann_window(tf.shape(x)[-1], periodic, dtype=x.dtype)],
        samples=WINDOWS,
        dtypes=PARTS,
        sources=(TF + "hann_window",),
    ),
    Case(
        "hamming_window",
        "reduction",
        lambda x, *, periodic: ref.cosine_window(x, a=(27, 50), periodic=periodic),
        vjp=lambda c, x, *, periodic: ref.cosine_window_vjp(c, x, a=(27, 50), periodic=periodic),
        intermediates=weight,
        vjp_intermediates=weight_of_cotangent,
        torch=[lambda torch, x, periodic: x * torch.hamming_window(x.shape[-1], periodic=periodic, dtype=x.dtype)],
        tensorflow=[lambda tf, x, periodic: x * tf.signal.hamming_window(tf.shape(x)[-1], periodic, dtype=x.dtype)],
        samples=WINDOWS,
        dtypes=PARTS,
        sources=(TF + "hamming_window",),
    ),
    Case(
        "kaiser_window",
        "reduction",
        ref.kaiser_window,
        vjp=ref.kaiser_window_vjp,
        torch=[
            lambda torch, x, beta: x * torch.kaiser_window(x.shape[-1], periodic=False, beta=beta, dtype=x.dtype),
        ],
        tensorflow=[lambda tf, x, beta: x * tf.signal.kaiser_window(tf.shape(x)[-1], beta, dtype=x.dtype)],
        jax=[lambda jax, x, beta: x * jax.numpy.kaiser(x.shape[-1], beta).astype(x.dtype)],
        samples=[
            normal((16,), beta=12.0, name="even"),
            normal((9,), beta=8.0, name="odd"),
            normal((5,), beta=0.5, name="nearly-flat", edge=True),
        ],
        dtypes=PARTS,
        sources=(TF + "kaiser_window",),
    ),
)
