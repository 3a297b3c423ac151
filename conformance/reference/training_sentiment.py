"""The sentiment model: ids of tokens, an embedding, the mean over the text, a dense layer with a sigmoid; Adam on the
binary cross-entropy. What comes before it: tokens and their ids, and which rows are held out for validation.

Sources: Bishop, *Pattern Recognition and Machine Learning*, eqs. 4.90 and 4.91 (cross-entropy); Kingma and Ba,
https://arxiv.org/abs/1412.6980, Algorithm 1. A look-up is the product with a one-hot matrix: the gradient of a row of
the table is the sum over the places where it was looked up.
"""

import re
import string
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache, partial
from typing import Any

import numpy as np

from conformance.reference import losses
from conformance.reference.elementwise import sigmoid
from conformance.reference.optimizers import Nudge, State, adam, corrections
from conformance.reference.training import Array, Outputs, Weights, trained


def sentiment(
    ids: Array,
    labels: Array,
    table: Array,
    kernel: Array,
    bias: Array,
    *,
    nudge: Nudge,
    batch: int,
    epochs: int,
    validation_split: float,
    steps: int | None,
    every: int,
    masked: bool = False,
    squares_apart: bool = False,
    lazy: bool = False,
    **rule: Any,
) -> Outputs:
    """ids (n, length), labels (n,) of 0 and 1, table (vocabulary, d), kernel (d, 1), bias (1,); one step per batch.

    The last rows are held out, the others come in their order, in every epoch the first ``steps`` batches (None: all;
    the last one may be smaller). ``masked``: 0 is no word, and the mean is over the others. ``epoch_loss`` is the mean
    over the rows of an epoch, each by the weights that were there when its turn came; ``test_loss`` the mean over the
    rows that were held out, after each epoch.

    Two rules that are not Adam's: ``squares_apart``, a word that is looked up k times adds to the second moment of its
    row the sum of the k squares, not the square of the sum; ``lazy``, of the table a step moves only the rows of the
    words in the batch, with what is remembered of them (t, which corrects the bias, counts all steps;
    https://docs.pytorch.org/docs/stable/generated/torch.optim.SparseAdam.html).
    """
    nudge = _from_a_store(nudge)
    first = kept(len(ids), validation_split)
    chosen = [slice(i, min(i + batch, first)) for i in range(0, first, batch)][:steps]
    states: dict[str, State] = {name: {} for name in ("table", "kernel", "bias")}
    words = squares = np.zeros(0)
    of_epoch: list[tuple[int, Array]] = []
    epoch_loss, epoch_accuracy, test_loss, accuracy = [], [], [], []
    right = 0

    def forward(now: Weights, texts: Array) -> tuple[Array, Array, Array]:
        counted = (texts != 0) if masked else np.ones(texts.shape, bool)
        n = np.sum(counted, axis=1, keepdims=True).astype(now["table"].dtype)
        rows = nudge(now["table"][texts])
        mean = nudge(np.einsum("nld,nl->nd", rows, counted.astype(rows.dtype)) / n)
        return counted, mean, nudge((mean @ now["kernel"] + now["bias"])[:, 0])

    def loss_and_gradients(now: Weights, part: slice) -> tuple[Array, Weights]:
        nonlocal words, squares, right
        texts, target = ids[part], labels[part].astype(table.dtype)
        counted, mean, logit = forward(now, texts)
        right += int(np.sum((logit > 0) == (target > 0)))
        loss = _loss(logit, target, nudge)
        of_epoch.append((len(target), loss))
        p = sigmoid(logit)
        delta = losses.binary_cross_entropy_from_logits_vjp(p.dtype.type(1), logit, target) + _slip(p, nudge) / p.size
        delta = nudge(delta)[:, None]
        shares = nudge(delta * now["kernel"][:, 0] / np.sum(counted, axis=1, keepdims=True).astype(delta.dtype))
        words, places = np.unique(texts, return_inverse=True)
        times = np.zeros((len(texts), len(words)), table.dtype)  # how often each word is in each text
        np.add.at(times, (np.arange(len(texts))[:, None], places.reshape(texts.shape)), counted.astype(table.dtype))
        gradient = np.zeros_like(now["table"])
        gradient[words] = _over_places(times, shares, nudge)
        if squares_apart:
            squares = np.zeros_like(now["table"])
            squares[words] = _over_places(times, nudge(shares * shares), nudge)
        return loss, {"table": gradient, "kernel": mean.T @ delta, "bias": np.sum(delta, axis=0)}

    def update(name: str, w: Array, g: Array, t: int) -> Array:
        state = states[name]
        if name == "table" and squares_apart:
            return _adam_of_squares(w, g, squares, state, t, nudge, **rule)
        if name == "table" and lazy:
            moments = {key: state.setdefault(key, np.zeros_like(w)) for key in ("m", "v")}
            rows: State = {key: a[words] for key, a in moments.items()}
            w = w.copy()
            w[words] = adam(w[words], g[words], rows, t, nudge, **rule)
            for key, a in moments.items():
                a[words] = rows[key]
            return w
        return adam(w, g, state, t, nudge, **rule)

    def after_step(t: int, now: Weights) -> None:
        nonlocal right
        if t % len(chosen):
            return
        seen = sum(n for n, _ in of_epoch)
        epoch_loss.append(nudge(np.asarray(sum(nudge(n * loss) for n, loss in of_epoch) / seen)))
        epoch_accuracy.append(np.asarray(right / seen))
        target = labels[first:].astype(table.dtype)
        logit = forward(now, ids[first:])[2]
        test_loss.append(_loss(logit, target, nudge))
        accuracy.append(np.mean((logit > 0) == (target > 0)))
        of_epoch.clear()
        right = 0

    weights = {"table": table, "kernel": kernel, "bias": bias}
    batches = ((part,) for _ in range(epochs) for part in chosen)
    outputs = trained(weights, batches, loss_and_gradients, update, nudge, every, after_step)
    means = {"epoch_loss": epoch_loss, "test_loss": test_loss}
    shown = {"_accuracy": epoch_accuracy, "_test_accuracy": accuracy}
    return outputs | {name: np.stack(rows) for name, rows in (means | shown).items()}


