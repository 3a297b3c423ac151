"""Authorities for optimizers on functions and with sparse gradients: closed forms by eigenvectors, SciPy's derivatives
and minimizers, L-BFGS as a product of matrices, and rows stepped one number at a time."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.optimize

Array = np.ndarray
Points = dict[str, Array]


def quadratic_gradient(x: Array, matrix: Array) -> Array:
    return matrix @ x


def rosenbrock_gradient(x: Array, steepness: Array) -> Array:
    assert steepness[0] == 100
    return np.asarray(scipy.optimize.rosen_der(x))


def stepped(gradient: Callable[..., Array], start: Array, shape: Array, optimizer: str, **options: Any) -> Points:
    """One number at a time, as the documentation of torch.optim writes the rules."""
    x, points = [float(v) for v in start], []
    m, v = [0.0] * len(x), [0.0] * len(x)
    rate = options["learning_rate"]
    for t in range(1, 101):
        g = [float(value) for value in gradient(np.array(x), shape)]
        for i in range(len(x)):
            if optimizer in ("sgd", "momentum"):
                mu = options.get("momentum", 0.0)
                m[i] = mu * m[i] + g[i]
                x[i] -= rate * (g[i] + mu * m[i] if options.get("nesterov") else m[i])
            elif optimizer == "rmsprop":
                v[i] = options["rho"] * v[i] + (1 - options["rho"]) * g[i] ** 2
                x[i] -= rate * g[i] / (math.sqrt(v[i]) + options["epsilon"])
            else:
                b1, b2 = options["beta_1"], options["beta_2"]
                m[i], v[i] = b1 * m[i] + (1 - b1) * g[i], b2 * v[i] + (1 - b2) * g[i] ** 2
                x[i] -= rate * m[i] / (1 - b1**t) / (math.sqrt(v[i] / (1 - b2**t)) + options["epsilon"])
        points.append(list(x))
    return {"point": np.array(points)}


def on_a_quadratic(start: Array, matrix: Array, optimizer: str, **options: Any) -> Points:
    """Gradient descent and the heavy ball in closed form, along each eigenvector: x_t = (1 - rate c)^t x_0, and a power
    of the companion matrix of x_(t+1) = (1 + momentum - rate c) x_t - momentum x_(t-1)."""
    if optimizer not in ("sgd", "momentum") or options.get("nesterov"):
        return stepped(quadratic_gradient, start, matrix, optimizer, **options)
    curvatures, vectors = np.linalg.eigh(matrix)
    along, rate, mu = vectors.T @ start, options["learning_rate"], options.get("momentum", 0.0)
    points = []
    for t in range(1, 101):
        if optimizer == "sgd":
            at = (1 - rate * curvatures) ** t * along
        else:
            companions = [np.array([[1 + mu - rate * c, -mu], [1.0, 0.0]]) for c in curvatures]
            at = np.array([np.linalg.matrix_power(a, t)[0].sum() for a in companions]) * along
        points.append(vectors @ at)
    return {"point": np.stack(points)}


def on_rosenbrock(start: Array, steepness: Array, optimizer: str, **options: Any) -> Points:
    return stepped(rosenbrock_gradient, start, steepness, optimizer, **options)


def inverse_hessian(pairs: list[tuple[Array, Array]], n: int) -> Array:
    """Nocedal and Wright 2006, eq. 7.16, by eq. 6.17: a matrix updated by each pair, from y's / y'y times the unit."""
    if not pairs:
        return np.eye(n)
    s, y = pairs[-1]
    h = np.eye(n) * (s @ y) / (y @ y)
    for s, y in pairs:
        v = np.eye(n) - np.outer(y, s) / (y @ s)
        h = v.T @ h @ v + np.outer(s, s) / (y @ s)
    return h


def least_of_cubic(ends: list[dict[str, Any]], low: float, high: float) -> float:
    """The minimum of the cubic through two values and slopes, from its coefficients."""
    rows, right = [], []
    origin = ends[0]["t"]
    for end in ends:
        t = float(end["t"] - origin)
        rows += [[t**3, t**2, t, 1.0], [3 * t**2, 2 * t, 1.0, 0.0]]
        right += [end["f"], end["slope"]]
    a, b, c, _ = np.linalg.solve(np.array(rows), np.array(right, dtype=float))
    if b * b - 3 * a * c < 0:
        return (low + high) / 2
    root = math.sqrt(b * b - 3 * a * c)
    at = (-b + root) / (3 * a) if b < 0 else -c / (b + root)
    return float(min(max(at + origin, low), high))


def wolfe(at: Callable[[float], dict[str, Any]], t: float, zero: dict[str, Any], largest: float, most: int) -> Any:
    """The line search, as a list of all that was tried."""
    tried, bracket = [zero, at(t)], None
    for k in range(most):
        old, new = tried[-2:]
        high = new["f"] > zero["f"] + 1e-4 * new["t"] * zero["slope"] or (k > 1 and new["f"] >= old["f"])
        if not high and abs(new["slope"]) <= 0.9 * abs(zero["slope"]):
            return new, len(tried) - 1
        if high or new["slope"] >= 0:
            bracket = [old, new]
            break
        lower = new["t"] + 0.01 * (new["t"] - old["t"])
        tried.append(at(least_of_cubic([old, new], lower, 10 * new["t"])))
    bracket, near = bracket or [zero, tried[-1]], False
    while len(tried) - 2 < most and abs(bracket[0]["t"] - bracket[1]["t"]) * largest >= 1e-9:
        best, worst = (0, 1) if bracket[0]["f"] <= bracket[1]["f"] else (1, 0)
        low, high = sorted(b["t"] for b in bracket)
        t = least_of_cubic(bracket, low, high)
        tenth = 0.1 * (high - low)
        if not low + tenth <= t <= high - tenth:
            if near or t in (low, high):
                t, near = (high - tenth if high - t < t - low else low + tenth), False
            else:
                near = True
        else:
            near = False
        new = at(t)
        tried.append(new)
        if new["f"] > zero["f"] + 1e-4 * t * zero["slope"] or new["f"] >= bracket[best]["f"]:
            bracket[worst] = new
            continue
        if abs(new["slope"]) <= 0.9 * abs(zero["slope"]):
            return new, len(tried) - 1
        if new["slope"] * (bracket[worst]["t"] - bracket[best]["t"]) >= 0:
            bracket[worst] = bracket[best]
        bracket[best] = new
    return min(bracket, key=lambda b: b["f"]), len(tried) - 1


def lbfgs(value: Callable[..., float], gradient: Callable[..., Array]) -> Callable[..., Points]:
    def run(
        start: Array, shape: Array, calls: int, learning_rate: float = 1.0, max_iter: int = 20,
        max_eval: int | None = None, tolerance_grad: float = 1e-7, tolerance_change: float = 1e-9,
        history_size: int = 100, line_search_fn: str | None = None,
    ) -> Points:  # fmt: skip
        most = max_iter * 5 // 4 if max_eval is None else max_eval
        x, history, points, counts = start, [], [], []
        moves: list[tuple[Array, Array]] = []  # where each step began, and where it ended
        for _ in range(calls):
            g, spent = gradient(x, shape), 1
            for k in range(1, max_iter + 1):
                if np.abs(g).max() <= tolerance_grad:
                    break
                if moves:
                    s, y = moves[-1][1] - moves[-1][0], g - gradient(moves[-1][0], shape)
                    if s @ y > 1e-10:
                        history.append((s, y))
                d = -inverse_hessian(history[-history_size:], len(x)) @ g
                t = learning_rate * (1 if moves else min(1, 1 / np.abs(g).sum()))
                if g @ d > -tolerance_change:
                    moves.append((x, x))
                    break
                f = value(x, shape)
                if line_search_fn:

                    def at(t: float, x: Array = x, d: Array = d) -> dict[str, Any]:
                        return {"t": t, "f": value(x + t * d, shape), "slope": gradient(x + t * d, shape) @ d}

                    end, n = wolfe(at, t, at(0.0), np.abs(d).max(), most - spent)
                    t, spent = end["t"], spent + n
                elif k < max_iter:
                    spent += 1
                moves.append((x, x + t * d))
                x = x + t * d
                g = gradient(x, shape)
                still = np.abs(t * d).max() <= tolerance_change
                level = abs(value(x, shape) - f) < tolerance_change and (line_search_fn or k < max_iter)
                if spent >= most or still or level:
                    break
            points.append(x)
            counts.append(len(moves))
        return {"point": np.stack(points), "iterations": np.array(counts, dtype=start.dtype)}

    return run


def minimum(start: Array, steepness: Array, **options: Any) -> Array:
    assert steepness[0] == 100
    found = scipy.optimize.minimize(
        scipy.optimize.rosen, start, method="trust-exact", jac=scipy.optimize.rosen_der,
        hess=scipy.optimize.rosen_hess, options={"gtol": 1e-13},
    )  # fmt: skip
    return np.sum(np.abs(found.x - 1) > 2.0**-26)


def of_rows(optimizer: str, lazy: bool = False) -> Callable[..., Points]:
    """One number of the table at a time; which rows are in the batch is asked of each."""

    def run(table: Array, rows: Array, values: Array, learning_rate: float, **options: Any) -> Points:
        result = np.empty((len(rows), *table.shape))
        b1, b2 = options.get("beta_1", 0.0), options.get("beta_2", 0.0)
        sign = -1 if options.get("maximize") else 1
        for i, j in np.ndindex(*table.shape):
            x, m, v = float(table[i, j]), 0.0, float(options.get("initial_accumulator_value", 0.0))
            for t in range(1, len(rows) + 1):
                g = sign * sum(float(values[t - 1, k, j]) for k in range(rows.shape[1]) if rows[t - 1, k] == i)
                if not lazy or i in rows[t - 1]:
                    if optimizer == "sgd":
                        mu = options.get("momentum", 0.0)
                        m = mu * m + g
                        x -= learning_rate * (g + mu * m if options.get("nesterov") else m)
                    elif optimizer == "adagrad":
                        v += g * g
                        x -= learning_rate * g / (math.sqrt(v) + options["epsilon"])
                    elif optimizer == "rmsprop":
                        v = options["rho"] * v + (1 - options["rho"]) * g * g
                        x -= learning_rate * g / math.sqrt(v + options["epsilon"])
                    else:
                        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g * g
                        hat = math.sqrt(1 - b2**t) if optimizer == "adam hat" else 1.0
                        root = math.sqrt(v / (1 - b2**t)) + options["epsilon"] / hat
                        x -= learning_rate * m / (1 - b1**t) / root
                result[t - 1, i, j] = x
        return {"table": result}

    return run


AUTHORITIES: dict[str, Callable[..., Any]] = {
    "descent_on_a_quadratic": on_a_quadratic,
    "descent_on_rosenbrock": on_rosenbrock,
    "lbfgs_on_a_quadratic": lbfgs(lambda x, a: float(x @ a @ x / 2), quadratic_gradient),
    "lbfgs_on_rosenbrock": lbfgs(lambda x, _: float(scipy.optimize.rosen(x)), rosenbrock_gradient),
    "minimum_of_rosenbrock": minimum,
    "sparse_adam": of_rows("adam", lazy=True),
    "sparse_adam_epsilon_hat": of_rows("adam hat", lazy=True),
    "sparse_rows_sgd": of_rows("sgd"),
    "sparse_rows_adam": of_rows("adam"),
    "sparse_rows_adagrad": of_rows("adagrad"),
    "sparse_rows_rmsprop": of_rows("rmsprop"),
}
