"""Optimizers that scale by more than the element: Adafactor, LAMB and Muon by the whole parameter; Lion by signs alone;
Schedule-Free AdamW by averages. Rules as `conformance.reference.optimizers` has them."""

from collections.abc import Callable
from typing import Any

import numpy as np

from conformance.reference.optimizers import Array, Nudge, Rule, State, adam, trajectory


def root_mean_square(a: Array) -> Array:
    return np.asarray(np.sqrt(np.vdot(a, a) / a.size))


def adafactor(
    w: Array, g: Array, state: State, t: int, nudge: Nudge, *,
    learning_rate: float, beta_2_decay: float, epsilon_1: float, epsilon_2: float, clip_threshold: float,
    weight_decay: float = 0.0, relative_step: bool = True, at_use: bool = False,
) -> Array:  # fmt: skip
    """Shazeer and Stern 2018, https://arxiv.org/abs/1804.04235, Algorithms 4 (matrices) and 5 (vectors).

    rho = min(learning_rate, 1 / sqrt(t));  alpha = max(epsilon_2, RMS(w)) rho;  b2 = 1 - t^beta_2_decay;
    V <- b2 V + (1 - b2) (g^2 + epsilon_1), of a matrix the rank-one V = R C / mean(R) of the means R of its rows and C
    of its columns;  U = g / sqrt(V);  w <- w - alpha U / max(1, RMS(U) / clip_threshold).

    The paper has 0.01 for the learning rate. ``relative_step=False``: rho is the learning rate at every step, as Keras
    documents it. ``at_use``: epsilon_1 is not added to the square, but V = R C / max(mean(R), epsilon_1) and U = g /
    max(sqrt(V), epsilon_1), which https://docs.pytorch.org/docs/stable/generated/torch.optim.Adafactor.html documents,
    as it does that ``weight_decay`` comes after alpha.
    """
    one = w.dtype.type(1)
    rho = np.minimum(learning_rate, one / np.sqrt(one * t)) if relative_step else learning_rate
    alpha = np.maximum(epsilon_2, root_mean_square(w)) * rho
    if weight_decay:
        w = nudge(w - learning_rate * weight_decay * w)
    share = nudge((one * t) ** beta_2_decay)  # 1 - b2
    square = g * g + (0 if at_use else epsilon_1)

    def averaged(name: str, new: Array) -> Array:
        old = state.get(name, np.zeros_like(new))
        state[name] = nudge((one - share) * old + share * new)
        return np.asarray(state[name])

    if w.ndim > 1:
        rows, columns = (
            averaged("rows", square.sum(-1) / w.shape[-1]),
            averaged("columns", square.sum(-2) / w.shape[-2]),
        )
        mean = rows.sum(-1, keepdims=True) / rows.shape[-1]
        v = (
            rows[..., None]
            * columns[..., None, :]
            / np.expand_dims(np.maximum(mean, epsilon_1) if at_use else mean, -1)
        )
    else:
        v = averaged("v", square)
    u = nudge(g / (np.maximum(np.sqrt(v), epsilon_1) if at_use else np.sqrt(v)))
    return nudge(w - alpha * nudge(u / np.maximum(one, root_mean_square(u) / clip_threshold)))


def lion(
    w: Array, g: Array, state: State, t: int, nudge: Nudge, *, learning_rate: float, beta_1: float, beta_2: float
) -> Array:
    """w <- w - rate sign(b1 m + (1 - b1) g);  m <- b2 m + (1 - b2) g.

    Chen et al. 2023, https://arxiv.org/abs/2302.06675, Algorithm 2. Its weight decay, rate lambda w within the same
    update, is the decoupled one.
    """
    one = w.dtype.type(1)
    m = state.get("m", np.zeros_like(w))
    state["m"] = nudge(beta_2 * m + (one - beta_2) * g)
    return nudge(w - learning_rate * np.sign(beta_1 * m + (one - beta_1) * g))


