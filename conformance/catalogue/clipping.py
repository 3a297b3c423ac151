"""Clipping of gradients, penalties on weights, and constraints.

torch documents that it divides by the norm plus 1e-6, TensorFlow by the norm alone. Each rule is a case; what makes
torch follow TensorFlow's is `torch.nn.utils.clip_grads_with_norm_` with the norm less 1e-6.
"""

import numpy as np

from conformance.case import Array, Case, Sample
from conformance.catalogue import clipping_weights
from conformance.catalogue.jax_shared import optax
from conformance.catalogue.optimizers_shared import keras_steps, torch_steps
from conformance.reference import clipping as ref
from fixtures.samples import given, sample

EAGER = ("eager",)
"""Gradients are clipped in place, or by an optimizer, whose variables are made outside of graphs."""
MASTER = ("float64", "float32")
TORCH = "https://docs.pytorch.org/docs/stable/generated/torch.nn.utils."
TF = "https://www.tensorflow.org/api_docs/python/tf/"
KERAS = "https://keras.io/api/optimizers/"


# Routes


def torch_clipped(torch, clip, *gradients):
    """Gradients after ``clip(parameters)``, which changes them in place, and what it returns."""
    parameters = [torch.nn.Parameter(torch.zeros_like(g)) for g in gradients]
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = gradient.clone()
    result = clip(parameters)
    return (*(p.grad for p in parameters), *(() if result is None else (result,)))


def keras_clipped(tf, *gradients, **options):
    """What a Keras optimizer makes of gradients: those by which plain descent at the rate 1 moves from 0."""
    optimizer = tf.keras.optimizers.SGD(1.0, **options)
    variables = [tf.keras.Variable(tf.zeros_like(g), dtype=g.dtype) for g in gradients]
    optimizer.build(variables)
    optimizer.apply(gradients, variables)
    return tuple(-tf.convert_to_tensor(v) for v in variables)


def each_by_its_norm(torch, vector, matrix, limit):
    """`clip_grads_with_norm_` divides by the norm that it is given plus 1e-6."""

    def clip(parameters):
        for p in parameters:
            norm = torch.nn.utils.get_total_norm([p.grad])
            torch.nn.utils.clip_grads_with_norm_([p], limit, norm - 1e-6)

    return torch_clipped(torch, clip, vector, matrix)


def each_by_clip_grad_norm(torch, vector, matrix, limit):
    def clip(parameters):
        for p in parameters:
            torch.nn.utils.clip_grad_norm_([p], limit)

    return torch_clipped(torch, clip, vector, matrix)


def all_by_clip_grad_norm(torch, vector, matrix, limit):
    return torch_clipped(torch, lambda ps: torch.nn.utils.clip_grad_norm_(ps, limit), vector, matrix)[:2]


def all_by_their_norm(torch, vector, matrix, limit):
    def clip(parameters):
        norm = torch.nn.utils.get_total_norm([p.grad for p in parameters])
        torch.nn.utils.clip_grads_with_norm_(parameters, limit, norm - 1e-6)
        return norm

    return torch_clipped(torch, clip, vector, matrix)


def tf_clip_by_global_norm(tf, vector, matrix, limit):
    (vector, matrix), norm = tf.clip_by_global_norm([vector, matrix], limit)
    return vector, matrix, norm


def tf_with_global_norm(tf, vector, matrix, limit):
    norm = tf.linalg.global_norm([vector, matrix])
    return *tf.clip_by_global_norm([vector, matrix], limit, use_norm=norm)[0], norm


def keras_global_clipnorm(tf, vector, matrix, limit):
    return *keras_clipped(tf, vector, matrix, global_clipnorm=limit), tf.linalg.global_norm([vector, matrix])


def tf_as_torch_documents(tf, vector, matrix, max_norm, norm_type=2.0, error_if_nonfinite=False):
    """tf.norm has every order, tf.clip_by_global_norm only the second."""
    norm = tf.norm(tf.concat([tf.reshape(g, [-1]) for g in (vector, matrix)], 0), ord=norm_type)
    if error_if_nonfinite:
        tf.debugging.check_numerics(norm, "the norm of the gradients")
    scale = tf.minimum(max_norm / (norm + 1e-6), 1)
    return vector * scale, matrix * scale, norm


def torch_clip_and_step(torch, *arrays, clip, limit, **options):
    def clipped(optimizer, t):
        parameters = optimizer.param_groups[0]["params"]
        if clip == "value":
            torch.nn.utils.clip_grad_value_(parameters, limit)
            return
        for group in [parameters] if clip == "global norm" else [[p] for p in parameters]:
            norm = torch.nn.utils.get_total_norm([p.grad for p in group])
            torch.nn.utils.clip_grads_with_norm_(group, limit, norm - 1e-6)

    return torch_steps(torch, torch.optim.SGD, *arrays, before=clipped, **options)


def keras_clip_and_step(tf, *arrays, clip, limit, how="eager", **options):
    name = {"value": "clipvalue", "norm": "clipnorm", "global norm": "global_clipnorm"}[clip]
    return keras_steps(tf, tf.keras.optimizers.SGD(**{name: limit}, **options), *arrays, how=how)


