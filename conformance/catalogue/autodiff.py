"""What automatic differentiation promises beyond the derivative of one operation.

The routes themselves differentiate and return gradients, so the value check compares them with a closed form. NaN
stands for a gradient that the framework says does not exist (None). Numbers are small integers wherever the arithmetic
is to be exact. Variables can be made in eager mode alone, which the cases that need them say.
"""

import numpy as np

from conformance.case import Array, Case, Sample
from conformance.catalogue.autodiff_kinks import KINKS
from conformance.catalogue.autodiff_orders import ORDERS
from conformance.catalogue.autodiff_programs import PROGRAMS
from conformance.catalogue.autodiff_rules import RULES, VARIABLES
from conformance.catalogue.autodiff_singular import SINGULAR
from conformance.reference import autodiff as ref
from fixtures.samples import given, sample

WIDE = ("float64", "float32")


def whole(n: int = 7, arrays: int = 1, low: int = -4, high: int = 5, name: str = "whole", **options) -> Sample:
    """Small integers, whose products and sums are exact in every dtype."""

    def make(rng: np.random.Generator) -> tuple[Array, ...]:
        return tuple(rng.integers(low, high, n).astype(float) for _ in range(arrays))

    return sample(name, make, **options)


LONE = ("float64",)
ONE = [
    whole(),
    given([0.0, -0.0, 1.0, -3.0], name="zeros", dtypes=LONE),
    given(2.0, name="scalar", dtypes=LONE),
]
TWO = [
    whole(arrays=2),
    given([0.0, -0.0, 1.0], [3.0, 0.0, -1.0], name="zeros", dtypes=LONE),
    given(2.0, 3.0, name="scalar", dtypes=LONE),
]


def leaves(*xs):
    return [x.detach().clone().requires_grad_() for x in xs]


def missing(torch, g, x):
    return torch.full(x.shape, int(g is None), dtype=torch.int64)


def missing_in_tf(tf, g, x):
    return tf.fill(tf.shape(x), tf.constant(int(g is None), tf.int64))


def or_nan_in_tf(tf, g, x):
    return x * tf.constant(float("nan"), x.dtype) if g is None else tf.convert_to_tensor(g)


# Connections


def grad_allow_unused(torch, x, z):
    x, z = leaves(x, z)
    (g,) = torch.autograd.grad((x * x).sum(), z, allow_unused=True)
    return missing(torch, g, z)


def backward_of_another(torch, x, z):
    x, z = leaves(x, z)
    (x * x).sum().backward()
    return missing(torch, z.grad, z)


def tape_gradient_of_another(tf, x, z):
    with tf.GradientTape() as tape:
        tape.watch([x, z])
        y = x * x
    return missing_in_tf(tf, tape.gradient(y, z), z)


def tape_gradient_unwatched(tf, x, z):
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * z
    return missing_in_tf(tf, tape.gradient(y, z), z)


def symbolic_gradients_of_another(tf, x, z):
    g = tf.function(lambda x, z: missing_in_tf(tf, tf.gradients(x * x, z)[0], z))
    return g(x, z)


def grad_materialized(torch, x, z):
    x, z = leaves(x, z)
    return torch.autograd.grad((x * x).sum(), z, materialize_grads=True)[0]


def vjp_of_another(torch, x, z):
    _, pull = torch.func.vjp(lambda x, z: (x * x).sum(), x, z)
    return pull(torch.ones((), dtype=x.dtype))[1]


def tape_gradient_zero(tf, x, z):
    with tf.GradientTape() as tape:
        tape.watch([x, z])
        y = x * x
    return tape.gradient(y, z, unconnected_gradients="zero")


def tape_gradients_zero(tf, x, z):
    with tf.GradientTape() as tape:
        tape.watch([x, z])
        y = x * x
    return tape.gradient(y, [x, z], unconnected_gradients=tf.UnconnectedGradients.ZERO)[1]


def grad_strict(torch, x, z, connected):
    x, z = leaves(x, z)
    return torch.autograd.grad((x * z if connected else x * x).sum(), z)[0]


def vjp_strict(torch, x, z, connected):
    f = lambda x, z: (x * z if connected else x * x).sum()
    return torch.autograd.functional.vjp(f, (x, z), strict=True)[1][1]


def tape_gradient(tf, x, z, connected):
    with tf.GradientTape() as tape:
        tape.watch([x, z])
        y = x * z if connected else x * x
    return or_nan_in_tf(tf, tape.gradient(y, z), z)


