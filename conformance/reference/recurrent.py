"""Recurrent layers. Sequences are (batch, time, features); gradients by backpropagation through time, in closed form.

Weights are laid out as Keras keeps them: a kernel (features, gates * units), a recurrent kernel (units, gates * units)
and a bias (gates * units), the gates in the order i, f, c, o of an LSTM and z, r, h of a GRU. Sources: Elman (1990),
*Finding Structure in Time*; Hochreiter and Schmidhuber (1997), *Long Short-Term Memory*, with the forget gates of
Gers, Schmidhuber and Cummins (2000); Cho et al. (2014), https://arxiv.org/abs/1406.1078; Werbos (1990),
*Backpropagation through time: what it does and how to do it*.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from conformance.reference import convolution

Array = np.ndarray
Arrays = tuple[Array, ...]


@dataclass(frozen=True)
class Cell:
    """One step: ``step(x, states, weights)`` is the new states, of which the first is the output; ``step_vjp`` of their
    cotangents before the same arguments is the gradients for x, for each state and for each weight."""

    states: int
    step: Callable[[Array, Arrays, Arrays], Arrays]
    step_vjp: Callable[[Arrays, Array, Arrays, Arrays], tuple[Array, Arrays, Arrays]]


@dataclass(frozen=True)
class Product:
    """A linear map of an input and a kernel."""

    of: Callable[[Array, Array], Array]
    vjp: Callable[[Array, Array, Array], tuple[Array, Array]]


Rounding = Callable[[Array], Array]
"""What happens to every number that a step keeps for the way back: nothing, or noise, see `kept`."""


def exact(a: Array) -> Array:
    return a


def sigmoid(z: Array) -> Array:
    """1 / (1 + exp(-z)), without overflow and without cancellation."""
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


def _dense_vjp(c: Array, x: Array, kernel: Array) -> tuple[Array, Array]:
    return np.matmul(c, kernel.T), np.matmul(x.T, c)


DENSE = Product(np.matmul, _dense_vjp)


def _rows(c: Array) -> Array:
    """The gradient for a bias: the sum over all but the last axis."""
    return np.sum(c, axis=tuple(range(c.ndim - 1)))


# Cells


def simple_rnn_cell(activation: str, rounding: Rounding = exact) -> Cell:
    """h' = activation(x K + h R + b)"""
    functions: dict[str, tuple[Callable[[Array], Array], Callable[[Array], Array]]] = {
        "tanh": (np.tanh, lambda y: 1 - y * y),
        "relu": (lambda a: np.maximum(a, 0), lambda y: (y > 0).astype(y.dtype)),
    }
    f, slope = functions[activation]

    def step(x: Array, states: Arrays, weights: Arrays) -> Arrays:
        kernel, recurrent, bias = weights
        return (rounding(f(np.matmul(x, kernel) + np.matmul(states[0], recurrent) + bias)),)

    def step_vjp(cs: Arrays, x: Array, states: Arrays, weights: Arrays) -> tuple[Array, Arrays, Arrays]:
        a = cs[0] * slope(step(x, states, weights)[0])
        dx, dkernel = _dense_vjp(a, x, weights[0])
        dh, drecurrent = _dense_vjp(a, states[0], weights[1])
        return dx, (dh,), (dkernel, drecurrent, _rows(a))

    return Cell(1, step, step_vjp)


