"""Gradients where there is none, or several: kinks, ties, singular points, and branches that were not taken.

At a kink of a convex function the reference is the subgradient of the smallest norm, as torch's documentation has it;
at a singular point, IEEE 754 arithmetic on the derivative. NaN stands for a gradient that the framework says does not
exist.
"""

import numpy as np

from conformance.case import COMPLEX, Case
from conformance.catalogue.jax_shared import jax_at
from conformance.reference import autodiff as ref
from fixtures.samples import given, normal

WIDE = ("float64", "float32")
LONE = ("float64",)
CONVENTION = "https://docs.pytorch.org/docs/stable/notes/autograd.html#gradients-for-non-differentiable-functions"


def at(torch, f, *xs):
    """The gradients of the sum of f(x); one of them, or a tuple."""
    xs = [x.detach().clone().requires_grad_() for x in xs]
    g = torch.autograd.grad(f(*xs).sum(), xs)
    return g if len(g) > 1 else g[0]


def at_in_tf(tf, f, *xs):
    with tf.GradientTape() as tape:
        tape.watch(xs)
        y = f(*xs)
    g = [
        x * tf.constant(float("nan"), x.dtype) if d is None else d
        for d, x in zip(tape.gradient(y, xs), xs, strict=True)
    ]
    return tuple(g) if len(g) > 1 else g[0]


