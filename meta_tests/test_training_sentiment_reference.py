"""The references of the sentiment model, against differences, loops over every place, and results found by hand."""

import math
from collections import Counter
from typing import Any

import numpy as np
import pytest

from conformance.case import Case, Sample
from conformance.catalogue.training_sentiment import CASES
from conformance.reference import optimizers, optimizers_sparse
from conformance.reference import training_sentiment as ref
from fixtures import datasets
from fixtures.corpus import MOODS, corpus, spellings
from meta_tests.training import drawn, exact, gradients_agree_with_differences, scores_tell_right_from_wrong

Array = np.ndarray
NAMED = {case.name: case for case in CASES}
RUNS = [c for c in CASES if "ids" in c.arguments]
SMALL = [pytest.param(c, s, id=f"{c.name}-{s.name}") for c in RUNS for s in c.samples if s.name != "corpus"]
RULE = ("learning_rate", "beta_1", "beta_2", "epsilon")


@pytest.mark.parametrize(("case", "sample"), SMALL)
def test_gradients_agree_with_differences(case: Case, sample: Sample) -> None:
    gradients_agree_with_differences(case, sample, ("ids", "labels"), epochs=1, batch=10**6)


@pytest.mark.parametrize(("case", "sample"), SMALL)
def test_a_correct_run_scores_low_and_a_wrong_one_high(case: Case, sample: Sample) -> None:
    for dtype in sample.dtypes:
        scores_tell_right_from_wrong(case, sample, dtype)


def a_run(name: str, sample: str) -> tuple[dict[str, Array], dict[str, Array], dict[str, Any]]:
    """Inputs, outputs and options."""
    case = NAMED[name]
    found = next(s for s in case.samples if s.name == sample)
    arrays = drawn(case, found)
    return arrays, exact(case, arrays, **found.options), dict(found.options)


def batches(options: dict[str, Any], n: int) -> list[slice]:
    first = ref.kept(n, options["validation_split"])
    parts = [slice(i, min(i + options["batch"], first)) for i in range(0, first, options["batch"])]
    return parts * options["epochs"]


def one_by_one(
    ids: Array, labels: Array, table: Array, kernel: Array, bias: Array, *, masked: bool
) -> tuple[float, list[tuple[int, Array]]]:
    """The mean loss of some texts, and what each place in them adds to the gradient of its word: loops."""
    losses, places = [], []
    for text, label in zip(ids, labels, strict=True):
        words = [int(i) for i in text if i or not masked]
        z = float(sum(table[i] for i in words) / len(words) @ kernel[:, 0] + bias[0])
        p = 1 / (1 + math.exp(-z))
        losses.append(-math.log(p if label else 1 - p))
        places += [(i, (p - label) / len(ids) * kernel[:, 0] / len(words)) for i in words]
    return float(np.mean(losses)), places


@pytest.mark.parametrize(
    ("name", "sample", "masked"),
    [
        ("sentiment_classifier", "five-epochs", False),
        ("sentiment_squares_apart", "masked", True),
        ("sentiment_lazy_adam", "one-class", False),
    ],
)
def test_each_step_is_that_of_loops_over_every_place(name: str, sample: str, masked: bool) -> None:
    arrays, run, options = a_run(name, sample)
    ids, labels, *first = arrays.values()
    rows = [np.concatenate([w[None], run[key]]) for w, key in zip(first, ("table", "kernel", "bias"), strict=True)]
    m, v, b1, b2 = np.zeros_like(first[0]), np.zeros_like(first[0]), options["beta_1"], options["beta_2"]
    for t, part in enumerate(batches(options, len(ids))):
        loss, places = one_by_one(ids[part], labels[part], *(w[t] for w in rows), masked=masked)
        assert abs(loss - run["loss"][t]) < 1e-14
        gradient, squares = np.zeros_like(m), np.zeros_like(m)
        for i, g in places:
            gradient[i] += g
            squares[i] += g * g
        assert np.max(np.abs(gradient - run["gradient_table"][t])) < 1e-15
        if "squares_apart" not in name:
            squares = gradient**2
        there = sorted({i for i, _ in places}) if "lazy" in name else slice(None)
        m[there] = b1 * m[there] + (1 - b1) * gradient[there]
        v[there] = b2 * v[there] + (1 - b2) * squares[there]
        ahead = m / (1 - b1 ** (t + 1)) / (np.sqrt(v / (1 - b2 ** (t + 1))) + options["epsilon"])
        after = rows[0][t].copy()
        after[there] -= options["learning_rate"] * ahead[there]
        # A gradient that nearly cancels has few digits in common with another sum of the same numbers.
        assert np.max(np.abs(after - rows[0][t + 1])) < 1e-9
        for row, key in zip(rows[1:], ("kernel", "bias"), strict=True):
            assert np.max(np.abs(row[t + 1] - row[t])) < 3 * options["learning_rate"], key


