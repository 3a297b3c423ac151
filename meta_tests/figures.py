"""Figures of training runs as a record may hold them: of every kind, and at the edges of what can be drawn."""

from pathlib import Path

from reports.record import NAME, Figure, Mark, Series, encode

STEPS = tuple(float(i) for i in range(1, 41))


def distance(case: str, framework: str, y: tuple[float, ...], chaos: float = 0) -> Figure:
    marks = (Mark("limit 32", y=32.0), *((Mark(f"chaos from step {chaos:g}", x=chaos),) if chaos else ()))
    title = "Distance in float32, sample digits"
    line = Series(framework, STEPS[: len(y)], y)
    return Figure("distance float32", title, "step", "noise floors", (line,), case, True, 0.01, marks)


def confusion(case: str, who: str, counts: tuple[tuple[int, ...], ...]) -> Figure:
    labels = tuple(float(r) for r, row in enumerate(counts) for _ in row)
    answers = tuple(float(c) for row in counts for c, _ in enumerate(row))
    series = Series(who, answers, labels, "cells", tuple(n for row in counts for n in row))
    return Figure("confusion", "Confusion matrix", "answer", "label", (series,), case)


TEN = tuple(tuple(1135 if r == c else (3 if c == (r * 3) % 10 else 0) for c in range(10)) for r in range(10))
FIGURES = (
    distance("ordinary", "torch", tuple(0.5 + i % 3 for i in range(40))),
    distance("ordinary", "tensorflow", tuple(1.5 + i % 5 for i in range(40))),
    Figure(
        "floor", "Noise floor, relative to the weights", "step", "floor / weights",
        tuple(Series(d, STEPS, tuple(u * i for i in STEPS)) for d, u in (("float64", 1e-16), ("float32", 1e-7))),
        "ordinary", True, marks=(Mark("0.001: chaos", y=1e-3),),
    ),
    Figure(
        "accuracy", "Accuracy, per epoch", "epoch", "accuracy",
        tuple(
            Series(f"{who}, {kind}", (1.0, 2.0, 3.0), (0.1, 0.5 + i / 10, 0.9))
            for i, kind in enumerate(("training", "test"))
            for who in ("NumPy reference", "torch", "tensorflow")
        ),
        "ordinary",
    ),
    confusion("ordinary", "NumPy reference", TEN),
    confusion("ordinary", "torch", TEN),
    confusion("ordinary", "tensorflow", ((3, 1), (0, 40))),
    distance("chaotic", "torch", tuple(10.0 ** (i / 4) for i in range(40)), chaos=39.0),
    distance("chaotic", "tensorflow", tuple(0.0 for _ in range(40)), chaos=39.0),
    distance("edges", "torch", (3.0,), chaos=1.0),
    distance("edges", "tensorflow", ()),
    Figure("loss", 'A "title"', "step", "loss", (Series('a, "b"', (1.0, 2.0), (1e-300, 1.5e300)),), "edges"),
    Figure("rates", "Small differences of large numbers", "step", "rate",
           (Series("torch", (1e6, 2e6, 3e6), (123456.1, 123456.2, 123456.3)),), "edges"),
    confusion("edges", "torch", ((0,),)),
    Figure("last", "One more run", "step", "loss", (Series("torch", (1.0, 2.0), (1.0, 2.0)),), "gelu"),
)  # fmt: skip


def add_to(directory: Path) -> Path:
    """Write all of them into a record."""
    with (directory / NAME).open("a", encoding="utf-8") as file:
        file.writelines(encode(f) + "\n" for f in FIGURES)
    return directory
