"""Penalties on weights, decay, and constraints.

Keras divides by a norm plus `keras.config.epsilon()`, by default 1e-7, where the mathematics has the norm alone. The
cases name the epsilon: 2^-100 is the mathematics, and what makes the frameworks agree.
"""

from typing import Any

import numpy as np

from conformance.case import Array, Case
from conformance.catalogue.jax_shared import jax_steps, optax, with_decay
from conformance.catalogue.optimizers_shared import keras_steps, torch_steps
from conformance.catalogue.optimizers_states_shared import steps as steps_of
from conformance.reference import clipping as ref
from conformance.reference import optimizers
from fixtures.samples import given, normal, sample

EAGER = ("eager",)
MASTER = ("float64", "float32")
TORCH = "https://docs.pytorch.org/docs/stable/generated/"
REGULARIZERS = "https://keras.io/api/layers/regularizers/"
CONSTRAINTS = "https://keras.io/api/layers/constraints/"


# Penalties


def torch_orthogonality(torch, w, factor, mode):
    # The default eps, 1e-12, is 0 in float16, and a row of zeros not a number.
    u = torch.nn.functional.normalize(w if mode == "rows" else w.mT, dim=1, eps=2.0**-20)
    n = len(u)
    pairs = torch.triu_indices(n, n, 1)
    return (factor * (u @ u.mT)[pairs[0], pairs[1]].abs()).mean()


def keras_orthogonality_with_its_factor_cast(tf, w, factor, mode):
    """The regularizer keeps its factor in float32."""
    regularizer = tf.keras.regularizers.OrthogonalRegularizer(factor, mode)
    regularizer.factor = tf.cast(regularizer.factor, w.dtype)
    return regularizer(w)


def torch_objective(torch, x, y, kernel, bias, strength):
    loss = torch.nn.functional.mse_loss(x @ kernel + bias, y)
    return loss + strength * kernel.square().sum()


def torch_loss_as_printed(torch, x, y, kernel, bias, strength):
    """With the decay that is this penalty: the optimizer applies it, and no loss shows it."""
    parameters = [torch.nn.Parameter(kernel.clone()), torch.nn.Parameter(bias.clone())]
    with torch.enable_grad():
        optimizer = torch.optim.SGD(parameters, lr=0.125, weight_decay=2 * strength)
        loss = torch.nn.functional.mse_loss(x @ parameters[0] + parameters[1], y)
        loss.backward()
        optimizer.step()
    return loss.detach()


def keras_penalized(tf, ask, x, kernel, bias, strength):
    """``ask(model)``, of a compiled model with a regularizer. Losses and what is reported of them have Keras' dtype."""
    usual = tf.keras.config.floatx()
    tf.keras.config.set_floatx(tf.keras.backend.standardize_dtype(x.dtype))
    try:
        dense = tf.keras.layers.Dense(
            kernel.shape[1], kernel_regularizer=tf.keras.regularizers.L2(strength), dtype=x.dtype
        )
        model = tf.keras.Sequential([tf.keras.Input(x.shape[1:], dtype=x.dtype), dense])
        model.set_weights([tf.keras.ops.convert_to_numpy(w) for w in (kernel, bias)])
        model.compile(tf.keras.optimizers.SGD(0.125), "mse", run_eagerly=True, jit_compile=False)
        return tf.keras.ops.convert_to_tensor(ask(model), x.dtype)
    finally:
        tf.keras.config.set_floatx(usual)


def keras_evaluate(tf, x, y, kernel, bias, strength):
    return keras_penalized(tf, lambda m: m.evaluate(x, y, batch_size=len(x), verbose=0), x, kernel, bias, strength)


def keras_history(tf, x, y, kernel, bias, strength):
    """fit reports the loss from before the step that it takes."""

    def ask(model):
        return model.fit(x, y, batch_size=len(x), shuffle=False, verbose=0).history["loss"][0]

    return keras_penalized(tf, ask, x, kernel, bias, strength)


