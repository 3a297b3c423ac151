"""What is timed: cases of the catalogue at three sizes, with what each costs; and steps of optimizers and of training.

An entry's formulas are those of textbooks: Golub and Van Loan, *Matrix Computations*, 4th ed., sections 1.1 (products),
3.2 (LU), 4.2 (Cholesky), 8.3 (eigenvalues), 8.6 (singular values); Cooley and Tukey 1965 and Cormen et al.,
*Introduction to Algorithms*, 3rd ed., chapters 8 and 30, for transforms and comparisons; a convolution has a product
and a sum for each tap. What an elementwise formula counts is said beside it.
"""

from collections.abc import Iterable
from math import log2

import numpy as np

from conformance.benchmark import Benchmark, Operation, Program, Size
from conformance.catalogue.benchmark_programs import PROGRAMS


def normal(*names):
    """N(0, 1) numbers: one array for each string of names of dimensions, such as "rows columns"."""

    def make(rng, **size):
        return tuple(rng.standard_normal([size[d] for d in dimensions.split()]) for dimensions in names)

    return make


Sizes = tuple[Size, Size, Size]
ARRAY: Sizes = ({"m": 8, "n": 32}, {"m": 128, "n": 1024}, {"m": 2048, "n": 2048})
"""1 KiB, 512 KiB and 16 MiB in float32."""
LAST = lambda **_: {"axis": -1}


def elementwise(name, flops, backward, make=None, **more):
    """A function of each element by itself: FLOPs of an element, and of its gradient."""
    return Operation(
        name, *ARRAY, inputs=make or normal("m n"), flops=lambda m, n: flops * m * n,
        backward=None if backward is None else lambda m, n: backward * m * n, **more,
    )  # fmt: skip


def reduction(name, flops, backward, options=LAST, **more):
    """Along rows: FLOPs of an element, and of its gradient."""
    return elementwise(name, flops, backward, options=options, **more)


def positive(rng, m, n):
    return (rng.uniform(0.1, 10, (m, n)),)


def definite(rng, n, **_):
    """Symmetric, with eigenvalues around 1 to 5."""
    a = rng.standard_normal((n, n)) / n**0.5
    return a @ a.T + np.eye(n)


def complex_rows(rng, m, n):
    return (rng.standard_normal((m, n)) + 1j * rng.standard_normal((m, n)),)


def distinct(rng, m, n):
    """No ties, which sorting may order in any way."""
    return (rng.permutation(m * n).reshape(m, n) / (m * n) - 0.5,)


def rows_of_table(rng, rows, width, taken):
    return rng.standard_normal((rows, width)), rng.integers(0, rows, taken)


def rows_added(rng, rows, width, taken):
    return rng.standard_normal((rows, width)), rng.integers(0, rows, (taken, 1)), rng.standard_normal((taken, width))