def test_the_weights_take_the_steps_of_adam() -> None:
    arrays, run, options = a_run("sentiment_classifier", "five-epochs")
    for weight in ("table", "kernel", "bias"):
        w, state = arrays[weight], dict[str, Any]()
        for t, gradient in enumerate(run[f"gradient_{weight}"], 1):
            w = optimizers.adam(w, gradient, state, t, lambda a: a, **{k: options[k] for k in RULE})
            assert np.array_equal(run[weight][t - 1], w)


def test_the_lazy_rule_is_that_of_the_sparse_optimizers() -> None:
    arrays, run, options = a_run("sentiment_lazy_adam", "five-epochs")
    words = [np.unique(arrays["ids"][part]) for part in batches(options, len(arrays["ids"]))]
    values = [g[i] for g, i in zip(run["gradient_table"], words, strict=True)]
    rule = {k: options[k] for k in RULE}
    most = max(map(len, words))  # rows of the same length: the first word again, with a gradient of 0
    rows = np.stack([np.append(i, np.full(most - len(i), i[0])) for i in words])
    padded = np.stack([np.concatenate([g, np.zeros((most - len(g), g.shape[1]))]) for g in values])
    path = optimizers_sparse.sparse(optimizers.adam, lazy=True)(
        arrays["table"], rows, padded, nudge=lambda a: a, **rule
    )
    assert np.array_equal(path["table"], run["table"])


def test_where_no_word_is_twice_and_none_is_missing_the_three_rules_are_one() -> None:
    arrays, dense, options = a_run("sentiment_classifier_as_written", "each-word-once")
    for rule in (ref.sentiment_squares_apart, ref.sentiment_lazy):
        run = rule(*arrays.values(), nudge=lambda a: a, **options)
        assert np.max(np.abs(run["table"] - dense["table"])) < 1e-12
    arrays, dense, options = a_run("sentiment_classifier", "five-epochs")
    for rule in (ref.sentiment_squares_apart, ref.sentiment_lazy):
        run = rule(*arrays.values(), nudge=lambda a: a, **options)
        assert np.max(np.abs(run["table"] - dense["table"])) > 1e-3


def test_the_means_are_over_rows_and_not_over_batches() -> None:
    arrays, run, options = a_run("sentiment_classifier", "five-epochs")
    sizes = [p.stop - p.start for p in batches(options, 333)]
    assert sizes[:9] == [32] * 8 + [10]
    expected = np.average(run["loss"][:9], weights=sizes[:9])
    assert abs(run["epoch_loss"][0] - expected) < 1e-15
    ids, labels = arrays["ids"], arrays["labels"]
    for epoch in range(5):
        now = (run[key][9 * epoch + 8] for key in ("table", "kernel", "bias"))
        assert abs(one_by_one(ids[266:], labels[266:], *now, masked=False)[0] - run["test_loss"][epoch]) < 1e-14


def test_the_corpus_is_learned() -> None:
    arrays, run, _ = a_run("sentiment_classifier", "corpus")
    assert arrays["ids"].shape == (40_000, datasets.LENGTH)
    assert arrays["ids"].max() == datasets.VOCABULARY - 1
    assert run["loss"].shape == (201,)
    assert run["_test_accuracy"][0] > 0.75
    assert run["test_loss"][0] < 0.55 < 0.69 < run["loss"][0]


def test_the_corpus_is_one_of_short_texts() -> None:
    (texts, moods), again = (corpus(np.random.default_rng(1)) for _ in range(2))
    assert texts == again[0]
    assert np.array_equal(moods, again[1])
    assert corpus(np.random.default_rng(2), n=10)[0] != corpus(np.random.default_rng(3), n=10)[0]
    assert len(texts) == len(moods) == 40_000
    assert abs(moods.mean() - 0.5) < 0.02
    counts = Counter(w for t in texts for w in t.lower().replace("#", "").replace("'", "").split()).most_common(2)
    assert counts[0][1] > 1.5 * counts[1][1]  # Zipf: twice as frequent
    words = spellings(np.random.default_rng(4), 30_000)
    assert len(set(words)) == 30_000
    text, mood = corpus(np.random.default_rng(5), n=2000, words=50)
    of = {w: i % MOODS for i, w in enumerate(spellings(_after(5, 2000, 50), 50))}
    sums = [sum((of.get(w, 0) == 5) - (of.get(w, 0) == 6) for w in t.split()) for t in text]
    assert np.mean((np.array(sums) > 0) == (mood > 0)) > 0.75


