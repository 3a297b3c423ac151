"""The pictures of a training run in the report: what its case draws, how far from the reference it is step by step,
how large the noise floor has grown, and where runs that are free to differ end."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from conformance.case import Array, Case, Outputs, Sample
from conformance.formats import is_floating
from conformance.score import Expected, Score, compared
from reports.record import Figure, Mark, Series

POINTS = 200
"""Of a line that has more, this many are kept."""
CHAOS = 1e-3
"""A noise floor this large, relative to the weights, says that rounding decides where the run goes."""
LEAST = 0.01
"""A hundredth of a noise floor is drawn like 0, which a logarithmic axis has not."""


def drawn(case: Case, sample: Sample, inputs: tuple[Array, ...], results: Mapping[str, Outputs]) -> Iterator[Figure]:
    """What the case draws of each result, by who computed it; and how often it answered what."""
    for label, outputs in results.items():
        for f in case.figure(label, outputs, inputs, dict(sample.options)) if case.figure else ():
            series = tuple(Series(s["name"], *_line(s["x"], s["y"], s["style"]), s["style"]) for s in f["series"])
            yield Figure(f["figure"], f["title"], f["x_label"], f["y_label"], series, case.name)
        if "_confusion" in outputs:
            counts = np.asarray(outputs["_confusion"])
            labels, answers = (i.reshape(-1).tolist() for i in np.indices(counts.shape))
            cells = Series(label, tuple(answers), tuple(labels), "cells", tuple(counts.reshape(-1).tolist()))
            yield Figure("confusion", "Confusion matrix", "answer", "label", (cells,), case.name)


def distance(
    case: Case, sample: Sample, dtype: str, framework: str, score: Score, expected: Expected, limit: float
) -> Iterator[Figure]:
    """The score of the worst tensor at each step; and the noise floor of the weights relative to them, which says
    where chaos takes over."""
    shapes = {name: v.shape for name, v in compared(expected.value).items()}
    at = steps(shapes, sample.options)
    chaos, floor = _relative_floor(expected, at)
    marks = [Mark(f"limit {limit:g}", y=limit), *([Mark(f"chaos from step {chaos}", x=chaos)] if chaos else [])]
    kept = {name: s for name, s in score.steps.items() if name in at}
    if kept:
        last = max(int(a[-1]) for a in at.values())
        # What is recorded at every tenth step stands for those until the next.
        apart = {name: int(a[1] - a[0]) if len(a) > 1 else last for name, a in at.items()}
        each = [np.repeat(s, apart[name])[:last] for name, s in kept.items()]
        line = Series(framework, *_points(*_highest(np.arange(1, last + 1), np.max(each, axis=0))))
        yield Figure(
            f"distance {dtype}", f"Distance in {dtype}, sample {sample.name}", "step", "noise floors", (line,),
            case.name, log=True, least=LEAST, marks=tuple(marks),
        )  # fmt: skip
    if floor:
        line = Series(dtype, *_points(*_thinned(*floor)))
        yield Figure(
            "floor", "Noise floor, relative to the weights", "step", "floor / weights", (line,), case.name, log=True,
            marks=(Mark(f"{CHAOS:g}: chaos", y=CHAOS),),
        )  # fmt: skip


def ended(case: Case, seed: int, ends: Mapping[str, Mapping[str, list[float]]]) -> Iterator[Figure]:
    """What whole runs of each framework ended with, by their seeds from ``seed`` on; their means in the title."""
    for name in case.margins or ():
        series = []
        for framework, of in ends.items():
            at, values = _points(np.arange(seed, seed + len(of[name]), dtype=np.float64), np.asarray(of[name]))
            series.append(Series(framework, at, values))
        means = " and ".join(f"{np.mean(of[name]):.4g} ({framework})" for framework, of in ends.items())
        title = f"{name.capitalize()} on the test set, on average {means}"
        yield Figure(f"ended {name}", title, "seed", name, tuple(series), case.name)


def steps(shapes: Mapping[str, tuple[int, ...]], options: Mapping[str, Any]) -> dict[str, Array]:
    """The steps, from 1, at which the rows of each output were recorded: at every one, or at the first and every
    ``every``-th after it. Other outputs are left out."""
    rows = {name: shape[0] for name, shape in shapes.items() if shape and shape[0]}
    last = rows.get("loss") or max(rows.values(), default=0)
    every = options.get("every", 1)
    if set(rows.values()) == {last} and options.get("steps", 0) > last:  # the loss, too, is recorded at some only
        last = options["steps"]
    apart = {math.ceil(last / every): every} | {last: 1}
    return {name: 1 + apart[n] * np.arange(n) for name, n in rows.items() if n in apart}


def _relative_floor(expected: Expected, at: Mapping[str, Array]) -> tuple[int, tuple[Array, Array] | None]:
    """The first step (0 if there is none) after which the noise floor of all weights together is larger than `CHAOS`
    times their norm, and the quotient at each step."""
    moving = [n for n in at if is_floating(expected.value[n]) and np.any(expected.value[n])]  # distances are all 0
    weights = [n for n in moving if not n.startswith("gradient_") and "loss" not in n]
    names = [n for n in weights if len(at[n]) == len(at[weights[0]])]
    if not names:
        return 0, None
    with np.errstate(all="ignore"):
        floor, norm = (
            sum(np.sum(np.square(a[name].astype(np.float64).reshape(len(at[name]), -1)), axis=1) for name in names)
            for a in (expected.floor, expected.value)
        )
        relative = np.sqrt(floor / norm)
    beyond = np.flatnonzero(relative > CHAOS)
    where = at[names[0]]
    return int(where[beyond[0]]) if len(beyond) else 0, (where, relative)


def _line(x: Any, y: Any, style: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    x, y = (np.asarray(v, dtype=np.float64).reshape(-1) for v in (x, y))
    return _points(*(_thinned(x, y) if style == "line" else (x, y)))


def _thinned(x: Array, y: Array) -> tuple[Array, Array]:
    """Evenly, with both ends."""
    kept = np.unique(np.linspace(0, len(x) - 1, min(len(x), POINTS)).round().astype(int))
    return x[kept], y[kept]


def _highest(x: Array, y: Array) -> tuple[Array, Array]:
    """The highest point of every few."""
    width = math.ceil(len(y) / POINTS)
    kept = np.array([i + int(np.argmax(y[i : i + width])) for i in range(0, len(y), width)], dtype=int)
    return x[kept], y[kept]


def _points(x: Array, y: Array, digits: int = 6) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The finite points of a series, to so many digits. JSON has no NaN: a run that diverged is drawn as far as it
    went."""
    finite = np.isfinite(x) & np.isfinite(y)
    xs, ys = (tuple(float(f"{v:.{digits}g}") for v in values[finite]) for values in (x, y))
    return xs, ys