def ids_and_table(rng, rows, width, taken):
    return rng.integers(0, rows, (taken // 8, 8)), rng.standard_normal((rows, width))


def layer(*shapes):
    """An input and weights whose products stay near 1."""

    def make(rng, **size):
        arrays = normal(*shapes)(rng, **size)
        kernels = (a / np.prod(a.shape[:-1]) ** 0.5 if a.ndim > 1 else a for a in arrays[1:])
        return (arrays[0], *kernels)

    return make


def standardized(*features):
    """An input, a scale near 1 and an offset."""

    def make(rng, **size):
        shape, wide = [size[d] for d in features], size[features[-1]]
        return 1 + 2 * rng.standard_normal(shape), rng.uniform(0.5, 1.5, wide), rng.standard_normal(wide)

    return make


def recurrent(gates, bias):
    """A sequence, a kernel, a recurrent kernel and a bias in Keras' layout."""

    def make(rng, batch, steps, features, units):
        shapes = (features, gates * units), (units, gates * units), (*bias, gates * units)
        x = rng.standard_normal((batch, steps, features))
        return x, *(rng.standard_normal(s) / s[0] ** 0.5 for s in shapes)

    return make


def probabilities_wanted(rng, m, n):
    return rng.standard_normal((m, n)), rng.integers(0, 2, (m, n)).astype(float)


def labelled(rng, m, n):
    return rng.standard_normal((m, n)), rng.integers(0, n, m)


def spoken(rng, batch, steps, classes, length):
    labels = rng.integers(1, classes, (batch, length))
    return rng.standard_normal((batch, steps, classes)), labels, np.full(batch, length), np.full(batch, steps)


def fft_vjp(c, x, norm):
    """The adjoint of the transform."""
    return np.fft.ifft(c, norm="forward")


def rfft_vjp(c, x, n, norm):
    """The adjoint of the half of it that is kept, for an even length; the inverse counts what is between its ends
    twice."""
    return np.fft.irfft(c * np.r_[1, np.full(n // 2 - 1, 0.5), 1].astype(c.real.dtype), n, norm="forward")


def image_size(n, **_):
    return {"size": (2 * n, 2 * n)}


def images(batch, n, channels):
    return {"batch": batch, "n": n, "channels": channels}


SAME = lambda **_: {"stride": (1, 1), "padding": "same"}
POOL = lambda **_: {"size": (2, 2), "stride": (2, 2), "padding": "valid"}
NORM: Sizes = (images(2, 4, 8), images(8, 16, 64), images(32, 32, 128))
SEQUENCES: Sizes = (
    {"batch": 2, "steps": 4, "features": 8, "units": 8},
    {"batch": 16, "steps": 16, "features": 64, "units": 64},
    {"batch": 64, "steps": 32, "features": 128, "units": 128},
)
ROWS: Sizes = (
    {"rows": 64, "width": 8, "taken": 32},
    {"rows": 1024, "width": 64, "taken": 1024},
    {"rows": 32768, "width": 128, "taken": 32768},
)
SYMMETRIC: Sizes = ({"n": 8}, {"n": 64}, {"n": 384})
ITEM = 4
"""Bytes of a number; an index has twice as many."""

ELEMENTWISE = [
    elementwise("add", 1, None, normal("m n", "m n")),
    elementwise("multiply", 1, 2, normal("m n", "m n")),
    elementwise("divide", 1, 4, lambda rng, m, n: (*normal("m n")(rng, m=m, n=n), *positive(rng, m, n))),
    elementwise("exp", 1, 1),
    elementwise("log", 1, 1, positive),
    elementwise("tanh", 1, 3),  # 1 - y^2, times c
    elementwise("sigmoid", 4, 3),  # 1 / (1 + exp(-x)); y (1 - y), times c
    elementwise("relu", 1, 1),
    elementwise("softplus", 3, 5),  # log(1 + exp(x)); sigmoid(x), times c
    elementwise("silu", 5, 9),  # x sigmoid(x); s (1 + x (1 - s)), times c
    elementwise("gelu", 5, 12),  # x (1 + erf(x / sqrt 2)) / 2; cdf(x) + x exp(-x^2 / 2) / sqrt(2 pi), times c
]

REDUCTIONS = [
    reduction("sum", 1, None),
    reduction("var", 4, 3, lambda **_: {"axis": -1, "ddof": 0}),  # the mean; (x - mean)^2, their sum
    reduction("amax", 1, 1),
    reduction("argmax", 1, None),
    reduction("logsumexp", 4, 3),  # the largest, x - it, exp, the sum; exp(x - y), times c
    reduction("softmax", 5, 4),  # logsumexp's, and a quotient; y (c - sum(c y))
    reduction("cumsum", 1, 1),
]

LINEAR_ALGEBRA = [
    Operation(
        "matmul", {"n": 16}, {"n": 256}, {"n": 896}, normal("n n", "n n"),
        flops=lambda n: 2 * n**3, backward=lambda n: 4 * n**3,
    ),
    Operation(
        "matmul_tall", {"m": 64, "n": 8}, {"m": 2048, "n": 64}, {"m": 32768, "n": 128}, normal("m n", "n n"),
        flops=lambda m, n: 2 * m * n**2, backward=lambda m, n: 4 * m * n**2, of="matmul",
    ),
    Operation(
        "bmm", {"b": 4, "n": 8}, {"b": 32, "n": 48}, {"b": 32, "n": 256}, normal("b n n", "b n n"),
        flops=lambda b, n: 2 * b * n**3, backward=lambda b, n: 4 * b * n**3,
    ),
    Operation(
        "mv", {"n": 16}, {"n": 448}, {"n": 4096}, normal("n n", "n"),
        flops=lambda n: 2 * n**2, backward=lambda n: 3 * n**2,
    ),
    Operation(
        "einsum2", {"b": 2, "t": 4, "h": 2, "d": 8}, {"b": 4, "t": 64, "h": 4, "d": 32},
        {"b": 8, "t": 256, "h": 8, "d": 64}, normal("b t h d", "b t h d"),
        flops=lambda b, t, h, d: 2 * b * h * t**2 * d, backward=lambda b, t, h, d: 4 * b * h * t**2 * d,
        options=lambda **_: {"equation": "bqhd,bkhd->bhqk"},
    ),
    # Its gradient: two triangular solves with n right-hand sides, and a product of triangular matrices.
    Operation(
        "cholesky", *SYMMETRIC, inputs=lambda rng, n: (definite(rng, n),),
        flops=lambda n: n**3 / 3, backward=lambda n: 2 * n**3 + n**3 / 3, numpy=lambda a: np.linalg.cholesky(a),
    ),
    # The gradient: another solve with the same factors, and the outer product of both solutions.
    Operation(
        "solve", {"n": 8, "k": 2}, {"n": 64, "k": 16}, {"n": 384, "k": 64},
        lambda rng, n, k: (definite(rng, n), rng.standard_normal((n, k))),
        flops=lambda n, k: 2 * n**3 / 3 + 2 * n**2 * k, backward=lambda n, k: 4 * n**2 * k,
        numpy=lambda a, b: np.linalg.solve(a, b),
    ),
    Operation(
        "svdvals", {"n": 8}, {"n": 48}, {"n": 192}, normal("n n"),
        flops=lambda n: 8 * n**3 / 3, numpy=lambda a: np.linalg.svd(a, compute_uv=False),
    ),
    Operation(
        "eigvalsh", {"n": 8}, {"n": 48}, {"n": 192}, lambda rng, n: (definite(rng, n),),
        flops=lambda n: 4 * n**3 / 3, numpy=lambda a: np.linalg.eigvalsh(a),
    ),
    Operation(
        "fft", {"m": 2, "n": 64}, {"m": 32, "n": 1024}, {"m": 256, "n": 4096}, complex_rows,
        flops=lambda m, n: 5 * m * n * log2(n), backward=lambda m, n: 5 * m * n * log2(n),
        options=lambda **_: {"norm": "backward"}, numpy=lambda x, *, norm: np.fft.fft(x, norm=norm), numpy_vjp=fft_vjp,
    ),
    Operation(
        "rfft", {"m": 2, "n": 64}, {"m": 64, "n": 1024}, {"m": 512, "n": 4096}, normal("m n"),
        flops=lambda m, n: 2.5 * m * n * log2(n), backward=lambda m, n: 2.5 * m * n * log2(n),
        options=lambda m, n: {"n": n, "norm": "backward"},
        numpy=lambda x, *, n, norm: np.fft.rfft(x, n, norm=norm), numpy_vjp=rfft_vjp,
    ),
]  # fmt: skip

INDEXING = [
    # A lower bound of comparisons. A gradient is put in its place.
    Operation(
        "sort", {"m": 4, "n": 32}, {"m": 64, "n": 512}, {"m": 512, "n": 1024}, distinct,
        flops=lambda m, n: m * n * log2(n), backward=lambda m, n: 0,
        options=lambda **_: {"axis": -1, "descending": False},
    ),
    Operation(
        "top_k", {"m": 4, "n": 32}, {"m": 64, "n": 1024}, {"m": 512, "n": 4096}, distinct,
        flops=lambda m, n: m * n, backward=lambda m, n: 0, options=lambda **_: {"k": 8},
    ),
    Operation(
        "gather", *ROWS, inputs=rows_of_table, flops=lambda **_: 0,
        backward=lambda rows, width, taken: taken * width, options=lambda **_: {"axis": 0},
        read=lambda rows, width, taken: taken * (width * ITEM + 2 * ITEM),
    ),
    Operation("scatter_add", *ROWS, inputs=rows_added, flops=lambda rows, width, taken: taken * width),
    Operation(
        "concat", *ARRAY, inputs=normal("m n", "m n", "m n"), flops=lambda m, n: 0, options=lambda **_: {"axis": 1},
    ),
]  # fmt: skip

LAYERS = [
    Operation(
        "dense", {"b": 4, "i": 16, "o": 8}, {"b": 64, "i": 256, "o": 256}, {"b": 512, "i": 1024, "o": 1024},
        layer("b i", "i o", "o"),
        flops=lambda b, i, o: 2 * b * i * o + b * o, backward=lambda b, i, o: 4 * b * i * o + b * o,
    ),
    Operation(
        "embedding", *ROWS, inputs=ids_and_table, flops=lambda **_: 0,
        backward=lambda rows, width, taken: taken * width,
        read=lambda rows, width, taken: taken * (width * ITEM + 2 * ITEM),
    ),
    Operation(
        "conv1d", {"b": 2, "n": 16, "i": 4, "o": 8, "k": 3}, {"b": 8, "n": 128, "i": 32, "o": 64, "k": 3},
        {"b": 16, "n": 1024, "i": 64, "o": 64, "k": 3}, layer("b n i", "k i o", "o"),
        flops=lambda b, n, i, o, k: 2 * b * n * i * o * k + b * n * o,
        backward=lambda b, n, i, o, k: 4 * b * n * i * o * k + b * n * o,
        options=lambda **_: {"stride": (1,), "padding": "same"},
    ),
    Operation(
        "conv2d", {"b": 1, "n": 8, "i": 3, "o": 8, "k": 3}, {"b": 4, "n": 16, "i": 32, "o": 64, "k": 3},
        {"b": 8, "n": 28, "i": 64, "o": 64, "k": 3}, layer("b n n i", "k k i o", "o"),
        flops=lambda b, n, i, o, k: 2 * b * n**2 * i * o * k**2 + b * n**2 * o,
        backward=lambda b, n, i, o, k: 4 * b * n**2 * i * o * k**2 + b * n**2 * o, options=SAME,
    ),
    Operation(
        "depthwise_conv2d", {"b": 1, "n": 8, "i": 4, "k": 3, "d": 1}, {"b": 4, "n": 16, "i": 64, "k": 3, "d": 1},
        {"b": 8, "n": 56, "i": 64, "k": 3, "d": 1}, lambda rng, b, n, i, k, d: (
            *normal("b n n i", "k k i d")(rng, b=b, n=n, i=i, k=k, d=d), rng.standard_normal(i * d)
        ),
        flops=lambda b, n, i, k, d: 2 * b * n**2 * i * d * k**2 + b * n**2 * i * d,
        backward=lambda b, n, i, k, d: 4 * b * n**2 * i * d * k**2 + b * n**2 * i * d,
        options=lambda **_: {"stride": (1, 1), "padding": "same", "dilation": (1, 1)},
    ),
    # Keras' kernel is (k, k, out, in); each input meets each tap once.
    Operation(
        "conv2d_transpose", {"b": 1, "n": 4, "i": 8, "o": 4, "k": 2}, {"b": 4, "n": 8, "i": 64, "o": 32, "k": 2},
        {"b": 8, "n": 28, "i": 128, "o": 64, "k": 2}, layer("b n n i", "k k o i", "o"),
        flops=lambda b, n, i, o, k: 2 * b * n**2 * i * o * k**2 + b * (2 * n) ** 2 * o,
        backward=lambda b, n, i, o, k: 4 * b * n**2 * i * o * k**2 + b * (2 * n) ** 2 * o,
        options=lambda **_: {"stride": (2, 2), "padding": "same"},
    ),
    Operation(
        "max_pooling2d", *NORM, inputs=normal("batch n n channels"),
        flops=lambda batch, n, channels: batch * n**2 * channels, backward=lambda **_: 0, options=POOL,
    ),
    Operation(
        "average_pooling2d", *NORM, inputs=normal("batch n n channels"),
        flops=lambda batch, n, channels: batch * n**2 * channels * 5 / 4,
        backward=lambda batch, n, channels: batch * n**2 * channels / 4, options=POOL,
    ),
    # The mean, x - it, its square, their sum; a quotient, gamma, beta. The gradient: the sums of c and c z; gamma;
    # twice a mean that is subtracted, one of them times z; a quotient.
    Operation(
        "batch_norm_in_training", *NORM, inputs=standardized("batch", "n", "n", "channels"),
        flops=lambda batch, n, channels: 7 * batch * n**2 * channels,
        backward=lambda batch, n, channels: 8 * batch * n**2 * channels,
        options=lambda **_: {"axis": -1, "epsilon": 1e-3},
    ),
    Operation(
        "layer_norm", *ARRAY, inputs=standardized("m", "n"),
        flops=lambda m, n: 7 * m * n, backward=lambda m, n: 8 * m * n,
        options=lambda **_: {"axes": (-1,), "epsilon": 1e-3},
    ),
    Operation(
        "group_norm", *NORM, inputs=standardized("batch", "n", "n", "channels"),
        flops=lambda batch, n, channels: 7 * batch * n**2 * channels,
        backward=lambda batch, n, channels: 8 * batch * n**2 * channels,
        options=lambda **_: {"axis": -1, "epsilon": 1e-3, "groups": 4},
    ),
    # Of a unit and step: a row of each kernel for 4 gates (3), and some 30 FLOPs of gates and state.
    Operation(
        "lstm", *SEQUENCES, inputs=recurrent(4, ()),
        flops=lambda batch, steps, features, units: batch * steps * units * (8 * (features + units) + 30),
        backward=lambda batch, steps, features, units: batch * steps * units * (16 * (features + units) + 40),
        routes={"tensorflow": "tf.keras.layers.LSTM(return_sequences=True, return_state=True)"},
    ),
    Operation(
        "gru", *SEQUENCES, inputs=recurrent(3, (2,)),
        flops=lambda batch, steps, features, units: batch * steps * units * (6 * (features + units) + 25),
        backward=lambda batch, steps, features, units: batch * steps * units * (12 * (features + units) + 35),
        routes={"tensorflow": "tf.keras.layers.GRU(return_sequences=True, return_state=True)"},
    ),
    # Two products, and the softmax between them. The gradient: of each product two, and that of softmax.
    Operation(
        "scaled_dot_product_attention", {"b": 1, "t": 8, "h": 2, "d": 8}, {"b": 2, "t": 64, "h": 4, "d": 32},
        {"b": 4, "t": 256, "h": 8, "d": 64}, normal("b t h d", "b t h d", "b t h d"),
        flops=lambda b, t, h, d: 4 * b * h * t**2 * d + 6 * b * h * t**2,
        backward=lambda b, t, h, d: 8 * b * h * t**2 * d + 5 * b * h * t**2,
    ),
    # Of each result: 4 products and 3 sums; of the gradient: 4 products, and as many sums.
    Operation(
        "resize_bilinear", {"batch": 1, "n": 8, "channels": 4}, {"batch": 4, "n": 16, "channels": 32},
        {"batch": 8, "n": 64, "channels": 32}, normal("batch n n channels"),
        flops=lambda batch, n, channels: 7 * batch * (2 * n) ** 2 * channels,
        backward=lambda batch, n, channels: 8 * batch * (2 * n) ** 2 * channels, options=image_size,
    ),
]  # fmt: skip

LOSSES = [
    Operation(
        "mean_squared_error", *ARRAY, inputs=normal("m n", "m n"),
        flops=lambda m, n: 3 * m * n, backward=lambda m, n: 2 * m * n,
    ),
    Operation(
        "binary_cross_entropy_from_logits", *ARRAY, inputs=probabilities_wanted,
        flops=lambda m, n: 6 * m * n, backward=lambda m, n: 6 * m * n,  # softplus(z) - t z, the sum; (s(z) - t) c
    ),
    Operation(
        "cross_entropy", *ARRAY, inputs=labelled,
        flops=lambda m, n: 4 * m * n, backward=lambda m, n: 4 * m * n,  # logsumexp's; (softmax - one_hot) c
    ),
    # Of the 2 length + 1 states that a step has: 3 terms, times a probability; the gradient goes back as well.
    Operation(
        "ctc_loss", {"batch": 2, "steps": 8, "classes": 8, "length": 2},
        {"batch": 16, "steps": 32, "classes": 32, "length": 8},
        {"batch": 32, "steps": 48, "classes": 64, "length": 12}, spoken,
        flops=lambda batch, steps, classes, length: batch * steps * (5 * classes + 4 * (2 * length + 1)),
        backward=lambda batch, steps, classes, length: batch * steps * (classes + 6 * (2 * length + 1)),
        underflows=True,
    ),
]  # fmt: skip

OPERATIONS = [*ELEMENTWISE, *REDUCTIONS, *LINEAR_ALGEBRA, *INDEXING, *LAYERS, *LOSSES]
ENTRIES: list[Operation | Program] = [*OPERATIONS, *PROGRAMS]


def benchmarks(sizes: Iterable[str]) -> list[Benchmark]:
    """Those of the list at these sizes; one entry's are neighbours."""
    return [Benchmark(entry, size, what) for entry in ENTRIES for size in sizes for what in entry.kinds]
