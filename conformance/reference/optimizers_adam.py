"""Adam's relatives: Adamax, NAdam and RAdam, as rules (see `conformance.reference.optimizers`)."""

import numpy as np

from conformance.reference.optimizers import Array, Nudge, State, corrections, moments


def adamax(
    w: Array, g: Array, state: State, t: int, nudge: Nudge, *,
    learning_rate: float, beta_1: float, beta_2: float, epsilon: float, epsilon_added: bool = False,
) -> Array:  # fmt: skip
    """m <- b1 m + (1 - b1) g;  u <- max(b2 u, |g| + epsilon);  w <- w - rate / (1 - b1^t) m / u.

    Kingma and Ba, https://arxiv.org/abs/1412.6980, Algorithm 2, which has no epsilon: torch documents it inside the
    maximum (https://docs.pytorch.org/docs/stable/generated/torch.optim.Adamax.html). ``epsilon_added``: u <- max(b2 u,
    |g|), divided by u + epsilon, as Keras documents it (https://keras.io/api/optimizers/adamax/).
    """
    m = state["m"] = nudge(beta_1 * state.get("m", 0) + (w.dtype.type(1) - beta_1) * g)
    size = np.abs(g) if epsilon_added else np.abs(g) + epsilon
    u = state["u"] = nudge(np.maximum(beta_2 * state.get("u", 0), size))
    (correction,) = corrections(w, t, nudge, beta_1)
    return nudge(w - learning_rate * nudge(m / (correction * (u + epsilon if epsilon_added else u))))


def nadam(
    w: Array, g: Array, state: State, t: int, nudge: Nudge, *,
    learning_rate: float, beta_1: float, beta_2: float, epsilon: float, momentum_decay: float,
) -> Array:  # fmt: skip
    """w <- w - rate m^ / (sqrt(v^) + epsilon), with m^ = mu_(t+1) m / (1 - mu_1 ... mu_(t+1))
    + (1 - mu_t) g / (1 - mu_1 ... mu_t),  mu_t = b1 (1 - 0.96^(t momentum_decay) / 2), and v^ as Adam's.

    Dozat 2016, *Incorporating Nesterov momentum into Adam*, https://openreview.net/forum?id=OM0jvwB8jIp57ZJjtNEZ,
    Algorithm 2, with the schedule of section 3.2 of Sutskever et al. 2013 as
    https://docs.pytorch.org/docs/stable/generated/torch.optim.NAdam.html has it. (Keras has ``momentum_decay = 1``. Its
    page says that epsilon is that of the reordered Adam; keras/src/optimizers/nadam.py adds it to sqrt(v^), as torch.)
    """
    one = w.dtype.type(1)
    m, v = moments(g, state, nudge, beta_1, beta_2)
    decay = one * 96 / 100
    mu, following = (beta_1 * (1 - nudge(decay ** (i * (one * momentum_decay))) / 2) for i in (t, t + 1))
    product = state["product"] = nudge(state.get("product", one) * mu)
    (correction,) = corrections(w, t, nudge, beta_2)
    direction = following * m / (1 - nudge(product * following)) + (1 - mu) * g / (1 - product)
    return nudge(w - learning_rate * nudge(nudge(direction) / (np.sqrt(v / correction) + epsilon)))


def radam(
    w: Array, g: Array, state: State, t: int, nudge: Nudge, *,
    learning_rate: float, beta_1: float, beta_2: float, epsilon: float,
) -> Array:  # fmt: skip
    """w <- w - rate r_t m^ sqrt(1 - b2^t) / (sqrt(v) + epsilon) where rho_t > 5, else w <- w - rate m^.

    Liu et al. 2020, https://arxiv.org/abs/1908.03265, Algorithm 2: rho_t = rho - 2 t b2^t / (1 - b2^t), rho =
    2 / (1 - b2) - 1, r_t^2 = (rho_t - 4)(rho_t - 2) rho / ((rho - 4)(rho - 2) rho_t). The paper has 4 for 5, and no
    epsilon; https://docs.pytorch.org/docs/stable/generated/torch.optim.RAdam.html has both, epsilon in the place of the
    reordered Adam.
    """
    one = w.dtype.type(1)
    m, v = moments(g, state, nudge, beta_1, beta_2)
    correction_1, correction_2 = corrections(w, t, nudge, beta_1, beta_2)
    longest = 2 / (one - beta_2) - 1
    length = longest - 2 * t * (1 - correction_2) / correction_2
    update = m / correction_1
    if length > 5:
        kept = (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)
        update = nudge(update * np.sqrt(kept * correction_2)) / (np.sqrt(v) + epsilon)
    return nudge(w - learning_rate * nudge(update))