sentiment_squares_apart = partial(sentiment, squares_apart=True)
sentiment_squares_apart.__doc__ = "The run of `sentiment` by the rule ``squares_apart``: Keras' Adam on its embedding."
sentiment_lazy = partial(sentiment, lazy=True)
sentiment_lazy.__doc__ = "The run of `sentiment` by the rule ``lazy``: torch's SparseAdam on the embedding."


def _over_places(times: Array, shares: Array, nudge: Nudge) -> Array:
    """The sum over all places at which a word is looked up: ``times`` (n, words) its share of each text (n, d). Where
    places are added one after the other, a text adds the same number again and again, and the partial sums are rounded
    as often in the same direction: of the padding, which is everywhere, that is most of the error."""
    sums = np.cumsum(times[:, :, None] * shares[:, None, :], axis=0)
    return np.asarray(sums[-1] + np.einsum("nw,nwd->wd", times, _slip(sums, nudge)))


def _from_a_store(nudge: Nudge) -> Nudge:
    """The same for large arrays out of one draw, from another place each time: to draw a sign for every number of the
    table would take longer than the step."""
    factors, place = nudge(np.ones(2**20)), 0

    def nudge_large(a: Array) -> Array:
        nonlocal place
        if a.dtype != np.float64 or not 2**12 < a.size < 2**19:
            return nudge(a)
        place = (place + 131_071) % (len(factors) - a.size)
        return a * factors[place : place + a.size].reshape(a.shape)

    return nudge_large


def _loss(logit: Array, target: Array, nudge: Nudge) -> Array:
    """The mean loss; log(1 + exp(z)) - t z is a difference of numbers as large as z, or as 1."""
    slip = np.mean(_slip(np.maximum(np.abs(logit), 1), nudge))
    return nudge(losses.binary_cross_entropy_from_logits(logit, target) + slip)


def _slip(a: Array, nudge: Nudge) -> Array:
    """How far an array moves when it is rounded."""
    return nudge(a) - a


def _adam_of_squares(
    w: Array, g: Array, squares: Array, state: State, t: int, nudge: Nudge, *,
    learning_rate: float, beta_1: float, beta_2: float, epsilon: float,
) -> Array:  # fmt: skip
    """Adam's step where the square of the gradient is given."""
    one = w.dtype.type(1)
    m = state["m"] = nudge(beta_1 * state.get("m", 0) + (one - beta_1) * g)
    v = state["v"] = nudge(beta_2 * state.get("v", 0) + (one - beta_2) * squares)
    correction_1, correction_2 = corrections(w, t, nudge, beta_1, beta_2)
    return nudge(w - learning_rate * nudge((m / correction_1) / (np.sqrt(v / correction_2) + epsilon)))


