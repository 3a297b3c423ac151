"""Automatic differentiation of programs: batches, branches, loops, recomputation, and models as functions."""

import numpy as np

from conformance.case import Case, Sample
from conformance.catalogue.autodiff_rules import VARIABLES
from conformance.reference import autodiff as ref
from fixtures.samples import given, normal, sample

WIDE = ("float64", "float32")
LONE = ("float64",)
"""For routes that build a graph at every call, and cost tenths of a second."""


def leaf(x):
    return x.detach().clone().requires_grad_()


def whole(n: int = 7, low: int = -4, high: int = 5, name: str = "whole", **options) -> Sample:
    return sample(name, lambda rng: (rng.integers(low, high, n).astype(float),), **options)


def gradient(torch, f, x):
    x = leaf(x)
    return torch.autograd.grad(f(x).sum(), x)[0]


def gradient_in_tf(tf, f, x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    return tape.gradient(y, x)


# Batches


def row(v):
    return v / (1 + (v * v).sum())


def row_in_tf(tf, v):
    return v / (1 + tf.reduce_sum(v * v))


def example_grads(torch, x, w):
    w = leaf(w)
    return torch.stack([torch.autograd.grad((w * v).sum() ** 2, w)[0] for v in x])


def example_gradient(tf, v, w):
    with tf.GradientTape() as tape:
        tape.watch(w)
        y = tf.square(tf.reduce_sum(w * v))
    return tape.gradient(y, w)


def jacobian_of_losses(tf, x, w):
    with tf.GradientTape() as tape:
        tape.watch(w)
        y = tf.square(tf.linalg.matvec(x, w))
    return tape.jacobian(y, w)


BATCHES = (
    Case(
        "vectorized_map",  # of v / (1 + v.v) over rows
        "reduction",
        lambda x: x / (1 + np.sum(x * x, axis=1, keepdims=True)),
        torch=[
            lambda torch, x: torch.stack([row(v) for v in x]),
            lambda torch, x: torch.vmap(row)(x),
            lambda torch, x: torch.func.vmap(row, in_dims=1, out_dims=1)(x.T).T,
            lambda torch, x: torch.func.vmap(row, chunk_size=1)(x),
        ],
        tensorflow=[
            lambda tf, x: tf.stack([row_in_tf(tf, v) for v in tf.unstack(x)]),
            lambda tf, x: tf.map_fn(lambda v: row_in_tf(tf, v), x),
            lambda tf, x: tf.vectorized_map(lambda v: row_in_tf(tf, v), x),
            lambda tf, x: tf.keras.ops.vectorized_map(lambda v: row_in_tf(tf, v), x),
            lambda tf, x: tf.keras.ops.map(lambda v: row_in_tf(tf, v), x),
        ],
        jax=[lambda jax, x: jax.vmap(row)(x), lambda jax, x: jax.lax.map(row, x)],
        samples=[
            normal((3, 5)),
            given([[0.0, -0.0]], name="one-row"),
            given([[3.0], [-1.0]], name="one-column"),
        ],
        dtypes=LONE,
        sources=("https://www.tensorflow.org/api_docs/python/tf/vectorized_map",),
    ),
    Case(
        "per_example_gradients",  # of (w.x)^2
        "reduction",
        lambda x, w: 2 * np.sum(x * w, axis=1, keepdims=True) * x,
        torch=[
            example_grads,
            lambda torch, x, w: torch.func.vmap(
                torch.func.grad(lambda w, v: torch.square((w * v).sum())), in_dims=(None, 0)
            )(w, x),
        ],
        tensorflow=[
            lambda tf, x, w: tf.stack([example_gradient(tf, v, w) for v in tf.unstack(x)]),
            lambda tf, x, w: tf.vectorized_map(lambda v: example_gradient(tf, v, w), x),
            jacobian_of_losses,
        ],
        jax=[
            lambda jax, x, w: jax.vmap(
                jax.grad(lambda w, v: jax.numpy.square(jax.numpy.sum(w * v))), in_axes=(None, 0)
            )(w, x)
        ],
        samples=[
            normal((3, 4), (4,)),
            given([[0.0, -0.0]], [1.0, 2.0], name="one-row"),
            given([[3.0], [-1.0]], [2.0], name="one-column"),
        ],
        dtypes=LONE,
        sources=("https://docs.pytorch.org/tutorials/intermediate/per_sample_grads.html",),
    ),
)


# Branches and loops


def branch(x):
    return x * x if x.sum() > 0 else 3 * x


def fifty_steps(torch, h):
    for _ in range(50):
        h = h + torch.sin(h) / 64
    return h


def until_large(x):
    steps = 0
    while steps < 10 and (x * x).sum() < 100:
        x, steps = 2 * x, steps + 1
    return x


def until_large_in_tf(tf, x, while_loop):
    small = lambda x: tf.reduce_sum(x * x) < 100
    return while_loop(small, lambda x: (2 * x,), (x,), maximum_iterations=10)[0]


def recurrence(torch, x, w):
    """h[t] = h[t - 1] / 2 + x[t], weighted."""
    h, total = 0, 0
    for t in range(len(x)):
        h = h / 2 + x[t]
        total = total + w[t] * h
    return total


def recurrence_unrolled(tf, x, w):
    h, total = tf.zeros([], x.dtype), tf.zeros([], x.dtype)
    for a, b in zip(tf.unstack(x), tf.unstack(w), strict=True):
        h = h / 2 + a
        total += b * h
    return total


def keras_scan(tf, x, w):
    def step(h, a):
        h = h / 2 + a
        return h, h

    return tf.keras.ops.scan(step, tf.zeros([], x.dtype), x)[1] * w


def keras_associative_scan(tf, x, w):
    def after(p, q):
        return p[0] * q[0], q[0] * p[1] + q[1]

    return tf.keras.ops.associative_scan(after, (tf.ones_like(x) / 2, x))[1] * w


PATHS = (
    Case(
        "gradient_through_a_branch",  # x^2 if the sum is positive, else 3x
        "selection",
        ref.of_branch,
        torch=[
            lambda torch, x: gradient(torch, branch, x),
            lambda torch, x: torch.func.jacrev(lambda x: torch.where(x.sum() > 0, x * x, 3 * x).sum())(x),
        ],
        tensorflow=[
            lambda tf, x: gradient_in_tf(tf, lambda x: tf.cond(tf.reduce_sum(x) > 0, lambda: x * x, lambda: 3 * x), x),
            lambda tf, x: gradient_in_tf(
                tf, lambda x: tf.case([(tf.reduce_sum(x) > 0, lambda: x * x)], default=lambda: 3 * x), x
            ),
            lambda tf, x: gradient_in_tf(
                tf,
                lambda x: tf.switch_case(tf.cast(tf.reduce_sum(x) > 0, tf.int32), [lambda: 3 * x, lambda: x * x]),
                x,
            ),
            lambda tf, x: gradient_in_tf(
                tf, lambda x: tf.keras.ops.cond(tf.reduce_sum(x) > 0, lambda: x * x, lambda: 3 * x), x
            ),
            lambda tf, x: gradient_in_tf(
                tf,
                lambda x: tf.keras.ops.switch(
                    tf.cast(tf.reduce_sum(x) > 0, tf.int32), [lambda x: 3 * x, lambda x: x * x], x
                ),
                x,
            ),
        ],
        jax=[
            lambda jax, x: jax.grad(lambda x: jax.lax.cond(x.sum() > 0, lambda x: x * x, lambda x: 3 * x, x).sum())(x)
        ],
        samples=[
            given([1.0, 2.0, -1.0], name="positive", edge=False),
            given([-1.0, -2.0, 2.0], name="negative", edge=False),
            given([1.0, -1.0, 0.0], name="at-the-switch"),
        ],
        dtypes=LONE,
        sources=("https://www.tensorflow.org/guide/autodiff#control_flow",),
    ),
    Case(
        "gradient_through_50_steps",  # h += sin(h) / 64
        "reduction",
        ref.of_fifty_steps,
        torch=[lambda torch, x: gradient(torch, lambda h: fifty_steps(torch, h), x)],
        tensorflow=[
            lambda tf, x: gradient_in_tf(
                tf,
                lambda h: tf.while_loop(lambda h: True, lambda h: (h + tf.sin(h) / 64,), (h,), maximum_iterations=50)[
                    0
                ],
                x,
            ),
            lambda tf, x: gradient_in_tf(
                tf, lambda h: tf.keras.ops.fori_loop(0, 50, lambda i, h: h + tf.sin(h) / 64, h), x
            ),
        ],
        jax=[
            lambda jax, x: jax.grad(
                lambda x: jax.lax.scan(lambda h, _: (h + jax.numpy.sin(h) / 64, None), x, length=50)[0].sum()
            )(x)
        ],
        samples=[normal((5,), scale=2), given([0.0, -0.0], name="zeros"), given([30.0, -3.0], name="large")],
        dtypes=LONE,
        sources=("https://www.tensorflow.org/api_docs/python/tf/while_loop",),
    ),
    Case(
        "gradient_through_a_while_loop",  # doubled until the sum of squares is 100, ten times at most
        "selection",
        ref.of_doublings,
        torch=[lambda torch, x: gradient(torch, until_large, x)],
        tensorflow=[
            lambda tf, x: gradient_in_tf(
                tf, lambda x: until_large_in_tf(tf, x, lambda *args, **limit: tf.while_loop(*args, **limit)), x
            ),
            lambda tf, x: gradient_in_tf(
                tf,
                lambda x: until_large_in_tf(tf, x, lambda *args, **limit: tf.keras.ops.while_loop(*args, **limit)),
                x,
            ),
        ],
        samples=[
            whole(low=1, high=3),
            given([0.0, -0.0], name="ten-steps"),
            given([10.0, 10.0], name="no-step"),
        ],
        dtypes=LONE,
        sources=("https://keras.io/api/ops/core/",),
    ),
    Case(
        "gradient_through_a_recurrence",  # of the sum of w h, where h = h / 2 + x
        "reduction",
        ref.of_recurrence,
        torch=[lambda torch, x, w: gradient(torch, lambda x: recurrence(torch, x, w), x)],
        tensorflow=[
            lambda tf, x, w: gradient_in_tf(tf, lambda x: recurrence_unrolled(tf, x, w), x),
            lambda tf, x, w: gradient_in_tf(
                tf, lambda x: w * tf.scan(lambda h, a: h / 2 + a, x, tf.zeros([], x.dtype)), x
            ),
            lambda tf, x, w: gradient_in_tf(tf, lambda x: keras_scan(tf, x, w), x),
            lambda tf, x, w: gradient_in_tf(tf, lambda x: keras_associative_scan(tf, x, w), x),
        ],
        samples=[
            normal((5,), (5,)),
            given([0.0, -0.0, 1.0], [1.0, 0.0, -1.0], name="zeros"),
            given([2.0, 1.0], [3.0, 1.0], name="two"),
        ],
        dtypes=LONE,
        sources=("https://www.tensorflow.org/api_docs/python/tf/scan",),
    ),
)


# Recomputation, models as functions, sparse gradients


def checkpointed(torch, x, run):
    x = leaf(x)
    run(x).sum().backward()
    return x.grad


def of_exp_sin(tf, x, wrap):
    return gradient_in_tf(tf, wrap(lambda x: tf.exp(tf.sin(x))), x)


def linear_by_functional_call(torch, x, w, b):
    w, b = leaf(w), leaf(b)
    layer = torch.nn.Linear(w.shape[1], w.shape[0], dtype=w.dtype)
    y = torch.func.functional_call(layer, {"weight": w, "bias": b}, x)
    return torch.autograd.grad((y * y).sum() / 2, (w, b))


def linear_by_grad_of_parameters(torch, x, w, b):
    layer = torch.nn.Linear(w.shape[1], w.shape[0], dtype=w.dtype)
    loss = lambda p: torch.func.functional_call(layer, p, x).square().sum() / 2
    g = torch.func.grad(loss)({"weight": w, "bias": b})
    return g["weight"], g["bias"]


def linear_by_backward(torch, x, w, b):
    layer = torch.nn.Linear(w.shape[1], w.shape[0], dtype=w.dtype)
    layer.load_state_dict({"weight": w, "bias": b})
    (layer(x).square().sum() / 2).backward()
    return layer.weight.grad, layer.bias.grad


def dense(tf, w):
    layer = tf.keras.layers.Dense(w.shape[0], dtype=w.dtype.name)
    layer.build((None, w.shape[1]))
    return layer


def dense_by_stateless_call(tf, x, w, b):
    layer, kernel = dense(tf, w), tf.transpose(w)
    with tf.GradientTape() as tape:
        tape.watch([kernel, b])
        y, _ = layer.stateless_call([kernel, b], [], x)
        loss = tf.reduce_sum(y * y) / 2
    g = tape.gradient(loss, [kernel, b])
    return tf.transpose(g[0]), g[1]


def dense_by_variables(tf, x, w, b):
    layer = dense(tf, w)
    layer.set_weights([tf.transpose(w), b])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(layer(x))) / 2
    g = tape.gradient(loss, layer.trainable_variables)
    return tf.transpose(g[0]), g[1]


