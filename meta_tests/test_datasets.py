"""Data sets: what they promise, and one clear sentence for every way in which a file can be damaged."""

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from fixtures import datasets
from fixtures.datasets import DatasetError

Files = dict[str, bytes]
IMAGES, LABELS = "{}-images-idx3-ubyte", "{}-labels-idx1-ubyte"


def idx(a: np.ndarray) -> bytes:
    """The IDX format, written by its description."""
    return bytes([0, 0, 8, a.ndim]) + np.asarray(a.shape, ">i4").tobytes() + a.astype(np.uint8).tobytes()


@pytest.fixture(scope="module")
def arrays() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Files of MNIST's sizes and counts; each image holds its own number in its first pixels."""
    made = {}
    for part, counts in datasets.MNIST_COUNTS.items():
        labels = np.repeat(np.arange(10), counts)
        images = np.zeros((len(labels), 28, 28), np.uint8)
        images[:, 0, 0], images[:, 0, 1] = np.arange(len(labels)) % 251, 255
        made[part] = images, labels
    return made


@pytest.fixture(scope="module")
def files(arrays: dict[str, tuple[np.ndarray, np.ndarray]]) -> Files:
    named = {}
    for part, (images, labels) in arrays.items():
        named |= {IMAGES.format(part): idx(images), LABELS.format(part): idx(labels)}
    return named


def write(directory: Path, files: Files, zipped: bool = False) -> None:
    for name, data in files.items():
        path = directory / (f"{name}.gz" if zipped else name)
        path.write_bytes(gzip.compress(data, 1) if zipped else data)


@pytest.mark.parametrize("form", ["idx", "gzip", "npz"])
def test_mnist_is_read_in_each_form(tmp_path: Path, files: Files, arrays: dict, form: str) -> None:
    if form == "npz":
        (train, train_labels), (test, test_labels) = arrays["train"], arrays["t10k"]
        named = {"x_train": train, "y_train": train_labels, "x_test": test, "y_test": test_labels}
        np.savez_compressed(tmp_path / "mnist.npz", **named)  # type: ignore[arg-type]
    else:
        write(tmp_path, files, zipped=form == "gzip")
    data = datasets.mnist(tmp_path)
    assert data.images.shape == (60_000, 28, 28)
    assert data.test_images.shape == (10_000, 28, 28)
    assert data.labels.dtype == np.int64
    assert data.images[250, 0, 0] == 250 / 255
    assert data.images[0, 0, 1] == 1
    assert np.array_equal(data.test_labels, arrays["t10k"][1])


def truncated(data: bytes) -> bytes:
    return data[:-1]


def with_longer_header(data: bytes) -> bytes:
    return data[:4] + b"\x7f" + data[5:]


def with_other_type(data: bytes) -> bytes:
    return b"\0\0\x0d" + data[3:]


def with_one_label_changed(data: bytes) -> bytes:
    return data[:-1] + bytes([(data[-1] + 1) % 10])


@pytest.mark.parametrize(
    ("name", "damage", "sentence"),
    [
        ("train-images-idx3-ubyte", truncated, "damaged"),
        ("train-images-idx3-ubyte", with_longer_header, "damaged"),
        ("t10k-images-idx3-ubyte", with_other_type, "not an IDX file"),
        ("t10k-labels-idx1-ubyte", lambda _: b"", "not an IDX file"),
        ("t10k-labels-idx1-ubyte", with_one_label_changed, "MNIST has"),
        ("train-labels-idx1-ubyte", lambda d: idx(np.zeros(10)), "not one per image"),
        ("train-images-idx3-ubyte", lambda d: idx(np.zeros((3, 28, 28))), "MNIST has uint8 of shape"),
    ],
)
def test_a_damaged_file_is_named(
    tmp_path: Path, files: Files, name: str, damage: Callable[[bytes], bytes], sentence: str
) -> None:
    write(tmp_path, {**files, name: damage(files[name])})
    with pytest.raises(DatasetError, match=sentence) as caught:
        datasets.mnist(tmp_path)
    assert str(tmp_path) in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_a_missing_file_is_named(tmp_path: Path, files: Files) -> None:
    write(tmp_path, {n: d for n, d in files.items() if n != "t10k-labels-idx1-ubyte"})
    with pytest.raises(DatasetError, match=r"has neither mnist\.npz nor t10k-labels-idx1-ubyte"):
        datasets.mnist(tmp_path)


def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="nowhere"):
        datasets.mnist(tmp_path / "nowhere")


def test_a_damaged_gzip_is_named(tmp_path: Path, files: Files) -> None:
    write(tmp_path, files, zipped=True)
    path = tmp_path / "train-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(DatasetError, match=r"train-images-idx3-ubyte\.gz: cannot be read or is damaged"):
        datasets.mnist(tmp_path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 not a zip", b"\x80\x04K\x01."])
def test_a_damaged_npz_is_named(tmp_path: Path, content: bytes) -> None:
    """The last is a pickle, which must not be loaded."""
    (tmp_path / "mnist.npz").write_bytes(content)
    with pytest.raises(DatasetError, match=r"mnist\.npz: is damaged or not an npz file"):
        datasets.mnist(tmp_path)


def test_an_npz_without_an_array_is_named(tmp_path: Path) -> None:
    np.savez(tmp_path / "mnist.npz", x_train=np.zeros(3))
    with pytest.raises(DatasetError, match="holds no array y_train"):
        datasets.mnist(tmp_path)


def test_objects_in_an_npz_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "mnist.npz", x_train=np.array([{}], dtype=object))
    with pytest.raises(DatasetError, match="damaged"):
        datasets.mnist(tmp_path)