def keras_activity_penalty(tf, x, kernel, strength):
    layer = tf.keras.layers.Dense(
        kernel.shape[1], use_bias=False, activity_regularizer=tf.keras.regularizers.L2(strength), dtype=x.dtype
    )
    layer.build(x.shape)
    layer.kernel.assign(kernel)
    layer(x)
    return layer.losses[0]


def torch_penalized_steps(torch, *arrays, strength, **options):
    """The penalty is part of what is differentiated."""

    @torch.enable_grad()
    def penalized(optimizer, t):
        for p in optimizer.param_groups[0]["params"]:
            p.grad += torch.autograd.grad(strength * p.square().sum(), p)[0]

    return torch_steps(torch, torch.optim.SGD, *arrays, before=penalized, **options)


def torch_decay_of_the_strength(torch, *arrays, strength, **options):
    """As one who takes the number over from a regularizer."""
    return torch_steps(torch, torch.optim.SGD, *arrays, weight_decay=strength, **options)


def keras_penalized_steps(tf, *arrays, strength, how="function", **options):
    penalty = tf.keras.regularizers.L2(strength)

    class Penalized(tf.keras.optimizers.SGD):
        def apply(self, gradients, variables):
            values = [tf.convert_to_tensor(v) for v in variables]
            with tf.GradientTape() as tape:
                tape.watch(values)
                loss = sum(penalty(v) for v in values)
            added = tape.gradient(loss, values)
            super().apply([g + a for g, a in zip(gradients, added, strict=True)], variables)

    return keras_steps(tf, Penalized(**options), *arrays, how=how)


def torch_shrunk_steps(torch, *arrays, weight_decay, **options):
    """The weights shrink by hand, before each step of plain Adam."""

    @torch.no_grad()
    def shrunk(optimizer, t):
        for p in optimizer.param_groups[0]["params"]:
            p.mul_(1 - options["learning_rate"] * weight_decay)

    return torch_steps(torch, torch.optim.Adam, *arrays, before=shrunk, **options)


# Constraints


def torch_max_norm(torch, w, limit, axis, epsilon):
    lengths = torch.linalg.vector_norm(w, dim=axis, keepdim=True)
    return w * (
        limit / torch.clamp(lengths, min=limit) if epsilon < 1e-20 else lengths.clamp(max=limit) / (lengths + epsilon)
    )


def torch_renorm(torch, w, limit, axis, epsilon):
    """Sub-tensors along one dimension: the one that no axis is."""
    (kept,) = set(range(w.ndim)) - set(axis)
    return torch.renorm(w, 2, kept, limit)


def torch_embedding(torch, w, limit, axis, epsilon):
    """An embedding clips the rows that it looks up, in place."""
    (kept,) = set(range(w.ndim)) - set(axis)
    rows = w.movedim(kept, 0).flatten(1).clone()
    torch.nn.functional.embedding(torch.arange(len(rows)), rows, max_norm=limit)
    return rows.unflatten(1, [n for i, n in enumerate(w.shape) if i != kept]).movedim(0, kept)


def torch_unit_norm(torch, w, axis, epsilon):
    return w / (torch.linalg.vector_norm(w, dim=axis, keepdim=True) + epsilon)


def torch_normalize(torch, w, axis, epsilon):
    return torch.nn.functional.normalize(w, dim=axis, eps=epsilon)


def torch_min_max_norm(torch, w, low, high, rate, axis, epsilon):
    lengths = torch.linalg.vector_norm(w, dim=axis, keepdim=True)
    return w * (torch.lerp(lengths, lengths.clamp(low, high), rate) / (lengths + epsilon))


def keras_constraint(tf, constraint, w, epsilon):
    """Keras' epsilon is one for everything."""
    usual = tf.keras.config.epsilon()
    tf.keras.config.set_epsilon(epsilon)
    try:
        return constraint(w)
    finally:
        tf.keras.config.set_epsilon(usual)


