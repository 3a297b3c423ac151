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
