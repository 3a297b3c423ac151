"""Authorities for discrete Fourier transforms: SciPy's."""

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.fft
import scipy.fftpack
import scipy.signal

Array = np.ndarray


def stft(x: Array, window: Array, n: int, step: int) -> Array:
    """scipy.signal's transform starts half a window before the signal; the whole frames are the same."""
    frames = range(0, x.shape[-1] - n + 1, step)
    return np.stack([np.fft.rfft(x[..., i : i + n] * window) for i in frames], axis=-2)


def istft(x: Array, window: Array, n: int, step: int, cut: int) -> Array:
    """The least squares problem itself, with the matrix of the frames."""
    frames = len(x)
    total = (frames - 1) * step + n
    rows = np.zeros((frames, n, total))
    for i in range(frames):
        rows[i, np.arange(n), i * step + np.arange(n)] = window
    flat = scipy.fft.irfft(x, n, axis=-1).reshape(-1)
    y = np.linalg.lstsq(rows.reshape(-1, total), flat, rcond=None)[0]
    return y[cut : total - cut]


def overlap_and_add(x: Array, step: int) -> Array:
    frames, length = x.shape[-2:]
    places = np.zeros((frames, length, (frames - 1) * step + length))
    for i in range(frames):
        places[i, np.arange(length), i * step + np.arange(length)] = 1
    return np.einsum("...fl,fln->...n", x, places)


AUTHORITIES: dict[str, Callable[..., Any]] = {
    "fft": lambda x, norm: scipy.fft.fft(x, norm=norm),
    "ifft": lambda x, norm: scipy.fft.ifft(x, norm=norm),
    "fft_of_length": lambda x, n: scipy.fft.fft(x, n[0]),
    "fft_along_axis": lambda x, axes: scipy.fft.fft(x, axis=axes[0]),
    "fft_of_real": lambda x: scipy.fft.fft(x),
    "rfft": lambda x, n, norm: scipy.fft.rfft(x, n, norm=norm),
    "irfft": lambda x, n, norm: scipy.fft.irfft(x, n, norm=norm),
    "fft2": lambda x, norm: scipy.fft.fft2(x, norm=norm),
    "ifft2": lambda x, norm: scipy.fft.ifft2(x, norm=norm),
    "rfft2": lambda x, n, norm: scipy.fft.rfft2(x, s=(x.shape[-2], n), norm=norm),
    "irfft2": lambda x, n, norm: scipy.fft.irfft2(x, (x.shape[-2], n), norm=norm),
    "fftn": lambda x: scipy.fft.fftn(x, axes=(-3, -2, -1)),
    "ifftn": lambda x: scipy.fft.ifftn(x, axes=(-3, -2, -1)),
    "rfftn": lambda x: scipy.fft.rfftn(x, axes=(-3, -2, -1)),
    "irfftn": lambda x, n: scipy.fft.irfftn(x, (*x.shape[-3:-1], n), axes=(-3, -2, -1)),
    "hfft": lambda x, n, norm: scipy.fft.hfft(x, n, norm=norm),
    "ihfft": lambda x, norm: scipy.fft.ihfft(x, norm=norm),
    "fftshift": lambda x, axes: scipy.fft.fftshift(x, axes),
    "ifftshift": lambda x, axes: scipy.fft.ifftshift(x, axes),
    "fftfreq": lambda spacing, n: scipy.fft.fftfreq(n, float(spacing)),
    "rfftfreq": lambda spacing, n: scipy.fft.rfftfreq(n, float(spacing)),
    "overlap_and_add": overlap_and_add,
    "stft": stft,
    "istft": istft,
    "dct": lambda x, type, norm: scipy.fftpack.dct(x, type, norm=norm),
    "idct": lambda x, type, norm: scipy.fftpack.idct(x, type, norm=norm),
    "hann_window": lambda x, periodic: x * scipy.signal.windows.hann(len(x), sym=not periodic),
    "hamming_window": lambda x, periodic: x * scipy.signal.windows.hamming(len(x), sym=not periodic),
    "kaiser_window": lambda x, beta: x * np.kaiser(len(x), beta),
}