def torch_constrained_steps(torch, *arrays, constraint, **options):
    class Constrained(torch.optim.SGD):
        @torch.no_grad()
        def step(self):
            super().step()
            for p in self.param_groups[0]["params"]:
                if constraint == "non-negative":
                    p.clamp_(min=0)
                else:
                    p.mul_(1 / torch.linalg.vector_norm(p, dim=0, keepdim=True).clamp(min=1))

    return torch_steps(torch, Constrained, *arrays, **options)


def keras_constrained_steps(tf, vector, matrix, *gradients, constraint, how="function", **options):
    constraints = tf.keras.constraints
    chosen = constraints.NonNeg() if constraint == "non-negative" else constraints.MaxNorm(1.0, axis=0)
    usual = tf.keras.config.epsilon()
    tf.keras.config.set_epsilon(2.0**-100)
    optimizer = tf.keras.optimizers.SGD(**options)
    variables = [tf.keras.Variable(tf.identity(a), dtype=a.dtype) for a in (vector, matrix)]
    for variable in variables:
        variable.constraint = chosen
    optimizer.build(variables)

    def step(pair):
        optimizer.apply(pair, variables)
        return [tf.convert_to_tensor(v) for v in variables]

    try:
        run = tf.function(step, autograph=False) if how == "function" else step
        steps = [run(pair) for pair in zip(*map(tf.unstack, gradients), strict=True)]
    finally:
        tf.keras.config.set_epsilon(usual)
    return {"vector": tf.stack([v for v, _ in steps]), "matrix": tf.stack([m for _, m in steps])}


# Weights


def columns(*norms: float, rows: int = 4):
    """Random columns of these norms."""

    def make(rng: np.random.Generator) -> tuple[Array, ...]:
        w = rng.standard_normal((rows, len(norms)))
        return (w / np.linalg.norm(w, axis=0) * np.array(norms),)

    return make


def problem(scale: float):
    """Data and weights of a linear model."""

    def make(rng: np.random.Generator) -> tuple[Array, ...]:
        return tuple(scale * rng.standard_normal(s) for s in ((5, 3), (5, 2), (3, 2), (2,)))

    return make


def fitted(rng: np.random.Generator) -> tuple[Array, ...]:
    """A perfect fit: what the objective still has is the penalty."""
    x, kernel = rng.integers(-3, 4, (5, 3)) / 4, rng.integers(-3, 4, (3, 2)) / 4
    return x, x @ kernel, kernel, np.zeros(2)


EXACT = 2.0**-100
OF_DECAY: dict[str, Any] = {"learning_rate": 2.0**-5}
ADAM: dict[str, Any] = {"learning_rate": 2.0**-7, "beta_1": 0.875, "beta_2": 1 - 2.0**-8, "epsilon": 2.0**-120}

