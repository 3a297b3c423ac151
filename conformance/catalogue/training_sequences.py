"""Sequence classifiers with masks: embedding, LSTM or GRU, dense layer; AdamW with warm-up and clipped gradients.

Token 0 is no word. Keras marks it (mask_zero), and its recurrent layers skip it wherever it stands; in torch the
program does, by packed sequences or by taking the last state that counts.

What has to be said for the two to train alike: torch's LSTM has two biases, and Keras' one, so the second is frozen;
Keras' clipping and Adam square the parts of an embedding's gradient before they are summed, so it is made dense; torch
adds 1e-6 to the norm that it clips by. Each is an option here, with a sample that shows what becomes of it otherwise.
Rates are numbers that float32 holds exactly: Keras rounds its own.
"""

from typing import Any

import numpy as np

from conformance.case import Array, Case
from conformance.catalogue.recurrent_gru import torch_order
from conformance.catalogue.training_shared import (
    MASTER,
    keeping_loss,
    keras_recorder,
    learning_curves,
    recorded,
    stacked,
)
from conformance.reference import training_sequences as ref
from fixtures.samples import sample

# torch


def last_of_packed(torch, rnn, x, tokens):
    """The last state of packed sequences. It is taken for granted that zeros stand behind the words."""
    lengths = (tokens != 0).sum(dim=1)
    packed = torch.nn.utils.rnn.pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
    states = rnn(packed)[1]
    return (states[0] if isinstance(states, tuple) else states)[-1]


def last_of_gathered(torch, rnn, x, tokens):
    """Words first, in their order; then the output of each sequence's last word, or zero where there is none."""
    order = torch.argsort((tokens == 0).to(torch.int8), dim=1, stable=True)
    outputs = rnn(x.gather(1, order[..., None].expand_as(x)))[0]
    lengths = (tokens != 0).sum(dim=1)
    last = outputs[torch.arange(len(x), device=x.device), (lengths - 1).clamp(min=0)]
    return torch.where((lengths > 0)[:, None], last, 0.0)


def torch_classifier(torch, rnn, last, table, dense_kernel, dense_bias):
    class Classifier(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = torch.nn.Embedding(*table.shape, padding_idx=0, dtype=table.dtype)
            self.rnn = rnn
            self.dense = torch.nn.Linear(*dense_kernel.shape, dtype=table.dtype)

        def forward(self, tokens):
            return self.dense(last(torch, self.rnn, self.embedding(tokens), tokens))

    model = Classifier().to(table.device)
    with torch.no_grad():
        model.embedding.weight.copy_(table)
        model.dense.weight.copy_(dense_kernel.T)
        model.dense.bias.copy_(dense_bias)
    return model


def torch_training(
    torch, model, loss_of, as_keras, tokens, labels, *,
    batch, epochs, every, learning_rate, warmup, limit, norm_plus=0.0, weight_decay, beta_1, beta_2, epsilon,
):  # fmt: skip
    """A plain loop. ``as_keras(parameters)`` lays parameters out as Keras does, or their gradients."""
    parameters = {name: p for name, p in model.named_parameters() if p.requires_grad}
    optimizer = torch.optim.AdamW(
        parameters.values(), lr=learning_rate, betas=(beta_1, beta_2), eps=epsilon, weight_decay=weight_decay
    )
    scheduler = torch.optim.lr_scheduler.LinearLR(optimizer, start_factor=1 / warmup, total_iters=warmup)
    data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(tokens, labels), batch_size=batch)
    losses, rows = [], []
    for _ in range(epochs):
        for x, y in data:
            optimizer.zero_grad()
            loss = loss_of(model(x), y)
            loss.backward()
            if norm_plus:
                torch.nn.utils.clip_grad_norm_(parameters.values(), limit)  # limit / (norm + 1e-6)
            else:
                norm = torch.nn.utils.get_total_norm([p.grad for p in parameters.values()])
                torch.nn.utils.clip_grads_with_norm_(parameters.values(), limit, norm - 1e-6)
            optimizer.step()
            scheduler.step()
            if len(losses) % every == 0:
                weights = as_keras({name: p.detach().clone() for name, p in model.named_parameters()})
                gradients = as_keras({name: p.grad.clone() for name, p in parameters.items()})
                rows.append(recorded(loss.detach(), weights, gradients))
            losses.append(loss.detach())
    return {**stacked(torch, rows), "loss": torch.stack(losses)}


