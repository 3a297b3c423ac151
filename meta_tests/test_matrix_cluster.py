"""A matrix on a real Ray cluster of several nodes, one of which is killed. Needs ray: ``tox -e cluster``."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reports.fingerprint import SUITE
from reports.record import Run, read
from reports.verdict import verdict

pytest.importorskip("ray")
ROOT = Path(__file__).parents[1]
MATRIX = """
shards = 2
pytest = ["--frameworks=torch", "--dtypes=float32", "--modes=eager", "-k", "(elu or sigmoid or tanh) and value"]

[[environment]]
name = "here"
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A head that runs no cell, and two nodes that run one at a time."""
    made = next(filter(None, (_started() for _ in range(3))), None)
    assert made is not None, "Ray's processes did not start"
    yield made
    made.shutdown()


def _started() -> Any:
    """A cluster; None if its processes did not start in the half minute that Ray gives them."""
    from ray.cluster_utils import Cluster

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    head = {"num_cpus": 0, "ray_client_server_port": port, "include_dashboard": False}
    made = Cluster()
    try:
        made.add_node(**head)
        made.on = f"ray://127.0.0.1:{port}"
        made.working = [made.add_node(num_cpus=1) for _ in range(2)]
        made.wait_for_nodes()
    except Exception as error:  # Ray raises no other
        print(error)
        made.shutdown()
        return None
    return made


def surroundings() -> dict[str, str]:
    own = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    return {**own, SUITE: "of these tests"}  # whatever is committed in the meantime


def start(cluster: Any, directory: Path, matrix: str = MATRIX, *more: str) -> subprocess.Popen[str]:
    directory.mkdir()
    (directory / "matrix.toml").write_text(matrix, encoding="utf-8")
    command = [sys.executable, "-m", "reports", "matrix", str(directory / "matrix.toml"), "--on", cluster.on]
    return subprocess.Popen(
        [*command, "--output", str(directory / "out"), *more], cwd=ROOT, env=surroundings(), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def heard(directory: Path, process: subprocess.Popen[str]) -> None:
    """Wait until something that a node observed is with the driver, while the node is still at it."""
    while process.poll() is None:
        for record in directory.glob("out/.cells/*/*/*/*/record.jsonl"):
            if b'"observation"' in record.read_bytes():
                return
        time.sleep(0.1)
    raise AssertionError(process.communicate())


def observed(run: Run) -> list[Any]:
    """What does not depend on the machine and the clock."""
    return sorted((o.key, o.outcome, o.score, o.ulps, o.norm, o.reason) for o in run.observations)


@pytest.fixture(scope="module")
def undisturbed(cluster: Any, tmp_path_factory: pytest.TempPathFactory) -> Run:
    directory = tmp_path_factory.mktemp("cluster") / "undisturbed"
    process = start(cluster, directory)
    out, err = process.communicate(timeout=500)
    assert process.returncode == 0, out + err
    assert "conformant" in out
    return read(directory / "out" / "here-cpu")


def test_a_driver_that_is_killed_loses_nothing(cluster: Any, undisturbed: Run, tmp_path: Path) -> None:
    """And a second start runs what is left."""
    process = start(cluster, tmp_path / "killed")
    heard(tmp_path / "killed", process)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    partial = [read(p.parent) for p in (tmp_path / "killed").glob("out/.cells/*/*/*/*/record.jsonl")]
    assert any(run.observations for run in partial)
    (tmp_path / "killed" / "matrix.toml").rename(tmp_path / "matrix.toml")
    command = [sys.executable, "-m", "reports", "matrix", str(tmp_path / "matrix.toml"), "--on", cluster.on]
    done = subprocess.run(
        [*command, "--output", str(tmp_path / "killed" / "out")],
        cwd=ROOT,
        env=surroundings(),
        text=True,
        capture_output=True,
        timeout=500,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert observed(read(tmp_path / "killed" / "out" / "here-cpu")) == observed(undisturbed)


def test_pins_that_cannot_be_installed_are_no_answer(cluster: Any, tmp_path: Path) -> None:
    process = start(cluster, tmp_path / "pins", MATRIX + 'pins = ["six==99.0"]\n')
    out, _ = process.communicate(timeout=500)
    assert process.returncode == 3
    assert "No matching distribution found for six==99.0" in out
    assert "Traceback" not in out


def test_what_no_node_has_is_no_answer(cluster: Any, tmp_path: Path) -> None:
    process = start(cluster, tmp_path / "gpu", MATRIX + '[[device]]\nname = "gpu"\ngpus = 1\n', "--wait", "1")
    out, _ = process.communicate(timeout=200)
    assert process.returncode == 3
    assert "no node of the cluster has what it needs (1 CPU, 1 GPU)" in out


def test_a_node_that_is_killed_loses_nothing(cluster: Any, undisturbed: Run, tmp_path: Path) -> None:
    """Last: one node is left."""
    process = start(cluster, tmp_path / "node")
    heard(tmp_path / "node", process)
    cluster.remove_node(cluster.working.pop(), allow_graceful=False)
    out, err = process.communicate(timeout=500)
    assert process.returncode == 0, out + err
    run = read(tmp_path / "node" / "out" / "here-cpu")
    assert observed(run) == observed(undisturbed)
    assert verdict(run).sentence == verdict(undisturbed).sentence
    with contextlib.suppress(FileNotFoundError):
        assert json.loads(
            (tmp_path / "node" / "out" / ".cells" / "here" / "cpu" / "1-of-2" / "request.json").read_text()
        )