CASES = (
    Case(
        "l1_regularizer",
        "reduction",
        ref.l1,
        vjp=ref.l1_vjp,
        torch=[
            lambda torch, w, strength: (strength * w.abs()).sum(),
            lambda torch, w, strength: torch.linalg.vector_norm(strength * w, 1),
            lambda torch, w, strength: torch.nn.functional.l1_loss(strength * w, torch.zeros_like(w), reduction="sum"),
        ],
        tensorflow=[
            lambda tf, w, strength: tf.keras.regularizers.L1(strength)(w),
            lambda tf, w, strength: tf.keras.regularizers.L1L2(l1=strength)(w),
            lambda tf, w, strength: strength * tf.norm(w, ord=1),
        ],
        jax=[lambda jax, w, strength: strength * jax.numpy.sum(jax.numpy.abs(w))],
        samples=[
            normal((4, 5), strength=2.0**-7),
            normal((3,), name="vector", strength=0.5),
            normal((4, 5), name="decimal-strength", strength=0.01),
            given([1e-3, 0.0, 2.0, -0.0], name="with-zeros", strength=1.0, smooth=False),
            normal((2, 3), name="strength-0", edge=True, strength=0.0),
        ],
        sources=(REGULARIZERS,),
    ),
    Case(
        "l1_l2_regularizer",
        "reduction",
        ref.l1_l2,
        vjp=ref.l1_l2_vjp,
        torch=[lambda torch, w, of_l1, of_l2: (of_l1 * w.abs() + of_l2 * w.square()).sum()],
        tensorflow=[lambda tf, w, of_l1, of_l2: tf.keras.regularizers.L1L2(of_l1, of_l2)(w)],
        samples=[
            normal((4, 5), of_l1=2.0**-7, of_l2=2.0**-5),
            normal((4, 5), name="l1-alone", of_l1=0.5, of_l2=0.0),
            normal((4, 5), name="l2-alone", of_l1=0.0, of_l2=0.5),
            normal((2, 3), name="neither", edge=True, of_l1=0.0, of_l2=0.0),
            normal((4, 5), name="decimal-strengths", of_l1=0.01, of_l2=0.01),
        ],
        sources=(REGULARIZERS,),
    ),
    Case(
        "orthogonal_regularizer",
        "contraction",
        ref.orthogonality,
        vjp=ref.orthogonality_vjp,
        vjp_intermediates=ref.orthogonality_vjp_terms,
        torch=[torch_orthogonality],
        tensorflow=[
            keras_orthogonality_with_its_factor_cast,
            lambda tf, w, factor, mode: tf.keras.regularizers.OrthogonalRegularizer(factor, mode)(w),
        ],
        samples=[
            normal((3, 5), factor=0.5, mode="rows"),
            normal((5, 3), name="columns", factor=0.25, mode="columns"),
            normal((2, 2), name="one-pair", edge=True, factor=1.0, mode="rows"),
            given([[1.0, 2.0], [2.0, 4.0], [-1.0, -2.0]], name="parallel", factor=0.5, mode="rows", gradient=False),
            given([[1.0, 2.0], [0.0, 0.0], [0.5, 1.0]], name="zero-row", factor=0.5, mode="rows", gradient=False),
        ],
        sources=(REGULARIZERS,),
    ),
    Case(
        "penalized_objective",
        "reduction",
        ref.objective,
        torch=[torch_objective, torch_loss_as_printed],
        tensorflow=[keras_evaluate, keras_history],
        samples=[
            sample("regression", problem(1.0), strength=0.125),
            sample("perfect-fit", fitted, edge=True, strength=0.5),
            sample("strength-0", problem(1.0), edge=True, strength=0.0),
        ],
        modes=EAGER,
        dtypes=MASTER,
        sources=("https://keras.io/api/models/model_training_apis/#fit-method", REGULARIZERS),
    ),
    Case(
        "activity_penalty",
        "reduction",
        ref.activity_penalty,
        torch=[lambda torch, x, kernel, strength: strength * (x @ kernel).square().sum() / len(x)],
        tensorflow=[keras_activity_penalty],
        samples=[
            sample("batch-of-4", lambda rng: (rng.standard_normal((4, 3)), rng.standard_normal((3, 2))), strength=0.5),
            sample("batch-of-1", lambda rng: (rng.standard_normal((1, 3)), rng.standard_normal((3, 2))), strength=0.5),
            sample("zeros", lambda rng: (np.zeros((2, 3)), rng.standard_normal((3, 2))), edge=True, strength=1.0),
        ],
        modes=EAGER,
        sources=("https://github.com/keras-team/keras/pull/22021", REGULARIZERS),
    ),
    Case(
        "l2_penalty_as_weight_decay",
        "trajectory",
        ref.penalized_steps,
        torch=[
            lambda torch, *arrays, strength, **options: torch_steps(
                torch, torch.optim.SGD, *arrays, weight_decay=2 * strength, **options
            ),
            torch_penalized_steps,
            torch_decay_of_the_strength,
        ],
        tensorflow=[
            keras_penalized_steps,
            lambda tf, *arrays, strength, **options: keras_steps(
                tf, tf.keras.optimizers.SGD(weight_decay=2 * strength, **options), *arrays, how="function"
            ),
        ],
        jax=[
            lambda jax, *arrays, strength, **options: jax_steps(
                jax, with_decay(optax().sgd(**options), weight_decay=2 * strength), *arrays
            )
        ],
        samples=[
            sample("momentum", steps_of(30), dtypes=MASTER, strength=2.0**-4, momentum=0.875, **OF_DECAY),
            sample("plain", steps_of(30), dtypes=MASTER, strength=2.0**-4, **OF_DECAY),
            sample("strong", steps_of(30), edge=True, dtypes=("float64",), strength=4.0, **OF_DECAY),
        ],
        modes=EAGER,
        dtypes=MASTER,
        sources=(REGULARIZERS, f"{TORCH}torch.optim.SGD.html"),
    ),
    Case(
        "decoupled_decay_as_shrinking",
        "trajectory",
        optimizers.reference(optimizers.decoupled(optimizers.adam)),
        torch=[
            lambda torch, *arrays, **options: torch_steps(torch, torch.optim.AdamW, *arrays, **options),
            lambda torch, *arrays, **options: torch_steps(
                torch, torch.optim.Adam, *arrays, **options, decoupled_weight_decay=True
            ),
            torch_shrunk_steps,
        ],
        tensorflow=[
            lambda tf, *arrays, **options: keras_steps(
                tf, tf.keras.optimizers.AdamW(**options), *arrays, how="function"
            ),
            lambda tf, *arrays, **options: keras_steps(
                tf, tf.keras.optimizers.Adam(**options), *arrays, how="function"
            ),
        ],
        jax=[
            lambda jax, *arrays, learning_rate, beta_1, beta_2, epsilon, weight_decay: jax_steps(
                jax, optax().adamw(learning_rate, beta_1, beta_2, epsilon, weight_decay=weight_decay), *arrays
            )
        ],
        samples=[
            sample("weak", steps_of(30), dtypes=MASTER, weight_decay=2.0**-4, **ADAM),
            sample("strong", steps_of(30), dtypes=MASTER, weight_decay=8.0, **ADAM),
            # The weights are 0 after each shrinking: learning rate times decay is 1.
            sample("all-gone", steps_of(30), edge=True, dtypes=("float64",), weight_decay=128.0, **ADAM),
        ],
        modes=EAGER,
        dtypes=MASTER,
        sources=("https://arxiv.org/abs/1711.05101", f"{TORCH}torch.optim.AdamW.html"),
    ),
    Case(
        "max_norm_constraint",
        "reduction",
        ref.max_norm,
        torch=[torch_max_norm, torch_renorm, torch_embedding],
        tensorflow=[
            lambda tf, w, limit, axis, epsilon: keras_constraint(
                tf, tf.keras.constraints.MaxNorm(limit, axis=list(axis)), w, epsilon
            ),
        ],
        samples=[
            sample("inside-and-outside", columns(0.5, 3.0, 2.0), limit=1.0, axis=(0,), epsilon=EXACT),
            sample("rows", columns(0.5, 3.0, 2.0), limit=1.0, axis=(1,), epsilon=EXACT),
            normal((2, 2, 3, 4), name="convolution", limit=3.0, axis=(0, 1, 2), epsilon=EXACT),
            sample("zero-column", columns(0.0, 3.0), edge=True, limit=1.0, axis=(0,), epsilon=2.0**-10),
            sample("default-epsilon", columns(0.5, 3.0, 2.0), edge=True, limit=1.0, axis=(0,), epsilon=1e-7),
            sample(
                "default-epsilon-tiny",
                columns(1e-5, 2e-5),
                edge=True,
                dtypes=MASTER,
                limit=1.0,
                axis=(0,),
                epsilon=1e-7,
            ),
        ],
        modes=EAGER,
        sources=(CONSTRAINTS, f"{TORCH}torch.renorm.html", "https://jmlr.org/papers/v15/srivastava14a.html"),
    ),
    Case(
        "unit_norm_constraint",
        "reduction",
        ref.unit_norm,
        torch=[torch_unit_norm, torch_normalize],
        tensorflow=[
            lambda tf, w, axis, epsilon: keras_constraint(tf, tf.keras.constraints.UnitNorm(list(axis)), w, epsilon),
        ],
        samples=[
            sample("columns", columns(0.5, 3.0, 2.0), axis=(0,), epsilon=EXACT),
            sample("rows", columns(0.5, 3.0, 2.0), axis=(1,), epsilon=EXACT),
            sample("zero-column", columns(0.0, 3.0), edge=True, axis=(0,), epsilon=2.0**-10),
            sample("default-epsilon", columns(1e-5, 2.0), edge=True, dtypes=MASTER, axis=(0,), epsilon=1e-7),
        ],
        modes=EAGER,
        sources=(CONSTRAINTS, f"{TORCH}torch.nn.functional.normalize.html"),
    ),
    Case(
        "min_max_norm_constraint",
        "reduction",
        ref.min_max_norm,
        torch=[torch_min_max_norm],
        tensorflow=[
            lambda tf, w, low, high, rate, axis, epsilon: keras_constraint(
                tf, tf.keras.constraints.MinMaxNorm(low, high, rate, list(axis)), w, epsilon
            ),
        ],
        samples=[
            sample(
                "below-inside-above", columns(0.25, 0.75, 3.0), low=0.5, high=1.0, rate=1.0, axis=(0,), epsilon=EXACT
            ),
            sample("slowly", columns(0.25, 0.75, 3.0), low=0.5, high=1.0, rate=0.25, axis=(0,), epsilon=EXACT),
            sample("not-at-all", columns(0.25, 3.0), edge=True, low=0.5, high=1.0, rate=0.0, axis=(0,), epsilon=EXACT),
            sample("rows", columns(0.25, 3.0, 1.0), low=0.5, high=1.0, rate=1.0, axis=(1,), epsilon=2.0**-20),
            sample(
                "zero-column", columns(0.0, 3.0), edge=True, low=0.5, high=1.0, rate=1.0, axis=(0,), epsilon=2.0**-10
            ),
        ],
        modes=EAGER,
        sources=(CONSTRAINTS,),
    ),
    Case(
        "non_negative_constraint",
        "selection",
        ref.non_negative,
        torch=[
            lambda torch, w: torch.relu(w),
            lambda torch, w: w.clone().clamp_(min=0),
        ],
        tensorflow=[lambda tf, w: tf.keras.constraints.NonNeg()(w), lambda tf, w: tf.nn.relu(w)],
        jax=[lambda jax, w: optax().projections.projection_non_negative(w), lambda jax, w: jax.nn.relu(w)],
        samples=[
            normal((4, 5)),
            given([[0.0, -1.0], [2.0, -0.0]], name="zeros"),
            given([np.nan, np.inf, -np.inf, 1.0], name="nonfinite"),
        ],
        sources=(CONSTRAINTS,),
    ),
    Case(
        "constrained_steps",
        "trajectory",
        ref.constrained_steps,
        torch=[torch_constrained_steps],
        tensorflow=[
            keras_constrained_steps,
            lambda tf, *arrays, **options: keras_constrained_steps(tf, *arrays, **options, how="eager"),
        ],
        samples=[
            sample("non-negative", steps_of(30), dtypes=MASTER, constraint="non-negative", momentum=0.875, **OF_DECAY),
            sample("max-norm", steps_of(30), dtypes=MASTER, constraint="max norm", momentum=0.875, **OF_DECAY),
            sample(
                "no-momentum", steps_of(30), edge=True, dtypes=("float64",), constraint="max norm", learning_rate=0.5
            ),
        ],
        modes=EAGER,
        dtypes=MASTER,
        sources=(CONSTRAINTS,),
    ),
)