def test_digits_are_real_and_split_fairly() -> None:
    data = datasets.digits()
    assert (len(data.images), len(data.test_images)) == (1347, 450)
    assert data.images.min() == 0
    assert data.images.max() == 1
    for labels in (data.labels, data.test_labels):
        assert np.all(np.bincount(labels) > 0.09 * len(labels))
    assert datasets.selected() is data


def test_tables() -> None:
    for (x, y), classes in ((datasets.iris(), 3), (datasets.breast_cancer(), 2)):
        assert len(x) == len(y)
        assert set(y) == set(range(classes))
        assert np.abs(x.mean(axis=0)).max() < 1e-12
        assert np.abs(x.std(axis=0) - 1).max() < 1e-12


def test_made_data_follow_their_seed() -> None:
    first, again, other = (datasets.line(np.random.default_rng(s)) for s in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    x, y = datasets.line(np.random.default_rng(3), n=100_000)
    slope, intercept = np.polyfit(x, y, 1)
    assert abs(slope - 0.1) < 5 * 0.15 / np.sqrt(1e5 * 100 / 3)  # five standard errors
    assert abs(intercept - 0.3) < 5 * 0.15 / np.sqrt(1e5)
    points, labels = datasets.clusters(np.random.default_rng(4), classes=4)
    assert points.shape == (96, 3)
    assert set(labels) == set(range(4))


TWEETS = 'text,label\r\n"Good, ""very"" good",1\r\nbad,0\r\n\r\n"two\nlines",1\r\n'


def test_tweets_are_read(tmp_path: Path) -> None:
    path = tmp_path / "tweets.csv"
    for mark in (b"", b"\xef\xbb\xbf"):
        path.write_bytes(mark + TWEETS.encode())
        data = datasets.tweets(path)
        assert data.texts == ('Good, "very" good', "bad", "two\nlines")
        assert data.labels.tolist() == [1, 0, 1]
        assert data.ids is None


def test_ids_are_read_cut_and_filled(tmp_path: Path) -> None:
    path = tmp_path / "ids.csv"
    path.write_text(f"ids,label\n5 0 19999,1\n,0\n{' '.join(['7'] * 50)},0\n", encoding="utf-8")
    data = datasets.tweets(path)
    assert data.ids is not None
    assert data.ids.shape == (3, datasets.LENGTH)
    assert data.ids[0, :4].tolist() == [5, 0, 19_999, 0]
    assert data.ids.sum(axis=1).tolist() == [20_004, 0, 7 * datasets.LENGTH]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"text,label\n", "has 0 rows; one at least to train on"),
        (b"text,label\na,1\n", "has 1 rows; one at least to train on"),
        (b"text,label\na,1\n\xff\xfe,0\n", r"is not text in UTF-8 \(invalid start byte\)"),
        (b'text,label\na,1\n"b,0\n', r"is damaged in line 3 \(unexpected end of data\)"),
        (b'text,label\n"a"b,1\nc,0\n', r"is damaged in line 2 "),
        (b"text,label\n" + b"a" * 200_000 + b",1\nb,0\n", r"is damaged in line 2 \(field larger than field limit"),
        (b"tweet,label\na,1\nb,0\n", "has the header 'tweet,label'; it must be 'text,label' or 'ids,label'"),
        (b"a,1\nb,0\n", "has the header 'a,1'"),
        (b"text;label\na;1\nb;0\n", "has the header 'text;label'"),
        (b"text,label\na,1\nb\n", "line 3 has 1 columns; the header has 2"),
        (b"text,label\na, b,1\nc,0\n", "line 2 has 3 columns; the header has 2"),
        (b"text,label\na,1\nb,2\n", "line 3 has the label '2'; a label is 0 or 1"),
        (b"text,label\na,positive\nb,0\n", "line 2 has the label 'positive'"),
        (b"text,label\na,0.5\nb,0\n", "line 2 has the label '0.5'"),
        (b"text,label\na,\nb,0\n", "line 2 has the label ''"),
        (b"ids,label\n1 2,1\n1 20000,0\n", "line 3 has the id '20000'; an id is a whole number from 0 to 19999"),
        (b"ids,label\n1 -2,1\n1 2,0\n", "line 2 has the id '-2'"),
        (b"ids,label\n1 2,1\n1 x,0\n", "line 3 has the id 'x'"),
        ("ids,label\n1,1\n\u0661,0\n".encode(), "line 3 has the id '\u0661'"),
        (b"ids,label\n1,1\n" + b"1" * 5000 + b",0\n", "line 3 has the id '11111111111111111111'"),
    ],
)
def test_bad_tweets_are_one_sentence(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "tweets.csv"
    path.write_bytes(content)
    with pytest.raises(DatasetError, match=sentence) as caught:
        datasets.tweets(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert len(str(caught.value).splitlines()) == 1


def test_tweets_that_are_not_there(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere.csv", tmp_path):
        with pytest.raises(DatasetError, match=r"cannot be read \((No such file|Is a directory)"):
            datasets.tweets(path)


def test_texts_are_those_that_were_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets, "_tweets", None)
    assert datasets.selected_tweets() is None
    assert len(datasets.texts(np.random.default_rng(0)).texts) == 40_000
    path = tmp_path / "tweets.csv"
    path.write_text(TWEETS, encoding="utf-8")
    datasets.select_tweets(path)
    assert datasets.texts(np.random.default_rng(0)) is datasets.selected_tweets()