def packed_lstm(
    torch, tokens, labels, table, kernel, recurrent_kernel, bias, dense_kernel, dense_bias,
    biases=1, dense_gradients=True, run_eagerly=False, **options,
):  # fmt: skip
    rnn = torch.nn.LSTM(len(kernel), len(recurrent_kernel), batch_first=True, dtype=table.dtype)
    with torch.no_grad():
        rnn.weight_ih_l0.copy_(kernel.T)
        rnn.weight_hh_l0.copy_(recurrent_kernel.T)
        rnn.bias_ih_l0.copy_(bias)
        rnn.bias_hh_l0.zero_()
    rnn.bias_hh_l0.requires_grad_(biases == 2)

    def as_keras(p):
        return {
            "table": p["embedding.weight"],
            "kernel": p["rnn.weight_ih_l0"].T,
            "recurrent_kernel": p["rnn.weight_hh_l0"].T,
            "bias": p["rnn.bias_ih_l0"] + p.get("rnn.bias_hh_l0", 0),  # of the frozen one there is no gradient
            "dense_kernel": p["dense.weight"].T,
            "dense_bias": p["dense.bias"],
        }

    model = torch_classifier(torch, rnn, last_of_packed, table, dense_kernel, dense_bias)
    criterion = torch.nn.BCELoss()

    def loss_of(logits, y):
        return criterion(torch.sigmoid(logits[:, 0]), y)

    return torch_training(torch, model, loss_of, as_keras, tokens, labels, **options)


