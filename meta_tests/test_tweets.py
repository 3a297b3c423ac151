"""The sentiment model on a user's own texts: ``--tweets``, as a user meets it; and the model as a drawing."""

import shutil
from pathlib import Path

import pytest

from meta_tests.test_suite import Suite, pytest_for, usage_error

WORDS = ["good", "bad", "the", "a", "an", "day", "night,", "THIS", "that", "it's", "#fun"]


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    return pytest_for(tmp_path)


def text(i: int) -> str:
    return " ".join(WORDS[(i * 7 + j * j) % len(WORDS)] for j in range(i % 60))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("text,label\ngood,1\nbad,-1\n", "line 3 has the label '-1'; a label is 0 or 1."),
        ("ids,label\n3 4,1\n20000,0\n", "line 3 has the id '20000'; an id is a whole number from 0 to 19999."),
    ],
)
def test_bad_tweets_end_the_run_before_it_begins(suite: Suite, tmp_path: Path, content: str, sentence: str) -> None:
    path = tmp_path / "tweets.csv"
    path.write_text(content, encoding="utf-8")
    usage_error(suite(f"--tweets={path}"), f"{path}: {sentence}")


def test_the_model_trains_on_tweets(suite: Suite, tmp_path: Path) -> None:
    """On a worker of its own, which must be told of the file."""
    pytest.importorskip("torch")
    path = tmp_path / "tweets.csv"
    rows = "".join(f'"{text(i)}",{i % 2}\n' for i in range(90))
    path.write_text(f"text,label\n{rows}", encoding="utf-8")
    chosen = "(sentiment_tokens or sentiment_classifier-) and not gpu"
    done = suite(
        "--tweets", str(path), "-n", "1", "--frameworks", "torch", "--dtypes", "float32", "-k", chosen, "conformance"
    )
    assert done.code == 0, done.out + done.err
    found = {(o.case, o.sample): o.outcome for o in done.run.observations}
    assert found["sentiment_tokens", "tweets"] == "passed"
    assert found["sentiment_classifier", "tweets"] == "passed"
    assert not any(sample == "corpus" for _, sample in found)


def test_the_model_can_be_drawn(tmp_path: Path) -> None:
    """keras.utils.plot_model, where there is what it needs."""
    pytest.importorskip("pydot")
    if shutil.which("dot") is None:
        pytest.skip("graphviz is not installed")
    keras = pytest.importorskip("tensorflow").keras
    layers = keras.layers
    model = keras.Sequential(
        [layers.Input((42,)), layers.Embedding(20_000, 16), layers.GlobalAveragePooling1D(), layers.Dense(1, "sigmoid")]
    )
    keras.utils.plot_model(model, tmp_path / "model.png", show_shapes=True)
    assert (tmp_path / "model.png").read_bytes().startswith(b"\x89PNG")