def _after(seed: int, n: int, words: int) -> np.random.Generator:
    """The generator as the corpus has it when it spells its words."""
    rng = np.random.default_rng(seed)
    rng.integers(0, 2, n)
    lengths = 1 + rng.gamma(3.0, 5.0, n).astype(np.int64)
    rng.random(lengths.sum())
    rng.random(lengths.sum())
    return rng


TIED = ["b a c", "c a b", "x", "y z", "a b c x"]


@pytest.mark.parametrize(("ties", "kept"), [("last", "cb"), ("first", "ab"), ("met", "ba")])
def test_ties_are_broken_as_they_say(ties: str, kept: str) -> None:
    ids = ref.ids_of(TIED, 4, 4, 4, ties=ties)
    place = {kept[0]: 2, kept[1]: 3}
    expected = [[place.get(w, 1) for w in t.split()] + [0] * (4 - len(t.split())) for t in TIED]
    assert ids.tolist() == expected


def test_words_are_what_is_left_without_punctuation() -> None:
    texts = ["Don't, DON'T!", "\u00c9t\u00e9\u00a0x", "\u00e9t\u00e9", "a_b a-b", "  ", "a\vb\fc"]
    ascii_only = ref.ids_of(texts, 6, 100, 3)
    assert ascii_only[0, 0] == ascii_only[0, 1] != 0
    assert ascii_only[1].tolist()[1:] == [0, 0]  # the no-break space is no space
    assert ascii_only[1, 0] != ascii_only[2, 0]
    assert ascii_only[3, 0] == ascii_only[3, 1]
    assert ascii_only[4].tolist() == [0, 0, 0]
    assert (ascii_only[5] > 0).all()
    of_unicode = ref.ids_of(texts, 6, 100, 3, ascii_only=False)
    assert of_unicode[1, 0] == of_unicode[2, 0]
    assert of_unicode[1, 1] > 0


def test_numbers_follow_frequencies() -> None:
    texts, _ = corpus(np.random.default_rng(6), n=3000)
    ids = ref.ids_of(texts, 2400, 1000, 10**3)
    counts = np.bincount(ids[:2400].ravel(), minlength=1000)
    assert ids.max() == 999
    assert np.all(np.diff(counts[2:]) <= 0)
    assert counts[1] > 0  # words that are not in the vocabulary
    shorter = ref.ids_of(texts, 2400, 1000, 7)
    assert np.array_equal(shorter, ids[:, :7])


def test_the_rows_that_are_held_out() -> None:
    assert [ref.kept(*a) for a in ((57, 0.2), (100, 0.9), (10, 0.9), (40_000, 0.2), (5, 0.25))] == [
        45,
        10,
        1,
        32_000,
        3,
    ]
    rows = ref.held_out_rows(np.arange(7), nudge=lambda a: a, validation_split=0.3, batch=3, epochs=2)
    assert rows["trained_on"].tolist() == [[0, 1, 2, 3]] * 2
    assert rows["validated"].tolist() == [[4, 5, 6]] * 2
    assert rows["sizes"].tolist() == [3, 1, 3, 1]


def test_parameters_are_counted() -> None:
    found = ref.parameters(np.array([20_000, 16]), nudge=lambda a: a)
    assert found["of_layers"].tolist() == [320_000, 0, 17]
    assert found["total"] == 320_017
    arrays = drawn(NAMED["sentiment_classifier"], NAMED["sentiment_classifier"].samples[1])
    of_run = ref.parameters(np.array(arrays["table"].shape), nudge=lambda a: a)
    assert of_run["total"] == sum(arrays[w].size for w in ("table", "kernel", "bias"))


def test_training_sentiment_module_is_covered() -> None:
    known = (ref.sentiment, ref.sentiment_squares_apart, ref.sentiment_lazy)
    known += (ref.token_ids, ref.held_out_rows, ref.parameters)  # type: ignore[assignment]
    assert {c.reference for c in CASES} == set(known)