def at_or_zero(tf, f, *xs):
    """With zeros where the tape has no gradient."""
    with tf.GradientTape() as tape:
        tape.watch(xs)
        y = f(*xs)
    g = tape.gradient(y, xs, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    return tuple(g) if len(g) > 1 else g[0]


def three_steps(tf, x):
    return tf.round(x) + tf.floor(x) + tf.math.ceil(x)


def maximum_by_abs(tf, x, y):
    return (x + y + tf.abs(x - y)) / 2


def minimum_by_abs(tf, x, y):
    return (x + y - tf.abs(x - y)) / 2


def safe_norm(tf, x):
    square = tf.reduce_sum(x * x)
    ok, zero = square > 0, tf.zeros_like(square)
    return tf.where(ok, tf.sqrt(tf.where(ok, square, zero + 1)), zero)


def norm_of_gradient(torch, x):
    """The gradient of |x|, as the gradient of |x|^2 / 2 is x."""
    x = x.detach().clone().requires_grad_()
    (g,) = torch.autograd.grad((x * x).sum() / 2, x, create_graph=True)
    return torch.autograd.grad(torch.linalg.vector_norm(g), x)[0]


def norm_of_gradient_in_tf(tf, x):
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = tf.reduce_sum(x * x) / 2
        norm = tf.norm(inner.gradient(y, x))
    return outer.gradient(norm, x)


def chosen(torch, x, function, safe):
    """Where x is positive, sqrt, log or 1 / x of it."""
    call = {"sqrt": torch.sqrt, "log": torch.log, "reciprocal": torch.reciprocal}[function]
    ok = x > 0
    if safe:
        return at(torch, lambda x: torch.where(ok, call(torch.where(ok, x, 1.0)), 0.0), x)
    return at(torch, lambda x: torch.where(ok, call(x), 0.0), x)


def chosen_in_tf(tf, x, function, safe):
    call = {"sqrt": tf.sqrt, "log": tf.math.log, "reciprocal": tf.math.reciprocal}[function]
    ok, zero = x > 0, tf.zeros_like(x)
    if safe:
        return at_in_tf(tf, lambda x: tf.where(ok, call(tf.where(ok, x, zero + 1)), zero), x)
    return at_in_tf(tf, lambda x: tf.where(ok, call(x), zero), x)


def chosen_in_keras(tf, x, function, safe):
    ops = tf.keras.ops
    call = {"sqrt": ops.sqrt, "log": ops.log, "reciprocal": ops.reciprocal}[function]
    ok, zero = ops.greater(x, 0), ops.zeros_like(x)
    if safe:
        return at_in_tf(tf, lambda x: ops.where(ok, call(ops.where(ok, x, zero + 1)), zero), x)
    return at_in_tf(tf, lambda x: ops.where(ok, call(x), zero), x)


KINK = [
    given([0.0, -0.0], name="kink"),
    given([1.0, -1.0, 0.5, -3.0], name="sides", edge=False, dtypes=LONE),
    given([1e-4, -1e-4, np.inf, -np.inf], name="extremes", dtypes=LONE),
]
TIES = [
    given([1.0, 0.0, -2.0, -0.0], [1.0, 0.0, -2.0, 0.0], name="ties"),
    given([1.0, 2.0, -3.0], [2.0, 1.0, 3.0], name="sides", edge=False, dtypes=LONE),
    given([np.inf, -np.inf, 1.0], [1.0, 1.0, -np.inf], name="infinities", dtypes=LONE),
]


def jax_chosen(jax, x, function, safe):
    """Where x is positive, sqrt, log or 1 / x of it."""
    call = {"sqrt": jax.numpy.sqrt, "log": jax.numpy.log, "reciprocal": jax.numpy.reciprocal}[function]
    ok = x > 0
    if safe:
        return jax_at(jax, lambda x: jax.numpy.where(ok, call(jax.numpy.where(ok, x, 1.0)), 0.0), x)
    return jax_at(jax, lambda x: jax.numpy.where(ok, call(x), 0.0), x)


KINKS = (
    Case(
        "kink_of_relu",  # NaN is passed on, with the slope of what is passed on
        "selection",
        lambda x: (~(x <= 0)).astype(x.dtype),
        torch=[
            lambda torch, x: at(torch, lambda x: torch.relu(x), x),
            lambda torch, x: at(torch, lambda x: torch.nn.functional.relu(x), x),
            lambda torch, x: at(torch, lambda x: torch.maximum(x, torch.zeros_like(x)), x),
            lambda torch, x: at(torch, lambda x: torch.clamp(x, min=0), x),
        ],
        tensorflow=[
            lambda tf, x: at_in_tf(tf, lambda x: tf.nn.relu(x), x),
            lambda tf, x: at_in_tf(tf, lambda x: tf.keras.ops.relu(x), x),
            lambda tf, x: at_in_tf(tf, lambda x: tf.keras.activations.relu(x), x),
            lambda tf, x: at_in_tf(tf, lambda x: tf.maximum(x, 0), x),
        ],
        jax=[lambda jax, x: jax_at(jax, lambda x: jax.nn.relu(x), x)],
        samples=[*KINK, given([np.nan, 1.0], name="not-a-number", dtypes=WIDE)],
        sources=(CONVENTION,),
    ),
    Case(
        "kink_of_abs",
        "selection",
        lambda x: np.sign(x),
        torch=[
            lambda torch, x: at(torch, lambda x: torch.abs(x), x),
            lambda torch, x: at(torch, lambda x: torch.linalg.vector_norm(x[:, None], dim=1), x),
        ],
        tensorflow=[
            lambda tf, x: at_in_tf(tf, lambda x: tf.abs(x), x),
            lambda tf, x: at_in_tf(tf, lambda x: tf.keras.ops.abs(x), x),
        ],
        jax=[lambda jax, x: jax_at(jax, lambda x: jax.numpy.abs(x), x)],
        samples=[given([0.0, -0.0, 1.0], name="kink"), KINK[1], given([1e-3, -1e-3, 100.0], name="sizes")],
        sources=(CONVENTION,),
    ),
    Case(
        "kink_of_complex_abs",
        "elementwise",
        ref.direction,
        torch=[lambda torch, z: at(torch, lambda z: torch.abs(z), z)],
        tensorflow=[lambda tf, z: at_in_tf(tf, lambda z: tf.abs(z), z)],
        samples=[
            given([0j, -0.0 + 0j], name="kink"),
            given([3 + 4j, -1j, -2 + 0j, 1 - 1j], name="sides", edge=False),
            given(5 - 12j, name="scalar"),
        ],
        dtypes=COMPLEX,
        sources=(CONVENTION,),
    ),
    Case(
        "tie_of_maximum",
        "selection",
        lambda x, y: ref.share(np.where(x == y, 0, x - y)),
        torch=[lambda torch, x, y: at(torch, lambda x, y: torch.maximum(x, y), x, y)],
        tensorflow=[
            lambda tf, x, y: at_in_tf(tf, lambda x, y: tf.maximum(x, y), x, y),
            lambda tf, x, y: at_in_tf(tf, lambda x, y: tf.keras.ops.maximum(x, y), x, y),
            lambda tf, x, y: at_in_tf(tf, lambda x, y: maximum_by_abs(tf, x, y), x, y),
        ],
        jax=[lambda jax, x, y: jax_at(jax, lambda x, y: jax.numpy.maximum(x, y), x, y)],
        samples=TIES,
        sources=(CONVENTION,),
    ),
    Case(
        "tie_of_minimum",
        "selection",
        lambda x, y: ref.share(np.where(x == y, 0, y - x)),
        torch=[lambda torch, x, y: at(torch, lambda x, y: torch.minimum(x, y), x, y)],
        tensorflow=[
            lambda tf, x, y: at_in_tf(tf, lambda x, y: tf.minimum(x, y), x, y),
            lambda tf, x, y: at_in_tf(tf, lambda x, y: tf.keras.ops.minimum(x, y), x, y),
            lambda tf, x, y: at_in_tf(tf, lambda x, y: minimum_by_abs(tf, x, y), x, y),
        ],
        jax=[lambda jax, x, y: jax_at(jax, lambda x, y: jax.numpy.minimum(x, y), x, y)],
        samples=TIES,
        sources=(CONVENTION,),
    ),
    Case(
        "maximum_of_itself",
        "selection",
        lambda x: 0 * x + 1,
        torch=[lambda torch, x: at(torch, lambda x: torch.maximum(x, x), x)],
        tensorflow=[
            lambda tf, x: at_in_tf(tf, lambda x: tf.maximum(x, x), x),
            lambda tf, x: at_in_tf(tf, lambda x: tf.keras.ops.maximum(x, x), x),
        ],
        jax=[lambda jax, x: jax_at(jax, lambda x: jax.numpy.maximum(x, x), x)],
        samples=[KINK[0], KINK[1], given(2.0, name="scalar")],
        sources=(CONVENTION,),
    ),
    Case(
        "ties_of_reduced_maximum",
        "selection",
        ref.shares,
        torch=[
            lambda torch, x: at(torch, lambda x: torch.amax(x, 1), x),
            lambda torch, x: at(torch, lambda x: torch.max(x, 1).values, x),
        ],
        tensorflow=[
            lambda tf, x: at_in_tf(tf, lambda x: tf.reduce_max(x, 1), x),
            lambda tf, x: at_in_tf(tf, lambda x: tf.keras.ops.max(x, 1), x),
        ],
        jax=[lambda jax, x: jax_at(jax, lambda x: jax.numpy.max(x, 1), x)],
        samples=[
            given([[0.0, 2.0, 2.0], [1.0, 0.0, 1.0]], name="two"),
            given([[3.0, 3.0, 3.0, 3.0], [0.0, -0.0, 0.0, -0.0]], name="all"),
            given([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]], name="none", edge=False),
        ],
        sources=(CONVENTION,),
    ),
    Case(
        "bounds_of_clamp",  # the slope within
        "selection",
        lambda x: np.where((x >= -1) & (x <= 1), 1 + 0 * np.sign(x), 0 * np.sign(x)),
        torch=[
            lambda torch, x: at(torch, lambda x: torch.clamp(x, -1, 1), x),
            lambda torch, x: at(torch, lambda x: torch.clip(x, -1, 1), x),
        ],
        tensorflow=[
            lambda tf, x: at_in_tf(tf, lambda x: tf.clip_by_value(x, -1, 1), x),
            lambda tf, x: at_in_tf(tf, lambda x: tf.keras.ops.clip(x, -1, 1), x),
        ],
        jax=[lambda jax, x: jax_at(jax, lambda x: jax.numpy.clip(x, -1, 1), x)],
        samples=[
            given([-1.0, 1.0], name="bounds"),
            given([0.0, 0.5, -0.5, 2.0, -2.0], name="sides", edge=False),
            given([np.inf, -np.inf, -0.0], name="infinities"),
        ],
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.clamp.html",),
    ),
    Case(
        "norm_at_zero",
        "elementwise",
        ref.unit,
        torch=[
            lambda torch, x: at(torch, lambda x: torch.linalg.vector_norm(x), x),
            lambda torch, x: at(torch, lambda x: torch.linalg.norm(x), x),
            lambda torch, x: at(torch, lambda x: torch.norm(x), x),
        ],
        tensorflow=[
            lambda tf, x: at_in_tf(tf, lambda x: tf.norm(x), x),
            lambda tf, x: at_in_tf(tf, lambda x: tf.keras.ops.norm(x), x),
            lambda tf, x: at_in_tf(tf, lambda x: safe_norm(tf, x), x),
        ],
        jax=[lambda jax, x: jax_at(jax, lambda x: jax.numpy.linalg.norm(x), x)],
        samples=[given([0.0, -0.0], name="zero"), given([3.0, -4.0], name="five", edge=False), normal((5,))],
        dtypes=WIDE,
        sources=(CONVENTION,),
    ),
    Case(
        "norm_of_gradient_at_zero",
        "elementwise",
        ref.unit,
        torch=[norm_of_gradient],
        tensorflow=[norm_of_gradient_in_tf],
        samples=[given([0.0, -0.0], name="zero"), given([3.0, -4.0], name="five", edge=False), normal((5,))],
        dtypes=WIDE,
        sources=("https://arxiv.org/abs/1704.00028", CONVENTION),
    ),
    Case(
        "hypot_at_zero",
        "elementwise",
        ref.unit_pair,
        torch=[lambda torch, x, y: at(torch, lambda x, y: torch.hypot(x, y), x, y)],
        tensorflow=[lambda tf, x, y: at_in_tf(tf, lambda x, y: tf.keras.ops.hypot(x, y), x, y)],
        jax=[lambda jax, x, y: jax_at(jax, lambda x, y: jax.numpy.hypot(x, y), x, y)],
        samples=[
            given([0.0, -0.0], [0.0, 0.0], name="zero"),
            given([3.0, -5.0], [4.0, 12.0], name="sides", edge=False),
            normal((5,), (5,)),
        ],
        dtypes=WIDE,
        sources=(CONVENTION,),
    ),
    Case(
        "standard_deviation_of_a_constant",
        "reduction",
        ref.of_deviation,
        torch=[lambda torch, x: at(torch, lambda x: torch.std(x, correction=0), x)],
        tensorflow=[
            lambda tf, x: at_in_tf(tf, lambda x: tf.math.reduce_std(x), x),
            lambda tf, x: at_in_tf(tf, lambda x: tf.keras.ops.std(x), x),
            lambda tf, x: at_in_tf(tf, lambda x: tf.sqrt(tf.math.reduce_variance(x) + 1e-30), x),
        ],
        jax=[lambda jax, x: jax_at(jax, lambda x: jax.numpy.std(x), x)],
        samples=[given([2.0, 2.0, 2.0, 2.0], name="constant"), given([1.0, 3.0], name="two", edge=False), normal((5,))],
        dtypes=WIDE,
        sources=(CONVENTION,),
    ),
    Case(
        "sqrt_at_zero",
        "elementwise",
        lambda x: 1 / (2 * np.sqrt(x)),
        torch=[lambda torch, x: at(torch, lambda x: torch.sqrt(x), x)],
        tensorflow=[
            lambda tf, x: at_in_tf(tf, lambda x: tf.sqrt(x), x),
            lambda tf, x: at_in_tf(tf, lambda x: tf.keras.ops.sqrt(x), x),
        ],
        jax=[lambda jax, x: jax_at(jax, lambda x: jax.numpy.sqrt(x), x)],
        samples=[
            given([0.0], name="zero"),
            given([4.0, 0.25, 1e-4], name="positive", edge=False),
            given([np.inf], name="infinity"),
        ],
        dtypes=WIDE,
        sources=(CONVENTION,),
    ),
    Case(
        "power_at_zero",  # of a constant exponent
        "elementwise",
        ref.of_power,
        torch=[
            lambda torch, x, exponent: at(torch, lambda x: torch.pow(x, exponent), x),
            lambda torch, x, exponent: at(torch, lambda x: torch.float_power(x, exponent).to(x.dtype), x),
        ],
        tensorflow=[
            lambda tf, x, exponent: at_in_tf(tf, lambda x: tf.pow(x, exponent), x),
            lambda tf, x, exponent: at_in_tf(tf, lambda x: tf.keras.ops.power(x, exponent), x),
        ],
        jax=[lambda jax, x, exponent: jax_at(jax, lambda x: jax.numpy.power(x, exponent), x)],
        samples=[given([0.0, 2.0], name=f"exponent-{e}", exponent=e, edge=True) for e in (0.0, 0.5, 1.0, 2.0, -1.0)],
        dtypes=WIDE,
        sources=("https://dlmf.nist.gov/4.2#E26", CONVENTION),
    ),
    Case(
        "power_of_zero",  # in both arguments
        "elementwise",
        ref.of_power_of,
        torch=[lambda torch, x, y: at(torch, lambda x, y: torch.pow(x, y), x, y)],
        tensorflow=[
            lambda tf, x, y: at_in_tf(tf, lambda x, y: tf.pow(x, y), x, y),
            lambda tf, x, y: at_in_tf(tf, lambda x, y: tf.keras.ops.power(x, y), x, y),
        ],
        jax=[lambda jax, x, y: jax_at(jax, lambda x, y: jax.numpy.power(x, y), x, y)],
        samples=[
            given([0.0, 0.0, 0.0], [1.0, 2.0, 3.0], name="positive-exponent"),
            given([0.0], [0.5], name="root"),
            given([0.0], [0.0], name="zero-to-zero"),
            given([-2.0, -1.0], [2.0, 3.0], name="negative-base"),
            given([2.0, 3.0], [2.0, -1.0], name="positive", edge=False),
        ],
        dtypes=WIDE,
        sources=("https://dlmf.nist.gov/4.2#E26",),
    ),
    Case(
        "atan2_at_zero",
        "elementwise",
        lambda y, x: (x / (x * x + y * y), -y / (x * x + y * y)),
        torch=[lambda torch, y, x: at(torch, lambda y, x: torch.atan2(y, x), y, x)],
        tensorflow=[
            lambda tf, y, x: at_in_tf(tf, lambda y, x: tf.atan2(y, x), y, x),
            lambda tf, y, x: at_in_tf(tf, lambda y, x: tf.keras.ops.arctan2(y, x), y, x),
        ],
        jax=[lambda jax, y, x: jax_at(jax, lambda y, x: jax.numpy.atan2(y, x), y, x)],
        samples=[
            given([0.0, -0.0], [0.0, 0.0], name="zero"),
            given([0.0, 1.0, 0.0], [1.0, 0.0, -1.0], name="axes"),
            normal((5,), (5,)),
        ],
        dtypes=WIDE,
        sources=("https://dlmf.nist.gov/4.24#E8",),
    ),
    Case(
        "branch_not_taken",  # 0 times an infinite derivative is not a number
        "elementwise",
        ref.of_branch_not_taken,
        torch=[lambda torch, x, function: chosen(torch, x, function, False)],
        tensorflow=[
            lambda tf, x, function: chosen_in_tf(tf, x, function, False),
            lambda tf, x, function: chosen_in_keras(tf, x, function, False),
        ],
        jax=[lambda jax, x, function: jax_chosen(jax, x, function, False)],
        samples=[given([0.0, 4.0, 0.25], name=f, function=f, edge=True) for f in ("sqrt", "log", "reciprocal")],
        dtypes=WIDE,
        sources=("https://github.com/tensorflow/probability/blob/main/discussion/where-nan.pdf",),
    ),
    Case(
        "branch_not_taken_made_safe",  # the argument is replaced too
        "elementwise",
        ref.of_safe_branch,
        torch=[lambda torch, x, function: chosen(torch, x, function, True)],
        tensorflow=[
            lambda tf, x, function: chosen_in_tf(tf, x, function, True),
            lambda tf, x, function: chosen_in_keras(tf, x, function, True),
        ],
        jax=[lambda jax, x, function: jax_chosen(jax, x, function, True)],
        samples=[
            given([0.0, -0.0, 4.0, 0.25, -3.0], name=f, function=f, edge=True) for f in ("sqrt", "log", "reciprocal")
        ],
        dtypes=WIDE,
        sources=("https://github.com/tensorflow/probability/blob/main/discussion/where-nan.pdf",),
    ),
    Case(
        "zero_times_infinite_derivative",  # of 0 sqrt(x) at 0
        "elementwise",
        lambda x, z: z / (2 * np.sqrt(x)),
        torch=[lambda torch, x, z: at(torch, lambda x: z * torch.sqrt(x), x)],
        tensorflow=[lambda tf, x, z: at_in_tf(tf, lambda x: z * tf.sqrt(x), x)],
        jax=[lambda jax, x, z: jax_at(jax, lambda x: z * jax.numpy.sqrt(x), x)],
        samples=[
            given([0.0, 0.0], [0.0, -0.0], name="zero"),
            given([4.0, 0.25, 1.0], [0.0, 1.0, -1.0], name="positive", edge=False),
            given([0.0], [2.0], name="infinite"),
        ],
        dtypes=WIDE,
        sources=("https://github.com/tensorflow/probability/blob/main/discussion/where-nan.pdf",),
    ),
    Case(
        "gradient_of_steps",  # 0 between them
        "selection",
        lambda x: 0 * x,
        torch=[
            lambda torch, x: at(torch, lambda x: torch.round(x), x),
            lambda torch, x: at(torch, lambda x: torch.floor(x), x),
            lambda torch, x: at(torch, lambda x: torch.ceil(x), x),
            lambda torch, x: at(torch, lambda x: torch.trunc(x), x),
            lambda torch, x: at(torch, lambda x: torch.sign(x), x),
        ],
        tensorflow=[
            lambda tf, x: at_in_tf(tf, lambda x: tf.round(x), x),
            lambda tf, x: at_in_tf(tf, lambda x: tf.floor(x), x),
            lambda tf, x: at_in_tf(tf, lambda x: tf.math.ceil(x), x),
            lambda tf, x: at_in_tf(tf, lambda x: tf.sign(x), x),
            lambda tf, x: at_in_tf(tf, lambda x: tf.keras.ops.round(x), x),
            lambda tf, x: at_or_zero(tf, lambda x: three_steps(tf, x), x),
        ],
        jax=[
            lambda jax, x: jax_at(jax, lambda x: jax.numpy.round(x), x),
            lambda jax, x: jax_at(jax, lambda x: jax.numpy.floor(x), x),
        ],
        samples=[
            given([0.3, -0.7, 2.6], name="between", edge=False),
            given([0.0, -0.0, 1.0], name="steps"),
            given(0.5, name="scalar"),
        ],
        dtypes=WIDE,
        sources=(CONVENTION,),
    ),
)