def lstm_cell(rounding: Rounding = exact, input_product: Product = DENSE, product: Product = DENSE) -> Cell:
    """i, f, o = sigmoid(x K + h R + b), g = tanh(x K + h R + b); c' = f c + i g; h' = o tanh(c')"""

    def gates(x: Array, h: Array, weights: Arrays) -> Arrays:
        i, f, g, o = np.split(input_product.of(x, weights[0]) + product.of(h, weights[1]) + weights[2], 4, axis=-1)
        return rounding(sigmoid(i)), rounding(sigmoid(f)), rounding(np.tanh(g)), rounding(sigmoid(o))

    def step(x: Array, states: Arrays, weights: Arrays) -> Arrays:
        i, f, g, o = gates(x, states[0], weights)
        c = rounding(f * states[1] + i * g)
        return rounding(o * np.tanh(c)), c

    def step_vjp(cs: Arrays, x: Array, states: Arrays, weights: Arrays) -> tuple[Array, Arrays, Arrays]:
        h, c = states
        i, f, g, o = gates(x, h, weights)
        t = rounding(np.tanh(f * c + i * g))
        dc = cs[1] + cs[0] * o * (1 - t * t)
        a = np.concatenate(
            [dc * g * i * (1 - i), dc * c * f * (1 - f), dc * i * (1 - g * g), cs[0] * t * o * (1 - o)], axis=-1
        )
        dx, dkernel = input_product.vjp(a, x, weights[0])
        dh, drecurrent = product.vjp(a, h, weights[1])
        return dx, (dh, dc * f), (dkernel, drecurrent, _rows(a))

    return Cell(2, step, step_vjp)


def projected_lstm_cell(rounding: Rounding = exact) -> Cell:
    """An LSTM whose output is h' P: Sak, Senior and Beaufays (2014), https://arxiv.org/abs/1402.1128, section 2.2."""
    plain = lstm_cell(rounding)

    def step(x: Array, states: Arrays, weights: Arrays) -> Arrays:
        h, c = plain.step(x, states, weights[:3])
        return np.matmul(h, weights[3]), c

    def step_vjp(cs: Arrays, x: Array, states: Arrays, weights: Arrays) -> tuple[Array, Arrays, Arrays]:
        h, _ = plain.step(x, states, weights[:3])
        dh, dprojection = _dense_vjp(cs[0], h, weights[3])
        dx, dstates, dweights = plain.step_vjp((dh, cs[1]), x, states, weights[:3])
        return dx, dstates, (*dweights, dprojection)

    return Cell(2, step, step_vjp)


def gru_cell(reset_after: bool, rounding: Rounding = exact) -> Cell:
    """z, r = sigmoid(x K + h R + b); h' = z h + (1 - z) n.

    The reset gate acts before the product, n = tanh(x K + (r h) R + b), as in version 1 of the paper; or after it,
    n = tanh(x K + b + r (h R + b')), with a bias (2, 3 units) for both products, so that all of h R is one product.
    """

    def gates(x: Array, h: Array, weights: Arrays) -> Arrays:
        """z, r, n, and what the reset gate multiplies"""
        kernel, recurrent, bias = weights
        u = h.shape[-1]
        a = np.matmul(x, kernel) + (bias[0] if reset_after else bias)
        inner = np.matmul(h, recurrent[:, : 2 * u]) + (bias[1, : 2 * u] if reset_after else 0)
        z, r = rounding(sigmoid(a[:, :u] + inner[:, :u])), rounding(sigmoid(a[:, u : 2 * u] + inner[:, u:]))
        if reset_after:
            old = np.matmul(h, recurrent[:, 2 * u :]) + bias[1, 2 * u :]
            return z, r, rounding(np.tanh(a[:, 2 * u :] + r * old)), old
        return z, r, rounding(np.tanh(a[:, 2 * u :] + np.matmul(r * h, recurrent[:, 2 * u :]))), h

    def step(x: Array, states: Arrays, weights: Arrays) -> Arrays:
        z, _, n, _ = gates(x, states[0], weights)
        return (rounding(z * states[0] + (1 - z) * n),)

    def step_vjp(cs: Arrays, x: Array, states: Arrays, weights: Arrays) -> tuple[Array, Arrays, Arrays]:
        h, c, (kernel, recurrent, _) = states[0], cs[0], weights
        z, r, n, reset = gates(x, h, weights)
        u = h.shape[-1]
        az, an = c * (h - n) * z * (1 - z), c * (1 - z) * (1 - n * n)
        back = an if reset_after else np.matmul(an, recurrent[:, 2 * u :].T)
        ar = back * reset * r * (1 - r)
        a = np.concatenate([az, ar, an], axis=-1)
        dx, dkernel = _dense_vjp(a, x, kernel)
        if reset_after:
            inner = np.concatenate([az, ar, an * r], axis=-1)
            dh, drecurrent = _dense_vjp(inner, h, recurrent)
            return dx, (dh + c * z,), (dkernel, drecurrent, np.stack([_rows(a), _rows(inner)]))
        dh, dgates = _dense_vjp(a[:, : 2 * u], h, recurrent[:, : 2 * u])
        dnew = np.matmul((r * h).T, an)
        return dx, (dh + c * z + back * r,), (dkernel, np.concatenate([dgates, dnew], axis=1), _rows(a))

    return Cell(1, step, step_vjp)