def two_lookups(torch, table, c, i, look_up):
    table = leaf(table)
    y = (c * look_up(table, i)).sum() + (c * look_up(table, i.flip(0))).sum()
    y.backward()
    return table.grad.to_dense() if table.grad.is_sparse else table.grad


def two_lookups_in_tf(tf, table, c, i, look_up):
    with tf.GradientTape() as tape:
        tape.watch(table)
        y = tf.reduce_sum(c * look_up(table, i)) + tf.reduce_sum(c * look_up(table, tf.reverse(i, [0])))
    return tf.convert_to_tensor(tape.gradient(y, table))


MODELS = (
    Case(
        "gradient_of_recomputed_values",  # of exp(sin(x))
        "elementwise",
        lambda x: np.cos(x) * np.exp(np.sin(x)),
        torch=[
            lambda torch, x: checkpointed(torch, x, lambda x: torch.exp(torch.sin(x))),
            lambda torch, x: checkpointed(
                torch,
                x,
                lambda x: torch.utils.checkpoint.checkpoint(lambda x: torch.exp(torch.sin(x)), x, use_reentrant=True),
            ),
            lambda torch, x: checkpointed(
                torch,
                x,
                lambda x: torch.utils.checkpoint.checkpoint(lambda x: torch.exp(torch.sin(x)), x, use_reentrant=False),
            ),
            lambda torch, x: checkpointed(
                torch,
                x,
                lambda x: torch.utils.checkpoint.checkpoint_sequential([torch.sin, torch.exp], 2, x, False),
            ),
        ],
        tensorflow=[
            lambda tf, x: gradient_in_tf(tf, lambda x: tf.exp(tf.sin(x)), x),
            lambda tf, x: of_exp_sin(tf, x, lambda f: tf.recompute_grad(f)),
            lambda tf, x: of_exp_sin(tf, x, lambda f: tf.keras.remat(f)),
        ],
        jax=[lambda jax, x: jax.grad(lambda x: jax.checkpoint(lambda x: jax.numpy.exp(jax.numpy.sin(x)))(x).sum())(x)],
        samples=[normal((9,), scale=2), given([0.0, -0.0], name="zeros"), given(2.0, name="scalar")],
        sources=(
            "https://docs.pytorch.org/docs/stable/checkpoint.html",
            "https://www.tensorflow.org/api_docs/python/tf/recompute_grad",
        ),
    ),
    Case(
        "gradient_of_a_model_as_a_function",  # |x w' + b|^2 / 2, of a linear layer
        "contraction",
        ref.of_linear,
        torch=[linear_by_functional_call, linear_by_grad_of_parameters, linear_by_backward],
        tensorflow=[dense_by_stateless_call, dense_by_variables],
        samples=[
            normal((6, 4), (3, 4), (3,)),
            given([[0.0, -0.0]], [[1.0, 2.0]], [0.0], name="zeros"),
            given([[2.0]], [[3.0]], [1.0], name="one-element"),
        ],
        dtypes=WIDE,
        modes=VARIABLES,
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.func.functional_call.html",),
    ),
    Case(
        "sum_of_sparse_gradients",  # of two look-ups with repeated indices
        "reduction",
        ref.of_look_ups,
        torch=[
            lambda torch, table, c, i: two_lookups(
                torch, table, c, i, lambda t, i: torch.nn.functional.embedding(i, t, sparse=True)
            ),
            lambda torch, table, c, i: two_lookups(
                torch, table, c, i, lambda t, i: torch.nn.functional.embedding(i, t)
            ),
            lambda torch, table, c, i: two_lookups(torch, table, c, i, lambda t, i: torch.index_select(t, 0, i)),
            lambda torch, table, c, i: two_lookups(
                torch, table, c, i, lambda t, i: torch.gather(t, 0, i[:, None].expand(-1, t.shape[1]))
            ),
        ],
        tensorflow=[
            lambda tf, table, c, i: two_lookups_in_tf(tf, table, c, i, lambda t, i: tf.gather(t, i)),
            lambda tf, table, c, i: two_lookups_in_tf(tf, table, c, i, lambda t, i: tf.nn.embedding_lookup(t, i)),
            lambda tf, table, c, i: two_lookups_in_tf(tf, table, c, i, lambda t, i: tf.keras.ops.take(t, i, axis=0)),
        ],
        jax=[
            lambda jax, table, c, i: jax.grad(
                lambda t: jax.numpy.sum(c * t[i]) + jax.numpy.sum(c * t[jax.numpy.flip(i, 0)])
            )(table)
        ],
        samples=[
            sample(
                "repeated",
                lambda rng: (rng.standard_normal((5, 3)), rng.standard_normal((7, 3)), rng.integers(0, 4, 7)),
            ),
            sample(
                "all-the-same",
                lambda rng: (rng.standard_normal((3, 2)), rng.standard_normal((40, 2)), np.ones(40, np.int64)),
                edge=True,
            ),
            sample(
                "none",
                lambda rng: (rng.standard_normal((3, 2)), np.zeros((0, 2)), np.zeros(0, np.int64)),
                edge=True,
                dtypes=LONE,
            ),
        ],
        dtypes=("float64", "float32", "float16"),
        sources=("https://www.tensorflow.org/api_docs/python/tf/IndexedSlices",),
    ),
)

PROGRAMS = (*BATCHES, *PATHS, *MODELS)