def lamb(
    w: Array, g: Array, state: State, t: int, nudge: Nudge, *,
    learning_rate: float, beta_1: float, beta_2: float, epsilon: float, weight_decay: float = 0.0,
) -> Array:  # fmt: skip
    """r = m^ / (sqrt(v^) + epsilon) of Adam;  w <- w - rate |w| / |r + weight_decay w| (r + weight_decay w).

    You et al. 2020, https://arxiv.org/abs/1904.00962, Algorithm 2, with phi the identity. The ratio is 1 where a norm
    is 0, which the paper leaves open (keras/src/optimizers/lamb.py).
    """
    one = w.dtype.type(1)
    m = state["m"] = nudge(beta_1 * state.get("m", 0) + (one - beta_1) * g)
    v = state["v"] = nudge(beta_2 * state.get("v", 0) + (one - beta_2) * g * g)
    correction_1, correction_2 = one - nudge((one * beta_1) ** t), one - nudge((one * beta_2) ** t)
    r = nudge((m / correction_1) / (np.sqrt(v / correction_2) + epsilon) + weight_decay * w)
    of_w, of_r = np.sqrt(np.sum(w * w)), np.sqrt(np.sum(r * r))
    ratio = one if of_w == 0 or of_r == 0 else of_w / of_r
    return nudge(w - nudge(ratio * learning_rate * r))


def schedule_free_adamw(
    w: Array, g: Array, state: State, t: int, nudge: Nudge, *,
    learning_rate: float, beta_1: float, beta_2: float, epsilon: float, warmup_steps: int = 0,
    weight_decay: float = 0.0,
) -> Array:  # fmt: skip
    """With y = w, at which the gradient is taken, and z = x = y at first:  v <- b2 v + (1 - b2) g^2;
    rate_t = rate sqrt(1 - b2^t) min(1, t / warmup);  z <- z - rate_t (g / (sqrt(v) + epsilon) + weight_decay y);
    x <- (1 - c) x + c z with c = rate_t^2 / sum of rate_i^2;  y <- (1 - b1) z + b1 x.

    Defazio et al. 2024, https://arxiv.org/abs/2405.15682, Algorithm 1.
    """
    one = w.dtype.type(1)
    v = state["v"] = nudge(beta_2 * state.get("v", 0) + (one - beta_2) * g * g)
    rate = learning_rate * np.sqrt(one - nudge((one * beta_2) ** t)) * min(1, t / warmup_steps if warmup_steps else 1)
    z = state["z"] = nudge(state.get("z", w) - rate * (nudge(g / (np.sqrt(v) + epsilon)) + weight_decay * w))
    total = state["total"] = state.get("total", 0) + rate * rate
    c = nudge(rate * rate / total)
    x = state["x"] = nudge((one - c) * state.get("x", w) + c * z)
    return nudge((one - beta_1) * z + beta_1 * x)


def schedule_free_adamw_of_keras(
    w: Array, g: Array, state: State, t: int, nudge: Nudge, *,
    learning_rate: float, beta_1: float, beta_2: float, epsilon: float, warmup_steps: int = 0,
    weight_decay: float = 0.0,
) -> Array:  # fmt: skip
    """What Keras makes of it: equal weights, c = 1 / t; epsilon after the bias correction, z <- z - rate min(1, t /
    warmup) g / (sqrt(v / (1 - b2^t)) + epsilon); and x is not kept, but found again as (y - (1 - b1) z) / b1, with the
    z that has just been replaced, and from a y that has already been decayed, so that the decay never reaches z.

    keras/src/optimizers/schedule_free_adamw.py, update_step.
    """
    one = w.dtype.type(1)
    z = state.get("z", w)
    w = nudge(w - learning_rate * weight_decay * w)
    v = state["v"] = nudge(beta_2 * state.get("v", 0) + (one - beta_2) * g * g)
    rate = learning_rate * min(1, t / warmup_steps if warmup_steps else 1)
    root = np.sqrt(v / (one - nudge((one * beta_2) ** t)))
    z = state["z"] = nudge(z - nudge(rate * g / (root + epsilon)))
    x = nudge((w - (one - beta_1) * z) / beta_1)
    x = nudge((one - one / t) * x + z / t)
    return nudge((one - beta_1) * z + beta_1 * x)


def in_bfloat16(nudge: Nudge) -> Nudge:
    """Moves by a unit roundoff of bfloat16, 2^-8, wherever ``nudge`` moves by one of its own; as it goes up or down."""

    def coarse(a: Array) -> Array:
        return np.asarray(a * (1 + np.sign(nudge(np.ones_like(a)) - 1) * 2.0**-8))

    return coarse


