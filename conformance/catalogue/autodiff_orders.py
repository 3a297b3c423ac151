"""Automatic differentiation: higher orders, Jacobians, forward mode, batches of derivatives, loops and branches."""

import numpy as np

from conformance.case import Array, Case, Sample
from conformance.reference import autodiff as ref
from fixtures.samples import given, normal, sample

LONE = ("float64",)
"""For routes that build a graph at every call, and cost tenths of a second."""


def leaf(x):
    return x.detach().clone().requires_grad_()


def whole(n: int = 7, low: int = -4, high: int = 5, name: str = "whole", **options) -> Sample:
    return sample(name, lambda rng: (rng.integers(low, high, n).astype(float),), **options)


# Higher orders


def derivative(torch, f, x, order):
    x = leaf(x)
    y = f(x)
    for _ in range(order):
        (y,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    return y.detach()


def by_func_grad(torch, f, x, order):
    for _ in range(order):
        f = lambda x, f=f: torch.func.grad(lambda x: f(x).sum())(x)
    return f(x)


def by_func_jvp(torch, f, x, order):
    for _ in range(order):
        f = lambda x, f=f: torch.func.jvp(f, (x,), (torch.ones_like(x),))[1]
    return f(x)


def by_tapes(tf, f, x, order):
    if order == 0:
        return f(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = by_tapes(tf, f, x, order - 1)
    return tape.gradient(y, x)


def by_accumulators(tf, f, x, order):
    if order == 0:
        return f(x)
    with tf.autodiff.ForwardAccumulator(x, tf.ones_like(x)) as forward:
        y = by_accumulators(tf, f, x, order - 1)
    return forward.jvp(y)


def fifth_power(x):
    return x * x * x * x * x


def linear_by_tapes(tf, x):
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = 3 * x
        g = inner.gradient(y, x)
    h = outer.gradient(g, x)
    return x * tf.constant(float("nan"), x.dtype) if h is None else h


def linear_by_tapes_or_zero(tf, x):
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = 3 * x
        g = inner.gradient(y, x)
    return outer.gradient(g, x, unconnected_gradients=tf.UnconnectedGradients.ZERO)


def mixed_partial(torch, x, z):
    x, z = leaf(x), leaf(z)
    (g,) = torch.autograd.grad((x * x * z * z * z).sum(), x, create_graph=True)
    return torch.autograd.grad(g.sum(), z)[0]


def mixed_partial_by_tapes(tf, x, z):
    with tf.GradientTape() as outer:
        outer.watch(z)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = x * x * z * z * z
        g = inner.gradient(y, x)
    return outer.gradient(g, z)


def penalty(torch, w, x):
    """The gradient in w of |grad in x of (w x)^2 / 2|^2."""
    w, x = leaf(w), leaf(x)
    (g,) = torch.autograd.grad((w * x * w * x).sum() / 2, x, create_graph=True)
    return torch.autograd.grad((g * g).sum(), w)[0]


def penalty_by_tapes(tf, w, x):
    with tf.GradientTape() as outer:
        outer.watch(w)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = tf.reduce_sum(w * x * w * x) / 2
        g = inner.gradient(y, x)
        norm = tf.reduce_sum(g * g)
    return outer.gradient(norm, w)


def jax_nested(jax, f, x, order):
    """The derivative of so high an order, by jax.grad of jax.grad."""
    for _ in range(order):
        f = jax.grad(lambda x, f=f: jax.numpy.sum(f(x)))
    return f(x)


def jax_jacrev(jax, x, a):
    return jax.jacrev(lambda x: a @ jax.numpy.sin(x))(x)


def jax_jacfwd(jax, x, a):
    return jax.jacfwd(lambda x: a @ jax.numpy.sin(x))(x)


def jax_jvp(jax, x, v):
    return jax.jvp(lambda x: x * jax.numpy.sin(x), (x,), (v,))[1]


def jax_linearize(jax, x, v):
    return jax.linearize(lambda x: x * jax.numpy.sin(x), x)[1](v)


def jax_penalty(jax, w, x):
    def norm(w):
        g = jax.grad(lambda x: jax.numpy.sum(w * x * w * x) / 2)(x)
        return jax.numpy.sum(g * g)

    return jax.grad(norm)(w)


HIGHER = (
    Case(
        "nested_derivative",  # of x^5, up to three times
        "selection",
        ref.of_fifth_power,
        torch=[
            lambda torch, x, order: derivative(torch, fifth_power, x, order),
            lambda torch, x, order: by_func_grad(torch, fifth_power, x, order),
        ],
        tensorflow=[
            lambda tf, x, order: by_tapes(tf, fifth_power, x, order),
        ],
        jax=[lambda jax, x, order: jax_nested(jax, fifth_power, x, order)],
        samples=[
            whole(name="second", order=2),
            whole(name="third", order=3),
            given([0.0, -0.0, 1.0], name="zeros", order=2),
        ],
        dtypes=LONE,
        sources=("https://www.tensorflow.org/guide/advanced_autodiff#higher-order_gradients",),
    ),
    Case(
        "second_derivative_by_forward_mode",  # of x^3, forward over forward
        "selection",
        lambda x: 6 * x,
        torch=[lambda torch, x: by_func_jvp(torch, lambda x: x * x * x, x, 2)],
        tensorflow=[lambda tf, x: by_accumulators(tf, lambda x: x * x * x, x, 2)],
        jax=[
            lambda jax, x: jax.jvp(
                lambda x: jax.jvp(lambda x: x * x * x, (x,), (jax.numpy.ones_like(x),))[1],
                (x,),
                (jax.numpy.ones_like(x),),
            )[1]
        ],
        samples=[whole(4), given([0.0, -0.0, 1.0, 2.0], name="zeros"), given([2.0], name="one-element")],
        dtypes=LONE,
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.func.jvp.html",),
    ),
    Case(
        "fourth_derivative_of_sin",
        "elementwise",
        lambda x: np.sin(x),
        torch=[
            lambda torch, x: derivative(torch, lambda x: torch.sin(x), x, 4),
            lambda torch, x: by_func_grad(torch, lambda x: torch.Tensor.sin(x), x, 4),
        ],
        tensorflow=[
            lambda tf, x: by_tapes(tf, lambda x: tf.sin(x), x, 4),
            lambda tf, x: by_tapes(tf, lambda x: tf.keras.ops.sin(x), x, 4),
        ],
        jax=[lambda jax, x: jax_nested(jax, lambda x: jax.numpy.sin(x), x, 4)],
        samples=[
            normal((9,), scale=3),
            given([0.0, -0.0, 1.5707963267948966], name="zeros"),
            given(2.0, name="scalar"),
        ],
        dtypes=LONE,
        sources=("https://dlmf.nist.gov/4.20#E2",),
    ),
    Case(
        "second_derivative_of_linear",  # of 3x
        "selection",
        lambda x: 0 * x,
        torch=[
            lambda torch, x: derivative(torch, lambda x: 3 * x, x, 2),
            lambda torch, x: by_func_grad(torch, lambda x: 3 * x, x, 2),
        ],
        tensorflow=[linear_by_tapes, linear_by_tapes_or_zero],
        jax=[lambda jax, x: jax_nested(jax, lambda x: 3 * x, x, 2)],
        samples=[whole(), given([0.0, -0.0], name="zeros"), given(2.0, name="scalar")],
        dtypes=LONE,
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.func.grad.html",),
    ),
    Case(
        "mixed_partial",  # of x^2 z^3
        "selection",
        lambda x, z: 6 * x * z * z,
        torch=[
            mixed_partial,
            lambda torch, x, z: torch.func.grad(
                lambda z: torch.func.grad(lambda x: (x * x * z * z * z).sum())(x).sum()
            )(z),
        ],
        tensorflow=[mixed_partial_by_tapes],
        jax=[lambda jax, x, z: jax.grad(lambda z: jax.grad(lambda x: jax.numpy.sum(x * x * z * z * z))(x).sum())(z)],
        samples=[
            sample("whole", lambda rng: tuple(rng.integers(-3, 4, 7).astype(float) for _ in range(2))),
            given([0.0, 1.0, -0.0], [2.0, 0.0, 0.0], name="zeros"),
            given(2.0, 3.0, name="scalar"),
        ],
        dtypes=LONE,
        sources=("https://www.tensorflow.org/guide/advanced_autodiff#higher-order_gradients",),
    ),
    Case(
        "gradient_penalty",
        "elementwise",
        lambda w, x: 4 * w * w * w * x * x,
        torch=[penalty],
        tensorflow=[penalty_by_tapes],
        jax=[jax_penalty],
        samples=[normal((9,), (9,)), given([0.0, 2.0], [1.0, -0.0], name="zeros"), given(2.0, 3.0, name="scalar")],
        dtypes=LONE,
        sources=("https://arxiv.org/abs/1704.00028",),
    ),
)


# Jacobians of a sin(x), a matrix


def loop_of_grads(torch, x, a):
    x = leaf(x)
    rows = a @ torch.sin(x)
    return torch.stack([torch.autograd.grad(r, x, retain_graph=True)[0] for r in rows])


def loop_of_gradients(tf, x, a):
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        rows = tf.unstack(tf.linalg.matvec(a, tf.sin(x)))
    return tf.stack([tape.gradient(r, x) for r in rows])


def tape_jacobian(tf, x, a):
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.linalg.matvec(a, tf.sin(x))
    return tape.jacobian(y, x)


def tape_jacobian_by_while_loop(tf, x, a):
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = tf.linalg.matvec(a, tf.sin(x))
    return tape.jacobian(y, x, experimental_use_pfor=False)


def loop_of_jacobians(torch, x, a):
    return torch.stack([torch.autograd.functional.jacobian(lambda v: a @ torch.sin(v), v) for v in x])


def tape_batch_jacobian(tf, x, a):
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.linalg.matvec(a, tf.sin(x))
    return tape.batch_jacobian(y, x)


def loop_of_jacobians_in_tf(tf, x, a):
    return tf.stack([loop_of_gradients(tf, v, a) for v in tf.unstack(x)])


def energy(torch, x, a):
    return torch.sin((a * x).sum())


def hessian_by_grads(torch, x, a):
    x = leaf(x)
    (g,) = torch.autograd.grad(energy(torch, x, a), x, create_graph=True)
    return torch.stack([torch.autograd.grad(e, x, retain_graph=True)[0] for e in g])


def hessian_by_tapes(tf, x, a):
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = tf.sin(tf.reduce_sum(a * x))
        g = inner.gradient(y, x)
    return outer.jacobian(g, x)


def hessian_by_loops(tf, x, a):
    with tf.GradientTape(persistent=True) as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = tf.sin(tf.reduce_sum(a * x))
        g = tf.unstack(inner.gradient(y, x))
    return tf.stack([outer.gradient(e, x) for e in g])


def hvp_by_grads(torch, x, a, v):
    x = leaf(x)
    (g,) = torch.autograd.grad(energy(torch, x, a), x, create_graph=True)
    return torch.autograd.grad(g, x, v)[0]


def hvp_by_jvp_of_grad(torch, x, a, v):
    return torch.func.jvp(torch.func.grad(lambda x: energy(torch, x, a)), (x,), (v,))[1]


def hvp_by_tapes(tf, x, a, v):
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = tf.sin(tf.reduce_sum(a * x))
        g = inner.gradient(y, x)
    return outer.gradient(g, x, output_gradients=v)


def hvp_by_accumulator(tf, x, a, v):
    with tf.autodiff.ForwardAccumulator(x, v) as forward:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.sin(tf.reduce_sum(a * x))
        g = tape.gradient(y, x)
    return forward.jvp(g)


JACOBIANS = (
    Case(
        "jacobian",
        "reduction",
        lambda x, a: a * np.cos(x),
        torch=[
            loop_of_grads,
            lambda torch, x, a: torch.autograd.functional.jacobian(lambda x: a @ torch.sin(x), x),
            lambda torch, x, a: torch.autograd.functional.jacobian(lambda x: a @ torch.sin(x), x, vectorize=True),
            lambda torch, x, a: torch.func.jacrev(lambda x: a @ torch.sin(x))(x),
            lambda torch, x, a: torch.func.jacfwd(lambda x: a @ torch.sin(x))(x),
        ],
        tensorflow=[loop_of_gradients, tape_jacobian, tape_jacobian_by_while_loop],
        jax=[jax_jacrev, jax_jacfwd],
        samples=[
            normal((3,), (2, 3)),
            given([0.0, -0.0], [[1.0, 0.0], [0.0, -2.0]], name="zeros"),
            given([2.0], [[3.0]], name="one-element"),
        ],
        dtypes=LONE,
        sources=("https://www.tensorflow.org/guide/advanced_autodiff#jacobians",),
    ),
    Case(
        "batch_jacobian",
        "reduction",
        lambda x, a: a * np.cos(x)[:, None],
        torch=[
            loop_of_jacobians,
            lambda torch, x, a: torch.func.vmap(torch.func.jacrev(lambda v: a @ torch.sin(v)))(x),
            lambda torch, x, a: torch.vmap(torch.func.jacfwd(lambda v: a @ torch.sin(v)))(x),
        ],
        tensorflow=[tape_batch_jacobian, loop_of_jacobians_in_tf],
        jax=[lambda jax, x, a: jax.vmap(jax.jacrev(lambda v: a @ jax.numpy.sin(v)))(x)],
        samples=[
            normal((2, 3), (2, 3)),
            given([[0.0, -0.0]], [[1.0, 0.0], [0.0, -2.0]], name="one-row"),
            given([[2.0], [1.0]], [[3.0]], name="one-element"),
        ],
        dtypes=LONE,
        sources=("https://www.tensorflow.org/guide/advanced_autodiff#batch_jacobian",),
    ),
    Case(
        "hessian",  # of sin(a.x)
        "reduction",
        lambda x, a: -np.sin(np.sum(a * x)) * a[:, None] * a,
        torch=[
            hessian_by_grads,
            lambda torch, x, a: torch.func.hessian(lambda x: energy(torch, x, a))(x),
            lambda torch, x, a: torch.func.jacrev(torch.func.jacrev(lambda x: energy(torch, x, a)))(x),
            lambda torch, x, a: torch.autograd.functional.hessian(lambda x: energy(torch, x, a), x),
        ],
        tensorflow=[hessian_by_loops, hessian_by_tapes],
        jax=[lambda jax, x, a: jax.hessian(lambda x: jax.numpy.sin(jax.numpy.sum(a * x)))(x)],
        samples=[
            normal((3,), (3,)),
            given([0.0, -0.0], [1.0, 2.0], name="zeros"),
            given([2.0], [3.0], name="one-element"),
        ],
        dtypes=LONE,
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.func.hessian.html",),
    ),
    Case(
        "hessian_vector_product",
        "reduction",
        lambda x, a, v: -np.sin(np.sum(a * x)) * a * np.sum(a * v),
        torch=[
            hvp_by_grads,
            hvp_by_jvp_of_grad,
            lambda torch, x, a, v: torch.autograd.functional.hvp(lambda x: energy(torch, x, a), x, v)[1],
            lambda torch, x, a, v: torch.autograd.functional.vhp(lambda x: energy(torch, x, a), x, v)[1],
        ],
        tensorflow=[hvp_by_tapes, hvp_by_accumulator],
        jax=[lambda jax, x, a, v: jax.jvp(jax.grad(lambda x: jax.numpy.sin(jax.numpy.sum(a * x))), (x,), (v,))[1]],
        samples=[
            normal((5,), (5,), (5,)),
            given([0.0, -0.0], [1.0, 2.0], [1.0, -1.0], name="zeros"),
            given([2.0], [3.0], [1.0], name="one-element"),
        ],
        dtypes=LONE,
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.autograd.functional.hvp.html",),
    ),
)


# Forward mode, and pulling back, of x sin(x)


def dual_numbers(torch, x, v):
    forward = torch.autograd.forward_ad
    with forward.dual_level():
        x = forward.make_dual(x, v)
        return forward.unpack_dual(x * torch.sin(x)).tangent.clone()


def linearized(torch, x, v):
    return torch.func.linearize(lambda x: x * torch.sin(x), x)[1](v)


def double_vjp(torch, x, v):
    """The derivative of a pullback, which is linear, in its cotangent."""
    x, u = leaf(x), torch.zeros_like(x).requires_grad_()
    (g,) = torch.autograd.grad(x * torch.sin(x), x, u, create_graph=True)
    return torch.autograd.grad(g, u, v)[0]


def accumulated(tf, x, v):
    with tf.autodiff.ForwardAccumulator(x, v) as forward:
        y = x * tf.sin(x)
    return forward.jvp(y)


def double_vjp_by_tapes(tf, x, v):
    u = tf.zeros_like(x)
    with tf.GradientTape() as outer:
        outer.watch(u)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = x * tf.sin(x)
        g = inner.gradient(y, x, output_gradients=u)
    return outer.gradient(g, u, output_gradients=v)


def pulled_back(torch, x, v):
    x = leaf(x)
    return torch.autograd.grad(x * torch.sin(x), x, v)[0]


def pulled_back_by_tape(tf, x, v):
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * tf.sin(x)
    return tape.gradient(y, x, output_gradients=v)


def products(x: Array, v: Array) -> Array:
    """The product rule adds v sin(x) and v x cos(x), which may cancel."""
    return np.abs(v) * (np.abs(np.sin(x)) + np.abs(x * np.cos(x)))


SCALED = [
    normal((9,), (9,)),
    given([0.0, -0.0, 1.0], [1.0, 2.0, 0.0], name="zeros"),
    given(2.0, 3.0, name="scalar"),
]

DIRECTIONS = (
    Case(
        "forward_mode",
        "elementwise",
        lambda x, v: v * (np.sin(x) + x * np.cos(x)),
        intermediates=products,
        torch=[
            dual_numbers,
            linearized,
            double_vjp,
            lambda torch, x, v: torch.func.jvp(lambda x: x * torch.sin(x), (x,), (v,))[1],
            lambda torch, x, v: torch.autograd.functional.jvp(lambda x: x * torch.sin(x), x, v)[1],
        ],
        tensorflow=[accumulated, double_vjp_by_tapes],
        jax=[jax_jvp, jax_linearize],
        samples=SCALED,
        dtypes=LONE,
        sources=("https://www.tensorflow.org/api_docs/python/tf/autodiff/ForwardAccumulator",),
    ),
    Case(
        "pullback",
        "elementwise",
        lambda x, v: v * (np.sin(x) + x * np.cos(x)),
        intermediates=products,
        torch=[
            pulled_back,
            lambda torch, x, v: torch.func.vjp(lambda x: x * torch.sin(x), x)[1](v)[0],
            lambda torch, x, v: torch.autograd.functional.vjp(lambda x: x * torch.sin(x), x, v)[1],
        ],
        tensorflow=[pulled_back_by_tape],
        jax=[lambda jax, x, v: jax.vjp(lambda x: x * jax.numpy.sin(x), x)[1](v)[0]],
        samples=SCALED,
        dtypes=LONE,
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.func.vjp.html",),
    ),
)


ORDERS = (*HIGHER, *JACOBIANS, *DIRECTIONS)
