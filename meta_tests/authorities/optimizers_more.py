"""Authorities for Adafactor, Lion, LAMB, Schedule-Free AdamW and Muon: averages by linear filters or written out as
sums, Newton-Schulz by singular values, and the paper's pseudo-code element by element."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.signal

Array = np.ndarray
Trajectory = Callable[..., dict[str, Array]]


def each(f: Callable[..., Array]) -> Trajectory:
    """``f(w, gradients, **options)``, the weights after each step, for both parameters."""

    def both(vector: Array, matrix: Array, of_vector: Array, of_matrix: Array, **options: Any) -> dict[str, Array]:
        return {"vector": f(vector, of_vector, **options), "matrix": f(matrix, of_matrix, **options)}

    return both


def averaged(beta: float, x: Array) -> Array:
    """y <- beta y + (1 - beta) x, from 0."""
    return np.asarray(scipy.signal.lfilter([1 - beta], [1.0, -beta], x, axis=0))


def steps_of(x: Array) -> Array:
    """1, 2, ... along the first axis."""
    return np.arange(1, len(x) + 1).reshape(-1, *(1,) * (x.ndim - 1))


def adafactor(at_use: bool = False, relative_step: bool = True, decay_first: bool = True) -> Trajectory:
    """Sums, as the paper has them, where the reference has means; plain Python numbers."""

    def f(
        w: Array, g: Array, learning_rate: float, beta_2_decay: float, epsilon_1: float, epsilon_2: float,
        clip_threshold: float, weight_decay: float = 0.0, maximize: bool = False,
    ) -> Array:  # fmt: skip
        shape, x, steps = w.shape, [float(v) for v in w.ravel()], []
        n, m = shape if w.ndim > 1 else (1, len(x))
        rows, columns, second = [0.0] * n, [0.0] * m, [0.0] * len(x)
        for t, gradient in enumerate(g, 1):
            gs = [-float(v) if maximize else float(v) for v in gradient.ravel()]
            if decay_first:
                x = [v - learning_rate * weight_decay * v for v in x]
            rho = min(learning_rate, t**-0.5) if relative_step else learning_rate
            alpha = max(epsilon_2, math.sqrt(sum(v * v for v in x) / len(x))) * rho
            if not decay_first:
                x = [v - learning_rate * weight_decay * v for v in x]
            keep, added = 1 - t**beta_2_decay, t**beta_2_decay
            squares = [v * v + (0.0 if at_use else epsilon_1) for v in gs]
            if w.ndim > 1:
                rows = [keep * rows[i] + added * sum(squares[i * m : i * m + m]) for i in range(n)]
                columns = [keep * columns[j] + added * sum(squares[j::m]) for j in range(m)]
                total = max(sum(rows), n * m * epsilon_1) if at_use else sum(rows)
                second = [rows[i] * columns[j] / total for i in range(n) for j in range(m)]
            else:
                second = [keep * v + added * s for v, s in zip(second, squares, strict=True)]
            roots = [max(math.sqrt(v), epsilon_1) if at_use else math.sqrt(v) for v in second]
            u = [a / b for a, b in zip(gs, roots, strict=True)]
            size = math.sqrt(sum(v * v for v in u) / len(u))
            clip = size / clip_threshold if size > clip_threshold or math.isnan(size) else 1.0
            x = [a - alpha * b / clip for a, b in zip(x, u, strict=True)]
            steps.append(np.reshape(x, shape))
        return np.stack(steps)

    return each(f)


def lion(w: Array, g: Array, learning_rate: float, beta_1: float, beta_2: float, weight_decay: float = 0.0) -> Array:
    before = np.concatenate([np.zeros_like(g[:1]), averaged(beta_2, g)[:-1]])
    signs = np.sign(beta_1 * before + (1 - beta_1) * g)
    kept = 1 - learning_rate * weight_decay
    moved = scipy.signal.lfilter([learning_rate], [1.0, -kept], signs, axis=0)
    return np.asarray(kept ** steps_of(g) * w - moved)


def lamb(decoupled: bool) -> Trajectory:
    def f(
        w: Array, g: Array, learning_rate: float, beta_1: float, beta_2: float, epsilon: float,
        weight_decay: float = 0.0,
    ) -> Array:  # fmt: skip
        t = steps_of(g)
        m, v = averaged(beta_1, g) / (1 - beta_1**t), averaged(beta_2, g**2) / (1 - beta_2**t)
        steps = []
        for adam in m / (np.sqrt(v) + epsilon):
            w = w * (1 - learning_rate * weight_decay) if decoupled else w
            r = adam if decoupled else adam + weight_decay * w
            norms = np.linalg.norm(w), np.linalg.norm(r)
            w = w - learning_rate * (1.0 if 0 in norms else norms[0] / norms[1]) * r
            steps.append(w)
        return np.stack(steps)

    return each(f)


def schedule_free(
    w: Array, g: Array, learning_rate: float, beta_1: float, beta_2: float, epsilon: float, warmup_steps: int = 0,
    weight_decay: float = 0.0,
) -> Array:  # fmt: skip
    """The average written out over all that went before."""
    t = np.arange(1, len(g) + 1)
    rates = learning_rate * np.sqrt(1 - beta_2**t) * (np.minimum(1, t / warmup_steps) if warmup_steps else 1)
    scaled = g / (np.sqrt(averaged(beta_2, g**2)) + epsilon)
    ys, zs = [w], [w]
    for k, rate in enumerate(rates):
        zs.append(zs[-1] - rate * (scaled[k] + weight_decay * ys[-1]))
        x = np.tensordot(rates[: k + 1] ** 2, np.stack(zs[1:]), 1) / np.sum(rates[: k + 1] ** 2)
        ys.append((1 - beta_1) * zs[-1] + beta_1 * x)
    return np.stack(ys[1:])


def schedule_free_of_keras(
    w: Array, g: Array, learning_rate: float, beta_1: float, beta_2: float, epsilon: float, warmup_steps: int = 0,
    weight_decay: float = 0.0,
) -> Array:  # fmt: skip
    """beta_1 falls out: y <- (1 - 1/t) (1 - rate weight_decay) y + z / t."""
    t = steps_of(g)
    rates = learning_rate * (np.minimum(1, t / warmup_steps) if warmup_steps else 1)
    z = w - np.cumsum(rates * g / (np.sqrt(averaged(beta_2, g**2) / (1 - beta_2**t)) + epsilon), axis=0)
    kept = (1 - learning_rate * weight_decay) ** np.arange(len(g))
    # t y_t = kept (t - 1) y_(t-1) + z_t
    return np.stack([np.tensordot(kept[k::-1], z[: k + 1], 1) / (k + 1) for k in range(len(g))])


def orthogonalized(g: Array, coefficients: tuple[float, float, float], steps: int, epsilon: float) -> Array:
    """Newton-Schulz acts on each singular value alone."""
    if not np.isfinite(g).all():
        return np.full_like(g, np.nan)
    u, s, v = np.linalg.svd(g, full_matrices=False)
    s = s / (np.sqrt(np.sum(s**2)) + epsilon)
    for _ in range(steps):
        s = np.polyval([coefficients[2], 0, coefficients[1], 0, coefficients[0], 0], s)
    return np.asarray((u * s) @ v)


def muon_of_one(
    w: Array, g: Array, learning_rate: float, momentum: float, nesterov: bool, ns_steps: int, weight_decay: float = 0.0,
    coefficients: tuple[float, float, float] = (3.4445, -4.7750, 2.0315), adjust: str | float | None = None,
) -> Array:  # fmt: skip
    b = scipy.signal.lfilter([1.0], [1.0, -momentum], g, axis=0)
    b = g + momentum * b if nesterov else b
    factors = {
        None: 1.0,
        "original": math.sqrt(max(1, w.shape[0] / w.shape[1])),
        "match_rms_adamw": 0.2 * math.sqrt(max(w.shape)),
        0.2: 0.2 * math.sqrt(max(w.shape)),
    }
    moved = np.stack([orthogonalized(x, coefficients, ns_steps, 1e-7) for x in b])
    kept = 1 - learning_rate * weight_decay
    total = scipy.signal.lfilter([learning_rate * factors[adjust]], [1.0, -kept], moved, axis=0)
    return np.asarray(kept ** steps_of(g) * w - total)


def muon(first: Array, second: Array, of_first: Array, of_second: Array, **options: Any) -> dict[str, Array]:
    return {"first": muon_of_one(first, of_first, **options), "second": muon_of_one(second, of_second, **options)}


def adamw(
    w: Array, g: Array, learning_rate: float, adam_beta_1: float, adam_beta_2: float, epsilon: float,
    adam_weight_decay: float, adam_lr_ratio: float = 1.0,
) -> Array:  # fmt: skip
    t = steps_of(g)
    m, v = averaged(adam_beta_1, g) / (1 - adam_beta_1**t), averaged(adam_beta_2, g**2) / (1 - adam_beta_2**t)
    update = m / (np.sqrt(v) + epsilon / np.sqrt(1 - adam_beta_2**t))
    kept = 1 - learning_rate * adam_weight_decay
    total = scipy.signal.lfilter([learning_rate * adam_lr_ratio], [1.0, -kept], update, axis=0)
    return np.asarray(kept**t * w - total)


def muon_with_adamw(
    vector: Array, matrix: Array, of_vector: Array, of_matrix: Array, *, learning_rate: float, **options: Any
) -> dict[str, Array]:
    of_adam = {k: options.pop(k) for k in list(options) if k.startswith("adam_") or k == "epsilon"}
    return {
        "vector": adamw(vector, of_vector, learning_rate, **of_adam),
        "matrix": muon_of_one(matrix, of_matrix, learning_rate, **options),
    }


AUTHORITIES: dict[str, Callable[..., Any]] = {
    "adafactor": adafactor(),
    "adafactor_epsilon_at_use": adafactor(at_use=True, decay_first=False),
    "adafactor_default_epsilon": adafactor(at_use=True, decay_first=False),
    "adafactor_constant_rate": adafactor(relative_step=False),
    "lion": each(lion),
    "lamb": lamb(decoupled=False),
    "lamb_decoupled_decay": lamb(decoupled=True),
    "schedule_free_adamw": each(schedule_free),
    "schedule_free_adamw_of_keras": each(schedule_free_of_keras),
    "muon": muon,
    "muon_bfloat16": muon,
    "muon_with_adamw": muon_with_adamw,
}
