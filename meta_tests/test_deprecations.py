"""Deprecations that frameworks announce while they are asked are kept with the observation, each once."""

import logging
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from conformance import deprecations
from conformance.check import _listening
from conformance.plan import Options
from conformance.workbench import Workbench
from meta_tests.conftest import observation
from reports.record import Observation


@pytest.mark.parametrize("category", [DeprecationWarning, FutureWarning, PendingDeprecationWarning])
def test_deprecations_are_heard(category: type[Warning]) -> None:
    with deprecations.heard() as said:
        warnings.warn("f\n  goes\taway at 0x7f00", category, stacklevel=1)
    assert said == ["f goes away at 0x"]


def test_what_says_deprecated_is_one_whatever_its_kind() -> None:
    with deprecations.heard() as said:
        warnings.warn("f is Deprecated", UserWarning, stacklevel=1)
    assert said == ["f is Deprecated"]


def test_other_warnings_go_where_they_went() -> None:
    with pytest.warns(UserWarning, match="something else"), deprecations.heard() as said:
        warnings.warn("something else", UserWarning, stacklevel=1)
    assert said == []


def test_afterwards_nobody_listens() -> None:
    with deprecations.heard() as said:
        pass
    with pytest.warns(FutureWarning):
        warnings.warn("later", FutureWarning, stacklevel=1)
    assert said == []


def test_what_references_do_is_no_frameworks() -> None:
    with deprecations.heard() as said:
        warnings.showwarning(FutureWarning("NumPy"), FutureWarning, deprecations.OURS[0] + "/losses.py", 1)
    assert said == []


def log(text: str, level: int = logging.WARNING) -> logging.LogRecord:
    return logging.LogRecord("tensorflow", level, "", 0, text, (), None)


def test_tensorflows_log_is_heard_without_the_callers_place() -> None:
    with deprecations.heard() as said:
        passes = deprecations.listen(log("From /some/where.py:12: conv (from tensorflow.ops) is deprecated.\nUse this"))
    assert said == ["conv (from tensorflow.ops) is deprecated. Use this"]
    assert not passes


def test_only_errors_of_tensorflow_are_printed() -> None:
    assert deprecations.listen(log("broken", logging.ERROR))
    assert not deprecations.listen(log("retracing"))


def saying(*texts: str) -> Iterator[Any]:
    """Rows of one route, each of which says something first."""
    for text in texts:
        warnings.warn(text, FutureWarning, stacklevel=1)
        yield observation("passed"), None


def test_a_route_announces_a_deprecation_once() -> None:
    bench = Workbench(Options())
    rows = [o.warned for o, _ in _listening(bench, saying("a", "b", "a"))]
    assert rows == ["a", "b", ""]
    assert [o.warned for o, _ in _listening(bench, saying("b"))] == [""]


def test_a_generator_that_fails_leaves_the_warnings_as_they_were(row: Callable[..., Observation]) -> None:
    before = warnings.showwarning

    def failing() -> Iterator[Any]:
        yield row("passed"), None
        raise RuntimeError

    with pytest.raises(RuntimeError):
        list(_listening(Workbench(Options()), failing()))
    assert warnings.showwarning is before