# Gradients


def gradients(scale: float):
    def make(rng: np.random.Generator) -> tuple[Array, ...]:
        return scale * rng.standard_normal(6), scale * rng.standard_normal((3, 2))

    return make


def one_is(value: float):
    """The second element of the vector."""

    def make(rng: np.random.Generator) -> tuple[Array, ...]:
        vector, matrix = gradients(1.0)(rng)
        vector[1] = value
        return vector, matrix

    return make


def of_norms(vector: float, matrix: float):
    """A vector and a matrix of these norms."""

    def make(rng: np.random.Generator) -> tuple[Array, ...]:
        v, m = gradients(1.0)(rng)
        return v * (vector / np.linalg.norm(v)), m * (matrix / np.linalg.norm(m))

    return make


def few_steps(rng: np.random.Generator) -> tuple[Array, ...]:
    """30 gradients for each, half of them beyond the limit."""
    sizes = 2.0 ** rng.uniform(-3, 3, 30)
    return (
        rng.standard_normal(6),
        rng.standard_normal((3, 2)),
        sizes[:, None] * rng.standard_normal((30, 6)),
        sizes[:, None, None] * rng.standard_normal((30, 3, 2)),
    )


def by_limit() -> list[Sample]:
    return [
        sample("clipped", gradients(2.0), limit=0.75),
        sample("not-clipped", of_norms(0.125, 0.25), limit=0.75),
        sample("one-of-two", of_norms(2.0, 0.25), limit=0.75),
        sample("zeros", gradients(0.0), edge=True, limit=0.75),
        sample("one-nan", one_is(np.nan), edge=True, limit=0.75),
        sample("one-infinity", one_is(np.inf), edge=True, limit=0.75),
        # torch's 1e-6 is a fiftieth of this norm.
        sample("small-norms", of_norms(3 * 2.0**-16, 4 * 2.0**-16), edge=True, dtypes=MASTER, limit=2.0**-17),
        sample("squares-overflow", gradients(2.0**80), edge=True, dtypes=("float32",), limit=0.75),
        sample("squares-overflow-float16", gradients(2.0**10), edge=True, dtypes=("float16",), limit=0.75),
        sample("limit-0", gradients(1.0), edge=True, limit=0.0),
    ]