def kept(n: int, held_out: float) -> int:
    """How many of ``n`` rows remain: n (1 - held_out) in whole numbers, of the decimal fraction that is written."""
    return int(n * (1 - Fraction(str(held_out))))


def held_out_rows(
    rows: Array, *, nudge: Nudge, validation_split: float, batch: int, epochs: int, shuffle: bool | None = False
) -> Outputs:
    """The rows in the order in which they are trained on, epoch by epoch (where they are shuffled: sorted), the sizes
    of the batches, and the rows that are validated: the last ones, in their order, whether or not the others are
    shuffled (https://keras.io/api/models/model_training_apis/#fit-method). ``shuffle`` None: nothing is said."""
    first = kept(len(rows), validation_split)
    sizes = [len(part) for part in batches_of(rows[:first], batch)]
    return {
        "trained_on": np.stack([rows[:first]] * epochs),
        "sizes": np.array(sizes * epochs),
        "validated": np.stack([rows[first:]] * epochs),
    }


def batches_of(rows: Array, batch: int) -> Iterator[Array]:
    """The rows in groups; the last may be smaller."""
    for i in range(0, len(rows), batch):
        yield rows[i : i + batch]


def parameters(sizes: Array, *, nudge: Nudge) -> Outputs:
    """How many numbers the model of a vocabulary and a width learns: the table, and the dense layer with its bias."""
    vocabulary, width = (int(n) for n in sizes)
    return {
        "of_layers": np.array([vocabulary * width, 0, width + 1]),
        "total": np.array(vocabulary * width + width + 1),
    }


def token_ids(
    text: Array, ends: Array, *, nudge: Nudge, training: int, vocabulary: int, length: int, ascii_only: bool, ties: str
) -> Outputs:
    """The first ``length`` tokens of each text as numbers: 0 right of the end, 1 for a word that is not in the
    vocabulary, 2 for the most frequent word of the first ``training`` texts, and so on.

    ``text`` are the bytes of all texts in UTF-8, ``ends`` where each ends. Words are what stands between white space
    when letters are small and punctuation is gone; of letters and white space those of ASCII, or (``ascii_only``
    False) of Unicode. Of equally frequent words the last in the alphabet comes first (``ties`` "last"), or the first
    ("first"), or the one that was met first ("met").
    """
    return {"ids": _token_ids(text.tobytes(), ends.tobytes(), training, vocabulary, length, ascii_only, ties)}


@lru_cache(maxsize=2)  # it rounds nothing: runs with other nudges are the same
def _token_ids(
    text: bytes, ends: bytes, training: int, vocabulary: int, length: int, ascii_only: bool, ties: str
) -> Array:
    places = np.frombuffer(ends, np.int64).tolist()
    texts = [text[a:b].decode() for a, b in zip([0, *places[:-1]], places, strict=True)]
    return ids_of(texts, training, vocabulary, length, ascii_only=ascii_only, ties=ties)


def ids_of(
    texts: list[str], training: int, vocabulary: int, length: int, *, ascii_only: bool = True, ties: str = "last"
) -> Array:
    """`token_ids` of texts as they are."""
    changes: dict[int, Any] = dict.fromkeys(map(ord, string.punctuation))
    if ascii_only:
        changes |= dict(zip(map(ord, string.ascii_uppercase), string.ascii_lowercase, strict=True))
    space = re.compile(r"[ \t\n\v\f\r]+")

    def words(text: str) -> list[str]:
        text = text.translate(changes)
        return [w for w in space.split(text) if w] if ascii_only else text.lower().split()

    tokens = [words(text) for text in texts]
    counts = Counter(word for of_text in tokens[:training] for word in of_text)
    alphabet = sorted(counts, reverse=ties == "last") if ties != "met" else list(counts)
    order = np.argsort([-counts[word] for word in alphabet], kind="stable")[: vocabulary - 2]
    place = {alphabet[i]: j for j, i in enumerate(order.tolist(), 2)}
    found = np.zeros((len(texts), length), np.int64)
    for row, of_text in zip(found, tokens, strict=True):
        numbers = [place.get(word, 1) for word in of_text[:length]]
        row[: len(numbers)] = numbers
    return found