def gru_that_resets_before(torch, kernel, recurrent_kernel, bias):
    """torch has no such layer: the equations of the paper, step by step."""

    class ResetBefore(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.kernel = torch.nn.Parameter(kernel.clone())
            self.recurrent_kernel = torch.nn.Parameter(recurrent_kernel.clone())
            self.bias = torch.nn.Parameter(bias.clone())

        def forward(self, x):
            u = len(self.recurrent_kernel)
            h, outputs = x.new_zeros(len(x), u), []
            for a in (x @ self.kernel + self.bias).unbind(1):
                z, r = torch.sigmoid(a[:, : 2 * u] + h @ self.recurrent_kernel[:, : 2 * u]).chunk(2, 1)
                h = z * h + (1 - z) * torch.tanh(a[:, 2 * u :] + (r * h) @ self.recurrent_kernel[:, 2 * u :])
                outputs.append(h)
            return torch.stack(outputs, 1), h

    return ResetBefore()


def torch_gru(
    torch, last, tokens, labels, table, kernel, recurrent_kernel, bias, dense_kernel, dense_bias,
    reset_after=True, by_hand=False, dense_gradients=True, run_eagerly=False, **options,
):  # fmt: skip
    if by_hand:
        rnn = gru_that_resets_before(torch, kernel, recurrent_kernel, bias)
    else:
        rnn = torch.nn.GRU(len(kernel), len(recurrent_kernel), batch_first=True, dtype=table.dtype)
        first, second = bias if reset_after else (bias, bias * 0)
        with torch.no_grad():
            rnn.weight_ih_l0.copy_(torch_order(kernel).T)
            rnn.weight_hh_l0.copy_(torch_order(recurrent_kernel).T)
            rnn.bias_ih_l0.copy_(torch_order(first))
            rnn.bias_hh_l0.copy_(torch_order(second))
        rnn.bias_hh_l0.requires_grad_(reset_after)

    def as_keras(p):
        dense = {"dense_kernel": p["dense.weight"].T, "dense_bias": p["dense.bias"]}
        if by_hand:
            of_layer = {name: p[f"rnn.{name}"] for name in ("kernel", "recurrent_kernel", "bias")}
        else:
            biases = [p["rnn.bias_ih_l0"], p["rnn.bias_hh_l0"]] if reset_after else p["rnn.bias_ih_l0"]
            of_layer = {
                "kernel": torch_order(p["rnn.weight_ih_l0"].T),
                "recurrent_kernel": torch_order(p["rnn.weight_hh_l0"].T),
                "bias": torch_order(torch.stack(biases) if reset_after else biases),
            }
        return {"table": p["embedding.weight"], **of_layer, **dense}

    model = torch_classifier(torch, rnn, last, table, dense_kernel, dense_bias)
    return torch_training(torch, model, torch.nn.CrossEntropyLoss(), as_keras, tokens, labels, **options)


def packed_gru(torch, *inputs, **options):
    return torch_gru(torch, last_of_packed, *inputs, **options)


def gru_and_last_output(torch, *inputs, **options):
    return torch_gru(torch, last_of_gathered, *inputs, by_hand=not options.get("reset_after", True), **options)


# Keras


def warmed_up(tf, learning_rate, warmup):
    return tf.keras.optimizers.schedules.PolynomialDecay(learning_rate / warmup, warmup, learning_rate, power=1.0)


def lstm_fit(
    tf, tokens, labels, *initial,
    batch, epochs, every, learning_rate, warmup, limit, weight_decay, beta_1, beta_2, epsilon,
    norm_plus=0.0, biases=1, dense_gradients=True, run_eagerly=False,
):  # fmt: skip
    """compile and fit; the optimizer clips, by the norm as it is."""
    keras, names = tf.keras, ["table", "kernel", "recurrent_kernel", "bias", "dense_kernel", "dense_bias"]
    table, _, recurrent_kernel, _, dense_kernel, _ = initial
    losses, rows = [], []

    class Recording(keras.optimizers.AdamW):
        """The optimizer keeps the gradients by which it steps, for the callback."""

        def build(self, variables):
            self.given = [tf.Variable(tf.zeros(v.shape, v.dtype)) for v in variables]
            super().build(variables)

        def apply(self, gradients, variables=None):
            if dense_gradients:  # of the embedding they are rows, each as often as its token occurs
                gradients = [tf.convert_to_tensor(g) for g in gradients]
            super().apply(gradients, variables)

        def update_step(self, gradient, variable, learning_rate):
            self.given[self._get_variable_index(variable)].assign(gradient)
            super().update_step(gradient, variable, learning_rate)

    usual = keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_floatx(table.dtype.name)  # fit, losses and metrics round to it
    keras.config.set_dtype_policy(table.dtype.name)  # and layers to this
    try:
        model = keras.Sequential(
            [
                keras.layers.Input(tokens.shape[1:], dtype=tokens.dtype.name),
                keras.layers.Embedding(*table.shape, mask_zero=True),
                keras.layers.LSTM(recurrent_kernel.shape[0], unroll=True),
                keras.layers.Dense(dense_kernel.shape[1], activation="sigmoid"),
            ]
        )
        model.set_weights([w.numpy() for w in initial])
        criterion = keeping_loss(tf, keras.losses.BinaryCrossentropy, table.dtype)()
        kept = keras_recorder(tf, names, every, criterion, rows, losses)
        optimizer = Recording(
            warmed_up(tf, learning_rate, warmup), weight_decay, beta_1, beta_2, epsilon, global_clipnorm=limit
        )
        optimizer.build(model.trainable_variables)
        model.compile(optimizer, criterion, jit_compile=False, run_eagerly=run_eagerly)
        model.fit(tokens, labels, batch_size=batch, epochs=epochs, shuffle=False, verbose=0, callbacks=[kept])
    finally:
        keras.config.set_floatx(usual[0])
        keras.config.set_dtype_policy(usual[1])
    return {**stacked(tf, rows), "loss": tf.stack(losses)}


def gru_tape(
    tf, tokens, labels, *initial,
    batch, epochs, every, learning_rate, warmup, limit, weight_decay, beta_1, beta_2, epsilon,
    norm_plus=0.0, reset_after=True, dense_gradients=True, run_eagerly=False,
):  # fmt: skip
    """A GradientTape loop around a functional model; the loop clips."""
    keras, names = tf.keras, ["table", "kernel", "recurrent_kernel", "bias", "dense_kernel", "dense_bias"]
    table, _, recurrent_kernel, _, dense_kernel, _ = initial
    form = table.dtype.name
    words = keras.Input(tokens.shape[1:], dtype=tokens.dtype.name)
    x = keras.layers.Embedding(*table.shape, mask_zero=True, dtype=form)(words)
    h = keras.layers.GRU(recurrent_kernel.shape[0], reset_after=reset_after, unroll=True, dtype=form)(x)
    model = keras.Model(words, keras.layers.Dense(dense_kernel.shape[1], dtype=form)(h))
    model.set_weights([w.numpy() for w in initial])
    variables = model.trainable_variables
    optimizer = keras.optimizers.AdamW(warmed_up(tf, learning_rate, warmup), weight_decay, beta_1, beta_2, epsilon)
    optimizer.build(variables)

    def step(x, y):
        with tf.GradientTape() as tape:
            logits = model(x, training=True)
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits))
        gradients = tape.gradient(loss, variables)
        if dense_gradients:  # of the embedding they are rows, each as often as its token occurs
            gradients = [tf.convert_to_tensor(g) for g in gradients]
        if norm_plus:
            scale = tf.minimum(limit / (tf.linalg.global_norm(gradients) + norm_plus), 1)
            gradients = [g * scale for g in gradients]
        else:
            gradients, _ = tf.clip_by_global_norm(gradients, limit)
        optimizer.apply_gradients(zip(gradients, variables, strict=True))
        return loss, [tf.convert_to_tensor(g) for g in gradients]

    if not run_eagerly:
        signature = [tf.TensorSpec([None, *a.shape[1:]], a.dtype) for a in (tokens, labels)]
        step = tf.function(step, input_signature=signature, autograph=False)
    losses, rows = [], []
    for _ in range(epochs):
        for first in range(0, len(tokens), batch):
            loss, gradients = step(tokens[first : first + batch], labels[first : first + batch])
            if len(losses) % every == 0:
                weights = dict(zip(names, map(tf.identity, variables), strict=True))
                rows.append(recorded(loss, weights, dict(zip(names, gradients, strict=True))))
            losses.append(loss)
    return {**stacked(tf, rows), "loss": tf.stack(losses)}