def stopped(torch, x, stop):
    (x,) = leaves(x)
    return torch.autograd.grad((x * stop(x) + stop(x * x)).sum(), x)[0]


def without_grad(torch, x):
    def stop(t):
        with torch.no_grad():
            return t * 1

    return stopped(torch, x, stop)


def grad_disabled(torch, x):
    def stop(t):
        with torch.set_grad_enabled(False):
            return t * 1

    return stopped(torch, x, stop)


def stopped_in_tf(tf, x, stop):
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * stop(x) + stop(x * x)
    return tape.gradient(y, x)


def stop_recording(tf, x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        with tape.stop_recording():
            a, b = x * 1, x * x
        y = x * a + b
    return tape.gradient(y, x)


def change_a_copy(torch, x, copy):
    y = x.clone()
    copy(y).mul_(7)
    return y


def change_a_stopped_variable(tf, x):
    v = tf.Variable(x)
    y = tf.stop_gradient(v)
    v.assign(v * 7)
    return y


def jax_grads_of_dict(jax, x, z):
    g = jax.grad(lambda p: jax.numpy.sum(p["x"] * p["x"] * p["z"]))({"x": x, "z": z})
    return g["x"], g["z"]


CONNECTIONS = (
    Case(
        "unconnected_gradient_is_none",  # 1 where it is
        "selection",
        lambda x, z: np.ones(z.shape, np.int64),
        torch=[grad_allow_unused, backward_of_another],
        tensorflow=[tape_gradient_of_another, tape_gradient_unwatched, symbolic_gradients_of_another],
        samples=TWO,
        dtypes=WIDE,
        sources=(
            "https://www.tensorflow.org/guide/autodiff#getting_a_gradient_of_none",
            "https://docs.pytorch.org/docs/stable/generated/torch.autograd.grad.html",
        ),
    ),
    Case(
        "unconnected_gradient_is_zero",
        "selection",
        lambda x, z: np.zeros_like(z),
        torch=[
            grad_materialized,
            vjp_of_another,
            lambda torch, x, z: torch.func.grad(lambda x, z: (x * x).sum(), argnums=1)(x, z),
            lambda torch, x, z: torch.autograd.functional.vjp(lambda x, z: (x * x).sum(), (x, z))[1][1],
        ],
        tensorflow=[tape_gradient_zero, tape_gradients_zero],
        jax=[lambda jax, x, z: jax.grad(lambda x, z: jax.numpy.sum(x * x), argnums=1)(x, z)],
        samples=TWO,
        dtypes=WIDE,
        sources=("https://www.tensorflow.org/api_docs/python/tf/UnconnectedGradients",),
    ),
    Case(
        "unconnected_gradient_is_refused",
        "selection",
        ref.connected,
        torch=[grad_strict, vjp_strict],
        tensorflow=[tape_gradient],
        samples=[
            whole(arrays=2, connected=True),
            given(2.0, 3.0, name="scalar", connected=True),
            whole(arrays=2, name="unconnected", connected=False, raises=True, edge=True),
        ],
        dtypes=WIDE,
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.autograd.grad.html",),
    ),
    Case(
        "stop_gradient",  # of x stop(x) + stop(x x)
        "selection",
        lambda x: x + 0,
        torch=[
            lambda torch, x: stopped(torch, x, lambda t: torch.Tensor.detach(t)),
            lambda torch, x: stopped(torch, x, lambda t: t.data),
            without_grad,
            grad_disabled,
        ],
        tensorflow=[
            lambda tf, x: stopped_in_tf(tf, x, lambda t: tf.stop_gradient(t)),
            lambda tf, x: stopped_in_tf(tf, x, lambda t: tf.keras.ops.stop_gradient(t)),
            stop_recording,
        ],
        jax=[
            lambda jax, x: jax.grad(
                lambda x: jax.numpy.sum(x * jax.lax.stop_gradient(x) + jax.lax.stop_gradient(x * x))
            )(x)
        ],
        samples=ONE,
        sources=("https://www.tensorflow.org/api_docs/python/tf/stop_gradient",),
    ),
    Case(
        "stopped_value_is_a_copy",  # the original after a change of the stopped value, or the other way round
        "selection",
        lambda x: x + 0,
        torch=[
            lambda torch, x: change_a_copy(torch, x, lambda t: torch.Tensor.detach(t)),
            lambda torch, x: change_a_copy(torch, x, lambda t: t.detach().clone()),
        ],
        tensorflow=[change_a_stopped_variable],
        samples=ONE,
        dtypes=WIDE,
        modes=VARIABLES,
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.Tensor.detach.html",),
    ),
)


# Sums of gradients


def cubic(x):
    return x * x * x + x * x + x


def cubic_backward(torch, x):
    (x,) = leaves(x)
    cubic(x).sum().backward()
    return x.grad


def cubic_gradient(tf, x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = cubic(x)
    return tape.gradient(y, x)


def cubic_of_keras_ops(tf, x):
    ops = tf.keras.ops
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = ops.add(ops.add(ops.multiply(ops.multiply(x, x), x), ops.multiply(x, x)), x)
    return tape.gradient(y, x)


def two_backwards(torch, x):
    (x,) = leaves(x)
    (x * x).sum().backward()
    (3 * x).sum().backward()
    return x.grad


def backward_of_two(torch, x):
    (x,) = leaves(x)
    torch.autograd.backward([(x * x).sum(), (3 * x).sum()])
    return x.grad


def grad_of_two(torch, x):
    (x,) = leaves(x)
    return torch.autograd.grad([(x * x).sum(), (3 * x).sum()], x)[0]


def grads_added(torch, x):
    (x,) = leaves(x)
    return torch.autograd.grad((x * x).sum(), x)[0] + torch.autograd.grad((3 * x).sum(), x)[0]


def gradients_added(tf, x):
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        a, b = x * x, 3 * x
    return tape.gradient(a, x) + tape.gradient(b, x)


def gradient_of_two(tf, x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        targets = {"a": x * x, "b": 3 * x}
    return tape.gradient(targets, x)


def zeroed(torch, x, zero):
    (x,) = leaves(x)
    (x * x).sum().backward()
    zero(x)
    (3 * x).sum().backward()
    return x.grad


def set_to_none(x):
    x.grad = None


def second_gradient(tf, x):
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        a, b = x * x, 3 * x
    tape.gradient(a, x)
    return tape.gradient(b, x)


def gradient_after_reset(tf, x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        tape.reset()
        tape.watch(x)
        y = 3 * x
    return tape.gradient(y, x)


def retain_grad(torch, x):
    (x,) = leaves(x)
    h = x * x
    h.retain_grad()
    (h * h * h).sum().backward()
    return h.grad


def grad_of_intermediate(torch, x):
    (x,) = leaves(x)
    h = x * x
    return torch.autograd.grad((h * h * h).sum(), h)[0]


def hook_of_intermediate(torch, x):
    (x,) = leaves(x)
    h, seen = x * x, []
    h.register_hook(seen.append)
    (h * h * h).sum().backward()
    return seen[0]


def gradient_of_intermediate(tf, x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        h = x * x
        y = h * h * h
    return tape.gradient(y, h)


def gradient_of_watched_intermediate(tf, x):
    with tf.GradientTape() as tape:
        h = x * x
        tape.watch(h)
        y = h * h * h
    return tape.gradient(y, h)


def grads_of_dict(torch, x, z):
    g = torch.func.grad(lambda p: (p["x"] * p["x"] * p["z"]).sum())({"x": x, "z": z})
    return g["x"], g["z"]


def grads_of_tuple(torch, x, z):
    x, z = leaves(x, z)
    return torch.autograd.grad((x * x * z).sum(), (x, z))


def gradients_of_dict(tf, x, z):
    sources = {"x": x, "z": z}
    with tf.GradientTape() as tape:
        tape.watch(sources)
        y = x * x * z
    g = tape.gradient(y, sources)
    return g["x"], g["z"]


def gradients_of_list(tf, x, z):
    with tf.GradientTape() as tape:
        tape.watch([x, z])
        y = x * x * z
    return tuple(tape.gradient(y, [x, z]))


def backward_of_many(torch, x, summed):
    (x,) = leaves(x)
    y = x * x
    (y.sum() if summed else y).backward()
    return x.grad


def gradient_of_many(tf, x, summed):
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
        y = tf.reduce_sum(y) if summed else y
    return tape.gradient(y, x)


def backward_twice(torch, x, kept):
    (x,) = leaves(x)
    y = (x * x).sum()
    y.backward(retain_graph=kept)
    y.backward()
    return x.grad


def grad_twice(torch, x, kept):
    (x,) = leaves(x)
    y = (x * x).sum()
    return torch.autograd.grad(y, x, retain_graph=kept)[0] + torch.autograd.grad(y, x)[0]


def gradient_twice(tf, x, kept):
    with tf.GradientTape(persistent=kept) as tape:
        tape.watch(x)
        y = x * x
    return tape.gradient(y, x) + tape.gradient(y, x)


SUMS = (
    Case(
        "repeated_use",  # of x in x^3 + x^2 + x
        "selection",
        lambda x: 3 * x * x + 2 * x + 1,
        torch=[
            cubic_backward,
            lambda torch, x: torch.func.grad(lambda x: cubic(x).sum())(x),
            lambda torch, x: torch.autograd.functional.vjp(cubic, x, torch.ones_like(x))[1],
        ],
        tensorflow=[cubic_gradient, cubic_of_keras_ops],
        jax=[lambda jax, x: jax.grad(lambda x: cubic(x).sum())(x)],
        samples=ONE,
        sources=("https://docs.pytorch.org/docs/stable/notes/autograd.html",),
    ),
    Case(
        "accumulation",  # of the gradients of x^2 and 3x
        "selection",
        lambda x: 2 * x + 3,
        torch=[two_backwards, backward_of_two, grad_of_two, grads_added],
        tensorflow=[gradients_added, gradient_of_two],
        jax=[lambda jax, x: jax.grad(lambda x: jax.numpy.sum(x * x) + jax.numpy.sum(3 * x))(x)],
        samples=ONE,
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.autograd.backward.html",),
    ),
    Case(
        "accumulation_from_zero",  # the gradient of 3x alone, after that of x^2
        "selection",
        lambda x: 0 * x + 3,
        torch=[
            lambda torch, x: zeroed(torch, x, lambda p: torch.optim.SGD([p]).zero_grad()),
            lambda torch, x: zeroed(torch, x, lambda p: torch.optim.SGD([p]).zero_grad(set_to_none=False)),
            lambda torch, x: zeroed(torch, x, lambda p: p.grad.zero_()),
            lambda torch, x: zeroed(torch, x, set_to_none),
        ],
        tensorflow=[second_gradient, gradient_after_reset],
        samples=ONE,
        dtypes=WIDE,
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.optim.Optimizer.zero_grad.html",),
    ),
    Case(
        "intermediate_gradient",  # of h^3 with respect to h = x^2
        "selection",
        lambda x: 3 * x * x * x * x,
        torch=[retain_grad, grad_of_intermediate, hook_of_intermediate],
        tensorflow=[gradient_of_intermediate, gradient_of_watched_intermediate],
        samples=[whole(low=-3, high=4), *ONE[1:]],
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.Tensor.retain_grad.html",),
    ),
    Case(
        "structured_sources",  # of x^2 z, in a dictionary or a list
        "selection",
        lambda x, z: (2 * x * z, x * x),
        torch=[grads_of_dict, grads_of_tuple],
        tensorflow=[gradients_of_dict, gradients_of_list],
        jax=[jax_grads_of_dict],
        samples=TWO,
        dtypes=WIDE,
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.func.grad.html",),
    ),
    Case(
        "target_that_is_no_scalar",
        "selection",
        ref.scalar_target,
        torch=[backward_of_many],
        tensorflow=[gradient_of_many],
        jax=[lambda jax, x, summed: jax.grad(lambda x: jax.numpy.sum(x * x) if summed else x * x)(x)],
        samples=[
            whole(summed=True),
            given(3.0, name="scalar", summed=False),
            whole(name="not-summed", summed=False, raises=True, edge=True),
        ],
        dtypes=WIDE,
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.Tensor.backward.html",),
    ),
    Case(
        "second_use_of_a_graph",
        "selection",
        ref.twice,
        torch=[backward_twice, grad_twice],
        tensorflow=[gradient_twice],
        samples=[
            whole(kept=True),
            given([0.0, -0.0], name="zeros", kept=True),
            whole(name="not-kept", kept=False, raises=True, edge=True),
        ],
        dtypes=WIDE,
        sources=(
            "https://www.tensorflow.org/api_docs/python/tf/GradientTape",
            "https://docs.pytorch.org/docs/stable/generated/torch.autograd.backward.html",
        ),
    ),
)

CASES: tuple[Case, ...] = (*CONNECTIONS, *SUMS, *RULES, *ORDERS, *PROGRAMS, *KINKS, *SINGULAR)
