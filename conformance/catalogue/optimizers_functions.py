"""Optimizers on functions: gradients are taken where the optimizer has gone, as the framework differentiates."""

from typing import Any

import numpy as np

from conformance.case import Array, Case
from conformance.catalogue.optimizers_shared import MASTER
from conformance.reference import optimizers as ref
from conformance.reference import optimizers_functions as functions
from conformance.reference.optimizers import Rule
from fixtures.samples import sample

KERAS = "https://keras.io/api/optimizers/"
TORCH = "https://docs.pytorch.org/docs/stable/generated/torch.optim."
RULES: dict[str, Rule] = {"sgd": ref.sgd, "momentum": ref.sgd, "rmsprop": ref.rmsprop, "adam": ref.adam}


def torch_quadratic(torch, x, matrix):
    """x' A x / 2."""
    return x @ (matrix @ x) / 2


def torch_rosenbrock(torch, x, steepness):
    """The sum of steepness (x_(i+1) - x_i^2)^2 + (1 - x_i)^2."""
    return (steepness * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def keras_quadratic(tf, x, matrix):
    """x' A x / 2."""
    return tf.tensordot(x, tf.linalg.matvec(matrix, x), 1) / 2


def keras_rosenbrock(tf, x, steepness):
    """The sum of steepness (x_(i+1) - x_i^2)^2 + (1 - x_i)^2."""
    return tf.reduce_sum(steepness * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def torch_descent(torch, function, start, shape, *, optimizer, learning_rate, **options):
    """The points after each of 100 steps."""
    kinds = {"sgd": torch.optim.SGD, "momentum": torch.optim.SGD, "rmsprop": torch.optim.RMSprop}
    named = {{"rho": "alpha", "epsilon": "eps"}.get(k, k): v for k, v in options.items() if k[:4] != "beta"}
    if optimizer == "adam":
        named["betas"] = (options["beta_1"], options["beta_2"])
    x, points = torch.nn.Parameter(start.clone()), []
    stepping = kinds.get(optimizer, torch.optim.Adam)([x], lr=learning_rate, **named)
    for _ in range(100):
        stepping.zero_grad()
        function(torch, x, shape).backward()
        stepping.step()
        points.append(x.detach().clone())
    return {"point": torch.stack(points)}


def keras_descent(tf, function, start, shape, *, optimizer, how="eager", **options):
    """The points after each of 100 steps."""
    kinds = tf.keras.optimizers
    kind = {"sgd": kinds.SGD, "momentum": kinds.SGD, "rmsprop": kinds.RMSprop, "adam": kinds.Adam}[optimizer]
    x = tf.keras.Variable(tf.identity(start), dtype=start.dtype)
    stepping = kind(**options)
    stepping.build([x])

    def step():
        with tf.GradientTape() as tape:
            value = function(tf, tf.convert_to_tensor(x), shape)
        stepping.apply(tape.gradient(value, [x.value]), [x])
        return tf.convert_to_tensor(x)

    if how == "function":
        step = tf.function(step, autograph=False)
    return {"point": tf.stack([step() for _ in range(100)])}


def torch_lbfgs(torch, function, start, shape, *, calls, learning_rate=1.0, **options):
    """The points after each call of step, and how many iterations there have been."""
    x, points, counts = torch.nn.Parameter(start.clone()), [], []
    optimizer = torch.optim.LBFGS([x], lr=learning_rate, **options)

    def closure():
        optimizer.zero_grad()
        value = function(torch, x, shape)
        value.backward()
        return value

    for _ in range(calls):
        optimizer.step(closure)
        points.append(x.detach().clone())
        counts.append(optimizer.state[x]["n_iter"])
    return {"point": torch.stack(points), "iterations": torch.tensor(counts, dtype=start.dtype)}


def torch_minimum(torch, function, start, shape, **options):
    """How many coordinates LBFGS leaves further from the minimum than it can see."""
    end = torch_lbfgs(torch, function, start, shape, calls=1, **options)["point"][-1]
    return ((end - 1).abs() > torch.finfo(end.dtype).eps ** 0.5).sum()


def ill_conditioned(rng: np.random.Generator) -> tuple[Array, ...]:
    """Curvatures from 2^-10 to 1, in random directions; multiples of 2^-24, which float32 holds, and symmetric."""
    q = np.linalg.qr(rng.standard_normal((5, 5)))[0]
    matrix = q @ np.diag(2.0 ** np.array([-10, -7, -4, -2, 0])) @ q.T
    return rng.standard_normal(5), np.rint((matrix + matrix.T) * 2.0**23) * 2.0**-24


def at_the_minimum(rng: np.random.Generator) -> tuple[Array, ...]:
    """Nothing to do."""
    return np.zeros(5), ill_conditioned(rng)[1]


def in_the_valley(rng: np.random.Generator) -> tuple[Array, ...]:
    """Rosenbrock's own start, and two numbers more."""
    return np.array([-1.25, 1.0, 0.5, rng.uniform(0.25, 0.75)]), np.array([100.0])


def in_the_plane(rng: np.random.Generator) -> tuple[Array, ...]:
    """Rosenbrock's own start, more or less. (In four dimensions there is a second minimum near (-1, 1, 1, 1).)"""
    return np.array([-1.25, rng.uniform(0.75, 1.25)]), np.array([100.0])


def at_the_end(rng: np.random.Generator) -> tuple[Array, ...]:
    """The minimum."""
    return np.ones(4), np.array([100.0])


MOMENTUM: dict[str, Any] = {"optimizer": "momentum", "learning_rate": 0.5, "momentum": 0.875}
ADAM: dict[str, Any] = {
    "optimizer": "adam",
    "learning_rate": 2.0**-5,
    "beta_1": 0.875,
    "beta_2": 1 - 2.0**-6,
    "epsilon": 2.0**-60,
}
RMSPROP: dict[str, Any] = {"optimizer": "rmsprop", "learning_rate": 2.0**-5, "rho": 0.875, "epsilon": 2.0**-100}
WOLFE: dict[str, Any] = {"line_search_fn": "strong_wolfe", "max_iter": 1, "max_eval": 26}

CASES: tuple[Case, ...] = (
    Case(
        "descent_on_a_quadratic",
        "trajectory",
        functions.descent(functions.quadratic, RULES, steps=100),
        torch=[lambda torch, *arrays, **options: torch_descent(torch, torch_quadratic, *arrays, **options)],
        tensorflow=[
            lambda tf, *arrays, **options: keras_descent(tf, keras_quadratic, *arrays, **options, how="function"),
            lambda tf, *arrays, **options: keras_descent(tf, keras_quadratic, *arrays, **options, how="eager"),
        ],
        samples=[
            sample("sgd", ill_conditioned, dtypes=MASTER, optimizer="sgd", learning_rate=1.5),
            sample("momentum", ill_conditioned, dtypes=MASTER, **MOMENTUM),
            sample("nesterov", ill_conditioned, dtypes=("float64",), **MOMENTUM, nesterov=True),
            sample("adam", ill_conditioned, dtypes=MASTER, **ADAM),
            # At a higher rate it reaches the minimum, around which its steps of constant size are chaotic.
            sample("rmsprop", ill_conditioned, dtypes=("float64",), **{**RMSPROP, "learning_rate": 2.0**-9}),
            sample("rate-too-large", ill_conditioned, edge=True, dtypes=MASTER, optimizer="sgd", learning_rate=2.5),
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=(f"{TORCH}SGD.html", f"{KERAS}sgd/"),
    ),
    Case(
        "descent_on_rosenbrock",
        "trajectory",
        functions.descent(functions.rosenbrock, RULES, steps=100),
        torch=[lambda torch, *arrays, **options: torch_descent(torch, torch_rosenbrock, *arrays, **options)],
        tensorflow=[
            lambda tf, *arrays, **options: keras_descent(tf, keras_rosenbrock, *arrays, **options, how="function"),
            lambda tf, *arrays, **options: keras_descent(tf, keras_rosenbrock, *arrays, **options, how="eager"),
        ],
        samples=[
            sample("sgd", in_the_valley, dtypes=MASTER, optimizer="sgd", learning_rate=2.0**-11),
            sample("momentum", in_the_valley, dtypes=("float64",), **{**MOMENTUM, "learning_rate": 2.0**-13}),
            sample("adam", in_the_valley, dtypes=MASTER, **ADAM),
            sample("rmsprop", in_the_valley, dtypes=("float64",), **{**RMSPROP, "learning_rate": 2.0**-9}),
            sample("at-the-minimum", at_the_end, edge=True, dtypes=MASTER, optimizer="sgd", learning_rate=2.0**-11),
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=(f"{TORCH}SGD.html", f"{KERAS}sgd/"),
    ),
    Case(
        "lbfgs_on_a_quadratic",
        "trajectory",
        functions.lbfgs(functions.quadratic),
        torch=[lambda torch, *arrays, **options: torch_lbfgs(torch, torch_quadratic, *arrays, **options)],
        samples=[
            sample("fixed-step", ill_conditioned, dtypes=MASTER, calls=12, max_iter=1),
            sample("history-size", ill_conditioned, dtypes=MASTER, calls=12, max_iter=1, history_size=2),
            sample("learning-rate", ill_conditioned, dtypes=MASTER, calls=12, max_iter=1, learning_rate=0.5),
            sample("strong-wolfe", ill_conditioned, dtypes=MASTER, calls=10, **WOLFE),
            sample("strong-wolfe+history-size+learning-rate", ill_conditioned, dtypes=MASTER, calls=10, **WOLFE,
                   history_size=2, learning_rate=0.5),
            sample("many-iterations", ill_conditioned, dtypes=MASTER, calls=2, max_iter=8),
            sample("max-eval", ill_conditioned, edge=True, dtypes=MASTER, calls=3, max_iter=8, max_eval=4),
            sample("tolerance-grad", ill_conditioned, edge=True, dtypes=MASTER, calls=3, tolerance_grad=2.0**-4),
            sample("tolerance-change", ill_conditioned, edge=True, dtypes=MASTER, calls=3, tolerance_change=2.0**-5),
            sample("at-the-minimum", at_the_minimum, edge=True, dtypes=MASTER, calls=2),
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=(f"{TORCH}LBFGS.html", "https://doi.org/10.1007/978-0-387-40065-5"),
    ),
    Case(
        "lbfgs_on_rosenbrock",
        "trajectory",
        functions.lbfgs(functions.rosenbrock),
        torch=[lambda torch, *arrays, **options: torch_lbfgs(torch, torch_rosenbrock, *arrays, **options)],
        samples=[
            sample("strong-wolfe", in_the_valley, dtypes=MASTER, calls=16, **WOLFE),
            sample("history-size", in_the_valley, dtypes=MASTER, calls=16, **WOLFE, history_size=3),
            sample("one-call", in_the_valley, dtypes=MASTER, calls=1, line_search_fn="strong_wolfe", max_iter=8),
            sample("at-the-minimum", at_the_end, edge=True, dtypes=MASTER, calls=2, line_search_fn="strong_wolfe"),
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=(f"{TORCH}LBFGS.html", "https://doi.org/10.1007/978-0-387-40065-5"),
    ),
    Case(
        "minimum_of_rosenbrock",
        "selection",
        functions.minimum_of_rosenbrock,
        torch=[lambda torch, *arrays, **options: torch_minimum(torch, torch_rosenbrock, *arrays, **options)],
        samples=[
            sample(name, make, edge=edge, dtypes=MASTER, line_search_fn="strong_wolfe", max_iter=200,
                   tolerance_grad=0.0, tolerance_change=0.0, history_size=size)
            for name, make, edge, size in (
                ("from-afar", in_the_plane, False, 100), ("short-history", in_the_plane, False, 3),
                ("at-the-minimum", at_the_end, True, 100),
            )
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=(f"{TORCH}LBFGS.html", "https://docs.scipy.org/doc/scipy/reference/generated/scipy.optimize.rosen.html"),
    ),
)  # fmt: skip