# Data and initial weights


def sentences(rng: np.random.Generator, n: int, longest: int, words: int, classes: int) -> tuple[Array, Array]:
    """Tokens (n, longest), zeros behind the words, and labels. In a language of class k four words in five are k + 1
    further on a circle than the word before; the fifth is any. All begin alike, so that only the order tells. The first
    two have as many words as fit, and one."""
    labels, lengths = rng.integers(0, classes, n), rng.integers(1, longest + 1, n)
    lengths[:2] = longest, 1
    tokens = np.zeros((n, longest), np.int64)
    word = rng.integers(0, words, n)
    for t in range(longest):
        tokens[:, t] = np.where(t < lengths, 1 + word, 0)
        word = np.where(rng.random(n) < 0.8, (word + labels + 1) % words, rng.integers(0, words, n))
    return tokens, labels


def drawn(gates: int, classes: int, n: int, *, longest=4, words=5, width=3, units=4, biases=1, change=None):
    """Data, of which ``change`` makes something else, and weights on a grid of 2^-10 (so that a program with all of
    them in it stays small): uniform, as Glorot and Bengio (2010) draw them; row 0 of the table is as good as any."""

    def make(rng: np.random.Generator) -> tuple[Array, ...]:
        def weights(*shape: int, bound: float) -> Array:
            return np.asarray(np.round(rng.uniform(-bound, bound, shape) * 2**10) / 2**10)

        def glorot(*shape: int) -> Array:
            return weights(*shape, bound=np.sqrt(6 / sum(shape)))

        tokens, labels = sentences(rng, n, longest, words, classes)
        if change:
            tokens = change(tokens)
        bias = weights(*((2,) if biases == 2 else ()), gates * units, bound=0.25)
        outputs = 1 if classes == 2 else classes
        return (
            tokens,
            labels.astype(float) if classes == 2 else labels,
            weights(words + 1, width, bound=1.0),
            glorot(width, gates * units),
            glorot(units, gates * units),
            bias,
            glorot(units, outputs),
            weights(outputs, bound=0.25),
        )

    return make


def first_is_empty(tokens: Array) -> Array:
    """A sequence without a word."""
    return np.concatenate([0 * tokens[:1], tokens[1:]])


def zeros_in_front(tokens: Array) -> Array:
    """Padded as keras.utils.pad_sequences does if nothing is said; and a zero between words."""
    turned = np.stack([np.roll(row, np.sum(row == 0)) for row in tokens])
    turned[::2, -2] = 0
    return turned


