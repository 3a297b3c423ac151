"""Recurrent layers with masks, in stacks, in both directions, with state between calls, over images, and any layer at
every step. Layouts of weights are those of the case lstm."""

import numpy as np

from conformance.case import Case, KerasLayer
from conformance.catalogue.recurrent_shared import lean
from conformance.reference import layers
from conformance.reference import recurrent as ref
from conformance.reference import recurrent_variants as variants
from fixtures.samples import normal, sample

MASKING = "https://keras.io/guides/understanding_masking_and_padding/"
PACKED = "https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.rnn.pack_padded_sequence.html"
TORCH = "https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTM.html"
BIDIRECTIONAL = "https://keras.io/api/layers/recurrent_layers/bidirectional/"
UNTRACED = ("eager", "compile", "dynamic")
"""The cases lstm and bidirectional_lstm are traced; each layer takes half a second."""


def torch_weights(kernel, recurrent, bias, suffix="l0"):
    biases = {f"bias_ih_{suffix}": bias, f"bias_hh_{suffix}": bias * 0}
    return {f"weight_ih_{suffix}": kernel.mT, f"weight_hh_{suffix}": recurrent.mT, **biases}


def torch_packed(torch, x, mask, kernel, recurrent, bias, zero_output=True):
    """torch.nn.utils.rnn.pack_padded_sequence, torch.nn.LSTM, torch.nn.utils.rnn.pad_packed_sequence"""
    layer = torch.nn.LSTM(len(kernel), len(recurrent), batch_first=True, dtype=x.dtype)
    packed = torch.nn.utils.rnn.pack_padded_sequence(x, mask.sum(1).cpu(), batch_first=True, enforce_sorted=False)
    packed, (h, c) = torch.func.functional_call(layer, torch_weights(kernel, recurrent, bias), (packed,))
    y, _ = torch.nn.utils.rnn.pad_packed_sequence(packed, batch_first=True, total_length=x.shape[1])
    return y, h[0], c[0]


def torch_masked_cells(torch, x, mask, kernel, recurrent, bias, zero_output=True):
    """torch.nn.LSTMCell and torch.where, step by step"""
    cell = torch.nn.LSTMCell(len(kernel), len(recurrent), dtype=x.dtype)
    weights = {name.removesuffix("_l0"): w for name, w in torch_weights(kernel, recurrent, bias).items()}
    h = c = y = x.new_zeros(len(x), len(recurrent))
    outputs = []
    for step, seen in zip(x.unbind(1), mask[..., None].unbind(1), strict=True):
        new_h, new_c = torch.func.functional_call(cell, weights, (step, (h, c)))
        y = torch.where(seen, new_h, torch.zeros_like(y) if zero_output else y)
        h, c = torch.where(seen, new_h, h), torch.where(seen, new_c, c)
        outputs.append(y)
    return torch.stack(outputs, 1), h, c


