"""Gated recurrent units. Keras has a kernel (in, 3 units), a recurrent kernel (units, 3 units) and, with reset_after
(its default), a bias (2, 3 units), the gates in the order z, r, h; torch transposes of the first two and a bias for
each product, in the order r, z, n."""

import numpy as np

from conformance.case import Case, KerasLayer
from conformance.catalogue.recurrent_shared import lean
from conformance.reference import recurrent as ref
from conformance.reference.recurrent_variants import backwards
from fixtures.samples import normal, sample

KERAS = "https://keras.io/api/layers/recurrent_layers/gru/"
TORCH = "https://docs.pytorch.org/docs/stable/generated/torch.nn.GRU.html"
UNTRACED = ("eager", "compile", "dynamic")
"""The case gru is traced; each layer takes half a second."""


def torch_order(w):
    """z, r, h to r, z, n"""
    return w.unflatten(-1, (3, -1))[..., [1, 0, 2], :].flatten(-2)


def torch_weights(kernel, recurrent, bias):
    first, second = bias if bias.dim() == 2 else (bias, bias * 0)
    biases = {"bias_ih_l0": torch_order(first), "bias_hh_l0": torch_order(second)}
    return {"weight_ih_l0": torch_order(kernel).mT, "weight_hh_l0": torch_order(recurrent).mT, **biases}


def torch_gru(torch, x, kernel, recurrent, bias):
    """torch.nn.GRU; the last state has an axis for layers and directions in front."""
    layer = torch.nn.GRU(len(kernel), len(recurrent), batch_first=True, dtype=x.dtype)
    sequence, state = torch.func.functional_call(layer, torch_weights(kernel, recurrent, bias), (x,))
    return sequence, state[0]


def torch_gru_function(torch, x, kernel, recurrent, bias):
    """torch.gru"""
    state, weights = x.new_zeros(1, len(x), len(recurrent)), list(torch_weights(kernel, recurrent, bias).values())
    sequence, state = torch.gru(x, state, weights, True, 1, 0.0, False, False, True)
    return sequence, state[0]


def torch_gru_from_state(torch, x, state, kernel, recurrent, bias):
    """torch.nn.GRU"""
    layer = torch.nn.GRU(len(kernel), len(recurrent), batch_first=True, dtype=x.dtype)
    sequence, state = torch.func.functional_call(layer, torch_weights(kernel, recurrent, bias), (x, state[None]))
    return sequence, state[0]


def torch_gru_backwards(torch, x, kernel, recurrent, bias):
    """torch has no such argument: turn the sequence around."""
    return torch_gru(torch, x.flip(1), kernel, recurrent, bias)


def torch_reset_before(torch, x, kernel, recurrent, bias):
    """torch has no such layer: the equations of the paper, step by step"""
    u, h, states = len(recurrent), x.new_zeros(len(x), len(recurrent)), []
    for a in (x @ kernel + bias).unbind(1):
        z, r = torch.sigmoid(a[:, : 2 * u] + h @ recurrent[:, : 2 * u]).chunk(2, 1)
        h = z * h + (1 - z) * torch.tanh(a[:, 2 * u :] + (r * h) @ recurrent[:, 2 * u :])
        states.append(h)
    return torch.stack(states, 1), h


def torch_cell(torch, x, state, kernel, recurrent, bias):
    """torch.nn.GRUCell"""
    cell = torch.nn.GRUCell(len(kernel), len(recurrent), dtype=x.dtype)
    weights = {name.removesuffix("_l0"): w for name, w in torch_weights(kernel, recurrent, bias).items()}
    return torch.func.functional_call(cell, weights, (x, state))


def torch_cell_function(torch, x, state, kernel, recurrent, bias):
    """torch.gru_cell"""
    return torch.gru_cell(x, state, *torch_weights(kernel, recurrent, bias).values())


def keras_cell(tf, x, state, kernel, recurrent, bias):
    """tf.keras.layers.GRUCell, which returns its output and a list of the same state"""
    inputs = [tf.keras.Input(batch_shape=a.shape, dtype=a.dtype) for a in (x, state)]
    output, _ = tf.keras.layers.GRUCell(state.shape[1], dtype=x.dtype)(*inputs)
    return tf.keras.Model(inputs, output)


