"""Environments of an upgrade: pins, what is the same on both sides, building, and everything that can be missing."""

import json
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.requirements import Requirement

from reports import environments
from reports.environments import (
    WHOLE,
    Interpreter,
    Lock,
    Package,
    Wanted,
    build,
    locked,
    look,
    overlay,
    requirements,
    resolve,
    settle,
)
from reports.errors import Invalid, Undecided

HERE = Interpreter(sys.executable, "3.11.0", {}, ())


def quiet(said: str) -> None:
    pass


# Pins


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("keras==3.12.4", ["keras==3.12.4"]),
        ("tensorflow-cpu==2.18.1 numpy==1.26.4", ["tensorflow-cpu==2.18.1", "numpy==1.26.4"]),
        ("keras >= 3.12, <3.13  numpy", ["keras<3.13,>=3.12", "numpy"]),
        ("x@https://example.org/x.whl keras", ["x @ https://example.org/x.whl", "keras"]),
    ],
)
def test_pins_stand_between_spaces(text: str, found: list[str]) -> None:
    assert list(map(str, requirements(text, "--from"))) == found


def test_pins_of_a_requirements_file(tmp_path: Path) -> None:
    (tmp_path / "old.txt").write_text(
        "# old\nkeras==3.12.4  # why\n\nnumpy==1.26.4 \\\n    --hash=sha256:00 --hash=sha256:11\n-r more.txt\n"
    )
    (tmp_path / "more.txt").write_text("torch==2.13.0\n")
    found = requirements(f"scipy @{tmp_path / 'old.txt'}", "--from")
    assert list(map(str, found)) == ["scipy", "keras==3.12.4", "numpy==1.26.4", "torch==2.13.0"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("keras=3", "--from keras=3: is not a requirement"),
        ("  ", "--from: names no requirement, such as keras==3.15.1"),
        ("@nowhere.txt", "--from @nowhere.txt: cannot be read (No such file or directory)"),
        ("@{tmp}/bad.txt", "bad.txt:2: is not a requirement"),
        ("@{tmp}/index.txt", "index.txt:1: --index-url is not understood"),
        ("@{tmp}/bytes.txt", "cannot be read"),
    ],
)
def test_bad_pins_are_named(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "bad.txt").write_text("keras\nkeras = = 3\n")
    (tmp_path / "index.txt").write_text("--index-url https://example.org\n")
    (tmp_path / "bytes.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(Invalid) as caught:
        requirements(text.format(tmp=tmp_path), "--from")
    assert sentence in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


# One version for both sides


def lock(**packages: Any) -> Lock:
    """name="1.0", or name=("1.0", "other>=1")."""
    found = {}
    for name, given_ in packages.items():
        version, *requires = given_ if isinstance(given_, tuple) else (given_,)
        found[name] = Package(name, version, tuple(requires))
    return found


def versions(found: Lock) -> dict[str, str]:
    return {name: p.version for name, p in found.items()}


def both(base: Lock, before: tuple[str, Lock], after: tuple[str, Lock], *roots: str) -> list[dict[str, str]]:
    sides = [Wanted(n, (Requirement(p),), f) for n, (p, f) in zip(("--from", "--to"), (before, after), strict=True)]
    needed = tuple(map(Requirement, roots))
    return [versions(found) for found in settle(base, sides, [needed, needed])]


def test_what_is_not_pinned_is_as_installed_here() -> None:
    base = lock(keras=("3.15", "numpy"), numpy="2.4", tf=("2.21", "keras>=3.12"), unrelated="1")
    found = lock(keras=("3.12", "numpy"), numpy="2.5", tf=("2.22", "keras"))
    newer = lock(keras=("3.15", "numpy"), numpy="2.5", tf=("2.22", "keras"))
    before, after = both(base, ("keras==3.12", found), ("keras==3.15", newer), "tf")
    assert before == {"keras": "3.12", "numpy": "2.4", "tf": "2.21"}
    assert after == {"keras": "3.15", "numpy": "2.4", "tf": "2.21"}


def test_what_one_side_refuses_is_taken_the_same_where_both_accept_it() -> None:
    """TensorFlow 2.18 wants NumPy below 2.1, and 2.21 takes it as well: only TensorFlow differs."""
    base = lock(tf=("2.21", "numpy>=1.26"), numpy="2.4", scipy=("1.17", "numpy>=1.26"))
    old = lock(tf=("2.18", "numpy<2.1"), numpy="2.0", scipy=("1.17", "numpy"))
    new = lock(tf=("2.21", "numpy>=1.26"), numpy="2.5", scipy=("1.17", "numpy"))
    before, after = both(base, ("tf==2.18", old), ("tf==2.21", new), "scipy")
    assert before == {"tf": "2.18", "numpy": "2.0", "scipy": "1.17"}
    assert after == {"tf": "2.21", "numpy": "2.0", "scipy": "1.17"}


def test_what_no_version_suits_differs() -> None:
    base = lock(tf=("2.21", "protobuf>=6"), protobuf="7")
    old, new = lock(tf=("2.18", "protobuf<6"), protobuf="5"), lock(tf=("2.21", "protobuf>=6"), protobuf="7")
    before, after = both(base, ("tf==2.18", old), ("tf==2.21", new))
    assert (before, after) == ({"tf": "2.18", "protobuf": "5"}, {"tf": "2.21", "protobuf": "7"})


def test_what_cannot_go_with_a_pin_gives_way() -> None:
    """The TensorFlow installed here needs a newer Keras than the one that is pinned."""
    base = lock(tf=("2.21", "keras>=3.12"), keras="3.15")
    old, new = lock(tf=("2.17", "keras>=3"), keras="3.3"), lock(tf=("2.21", "keras>=3.12"), keras="3.15")
    before, after = both(base, ("keras==3.3", old), ("keras==3.15", new), "tf")
    assert before == {"tf": "2.17", "keras": "3.3"}
    assert after == {"tf": "2.17", "keras": "3.15"}  # both accept it


def test_what_only_one_side_pins_is_as_here_on_the_other() -> None:
    base, old = lock(numpy="2.4", scipy=("1", "numpy")), lock(numpy="1.26", scipy=("1", "numpy"))
    before, after = both(base, ("numpy==1.26", old), ("scipy", lock(numpy="2.5", scipy=("1", "numpy"))), "scipy")
    assert (before["numpy"], after["numpy"]) == ("1.26", "2.4")


def test_extras_and_markers() -> None:
    base = lock(a=("1", 'b; extra == "more"', 'c; python_version < "3"'), b="1", c="1")
    assert both(base, ("a[more]", base), ("a", base)) == [{"a": "1", "b": "1"}, {"a": "1"}]


names = st.sampled_from(["p", "q", "r", "s"])


@st.composite
def universes(draw: st.DrawFn) -> tuple[Lock, list[Lock]]:
    """Three whole sets of versions: what is installed, and what pip found for each side."""
    locks = []
    for _ in range(3):
        chosen = {name: draw(st.integers(1, 3)) for name in ("p", "q", "r", "s")}
        requires = {
            name: tuple(
                f"{other}{draw(st.sampled_from(('>=', '<=', '==')))}{chosen[other]}"
                for other in ("p", "q", "r", "s")
                if other > name and draw(st.booleans())
            )
            for name in chosen
        }
        locks.append({name: Package(name, str(v), requires[name]) for name, v in chosen.items()})
    # A version has one metadata, wherever it was found.
    known: dict[tuple[str, str], Package] = {}
    whole = [{n: known.setdefault((n, p.version), p) for n, p in found.items()} for found in locks]
    return whole[0], whole[1:]


def suits(found: Lock) -> bool:
    return all(
        r.name in found and r.specifier.contains(found[r.name].version)
        for p in found.values()
        for r in map(Requirement, p.requires)
    )


@given(universes())
@settings(max_examples=150, deadline=None, derandomize=True)
def test_any_settlement_is_whole_and_holds_the_pins(universe: tuple[Lock, list[Lock]]) -> None:
    base, found = universe
    if not all(map(suits, found)):
        return  # pip's answers are
    sides = [Wanted(n, (Requirement(f"p=={f['p'].version}"),), f) for n, f in zip("ab", found, strict=True)]
    settled = settle(base, sides, [(Requirement("q"),)] * 2)
    for side, chosen in zip(sides, settled, strict=True):
        assert suits(chosen)
        assert chosen["p"].version == side.found["p"].version
        assert "q" in chosen


# Interpreters


def test_an_interpreter_and_its_packages() -> None:
    found = look(Path(sys.executable), "--from-python")
    assert "pytest" in found.packages
    assert found.markers["python_version"] == f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert look(Path(sys.prefix), "--from-python").packages.keys() == found.packages.keys()


def script(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("made", "sentence"),
    [
        (None, "there is no such interpreter"),
        ("echo hello", "does not run as a Python interpreter"),
        ("exit 3", "does not run as a Python interpreter"),
        (
            """echo '{"path": "", "version": "3.9.2", "packages": [], "paths": [], "markers": {}}'""",
            "is Python 3.9.2, and the suite needs >=3.11",
        ),
    ],
)
def test_a_bad_interpreter_is_named(tmp_path: Path, made: str | None, sentence: str) -> None:
    path = tmp_path / "python"
    if made is not None:
        script(path, made)
    with pytest.raises(Invalid) as caught:
        look(path, "--from-python")
    assert str(caught.value) == f"--from-python {path}: {sentence}"


def test_a_file_that_does_not_run_is_no_interpreter(tmp_path: Path) -> None:
    (tmp_path / "python").write_text("")
    with pytest.raises(Invalid, match="does not run as a Python interpreter"):
        look(tmp_path / "python", "--to-python")


def test_an_environment_that_has_all_is_used_as_it_is(tmp_path: Path) -> None:
    here = look(Path(sys.executable), "--from-python")
    assert overlay(here, "--from", tmp_path, quiet) == Path(here.path)
    assert list(tmp_path.iterdir()) == []


def test_what_the_suite_needs_goes_beside_an_existing_environment(fake_pip: Any, tmp_path: Path) -> None:
    cache, theirs = fake_pip(""), tmp_path / "theirs" / "site-packages"
    theirs.mkdir(parents=True)
    (theirs / "tiny.py").write_text("answer = 42\n")
    packages = lock(numpy="1.26.4", pytest="7.0")
    existing = Interpreter(sys.executable, "3.11.0", packages, (str(theirs),))
    python = overlay(existing, "--from", cache, quiet)
    assert python != Path(sys.executable)
    shown = subprocess.run([python, "-c", "import tiny; print(tiny.answer)"], capture_output=True, text=True)
    assert shown.stdout == "42\n"
    asked = (tmp_path / "asked").read_text()
    assert "pytest>=9" in asked  # theirs is too old, and stays
    assert "numpy" not in asked
    assert (python.parents[1] / "constraints.txt").read_text() == "numpy==1.26.4\n"
    assert [p.name for p in theirs.iterdir() if p.suffix == ".py"] == ["tiny.py"]
    assert overlay(existing, "--from", cache, quiet) == python
    assert len((tmp_path / "asked").read_text().splitlines()) == 1


# pip, replaced

PIP = """
import json, pathlib, sys
arguments = sys.argv[1:]
print("Collecting keras")
if {lines!r}:
    print({lines!r})
    sys.exit(1)
if "--report" in arguments:
    report = {{"environment": {{}}, "install": [{{"metadata": {{"name": "Keras", "version": "3.12.4"}}}}]}}
    pathlib.Path(arguments[arguments.index("--report") + 1]).write_text(json.dumps(report))
pathlib.Path({log!r}).open("a").write(" ".join(arguments) + "\\n")
"""

FakePip = Callable[[str], Path]


@pytest.fixture
def fake_pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakePip:
    """``fake_pip(lines)``: pip is a program that prints lines and fails; or, without lines, notes what it was asked."""
    cache = tmp_path / "cache"
    cache.mkdir()

    def make(lines: str = "") -> Path:
        (tmp_path / "pip.py").write_text(PIP.format(lines=lines, log=str(tmp_path / "asked")))
        monkeypatch.setattr(environments, "_pip", lambda *_: [sys.executable, str(tmp_path / "pip.py")])
        return cache

    return make


KERAS = Wanted("--from", (Requirement("keras==3.12.4"),))


def test_what_pip_finds_is_kept_for_exact_pins(fake_pip: FakePip, tmp_path: Path) -> None:
    cache = fake_pip("")
    for _ in range(2):
        assert versions(resolve(HERE, KERAS, (), cache, quiet).found) == {"keras": "3.12.4"}
    assert len((tmp_path / "asked").read_text().splitlines()) == 1
    later = Wanted("--from", (Requirement("keras>=3"),))
    for _ in range(2):
        resolve(HERE, later, (), cache, quiet)
    assert len((tmp_path / "asked").read_text().splitlines()) == 3


@pytest.mark.parametrize(
    ("lines", "cause"),
    [
        (
            "ERROR: Could not find a version that satisfies the requirement keras==99\n"
            "ERROR: No matching distribution found for keras==99",
            "there is no distribution of keras==99 for this Python and platform",
        ),
        (
            "ERROR: Could not find a version that satisfies the requirement keras==3.12.4 (from versions: none)\n"
            "ERROR: No matching distribution found for keras==3.12.4",
            "the package index has nothing of that name, or it cannot be reached",
        ),
        ("ERROR: ResolutionImpossible: for help visit ...", "no versions suit all of these requirements"),
        (
            "WARNING: Retrying after connection broken by 'NewConnectionError(Failed to establish a new connection)'\n"
            "ERROR: No matching distribution found for keras==3.12.4",
            "the package index cannot be reached",
        ),
        (
            "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
            "there is no space left on the device; free some, or give --cache DIR",
        ),
        ("something else", "ended with status 1"),
    ],
)
def test_what_pip_cannot_do_is_one_sentence_with_its_last_lines(fake_pip: FakePip, lines: str, cause: str) -> None:
    cache = fake_pip(lines)
    with pytest.raises(Undecided) as caught:
        resolve(HERE, KERAS, (), cache, quiet)
    first, *quoted = str(caught.value).splitlines()
    assert first.startswith("--from: the environment could not be built: ")
    assert first.endswith(cause)
    assert [line.removeprefix("  | ") for line in quoted] == ["Collecting keras", *lines.splitlines()]
    assert [p for p in cache.rglob("*") if p.is_file()] == []


def test_an_environment_is_built_once_and_kept_by_its_pins(fake_pip: FakePip, tmp_path: Path) -> None:
    cache, said = fake_pip(""), list[str]()
    found = lock(keras="3.12.4")
    first = build(HERE, found, "--from", cache, said.append)
    assert build(HERE, found, "--from", cache, said.append) == first
    assert said[-1] == "environment taken from the cache"
    assert len((tmp_path / "asked").read_text().splitlines()) == 1
    assert build(HERE, lock(keras="3.15.1"), "--to", cache, quiet) != first
    assert (first.parents[1] / "lock.txt").read_text() == "keras==3.12.4\n"


def test_a_half_built_environment_is_built_again(fake_pip: FakePip, tmp_path: Path) -> None:
    cache = fake_pip("")
    place = build(HERE, lock(keras="3.12.4"), "--from", cache, quiet).parents[1]
    (place / WHOLE).unlink()
    (place / "half").touch()
    build(HERE, lock(keras="3.12.4"), "--from", cache, quiet)
    assert (place / WHOLE).exists()
    assert not (place / "half").exists()
    assert len((tmp_path / "asked").read_text().splitlines()) == 2


def test_an_environment_that_fails_to_build_leaves_nothing(fake_pip: FakePip) -> None:
    cache = fake_pip("ERROR: No space left on device")
    with pytest.raises(Undecided, match="no space left"):
        build(HERE, lock(keras="3.12.4"), "--from", cache, quiet)
    assert [p.suffix for p in cache.iterdir()] == [".lock"]


def test_ctrl_c_while_building_leaves_nothing(fake_pip: FakePip, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = fake_pip("")

    def interrupted(said: str) -> None:
        if said.startswith("collecting"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(HERE, lock(keras="3.12.4"), "--from", cache, interrupted)
    assert [p.suffix for p in cache.iterdir()] == [".lock"]


def test_a_second_builder_waits(fake_pip: FakePip) -> None:
    cache, waiting, said = fake_pip(""), threading.Event(), list[str]()
    place = build(HERE, lock(keras="3.12.4"), "--from", cache, quiet).parents[1]

    def say(text: str) -> None:
        said.append(text)
        waiting.set()

    with locked(place, quiet):
        second = threading.Thread(target=build, args=(HERE, lock(keras="3.12.4"), "--from", cache, say))
        second.start()
        assert waiting.wait(20)
        assert said == ["waiting for another process that builds the same environment"]
    second.join(20)
    assert said[-1] == "environment taken from the cache"


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Invalid, match=r"--cache .*file.*: cannot be written"), locked(tmp_path / "file" / "x", quiet):
        pass


def test_a_real_environment_of_a_local_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """venv and pip as they are, without an index."""
    pytest.importorskip("pip")
    monkeypatch.setattr(environments, "_pip", lambda *_: [sys.executable, "-m", "pip", "--isolated", "--no-cache-dir"])
    wheel = tmp_path / "tiny-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("tiny.py", "answer = 42\n")
        archive.writestr("tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
        archive.writestr("tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("tiny-1.0.dist-info/RECORD", "")
    url = wheel.as_uri()
    python = build(HERE, lock(tiny="1.0"), "--from", tmp_path / "cache", quiet, {"tiny": url})
    found = look(python, "--from-python")
    assert versions(found.packages) == {"tiny": "1.0"}
    assert json.loads((python.parents[1] / WHOLE).read_text())["packages"] == [f"tiny @ {url}"]