def convolved(stride: Sequence[int], padding: str, dilation: Sequence[int]) -> Product:
    """A convolution without a bias."""
    options: dict[str, Any] = {"stride": stride, "padding": padding, "dilation": dilation}

    def zeros(kernel: Array) -> Array:
        return np.zeros(kernel.shape[-1:], kernel.dtype)

    return Product(
        lambda x, kernel: convolution.convolution(x, kernel, zeros(kernel), **options),
        lambda c, x, kernel: convolution.convolution_vjp(c, x, kernel, zeros(kernel), **options)[:2],
    )


# Through time


def _seen(mask: Array | None, t: int, like: Array) -> Any:
    return True if mask is None else mask[:, t].reshape(-1, *(1,) * (like.ndim - 1))


def run(
    cell: Cell, x: Array, states: Arrays, weights: Arrays, *,
    mask: Array | None = None, zero_output: bool = False, backwards: bool = False,
) -> Arrays:  # fmt: skip
    """The sequence of outputs, in the order in which they are computed, and the last states.

    Where the mask is False a step changes no state; its output is that of the step before (zero before the first), or
    zero.
    """
    output, outputs = np.zeros_like(states[0]), []
    for t in _times(x, backwards):
        new, seen = cell.step(x[:, t], states, weights), _seen(mask, t, output)
        output = np.where(seen, new[0], 0 if zero_output else output)
        states = tuple(np.where(_seen(mask, t, s), n, s) for n, s in zip(new, states, strict=True))
        outputs.append(output)
    return np.stack(outputs, axis=1), *states


def run_vjp(
    cs: Arrays, cell: Cell, x: Array, states: Arrays, weights: Arrays, *,
    mask: Array | None = None, zero_output: bool = False, backwards: bool = False,
) -> tuple[Array, Arrays, Arrays]:  # fmt: skip
    """Gradients for x, the first states and the weights, of cotangents for the sequence and each of the last states."""
    times = _times(x, backwards)
    before = []
    for t in times:
        before.append(states)
        new = cell.step(x[:, t], states, weights)
        states = tuple(np.where(_seen(mask, t, s), n, s) for n, s in zip(new, states, strict=True))
    sequence, dstates, doutput = cs[0], cs[1:], np.zeros_like(cs[1])
    dx, dweights = np.zeros_like(x), tuple(np.zeros_like(w) for w in weights)
    for place, t in reversed(list(enumerate(times))):
        seen, doutput = _seen(mask, t, doutput), doutput + sequence[:, place]
        into = tuple(np.where(_seen(mask, t, d), d, 0) for d in dstates)
        into = (into[0] + np.where(seen, doutput, 0), *into[1:])
        past = tuple(np.where(_seen(mask, t, d), 0, d) for d in dstates)
        doutput = np.zeros_like(doutput) if zero_output else np.where(seen, 0, doutput)
        dx[:, t], back, parts = cell.step_vjp(into, x[:, t], before[place], weights)
        dstates = tuple(p + b for p, b in zip(past, back, strict=True))
        dweights = tuple(w + p for w, p in zip(dweights, parts, strict=True))
    return dx, dstates, dweights


def _times(x: Array, backwards: bool) -> list[int]:
    return list(range(x.shape[1]))[:: -1 if backwards else 1]