def sequences(b: int, t: int, f: int, u: int, *, name: str, scale: float = 0.6, biases: int = 2, **options):
    """A sequence and weights; ``scale`` is that of the weights."""

    def make(rng: np.random.Generator):
        shapes = (f, 3 * u), (u, 3 * u), (biases, 3 * u) if biases > 1 else (3 * u,)
        return rng.standard_normal((b, t, f)), *(scale * rng.standard_normal(s) for s in shapes)

    return sample(name, make, **options)


def started(b: int, t: int, f: int, u: int, *, name: str, scale: float = 0.6, **options):
    """A sequence (of one step without an axis of time if t is 0), a state, and weights"""

    def make(rng: np.random.Generator):
        x = rng.standard_normal((b, t, f) if t else (b, f))
        shapes = (f, 3 * u), (u, 3 * u), (2, 3 * u)
        return x, rng.standard_normal((b, u)), *(scale * rng.standard_normal(s) for s in shapes)

    return sample(name, make, **options)


F32 = ("float32",)
FEW = ("float64", "float32")

CASES = (
    Case(
        "gru",
        "contraction",
        ref.layer("gru")[0],
        intermediates=ref.kept_value(ref.layer("gru")[0]),
        vjp=ref.layer("gru")[1],
        vjp_intermediates=ref.kept(ref.layer("gru")[1]),
        torch=[torch_gru, torch_gru_function],
        tensorflow=[
            KerasLayer(
                lambda tf, x, kernel, recurrent, bias: tf.keras.layers.GRU(
                    recurrent.shape[0], unroll=True, return_sequences=True, return_state=True, dtype=kernel.dtype
                )
            ),
            KerasLayer(
                lambda tf, x, kernel, recurrent, bias: tf.keras.layers.GRU(
                    recurrent.shape[0], return_sequences=True, return_state=True, dtype=kernel.dtype
                )
            ),
        ],
        samples=lean(
            sequences(2, 3, 2, 3, name="normal"),
            sequences(1, 3, 1, 1, name="one-of-everything", edge=True, smooth=False),
            sequences(2, 1, 2, 3, name="one-step", edge=True),
            # Not more: 1 - tanh(a)^2 is formed of a rounded tanh(a), and in second derivatives loses more digits than
            # the floor counts (with weights of scale 4.0 tf.keras' SimpleRNNCell scores 34 at seed 1; the limit is 32).
            sequences(1, 2, 2, 3, name="saturated", scale=2.5, edge=True),
            normal((3,), (3, 12), (4, 12), (2, 12), name="bad-rank", edge=True, raises=True, dtypes=F32),
            normal((2, 3, 3), (2, 12), (4, 12), (2, 12), name="bad-sizes", edge=True, raises=True, dtypes=F32),
        ),
        sources=(KERAS, TORCH, "https://arxiv.org/abs/1406.1078"),
    ),
    Case(
        "gru_reset_before",
        "contraction",
        ref.layer("gru_reset_before")[0],
        intermediates=ref.kept_value(ref.layer("gru_reset_before")[0]),
        vjp=ref.layer("gru_reset_before")[1],
        vjp_intermediates=ref.kept(ref.layer("gru_reset_before")[1]),
        # torch's GRU applies the reset gate after the product, and has no argument for this one.
        torch=[torch_reset_before, torch_gru],
        tensorflow=[
            KerasLayer(
                lambda tf, x, kernel, recurrent, bias: tf.keras.layers.GRU(
                    recurrent.shape[0],
                    reset_after=False,
                    unroll=True,
                    return_sequences=True,
                    return_state=True,
                    dtype=x.dtype,
                )
            ),
        ],
        samples=lean(
            sequences(2, 3, 2, 3, name="normal", biases=1),
            sequences(1, 3, 1, 1, name="one-of-everything", biases=1, edge=True, smooth=False),
            # From a state of zero the reset gate has nothing to reset: torch's GRU agrees.
            sequences(2, 1, 2, 3, name="one-step", biases=1, edge=True),
            sequences(1, 2, 2, 3, name="saturated", scale=2.5, biases=1, edge=True),
        ),
        dtypes=FEW,
        modes=UNTRACED,
        sources=(KERAS, TORCH, "https://arxiv.org/abs/1406.1078v1"),
    ),
    Case(
        "gru_from_state",
        "contraction",
        ref.from_state("gru")[0],
        intermediates=ref.kept_value(ref.from_state("gru")[0]),
        vjp=ref.from_state("gru")[1],
        vjp_intermediates=ref.kept(ref.from_state("gru")[1]),
        torch=[torch_gru_from_state],
        tensorflow=[
            KerasLayer(
                lambda tf, x, state, kernel, recurrent, bias: tf.keras.layers.GRU(
                    state.shape[1], unroll=True, return_sequences=True, return_state=True, dtype=x.dtype
                ),
                named=("initial_state",),
            ),
        ],
        samples=lean(
            started(2, 3, 2, 3, name="normal"),
            started(3, 2, 1, 2, name="three-in-a-batch"),
            started(2, 1, 2, 3, name="one-step", edge=True),
            started(1, 2, 1, 1, name="one-of-everything", edge=True, smooth=False),
            normal((2, 3, 2), (2, 4), (2, 9), (3, 9), (2, 9), name="bad-sizes", edge=True, raises=True, dtypes=F32),
            normal(
                (2, 3, 2), (1, 3), (2, 9), (3, 9), (2, 9), name="bad-sizes-batch", edge=True, raises=True, dtypes=F32
            ),
        ),
        dtypes=FEW,
        modes=UNTRACED,
        sources=(KERAS, TORCH),
    ),
    Case(
        "gru_go_backwards",
        "contraction",
        backwards("gru")[0],
        intermediates=ref.kept_value(backwards("gru")[0]),
        vjp=backwards("gru")[1],
        vjp_intermediates=ref.kept(backwards("gru")[1]),
        torch=[torch_gru_backwards],
        tensorflow=[
            KerasLayer(
                lambda tf, x, kernel, recurrent, bias: tf.keras.layers.GRU(
                    recurrent.shape[0],
                    go_backwards=True,
                    unroll=True,
                    return_sequences=True,
                    return_state=True,
                    dtype=x.dtype,
                )
            ),
            KerasLayer(
                lambda tf, x, kernel, recurrent, bias: tf.keras.layers.GRU(
                    recurrent.shape[0], go_backwards=True, return_sequences=True, return_state=True, dtype=x.dtype
                )
            ),
        ],
        samples=lean(
            sequences(2, 3, 2, 3, name="normal"),
            sequences(1, 4, 1, 2, name="four-steps"),
            sequences(2, 1, 2, 3, name="one-step", edge=True),
            sequences(1, 2, 1, 1, name="one-of-everything", edge=True, smooth=False),
        ),
        dtypes=FEW,
        modes=UNTRACED,
        sources=(KERAS, TORCH),
    ),
    Case(
        "gru_cell",
        "contraction",
        ref.one_step("gru")[0],
        intermediates=ref.kept_value(ref.one_step("gru")[0]),
        vjp=ref.one_step("gru")[1],
        vjp_intermediates=ref.kept(ref.one_step("gru")[1]),
        torch=[torch_cell, torch_cell_function],
        tensorflow=[KerasLayer(keras_cell, inputs=2, listed=True)],
        samples=lean(
            started(3, 0, 2, 3, name="normal"),
            started(2, 0, 3, 2, name="wide"),
            started(1, 0, 1, 1, name="one-of-everything", edge=True, smooth=False),
            started(2, 0, 2, 3, name="saturated", scale=2.5, edge=True),
            normal((2, 2), (2, 4), (2, 9), (3, 9), (2, 9), name="bad-sizes", edge=True, raises=True, dtypes=F32),
        ),
        dtypes=FEW,
        sources=(
            "https://keras.io/api/layers/recurrent_layers/gru_cell/",
            "https://docs.pytorch.org/docs/stable/generated/torch.nn.GRUCell.html",
        ),
    ),
)