def newton_schulz(
    g: Array, nudge: Nudge, *, coefficients: tuple[float, float, float], steps: int, epsilon: float
) -> Array:
    """``steps`` times X <- a X + (b X X' + c (X X')^2) X, from X = g / (|g| + epsilon), Frobenius' norm: all singular
    values go near 1 (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/). Of a tall matrix, its transpose.
    """
    a, b, c = coefficients
    x = g.T if g.shape[0] > g.shape[1] else g
    x = nudge(x / (np.sqrt(np.sum(x * x)) + epsilon))
    for _ in range(steps):
        gram = nudge(x @ x.T)
        x = nudge(a * x + nudge(b * gram + c * (gram @ gram)) @ x)
    return x.T if g.shape[0] > g.shape[1] else x


def muon(
    w: Array, g: Array, state: State, t: int, nudge: Nudge, *,
    learning_rate: float, momentum: float, nesterov: bool, ns_steps: int, weight_decay: float = 0.0,
    coefficients: tuple[float, float, float] = (3.4445, -4.7750, 2.0315), epsilon: float = 1e-7,
    adjust: str | float | None = None, bfloat16: bool = False,
) -> Array:  # fmt: skip
    """B <- momentum B + g;  w <- (1 - rate weight_decay) w - rate factor NS(B), or NS(g + momentum B) with Nesterov.

    Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/, whose program does the Newton-Schulz iteration in
    bfloat16. ``adjust``: the factor is sqrt(max(1, rows / columns)) for "original" (the same), 0.2 sqrt(max(rows,
    columns)) for "match_rms_adamw" (Liu et al. 2025, https://arxiv.org/abs/2502.16982, section 2.2), or has that number
    instead of 0.2; None is 1. https://docs.pytorch.org/docs/stable/generated/torch.optim.Muon.html.
    """
    one = w.dtype.type(1)
    b = state["b"] = nudge(momentum * state.get("b", np.zeros_like(w)) + g)
    coarse = in_bfloat16(nudge) if bfloat16 else nudge
    update = coarse(nudge(g + momentum * b) if nesterov else b)
    update = newton_schulz(update, coarse, coefficients=coefficients, steps=ns_steps, epsilon=epsilon)
    rows, columns = w.shape
    if adjust == "original":
        factor = np.sqrt(one * max(1, rows / columns))
    elif adjust is None:
        factor = one
    else:
        factor = np.sqrt(one * max(rows, columns)) * (0.2 if adjust == "match_rms_adamw" else float(adjust))
    return nudge(nudge(w - learning_rate * weight_decay * w) - nudge(learning_rate * factor * update))


def muon_with_adamw(
    w: Array, g: Array, state: State, t: int, nudge: Nudge, *,
    learning_rate: float, weight_decay: float = 0.0, adam_beta_1: float = 0.9, adam_beta_2: float = 0.999,
    adam_weight_decay: float = 0.0, epsilon: float = 1e-7, adam_lr_ratio: float = 1.0, **options: Any,
) -> Array:  # fmt: skip
    """Muon for matrices, AdamW (with epsilon hat) for all else, whose rate is ``adam_lr_ratio`` times that of Muon, but
    not in its decay. https://keras.io/api/optimizers/muon/ (its weight decay: keras/src/optimizers/muon.py)."""
    if w.ndim == 2:
        return muon(w, g, state, t, nudge, learning_rate=learning_rate, weight_decay=weight_decay, **options)
    w = nudge(w - learning_rate * adam_weight_decay * w)
    return adam(
        w, g, state, t, nudge, learning_rate=learning_rate * adam_lr_ratio, beta_1=adam_beta_1, beta_2=adam_beta_2,
        epsilon=epsilon, epsilon_hat=True,
    )  # fmt: skip


def of_matrices(rule: Rule) -> Callable[..., dict[str, Array]]:
    """The trajectory of two matrices."""

    def run(
        first: Array, second: Array, first_gradients: Array, second_gradients: Array, *, nudge: Nudge, **options: Any
    ) -> dict[str, Array]:
        steps = trajectory(rule, first, second, first_gradients, second_gradients, nudge=nudge, **options)
        return {"first": steps["vector"], "second": steps["matrix"]}

    return run