def kept(vjp: Callable[..., Any]) -> Callable[..., Any]:
    """What a gradient is formed of, as ``vjp_intermediates`` of a case: how far it moves, for each unit by which a gate
    or state that a step keeps for the way back is rounded (root mean square over random signs).

    The way back multiplies by 1 - y^2 or s (1 - s) of the y and s that were kept, and of those near 1 the difference
    has lost its digits, whatever it is computed from.
    """

    def intermediates(cs: Any, *inputs: Array, **options: Any) -> Arrays:
        exactly, squares, rng, step = vjp(cs, *inputs, **options), None, np.random.default_rng(0), 2.0**-30

        def rounding(a: Array) -> Array:
            return np.asarray(a * (1 + step * rng.choice([-1, 1], a.shape)))

        for _ in range(RERUNS):
            moved = vjp(cs, *inputs, **options, rounding=rounding)
            found = [((m - e) / step) ** 2 for m, e in zip(moved, exactly, strict=True)]
            squares = found if squares is None else [a + b for a, b in zip(squares, found, strict=True)]
        return tuple(np.sqrt(s / RERUNS) for s in squares or ())

    return intermediates


def kept_value(f: Callable[..., Any]) -> Callable[..., Any]:
    """The same of a value, as ``intermediates`` of a case: 1 - z of a z near 1 has lost its digits on the way there."""

    def results(_: Any, *inputs: Array, **options: Any) -> Arrays:
        y = f(*inputs, **options)
        return y if isinstance(y, tuple) else (y,)

    def intermediates(*inputs: Array, **options: Any) -> Any:
        passed = kept(results)(None, *inputs, **options)
        return passed if len(passed) > 1 else passed[0]

    return intermediates


RERUNS = 8


def last_of(cs: Array, steps: int) -> Array:
    """The cotangent of a sequence of which only the last output is used."""
    return np.concatenate([np.zeros((len(cs), steps - 1, *cs.shape[1:]), cs.dtype), cs[:, None]], axis=1)


# Layers