CASES = (
    Case(
        "gradient_clipped_by_value",
        "selection",
        ref.by_value,
        torch=[
            lambda torch, vector, matrix, limit: torch_clipped(
                torch, lambda ps: torch.nn.utils.clip_grad_value_(ps, limit, foreach=False), vector, matrix
            ),
            lambda torch, vector, matrix, limit: torch_clipped(
                torch, lambda ps: torch.nn.utils.clip_grad_value_(ps, limit, foreach=True), vector, matrix
            ),
        ],
        tensorflow=[
            lambda tf, vector, matrix, limit: tuple(tf.clip_by_value(g, -limit, limit) for g in (vector, matrix)),
            lambda tf, vector, matrix, limit: tuple(tf.keras.ops.clip(g, -limit, limit) for g in (vector, matrix)),
            lambda tf, vector, matrix, limit: keras_clipped(tf, vector, matrix, clipvalue=limit),
        ],
        jax=[lambda jax, vector, matrix, limit: optax().clip(limit).update((vector, matrix), optax().EmptyState())[0]],
        samples=[
            sample("normal", gradients(1.0), limit=0.75),
            sample("wide", gradients(1.0), limit=1024.0),
            sample("narrow", gradients(1.0), limit=2.0**-10),
            given([0.75, -0.75, 0.0, 1.0], [[0.75, -0.75]], name="at-the-limit", limit=0.75),
            given([np.inf, -np.inf, np.nan, 0.5], [[np.nan, 1.0]], name="nonfinite", limit=0.75),
            sample("limit-0", gradients(1.0), edge=True, limit=0.0),
        ],
        modes=EAGER,
        sources=(f"{TORCH}clip_grad_value_.html", f"{TF}clip_by_value", KERAS),
    ),
    Case(
        "clip_between",
        "selection",
        ref.clip_between,
        torch=[
            lambda torch, x, low, high: torch.clamp(x, low, high),
            lambda torch, x, low, high: x.clone().clamp_(low, high),
            lambda torch, x, low, high: torch.nn.functional.hardtanh(x, low, high),
        ],
        tensorflow=[
            lambda tf, x, low, high: tf.clip_by_value(x, low, high),
            lambda tf, x, low, high: tf.keras.ops.clip(x, low, high),
        ],
        jax=[
            lambda jax, x, low, high: jax.numpy.clip(x, low, high),
            lambda jax, x, low, high: optax().projections.projection_box(x, low, high),
        ],
        samples=[
            sample("normal", lambda rng: (rng.standard_normal((8, 9)),), low=-0.5, high=0.75),
            sample("one-side", lambda rng: (rng.standard_normal((8, 9)),), low=0.5, high=np.inf),
            sample("equal-bounds", lambda rng: (rng.standard_normal(9),), edge=True, low=0.5, high=0.5),
            given([np.nan, np.inf, -np.inf, 0.0], name="nonfinite", low=-0.5, high=0.75),
            given([-1.0, 1.25, 1.75, 3.0], name="min-greater-than-max", low=2.0, high=1.0),
        ],
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.clamp.html", f"{TF}clip_by_value"),
    ),
    Case(
        "gradient_clipped_by_norm",
        "reduction",
        ref.by_norm,
        torch=[each_by_its_norm, each_by_clip_grad_norm, all_by_clip_grad_norm],
        tensorflow=[
            lambda tf, vector, matrix, limit: tuple(tf.clip_by_norm(g, limit) for g in (vector, matrix)),
            lambda tf, vector, matrix, limit: keras_clipped(tf, vector, matrix, clipnorm=limit),
        ],
        samples=by_limit(),
        modes=EAGER,
        sources=(f"{TF}clip_by_norm", KERAS, f"{TORCH}clip_grads_with_norm_.html"),
    ),
    Case(
        "gradients_clipped_by_global_norm",
        "reduction",
        ref.by_global_norm,
        torch=[
            all_by_their_norm,
            lambda torch, vector, matrix, limit: torch_clipped(
                torch, lambda ps: torch.nn.utils.clip_grad_norm_(ps, limit), vector, matrix
            ),
        ],
        tensorflow=[tf_clip_by_global_norm, tf_with_global_norm, keras_global_clipnorm],
        jax=[
            lambda jax, vector, matrix, limit: (
                (
                    *optax().clip_by_global_norm(limit).update((vector, matrix), optax().EmptyState())[0],
                    optax().global_norm((vector, matrix)),
                )
            )
        ],
        samples=by_limit(),
        modes=EAGER,
        sources=("http://proceedings.mlr.press/v28/pascanu13.html", f"{TF}clip_by_global_norm", KERAS),
    ),
    Case(
        "clip_grad_norm",
        "reduction",
        ref.clip_grad_norm,
        torch=[
            lambda torch, vector, matrix, **options: torch_clipped(
                torch, lambda ps: torch.nn.utils.clip_grad_norm_(ps, **options, foreach=False), vector, matrix
            ),
            lambda torch, vector, matrix, **options: torch_clipped(
                torch, lambda ps: torch.nn.utils.clip_grad_norm_(ps, **options, foreach=True), vector, matrix
            ),
        ],
        tensorflow=[tf_as_torch_documents],
        samples=[
            sample("norm-2", gradients(2.0), max_norm=0.75, norm_type=2.0),
            sample("norm-1", gradients(2.0), max_norm=0.75, norm_type=1.0),
            sample("norm-3", gradients(2.0), max_norm=0.75, norm_type=3.0),
            sample("norm-inf", gradients(2.0), max_norm=0.75, norm_type=np.inf),
            sample("not-clipped", of_norms(0.125, 0.25), max_norm=0.75, norm_type=2.0),
            sample("zeros", gradients(0.0), edge=True, max_norm=0.75, norm_type=2.0),
            sample("small-norms", of_norms(3 * 2.0**-16, 4 * 2.0**-16), edge=True, dtypes=MASTER, max_norm=2.0**-17),
            sample("one-nan", one_is(np.nan), edge=True, max_norm=0.75),
            sample("one-infinity", one_is(np.inf), edge=True, max_norm=0.75),
            sample("bad-nan", one_is(np.nan), edge=True, raises=True, max_norm=0.75, error_if_nonfinite=True),
            sample("bad-infinity", one_is(np.inf), edge=True, raises=True, max_norm=0.75, error_if_nonfinite=True),
        ],
        modes=EAGER,
        sources=(f"{TORCH}clip_grad_norm_.html", f"{TORCH}clip_grads_with_norm_.html"),
    ),
    Case(
        "clipped_steps",
        "trajectory",
        ref.clipped_steps,
        torch=[torch_clip_and_step],
        tensorflow=[
            lambda tf, *arrays, **options: keras_clip_and_step(tf, *arrays, **options, how="function"),
            lambda tf, *arrays, **options: keras_clip_and_step(tf, *arrays, **options, how="eager"),
        ],
        samples=[
            sample("value", few_steps, learning_rate=2.0**-5, momentum=0.875, clip="value", limit=0.75),
            sample("norm", few_steps, learning_rate=2.0**-5, momentum=0.875, clip="norm", limit=1.5),
            sample("global-norm", few_steps, learning_rate=2.0**-5, momentum=0.875, clip="global norm", limit=1.5),
            # What decays the weights is not clipped.
            sample(
                "with-decay",
                few_steps,
                edge=True,
                dtypes=("float64",),
                learning_rate=0.25,
                weight_decay=0.5,
                clip="norm",
                limit=0.125,
            ),
        ],
        modes=EAGER,
        dtypes=MASTER,
        sources=(KERAS, f"{TORCH}clip_grad_norm_.html"),
    ),
    *clipping_weights.CASES,
)
