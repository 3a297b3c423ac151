"""What the report's pictures of training runs are made of."""

import math
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from conformance import pictures
from conformance.case import Case
from conformance.catalogue.training_shared import confusion, learning_curves
from conformance.score import Expected, scored
from reports.record import Figure

CASE = cast(Case, SimpleNamespace(name="run", figure=None))
LIMIT = 32.0


def sample(**options: Any) -> Any:
    return SimpleNamespace(name="s", options=options)


def distance(actual: dict[str, Any], expected: Expected, **options: Any) -> dict[str, Figure]:
    score = scored(actual, expected, "float64", per_element=False, limit=LIMIT)
    drawn = pictures.distance(CASE, sample(**options), "float64", "torch", score, expected, LIMIT)
    return {f.figure: f for f in drawn}


def run(steps: int, every: int = 1, floor: float = 1e-3) -> tuple[dict[str, Any], Expected]:
    """Losses and weights of 1; the framework's loss is off by a floor, its weights by two."""
    rows = math.ceil(steps / every)
    value = {"loss": np.ones(steps), "w": np.ones((rows, 3)), "gradient_w": np.ones((rows, 3))}
    floors = {name: np.full(v.shape, floor) for name, v in value.items()}
    actual = {name: v + floor * (1 if name == "loss" else 2) for name, v in value.items()}
    return actual, Expected(value, floors)


def test_the_distance_is_the_worst_tensor_at_each_step() -> None:
    actual, expected = run(5)
    actual["gradient_w"][3] += 7e-3
    line = distance(actual, expected)["distance float64"]
    assert line.series[0].name == "torch"
    assert line.series[0].x == (1, 2, 3, 4, 5)
    assert line.series[0].y == pytest.approx((2, 2, 2, 9, 2))
    assert [(m.text, m.y) for m in line.marks] == [("limit 32", 32)]
    assert line.log


def test_its_highest_point_is_the_score() -> None:
    rng = np.random.default_rng(0)
    actual, expected = run(1000)
    actual = {name: v + 1e-3 * rng.standard_normal(v.shape) for name, v in actual.items()}
    line = distance(actual, expected)["distance float64"].series[0]
    assert len(line.x) == pictures.POINTS
    assert max(line.y) == pytest.approx(scored(actual, expected, "float64", per_element=False).score, rel=1e-5)


def test_weights_recorded_now_and_then_stand_for_the_steps_until_the_next() -> None:
    actual, expected = run(25, every=10)
    actual["w"][1] += 3e-3
    line = distance(actual, expected, every=10)["distance float64"].series[0]
    assert line.x == tuple(range(1, 26))
    assert line.y == pytest.approx([2] * 10 + [5] * 10 + [2] * 5)


def test_a_run_that_is_lost_is_drawn_as_far_as_it_went() -> None:
    actual, expected = run(5)
    actual["w"][3:] = np.nan
    line = distance(actual, expected)["distance float64"].series[0]
    assert line.x == (1, 2, 3)
    assert line.y == pytest.approx((2, 2, 2))


@pytest.mark.parametrize(("floor", "chaos"), [(1e-4, 0), (1e-2, 1)])
def test_chaos_is_where_the_floor_passes_a_thousandth_of_the_weights(floor: float, chaos: int) -> None:
    figures = distance(*run(4, floor=floor))
    assert [m.x for m in figures["distance float64"].marks[1:]] == ([chaos] if chaos else [])
    assert figures["floor"].series[0].name == "float64"
    assert figures["floor"].series[0].y == pytest.approx([floor] * 4)


def test_chaos_may_begin_later() -> None:
    actual, expected = run(30, every=10, floor=2e-3)
    expected.floor["w"][:2] = 1e-6
    mark = distance(actual, expected, every=10)["distance float64"].marks[-1]
    assert (mark.text, mark.x) == ("chaos from step 21", 21)


@pytest.mark.parametrize(
    ("shapes", "options", "last"),
    [
        ({"loss": (8,), "w": (8, 2), "test_loss": (2,), "count": ()}, {}, {"loss": 8, "w": 8}),
        ({"loss": (8,), "w": (3, 2)}, {"every": 3}, {"loss": 8, "w": 7}),
        ({"loss": (3,), "w": (3, 2)}, {"every": 3, "steps": 8}, {"loss": 7, "w": 7}),
        ({"w": (8,), "solution": (2,)}, {"steps": 8}, {"w": 8}),
        ({"w": (0, 2)}, {}, {}),
        ({}, {}, {}),
    ],
)
def test_rows_are_of_steps(shapes: dict[str, tuple[int, ...]], options: dict[str, int], last: dict[str, int]) -> None:
    assert {name: int(s[-1]) for name, s in pictures.steps(shapes, options).items()} == last


def test_results_without_steps_are_not_drawn() -> None:
    assert distance({"count": np.array(3.0)}, Expected({"count": np.array(3.0)}, {"count": np.array(1e-3)})) == {}


def drawn(outputs: dict[str, Any], title: str = "A run") -> dict[str, Figure]:
    case = cast(Case, SimpleNamespace(name="run", figure=learning_curves(title)))
    return {f.figure: f for f in pictures.drawn(case, sample(), (), {"torch": outputs})}


def test_learning_curves_are_of_what_there_is() -> None:
    assert drawn({}) == {}
    assert [*drawn({"loss": np.ones(4)})] == ["A run: steps"]
    assert [*drawn({"test_loss": np.ones(4)})] == ["A run: epochs"]
    assert drawn({"test_loss": np.ones(1), "_accuracy": np.ones(1)}) == {}  # one epoch is no curve
    every = drawn(
        {"loss": np.arange(4.0), "test_loss": np.ones(2), "_accuracy": np.ones(2), "_test_accuracy": np.ones(2)}
    )
    assert [*every] == ["A run: accuracy", "A run: epochs", "A run: steps"]
    assert [s.name for s in every["A run: accuracy"].series] == ["torch, training", "torch, test"]
    assert [s.y for s in every["A run: epochs"].series] == [(0.5, 2.5), (1, 1)]


def test_long_lines_are_thinned_and_keep_their_ends() -> None:
    line = drawn({"loss": np.arange(5000.0)})["A run: steps"].series[0]
    assert len(line.x) == pictures.POINTS
    assert (line.x[0], line.x[-1], line.y[-1]) == (1, 5000, 4999)


def test_answers_are_counted_by_label() -> None:
    counts = confusion([0, 1, 1, 2], [0, 1, 2, 2], 3)
    figure = drawn({"_confusion": counts})["confusion"].series[0]
    cells = {(r, c): n for r, c, n in zip(figure.y, figure.x, figure.counts, strict=True)}
    assert cells[1, 2] == 1
    assert cells[2, 1] == 0
    assert sum(cells.values()) == 4
