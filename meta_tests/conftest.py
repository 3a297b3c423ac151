"""A small record that holds one of everything, for the tests of records and of the page."""

import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from meta_tests import fault_table
from meta_tests.browser import browser, opened, pages, visit  # noqa: F401
from meta_tests.fault_table import pytest_terminal_summary  # noqa: F401
from reports.record import (
    FORMAT,
    CaseInfo,
    DivergenceInfo,
    Figure,
    Footer,
    FrameworkLine,
    Header,
    Line,
    Observation,
    Planned,
    Series,
    Start,
    Timing,
    Worst,
    Writer,
)


def pytest_configure() -> None:
    """A shell takes Ctrl-C away from what it runs in the background, and so from what tests start to interrupt it."""
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    fault_table.pytest_addoption(parser)
    parser.addoption(
        "--all-faults",
        action="store_true",
        help="inject every fault, not a part; also run what takes half a minute by itself",
    )


SCRIPT = 'import numpy as np\nprint("<script>alert(1)</script>")\nraise SystemExit(1)\n'


def observation(outcome: str, **changes: Any) -> Observation:
    """A row of the case "gelu" in torch; ``changes`` are its other fields."""
    row: dict[str, Any] = {
        "test": "gelu-torch-eager-value", "area": "elementwise", "case": "gelu", "check": "value", "framework": "torch",
        "mode": "eager", "device": "cpu", "outcome": outcome, "route": "torch.nn.GELU", "dtype": "float32",
        "sample": "tails", "score": 1.25, "limit": 16.0, "norm": 0.5, "ulps": 2.0,
    }  # fmt: skip
    return Observation(**{**row, **changes})


def lines(*rows: Observation, footer: bool = True, problems: tuple[str, ...] = ()) -> list[Line]:
    """A whole record around ``rows``; what is planned is what they say, and no more."""
    plan: dict[str, Planned] = {}
    for o in rows:
        p = plan.get(o.test) or Planned(o.test, o.area, o.case, o.check, o.framework, o.mode, o.device)
        if o.route != "*":
            samples = p.samples | {o.dtype: (*p.samples.get(o.dtype, ()), o.sample)}
            p = replace(p, routes=(o.route,), samples=samples)
        plan[o.test] = p
    cases = (
        CaseInfo(
            "gelu", "elementwise", "elementwise", "x Phi(x) = x^2 sqrt(pi). Hendrycks.",
            ("https://arxiv.org/abs/1606.08415",),
            {
                "torch": {"torch.nn.GELU": "lambda torch, x: torch.nn.GELU()(x)"},
                "tensorflow": {"tf.nn.gelu": "lambda tf, x: tf.nn.gelu(x)"},
            },
            ("tails", "normal"), ("gelu-1", "erfc-1"), ("helper-1",),
            {"Dense": "weight: np.transpose(w, (1, 0)). bias: as it is."},
        ),
        CaseInfo("matmul", "reductions", "contraction", "A B", (), {}, ("long",)),
    )  # fmt: skip
    known = (
        DivergenceInfo(
            "erf-in-float32",
            "tensorflow",
            "a constant is float32",
            "none",
            ("https://example.org", "https://example.org/2"),
            "gelu; value",
        ),
        DivergenceInfo("not-seen-here", "torch", "because", "do this", (), "matmul"),
    )
    curve = Series("torch", (1.0, 2.0, 3.0), (3.0, 2.0, 1.5))
    points = Series("samples", (1.0, 2.0), (1.0, 2.0), "points")
    result: list[Line] = [
        Header(
            FORMAT, "0.1.0 abc", "2026-11-21T00:00:00+00:00", 7, {"dtypes": ["float32"], "modes": ["eager"]},
            {"python": "3.11", "cpu": {"model": "a <fast> one"}}, tuple(plan.values()), cases, known,
            {"elementwise": {"value": 16.0}},
            functions={"erfc-1": "def erfc(x): ...", "gelu-1": "def gelu(x):\n    ...", "helper-1": "def f(x): ..."},
        ),
        Timing("gelu-256x1024-backward", "torch", "eager", 1.5e-3, 2e-3, 7),
        FrameworkLine("torch", "2.13.0", {"threads": 1}),
        Start("gelu-torch-eager-value"),
        *rows,
        Figure("loss", "Loss per step", "step", "loss", (points, curve), "gelu"),
        Figure("loss", "Loss per step", "step", "loss", (points, Series("tensorflow", (1.0, 2.0), (3.0, 2.0))), "gelu"),
    ]  # fmt: skip
    return [*result, Footer("2026-11-21T00:01:00+00:00", 60.0, problems)] if footer else result


EVERYTHING = (
    observation("passed"),
    observation("passed", sample="normal", score=0.0),
    observation(
        "failed", sample="far", score="inf", norm="nan", ulps="inf", reason="raised ValueError: <b>no</b> & more",
        worst=Worst("value", (3, 1), "nan", 1.5, 1e-7), script=SCRIPT,
    ),
    observation(
        "diverged", test="gelu-tensorflow-eager-value", framework="tensorflow", route="tf.nn.gelu", dtype="float64",
        score=3e7, divergence="erf-in-float32",
    ),
    observation("crashed", test="matmul-torch-eager-value", area="reductions", case="matmul", route="*", dtype="*",
                sample="*", score=None, covers=4, reason="worker gw0 crashed"),
    observation("skipped", test="gelu-torch-eager-value-gpu", device="gpu", route="*", dtype="*", sample="*",
                score=None, covers=11, reason="need a CUDA device, and torch found none"),
)  # fmt: skip


@pytest.fixture
def row() -> Callable[..., Observation]:
    return observation


@pytest.fixture
def record(tmp_path: Path) -> Callable[..., Path]:
    """``record(*rows, footer=True, problems=())`` writes a record and returns its directory; by default one of every
    outcome."""

    def write(*rows: Observation, **options: Any) -> Path:
        writer = Writer(tmp_path / "run")
        for line in lines(*(rows or EVERYTHING), **options):
            writer.write(line)
        writer.close()
        return tmp_path / "run"

    return write