def torch_both_ways(torch, x, weights, back):
    """torch.nn.LSTM(bidirectional=True)"""
    features, hidden = weights[0].shape
    layer = torch.nn.LSTM(features, hidden // 4, bidirectional=True, batch_first=True, dtype=weights[0].dtype)
    named = {**torch_weights(*weights), **torch_weights(*back, "l0_reverse")}
    return torch.func.functional_call(layer, named, (x,))


def torch_bidirectional(torch, x, kernel, recurrent, bias, kernel_2, recurrent_2, bias_2):
    """torch.nn.LSTM(bidirectional=True)"""
    y, (h, c) = torch_both_ways(torch, x, (kernel, recurrent, bias), (kernel_2, recurrent_2, bias_2))
    return y, h[0], c[0], h[1], c[1]


def torch_bidirectional_last(torch, x, kernel, recurrent, bias, kernel_2, recurrent_2, bias_2):
    """torch.nn.LSTM(bidirectional=True): the last states"""
    _, (h, _) = torch_both_ways(torch, x, (kernel, recurrent, bias), (kernel_2, recurrent_2, bias_2))
    return torch.cat([h[0], h[1]], -1)


def torch_bidirectional_last_step(torch, x, kernel, recurrent, bias, kernel_2, recurrent_2, bias_2):
    """torch.nn.LSTM(bidirectional=True): the output of the last step"""
    return torch_both_ways(torch, x, (kernel, recurrent, bias), (kernel_2, recurrent_2, bias_2))[0][:, -1]


def torch_packed_bidirectional(torch, x, mask, kernel, recurrent, bias, kernel_2, recurrent_2, bias_2):
    """torch.nn.utils.rnn.pack_padded_sequence, torch.nn.LSTM(bidirectional=True)"""
    packed = torch.nn.utils.rnn.pack_padded_sequence(x, mask.sum(1).cpu(), batch_first=True, enforce_sorted=False)
    packed, _ = torch_both_ways(torch, packed, (kernel, recurrent, bias), (kernel_2, recurrent_2, bias_2))
    return torch.nn.utils.rnn.pad_packed_sequence(packed, batch_first=True, total_length=x.shape[1])[0]


def torch_stacked(torch, x, kernel, recurrent, bias, kernel_2, recurrent_2, bias_2, dropout=0.0):
    """torch.nn.LSTM(num_layers=2).eval()"""
    layer = torch.nn.LSTM(
        len(kernel), len(recurrent), num_layers=2, dropout=dropout, batch_first=True, dtype=x.dtype
    ).eval()
    weights = {**torch_weights(kernel, recurrent, bias), **torch_weights(kernel_2, recurrent_2, bias_2, "l1")}
    return torch.func.functional_call(layer, weights, (x,))[0]


def torch_calls(torch, x, kernel, recurrent, bias, calls, truncated):
    """torch.nn.LSTM: the states are passed on, and detached to cut the gradient."""
    layer, states, outputs = torch.nn.LSTM(len(kernel), len(recurrent), batch_first=True, dtype=x.dtype), None, []
    for part in x.chunk(calls, 1):
        y, states = torch.func.functional_call(layer, torch_weights(kernel, recurrent, bias), (part, states))
        outputs.append(y[:, -1])
        states = tuple(s.detach() for s in states) if truncated else states
    return tuple(outputs)


def torch_stateful(torch, x, kernel, recurrent, bias, calls):
    """torch.nn.LSTM, given the states that the call before returned"""
    return torch_calls(torch, x, kernel, recurrent, bias, calls, truncated=False)


def torch_truncated(torch, x, kernel, recurrent, bias, calls):
    """torch.nn.LSTM, given the states that the call before returned, detached"""
    return torch_calls(torch, x, kernel, recurrent, bias, calls, truncated=True)


def torch_conv_lstm(torch, x, kernel, recurrent, bias, padding, stride=1, dilation=1):
    """torch has no such layer: torch.nn.functional.conv1d or conv2d, step by step"""
    conv = {4: torch.nn.functional.conv1d, 5: torch.nn.functional.conv2d}[x.dim()]
    first, later = (k.movedim((-1, -2), (0, 1)) for k in (kernel, recurrent))

    def around(image, weight, dilation):
        total = [(k - 1) * dilation for k in weight.shape[:1:-1]]  # torch.nn.functional.pad takes the last axis first
        return torch.nn.functional.pad(image, [n for t in total for n in (t // 2, t - t // 2)])

    h, outputs = None, []
    for image in x.movedim(-1, 2).unbind(1):
        image = around(image, first, dilation) if padding == "same" else image
        z = conv(image, first, bias, stride, dilation=dilation)
        if h is None:
            h = c = torch.zeros_like(z[:, : len(bias) // 4])
        i, f, g, o = (z + conv(around(h, later, 1), later)).chunk(4, 1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
        outputs.append(h.movedim(1, -1))
    return torch.stack(outputs, 1), h.movedim(1, -1), c.movedim(1, -1)


def keras_conv_lstm(tf, x, kernel, recurrent, bias, padding, stride=1, dilation=1):
    """tf.keras.layers.ConvLSTM1D or ConvLSTM2D"""
    layer = {4: tf.keras.layers.ConvLSTM1D, 5: tf.keras.layers.ConvLSTM2D}[len(x.shape)]
    return layer(
        recurrent.shape[-2], kernel.shape[:-2], stride, padding, dilation_rate=dilation, unroll=True,
        data_format="channels_last", return_sequences=True, return_state=True, dtype=x.dtype,
    )  # fmt: skip


def keras_stateful(tf, x, kernel, recurrent, bias, calls):
    """A layer that calls tf.keras.layers.LSTM(stateful=True) on the parts of the sequence"""

    class Calls(tf.keras.layers.Layer):
        def __init__(self):
            super().__init__(dtype=x.dtype)
            self.lstm = tf.keras.layers.LSTM(recurrent.shape[0], stateful=True, unroll=True, dtype=x.dtype)

        def build(self, shape):
            self.lstm.build((shape[0], shape[1] // calls, shape[2]))

        def call(self, x):
            return [self.lstm(part) for part in tf.split(x, calls, axis=1)]

    return Calls()


def assign(layer, *values):
    """The layer's first weights; its states stay as they are."""
    for weight, value in zip(layer.weights, values, strict=False):
        weight.assign(value)


def keras_truncated(tf, x, kernel, recurrent, bias, calls):
    """tf.keras.layers.LSTM(stateful=True), whose state is a variable"""
    layer = tf.keras.layers.LSTM(recurrent.shape[0], stateful=True, unroll=True, dtype=x.dtype)
    parts = tf.split(x, calls, axis=1)
    layer.build(parts[0].shape)
    assign(layer, kernel, recurrent, bias)
    return tuple(layer(part) for part in parts)


def torch_without_states(torch, x, kernel, recurrent, bias, calls):
    """torch.nn.LSTM, given the input alone"""
    layer = torch.nn.LSTM(len(kernel), len(recurrent), batch_first=True, dtype=x.dtype)
    weights = torch_weights(kernel, recurrent, bias)
    return tuple(torch.func.functional_call(layer, weights, (part,))[0][:, -1] for part in x.chunk(calls, 1))


def keras_calls(tf, x, kernel, recurrent, bias, calls, stateful, reset):
    layer = tf.keras.layers.LSTM(recurrent.shape[0], stateful=stateful, unroll=True, dtype=x.dtype)
    parts, outputs = tf.split(x, calls, axis=1), []
    layer.build(parts[0].shape)
    assign(layer, kernel, recurrent, bias)
    for part in parts:
        outputs.append(layer(part))
        if reset:
            layer.reset_state()
    return tuple(outputs)


def keras_without_state(tf, *inputs, calls):
    """tf.keras.layers.LSTM"""
    return keras_calls(tf, *inputs, calls=calls, stateful=False, reset=False)


def keras_reset(tf, *inputs, calls):
    """tf.keras.layers.LSTM(stateful=True), reset after each call"""
    return keras_calls(tf, *inputs, calls=calls, stateful=True, reset=True)


def torch_epochs(torch, x, kernel, recurrent, bias, batch, reset):
    """torch.nn.LSTM: the states are passed on from batch to batch."""
    layer, states, last = torch.nn.LSTM(len(kernel), len(recurrent), batch_first=True, dtype=x.dtype), None, []
    for _ in range(2):
        states = None if reset else states
        for part in x.split(batch):
            _, states = torch.func.functional_call(layer, torch_weights(kernel, recurrent, bias), (part, states))
        last.append(states[0][0])
    return torch.stack(last)


def keras_epochs(tf, x, kernel, recurrent, bias, batch, reset):
    """fit with tf.keras.layers.LSTM(stateful=True), at a rate of 0: the states alone change"""
    layer, last = tf.keras.layers.LSTM(recurrent.shape[0], stateful=True, unroll=True, dtype=x.dtype), []

    class States(tf.keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if reset:
                layer.reset_state()

        def on_epoch_end(self, epoch, logs=None):
            last.append(tf.identity(layer.states[0]))

    usual, dtype = tf.keras.config.floatx(), tf.keras.backend.standardize_dtype(x.dtype)
    tf.keras.config.set_floatx(dtype)  # fit casts data to it
    model = tf.keras.Sequential([tf.keras.Input(batch_shape=(batch, *x.shape[1:]), dtype=x.dtype), layer])
    assign(layer, kernel, recurrent, bias)
    model.compile(tf.keras.optimizers.SGD(0.0), "mse", run_eagerly=True)
    data, target = tf.keras.ops.convert_to_numpy(x), np.zeros((x.shape[0], recurrent.shape[0]), dtype)
    try:
        model.fit(data, target, batch_size=batch, epochs=2, shuffle=False, verbose=0, callbacks=[States()])
    finally:
        tf.keras.config.set_floatx(usual)
    return tf.stack(last)


def torch_every_step(torch, x, kernel, bias):
    """torch.nn.Linear, which takes any number of leading axes"""
    layer = torch.nn.Linear(*kernel.shape, dtype=x.dtype)
    return torch.func.functional_call(layer, {"weight": kernel.mT, "bias": bias}, (x,))


def torch_step_by_step(torch, x, kernel, bias):
    """torch.nn.functional.linear on each step"""
    return torch.stack([torch.nn.functional.linear(step, kernel.mT, bias) for step in x.unbind(1)], 1)


def weighted(b: int, t: int, f: int, u: int, *, name: str, layers: int = 1, back: bool = False, mask=None, **options):
    """A sequence, perhaps a mask, and weights of some layers: on the same sequence (back), or on each other's output"""

    def make(rng: np.random.Generator):
        inputs = [f] + [f if back else u] * (layers - 1)
        shapes = [s for n in inputs for s in ((n, 4 * u), (u, 4 * u), (4 * u,))]
        masks = [] if mask is None else [np.asarray(mask, bool)]
        return rng.standard_normal((b, t, f)), *masks, *(0.6 * rng.standard_normal(s) for s in shapes)

    return sample(name, make, **options)


def images(*shape: int, u: int, window: tuple[int, ...], name: str, **options):
    """Images, a kernel and a recurrent kernel of a window, a bias"""
    f = shape[-1]
    return normal(shape, (*window, f, 4 * u), (*window, u, 4 * u), (4 * u,), scale=0.7, name=name, **options)


F32 = ("float32",)
FEW = ("float64", "float32")

CASES = (
    Case(
        "lstm_masked",
        "contraction",
        variants.masked_lstm,
        vjp=variants.masked_lstm_vjp,
        vjp_intermediates=ref.kept(variants.masked_lstm_vjp),
        # A packed sequence has the first steps of each row alone; torch has no mask.
        torch=[torch_packed, torch_masked_cells],
        tensorflow=[
            KerasLayer(
                lambda tf, x, mask, kernel, recurrent, bias, zero_output=True: tf.keras.layers.LSTM(
                    recurrent.shape[0],
                    zero_output_for_mask=zero_output,
                    unroll=True,
                    return_sequences=True,
                    return_state=True,
                    dtype=x.dtype,
                ),
                named=("mask",),
            ),
            KerasLayer(
                lambda tf, x, mask, kernel, recurrent, bias, zero_output=True: tf.keras.layers.LSTM(
                    recurrent.shape[0],
                    zero_output_for_mask=zero_output,
                    return_sequences=True,
                    return_state=True,
                    dtype=x.dtype,
                ),
                named=("mask",),
            ),
        ],
        samples=lean(
            weighted(2, 3, 2, 3, name="padded", mask=[[1, 1, 0], [1, 1, 1]]),
            # Keras repeats the last output if nothing is said.
            weighted(2, 3, 2, 2, name="keras-default", mask=[[1, 1, 0], [1, 0, 0]], smooth=False, zero_output=False),
            weighted(2, 3, 2, 2, name="holes", mask=[[0, 1, 1], [1, 0, 1]], edge=True, smooth=False),
            weighted(2, 2, 2, 2, name="nothing-left", mask=[[0, 0], [1, 1]], edge=True, smooth=False),
            weighted(2, 3, 2, 2, name="bad-sizes", mask=[[1] * 4] * 2, edge=True, raises=True, dtypes=F32),
        ),
        dtypes=FEW,
        modes=UNTRACED,
        sources=(MASKING, PACKED),
    ),
    Case(
        "bidirectional_lstm",
        "contraction",
        variants.bidirectional_lstm,
        vjp=variants.bidirectional_lstm_vjp,
        vjp_intermediates=ref.kept(variants.bidirectional_lstm_vjp),
        torch=[torch_bidirectional],
        tensorflow=[
            KerasLayer(
                lambda tf, x, kernel, recurrent, *_: tf.keras.layers.Bidirectional(
                    tf.keras.layers.LSTM(
                        recurrent.shape[0], unroll=True, return_sequences=True, return_state=True, dtype=x.dtype
                    ),
                    dtype=x.dtype,
                )
            ),
        ],
        samples=lean(
            weighted(2, 2, 2, 3, name="normal", layers=2, back=True),
            weighted(1, 3, 2, 2, name="three-steps", layers=2, back=True, smooth=False),
            weighted(2, 1, 2, 2, name="one-step", layers=2, back=True, edge=True, smooth=False),
            weighted(1, 2, 1, 1, name="one-of-everything", layers=2, back=True, edge=True, smooth=False),
        ),
        dtypes=FEW,
        sources=(BIDIRECTIONAL, TORCH, "https://doi.org/10.1109/78.650093"),
    ),
    Case(
        "bidirectional_lstm_last_output",
        "contraction",
        variants.bidirectional_last,
        vjp=variants.bidirectional_last_vjp,
        vjp_intermediates=ref.kept(variants.bidirectional_last_vjp),
        torch=[torch_bidirectional_last, torch_bidirectional_last_step],
        tensorflow=[
            KerasLayer(
                lambda tf, x, kernel, recurrent, *_: tf.keras.layers.Bidirectional(
                    tf.keras.layers.LSTM(recurrent.shape[0], unroll=True, dtype=x.dtype), dtype=x.dtype
                )
            ),
        ],
        samples=lean(
            weighted(2, 2, 2, 3, name="normal", layers=2, back=True),
            weighted(1, 3, 2, 2, name="three-steps", layers=2, back=True, smooth=False),
            # Then the last step is the first one.
            weighted(2, 1, 2, 2, name="one-step", layers=2, back=True, edge=True, smooth=False),
            weighted(1, 2, 1, 1, name="one-of-everything", layers=2, back=True, edge=True, smooth=False),
        ),
        dtypes=FEW,
        modes=UNTRACED,
        sources=(BIDIRECTIONAL, TORCH),
    ),
    Case(
        "bidirectional_lstm_masked",
        "contraction",
        variants.masked_bidirectional_lstm,
        vjp=variants.masked_bidirectional_lstm_vjp,
        vjp_intermediates=ref.kept(variants.masked_bidirectional_lstm_vjp),
        torch=[torch_packed_bidirectional],
        tensorflow=[
            KerasLayer(
                lambda tf, x, mask, kernel, recurrent, *_: tf.keras.layers.Bidirectional(
                    tf.keras.layers.LSTM(
                        recurrent.shape[0],
                        zero_output_for_mask=True,
                        return_sequences=True,
                        dtype=x.dtype,
                    ),
                    dtype=x.dtype,
                ),
                named=("mask",),
            ),
            KerasLayer(
                lambda tf, x, mask, kernel, recurrent, *_: tf.keras.layers.Bidirectional(
                    tf.keras.layers.LSTM(
                        recurrent.shape[0],
                        zero_output_for_mask=True,
                        unroll=True,
                        return_sequences=True,
                        dtype=x.dtype,
                    ),
                    dtype=x.dtype,
                ),
                named=("mask",),
            ),
        ],
        samples=lean(
            weighted(2, 2, 2, 2, name="padded", layers=2, back=True, mask=[[1, 0], [1, 1]]),
            weighted(2, 2, 1, 2, name="nothing-masked", layers=2, back=True, mask=[[1, 1], [1, 1]], smooth=False),
            weighted(
                2,
                3,
                2,
                2,
                name="one-step-each",
                layers=2,
                back=True,
                mask=[[1, 0, 0], [1, 0, 0]],
                edge=True,
                smooth=False,
            ),
            weighted(1, 2, 1, 1, name="one-unit", layers=2, back=True, mask=[[1, 0]], edge=True, smooth=False),
        ),
        dtypes=FEW,
        modes=UNTRACED,
        sources=(BIDIRECTIONAL, MASKING, PACKED),
    ),
    Case(
        "lstm_stacked",
        "contraction",
        variants.stacked_two,
        vjp=variants.stacked_two_vjp,
        vjp_intermediates=ref.kept(variants.stacked_two_vjp),
        torch=[torch_stacked],
        tensorflow=[
            KerasLayer(
                lambda tf, x, kernel, recurrent, bias, kernel_2, recurrent_2, bias_2, dropout=0.0: tf.keras.Sequential(
                    [
                        tf.keras.layers.LSTM(recurrent.shape[0], unroll=True, return_sequences=True, dtype=x.dtype),
                        tf.keras.layers.LSTM(
                            recurrent.shape[0],
                            dropout=dropout,
                            unroll=True,
                            return_sequences=True,
                            dtype=x.dtype,
                        ),
                    ]
                ),
                call={"training": False},
            ),
            KerasLayer(
                lambda tf, x, kernel, recurrent, bias, kernel_2, recurrent_2, bias_2, dropout=0.0: tf.keras.layers.RNN(
                    [
                        tf.keras.layers.LSTMCell(recurrent.shape[0], dtype=x.dtype),
                        tf.keras.layers.LSTMCell(recurrent.shape[0], dropout=dropout, dtype=x.dtype),
                    ],
                    unroll=True,
                    return_sequences=True,
                    dtype=x.dtype,
                ),
                call={"training": False},
            ),
        ],
        samples=lean(
            weighted(2, 2, 2, 3, name="normal", layers=2),
            weighted(1, 2, 3, 2, name="dropout-in-inference", layers=2, dropout=0.5, smooth=False),
            weighted(2, 1, 2, 2, name="one-step", layers=2, edge=True, smooth=False),
            weighted(1, 2, 1, 1, name="one-of-everything", layers=2, edge=True, smooth=False),
        ),
        dtypes=FEW,
        modes=UNTRACED,
        sources=("https://keras.io/api/layers/recurrent_layers/rnn/", TORCH),
    ),
    Case(
        "lstm_stateful",
        "contraction",
        variants.stateful_lstm,
        vjp=variants.stateful_lstm_vjp,
        vjp_intermediates=ref.kept(variants.stateful_lstm_vjp),
        torch=[torch_stateful],
        tensorflow=[KerasLayer(keras_stateful)],
        samples=lean(
            weighted(2, 4, 2, 2, name="two-calls", calls=2),
            weighted(2, 3, 2, 2, name="three-calls", calls=3, smooth=False),
            weighted(2, 2, 2, 2, name="one-step-each", calls=2, edge=True, smooth=False),
            weighted(1, 2, 1, 1, name="one-of-everything", calls=2, edge=True, smooth=False),
        ),
        dtypes=FEW,
        modes=UNTRACED,
        sources=("https://keras.io/api/layers/recurrent_layers/lstm/", TORCH),
    ),
    Case(
        "lstm_stateful_truncated",
        "contraction",
        variants.truncated_lstm,
        vjp=variants.truncated_lstm_vjp,
        vjp_intermediates=ref.kept(variants.truncated_lstm_vjp),
        held=("kernel", "recurrent", "bias"),
        torch=[torch_truncated],
        tensorflow=[keras_truncated],
        samples=lean(
            # The gradient of a variable that was assigned is no derivative of what it was computed from.
            weighted(2, 4, 2, 2, name="two-calls", calls=2, smooth=False),
            weighted(2, 3, 2, 2, name="three-calls", calls=3, smooth=False),
            weighted(2, 2, 2, 2, name="one-step-each", calls=2, edge=True, smooth=False),
            weighted(1, 2, 1, 1, name="one-of-everything", calls=2, edge=True, smooth=False),
            weighted(2, 2, 2, 2, name="one-call", calls=1),
        ),
        dtypes=FEW,
        modes=("eager",),
        sources=("https://keras.io/api/layers/recurrent_layers/lstm/", TORCH),
    ),
    Case(
        "lstm_forgets_between_calls",
        "contraction",
        variants.forgetful_lstm,
        torch=[torch_without_states],
        tensorflow=[keras_without_state, keras_reset, keras_truncated],
        samples=lean(
            weighted(2, 4, 2, 2, name="two-calls", calls=2),
            weighted(2, 3, 2, 2, name="three-calls", calls=3),
            weighted(2, 2, 2, 2, name="one-step-each", calls=2, edge=True),
            weighted(1, 2, 1, 1, name="one-of-everything", calls=2, edge=True),
        ),
        dtypes=FEW,
        modes=("eager",),
        sources=("https://keras.io/api/layers/recurrent_layers/lstm/", TORCH),
    ),
    Case(
        "lstm_over_epochs",
        "contraction",
        variants.lstm_over_epochs,
        torch=[torch_epochs],
        tensorflow=[keras_epochs],
        samples=[
            weighted(4, 2, 2, 2, name="carried", batch=2, reset=False),
            weighted(4, 2, 2, 2, name="reset-each-epoch", batch=2, reset=True),
            weighted(2, 2, 2, 2, name="one-batch", batch=2, reset=False, edge=True),
            weighted(2, 1, 1, 1, name="one-of-everything", batch=1, reset=False, edge=True),
        ],
        dtypes=("float64",),
        modes=("eager",),
        sources=("https://keras.io/api/layers/recurrent_layers/lstm/", TORCH),
    ),
    Case(
        "conv_lstm",
        "contraction",
        variants.conv_lstm,
        vjp=variants.conv_lstm_vjp,
        vjp_intermediates=ref.kept(variants.conv_lstm_vjp),
        torch=[torch_conv_lstm],
        tensorflow=[KerasLayer(keras_conv_lstm)],
        samples=lean(
            images(1, 2, 4, 2, u=2, window=(3,), name="1d-same", padding="same"),
            images(2, 2, 5, 1, u=1, window=(2,), name="1d-even-window", padding="same", smooth=False),
            images(1, 2, 3, 4, 1, u=1, window=(2, 3), name="2d", padding="valid", smooth=False),
            images(
                1, 2, 5, 5, 1, u=1, window=(2, 2), name="2d-strided", padding="valid", stride=2, edge=True, smooth=False
            ),
            images(
                1, 2, 5, 1, u=2, window=(2,), name="1d-dilated", padding="same", dilation=2, edge=True, smooth=False
            ),
            images(1, 1, 1, 1, u=1, window=(1,), name="one-of-everything", padding="valid", edge=True, smooth=False),
            normal(
                (1, 2, 4, 2),
                (3, 1, 8),
                (3, 2, 8),
                (8,),
                name="bad-sizes",
                padding="same",
                edge=True,
                raises=True,
                dtypes=F32,
            ),
        ),
        dtypes=FEW,
        modes=UNTRACED,
        sources=("https://keras.io/api/layers/recurrent_layers/conv_lstm2d/", "https://arxiv.org/abs/1506.04214"),
    ),
    Case(
        "time_distributed",
        "contraction",
        layers.dense,
        vjp=layers.dense_vjp,
        torch=[torch_every_step, torch_step_by_step],
        tensorflow=[
            KerasLayer(
                lambda tf, x, kernel, bias: tf.keras.layers.TimeDistributed(
                    tf.keras.layers.Dense(kernel.shape[1], dtype=x.dtype), dtype=x.dtype
                )
            ),
        ],
        samples=lean(
            normal((2, 3, 4), (4, 2), (2,)),
            normal((2, 2, 3, 2), (2, 3), (3,), name="rank-4", smooth=False),
            normal((2, 1, 2), (2, 2), (2,), name="one-step", edge=True, smooth=False),
            normal((1, 1, 1), (1, 1), (1,), name="one-element", edge=True),
        ),
        dtypes=FEW,
        sources=("https://keras.io/api/layers/recurrent_layers/time_distributed/",),
    ),
)