def alike_at_first(tokens: Array) -> Array:
    """All begin with the same word: each batch has it as often as sequences."""
    return np.concatenate([np.ones_like(tokens[:, :1]), tokens[:, 1:]], axis=1)


def no_word_twice(tokens: Array) -> Array:
    """Each batch of two has a word of its own at each place."""
    n, longest = tokens.shape
    ids = 1 + np.arange(longest) + longest * (np.arange(n) % 2)[:, None]
    return np.where(tokens > 0, ids, 0)


ADAMW: dict[str, Any] = {
    "learning_rate": 2.0**-5, "warmup": 32, "weight_decay": 2.0**-4, "beta_1": 0.875, "beta_2": 1 - 2.0**-8,
    # torch adds it after the bias is corrected, Keras before: it is negligible.
    "epsilon": 2.0**-120,
    "limit": 0.25,
}  # fmt: skip
LONG: dict[str, Any] = {"batch": 4, "epochs": 2, "every": 10, **ADAMW}
FEW: dict[str, Any] = {"batch": 2, "epochs": 1, "every": 1, "run_eagerly": True, **ADAMW, "limit": 2.0**-5}
"""A few steps, which take less time than to trace one of them; all gradients are clipped."""
F64 = ("float64",)

CASES = (
    Case(
        "lstm_classifier",
        "training",
        ref.lstm_classifier,
        torch=[packed_lstm],
        tensorflow=[lstm_fit],
        samples=[
            # 101 batches, of 4 but for the last, which is of 1; twice
            sample("lengths-1-to-4", drawn(4, 2, 401), dtypes=MASTER, **LONG),
            sample("both-biases-trained", drawn(4, 2, 4), dtypes=F64, biases=2, **FEW),
            sample("norm-plus-1e-6", drawn(4, 2, 4), dtypes=F64, norm_plus=1e-6, **FEW),
            sample("sparse-gradients", drawn(4, 2, 4, change=alike_at_first), dtypes=F64, dense_gradients=False, **FEW),
            sample(
                "sparse-gradients-no-word-twice",
                drawn(4, 2, 4, words=8, change=no_word_twice),
                edge=True,
                dtypes=F64,
                dense_gradients=False,
                **FEW,
            ),
        ],
        figure=learning_curves("LSTM", "binary cross-entropy"),
        modes=("eager",),
        dtypes=MASTER,
        sources=(
            "https://www.tensorflow.org/guide/keras/understanding_masking_and_padding",
            "https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.rnn.pack_padded_sequence.html",
        ),
    ),
    Case(
        "gru_classifier",
        "training",
        ref.gru_classifier,
        torch=[packed_gru],
        tensorflow=[gru_tape],
        samples=[
            sample("lengths-1-to-4", drawn(3, 3, 401, biases=2), dtypes=MASTER, **LONG),
            sample("norm-plus-1e-6", drawn(3, 3, 4, biases=2), dtypes=F64, norm_plus=1e-6, **FEW),
            sample(
                "sparse-gradients",
                drawn(3, 3, 4, biases=2, change=alike_at_first),
                dtypes=F64,
                dense_gradients=False,
                **FEW,
            ),
            sample("one-word", drawn(3, 3, 3, biases=2, longest=1), edge=True, dtypes=F64, **FEW),
        ],
        figure=learning_curves("GRU", "cross-entropy"),
        modes=("eager",),
        dtypes=MASTER,
        sources=(
            "https://keras.io/api/layers/recurrent_layers/gru/",
            "https://docs.pytorch.org/docs/stable/generated/torch.nn.GRU.html",
        ),
    ),
    Case(
        "gru_classifier_with_gaps",
        "training",
        ref.gru_classifier,
        torch=[gru_and_last_output, packed_gru],
        tensorflow=[gru_tape],
        samples=[
            sample("lengths-1-to-4", drawn(3, 3, 4, biases=2), dtypes=MASTER, **FEW),
            sample("reset-before", drawn(3, 3, 4), dtypes=F64, reset_after=False, **FEW),
            sample("no-word", drawn(3, 3, 4, biases=2, change=first_is_empty), edge=True, dtypes=F64, **FEW),
            sample("zeros-in-front", drawn(3, 3, 4, biases=2, change=zeros_in_front), edge=True, dtypes=F64, **FEW),
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=("https://www.tensorflow.org/guide/keras/understanding_masking_and_padding",),
    ),
)