def check(x: Array, kernel: Array, recurrent: Array, bias: Array | None, gates: int, output: int | None = None) -> None:
    """Raise ``ValueError`` unless x is a floating sequence of at least one step that fits the weights."""
    if x.ndim != 3 or x.shape[1] == 0 or x.dtype.kind != "f":
        raise ValueError("x must be floating, of shape (batch, time, features) with at least one step")
    n = kernel.shape[-1]
    if kernel.shape != (x.shape[-1], n) or recurrent.shape != (output or n // gates, n):
        raise ValueError(f"features {x.shape[-1]}, kernel {kernel.shape} and recurrent kernel {recurrent.shape}")
    if bias is not None and bias.shape[-1] != n:
        raise ValueError(f"a bias of {bias.shape} for a kernel of {kernel.shape}")


GATES = {"simple_rnn": 1, "lstm": 4, "gru": 3, "gru_reset_before": 3}


def cell_of(layer: str, activation: str = "tanh", rounding: Rounding = exact) -> Cell:
    return {
        "simple_rnn": lambda: simple_rnn_cell(activation, rounding),
        "lstm": lambda: lstm_cell(rounding),
        "gru": lambda: gru_cell(True, rounding),
        "gru_reset_before": lambda: gru_cell(False, rounding),
    }[layer]()


def zeros(cell: Cell, x: Array, recurrent: Array) -> Arrays:
    return (np.zeros((len(x), len(recurrent)), x.dtype),) * cell.states


def layer(name: str) -> tuple[Any, Any]:
    """A layer that begins with states of zero, (x, kernel, recurrent, bias) -> (sequence, *last states); its vjp."""

    def f(
        x: Array, kernel: Array, recurrent: Array, bias: Array, *,
        activation: str = "tanh", rounding: Rounding = exact, **options: Any,
    ) -> Any:  # fmt: skip
        check(x, kernel, recurrent, bias, GATES[name])
        cell = cell_of(name, activation, rounding)
        return run(cell, x, zeros(cell, x, recurrent), (kernel, recurrent, bias), **options)

    def vjp(
        cs: Arrays, x: Array, kernel: Array, recurrent: Array, bias: Array, *,
        activation: str = "tanh", rounding: Rounding = exact, **options: Any,
    ) -> Arrays:  # fmt: skip
        cell = cell_of(name, activation, rounding)
        states, weights = zeros(cell, x, recurrent), (kernel, recurrent, bias)
        dx, _, dweights = run_vjp(cs, cell, x, states, weights, **options)
        return dx, *dweights

    return f, vjp


def last(name: str) -> tuple[Any, Any]:
    """The last output alone of `layer`; its vjp."""
    f, vjp = layer(name)

    def g(x: Array, kernel: Array, recurrent: Array, bias: Array, **options: Any) -> Array:
        return np.asarray(f(x, kernel, recurrent, bias, **options)[0][:, -1])

    def g_vjp(c: Array, x: Array, kernel: Array, recurrent: Array, bias: Array, **options: Any) -> Any:
        still = (np.zeros_like(c),) * cell_of(name).states
        return vjp((last_of(c, x.shape[1]), *still), x, kernel, recurrent, bias, **options)

    return g, g_vjp


def from_state(name: str) -> tuple[Any, Any]:
    """`layer` from a given state, (x, state, kernel, recurrent, bias) -> (sequence, last state); its vjp."""

    def f(
        x: Array, state: Array, kernel: Array, recurrent: Array, bias: Array, *,
        activation: str = "tanh", rounding: Rounding = exact,
    ) -> Arrays:  # fmt: skip
        check(x, kernel, recurrent, bias, GATES[name])
        check_state(x, state, recurrent)
        return run(cell_of(name, activation, rounding), x, (state,), (kernel, recurrent, bias))

    def vjp(
        cs: Arrays, x: Array, state: Array, kernel: Array, recurrent: Array, bias: Array, *,
        activation: str = "tanh", rounding: Rounding = exact,
    ) -> Arrays:  # fmt: skip
        weights = (kernel, recurrent, bias)
        dx, dstates, dweights = run_vjp(cs, cell_of(name, activation, rounding), x, (state,), weights)
        return dx, *dstates, *dweights

    return f, vjp


def one_step(name: str) -> tuple[Any, Any]:
    """A cell, (x, state, kernel, recurrent, bias) -> new state; its vjp."""
    f, vjp = from_state(name)

    def g(x: Array, state: Array, kernel: Array, recurrent: Array, bias: Array, **options: Any) -> Any:
        if x.ndim != 2:
            raise ValueError("x must be of shape (batch, features)")
        return f(x[:, None], state, kernel, recurrent, bias, **options)[1]

    def g_vjp(c: Array, x: Array, state: Array, kernel: Array, recurrent: Array, bias: Array, **options: Any) -> Arrays:
        cs = np.zeros_like(c)[:, None], c
        dx, *parts = vjp(cs, x[:, None], state, kernel, recurrent, bias, **options)
        return dx[:, 0], *parts

    return g, g_vjp


def lstm_from(x: Array, h: Array, c: Array, kernel: Array, recurrent: Array, bias: Array) -> Arrays:
    """An LSTM from given states."""
    check(x, kernel, recurrent, bias, 4)
    check_state(x, h, recurrent)
    check_state(x, c, recurrent)
    return run(lstm_cell(), x, (h, c), (kernel, recurrent, bias))


def lstm_from_vjp(
    cs: Arrays, x: Array, h: Array, c: Array, kernel: Array, recurrent: Array, bias: Array, *,
    rounding: Rounding = exact,
) -> Arrays:  # fmt: skip
    dx, dstates, dweights = run_vjp(cs, lstm_cell(rounding), x, (h, c), (kernel, recurrent, bias))
    return dx, *dstates, *dweights


def check_state(x: Array, state: Array, recurrent: Array) -> None:
    if state.shape != (len(x), len(recurrent)):
        raise ValueError(f"a state of {state.shape} for a batch of {len(x)} and {len(recurrent)} units")


def lstm_step(x: Array, h: Array, c: Array, kernel: Array, recurrent: Array, bias: Array) -> Arrays:
    """An LSTM cell: the new h and c."""
    if x.ndim != 2:
        raise ValueError("x must be of shape (batch, features)")
    return lstm_from(x[:, None], h, c, kernel, recurrent, bias)[1:]


def lstm_step_vjp(
    cs: Arrays, x: Array, h: Array, c: Array, kernel: Array, recurrent: Array, bias: Array, **options: Any
) -> Arrays:
    still = np.zeros_like(h)[:, None]
    dx, *parts = lstm_from_vjp((still, *cs), x[:, None], h, c, kernel, recurrent, bias, **options)
    return dx[:, 0], *parts
