"""Pictures for the report, as SVG text. Colours come from the page's style, so that dark and light both work."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from reports.record import Figure, Observation, Series
from reports.verdict import score_of

OUTCOMES = ("passed", "diverged", "failed")
BINS = 4
LARGEST = 1e300
"""What is larger is not drawn: the length of an axis must be a finite number."""
WIDTH, HEIGHT = 480, 280
LEFT, RIGHT, TOP, BOTTOM = 62, 26, 14, 46
INNER_WIDTH, INNER_HEIGHT = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM


@dataclass(frozen=True)
class Picture:
    title: str
    svg: str
    legend: tuple[tuple[str, str], ...]
    """(class of the line or bar, what it stands for)"""


@dataclass(frozen=True)
class Axis:
    """Maps numbers to a range of pixels; ``low`` and ``high`` are its ends."""

    low: float
    high: float
    start: float
    length: float

    def __call__(self, value: float) -> float:
        return self.start + self.length * (value - self.low) / (self.high - self.low)

    def ticks(self) -> list[float]:
        """Four to nine round numbers: multiples of 1, 2 or 5 times a power of ten."""
        rough = (self.high - self.low) / 5
        unit = 10.0 ** math.floor(math.log10(rough))
        step = next(unit * m for m in (1, 2, 5, 10) if unit * m >= rough)
        first = math.ceil(self.low / step - 1e-9)
        return [step * k for k in range(first, math.floor(self.high / step + 1e-9) + 1)]


def training(figures: Iterable[Figure]) -> list[Picture]:
    """One picture for all figures of the same id; a series of the same name is drawn once."""
    merged: dict[str, tuple[Figure, dict[str, Series]]] = {}
    for figure in figures:
        _, series = merged.setdefault(figure.figure, (figure, {}))
        for s in figure.series:
            series.setdefault(s.name, s)
    # "torch, test": what is after the comma belongs together
    grouped = [(f, sorted(series.values(), key=lambda s: s.name.partition(",")[2])) for f, series in merged.values()]
    return [_lines(figure, series) for figure, series in grouped]


def _lines(figure: Figure, series: Sequence[Series]) -> Picture:
    drawn = [[(a, b) for a, b in zip(s.x, s.y, strict=False) if _finite(a) and _finite(b)] for s in series]
    x = _axis([a for points in drawn for a, _ in points], LEFT, INNER_WIDTH)
    y = _axis([b for points in drawn for _, b in points], TOP + INNER_HEIGHT, -INNER_HEIGHT)
    parts = [_frame(x, y, [(t, _number(t)) for t in x.ticks()], y.ticks(), figure.x_label, figure.y_label)]
    legend = []
    line = 0
    for s, values in zip(series, drawn, strict=True):
        points = [(x(a), y(b)) for a, b in values]
        if s.style == "points":
            name = "points"
            parts += [f'<circle class="points" cx="{a:.1f}" cy="{b:.1f}" r="2"/>' for a, b in points]
        else:
            name, line = f"line{line % 6}", line + 1
            path = " ".join(f"{a:.1f},{b:.1f}" for a, b in points)
            parts.append(f'<polyline class="{name}" points="{path}"><title>{escape(s.name)}</title></polyline>')
        legend.append((name, s.name))
    return Picture(figure.title, _svg(figure.title, parts), tuple(legend))


def scores(observations: Sequence[Observation], title: str, limit: float) -> Picture:
    """How many checks reached which score: four bins to a power of ten, the limit as a line. The first bin holds all
    that is smaller, the last all that is larger."""
    low, high = -2, 6
    bars: dict[int, Counter[str]] = defaultdict(Counter)
    for o in observations:
        score = score_of(o)
        if math.isfinite(score):
            power = min(max(math.log10(score) if score > 0 else low, low), high - 0.01)
            bars[int((power - low) * BINS)][o.outcome] += 1
    x = Axis(low, high, LEFT, INNER_WIDTH)
    y = _axis([0, *(counts.total() for counts in bars.values())], TOP + INNER_HEIGHT, -INNER_HEIGHT)
    ends = {low: f"\u2264 {10.0**low:g}", 4: "10\u2074", 5: "10\u2075", high: "\u2265 10\u2076"}
    ticks = [(k, ends.get(k, f"{10.0**k:g}")) for k in range(low, high + 1)]
    whole = [t for t in y.ticks() if t == int(t)]
    parts = [_frame(x, y, ticks, whole, "score", "checks")]
    width = INNER_WIDTH / ((high - low) * BINS) - 1
    for b, counts in sorted(bars.items()):
        base, left = 0, x(low + b / BINS) + 0.5
        for outcome in OUTCOMES:
            n = counts[outcome]
            top, height = y(base + n), y(base) - y(base + n)
            base += n
            if n:
                box = f'x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{max(height, 1):.1f}"'
                parts.append(f'<rect class="{outcome}" {box}><title>{n} {outcome}</title></rect>')
    at = x(math.log10(limit))
    parts.append(f'<line class="limit" x1="{at:.1f}" x2="{at:.1f}" y1="{TOP}" y2="{TOP + INNER_HEIGHT}"/>')
    parts.append(f'<text class="limit" x="{at + 4:.1f}" y="{TOP + 12}">limit {limit:g}</text>')
    seen = [outcome for outcome in OUTCOMES if any(counts[outcome] for counts in bars.values())]
    return Picture(title, _svg(title, parts), tuple((outcome, outcome) for outcome in seen))


def _finite(value: float) -> bool:
    """Whether a value has a place on an axis; NaN has none."""
    return abs(value) <= LARGEST


def _number(value: float) -> str:
    """A tick's number, with a typographic minus."""
    return f"{value:.6g}".replace("-", "\u2212")


def _axis(values: Sequence[float], start: float, length: float) -> Axis:
    low, high = min(values, default=0.0), max(values, default=0.0)
    room = (high - low) * 0.04 or abs(high) * 0.1 or 1.0
    return Axis(low - (room if low != 0 else 0), high + room, start, length)


def _frame(
    x: Axis, y: Axis, x_ticks: Sequence[tuple[float, str]], y_ticks: Sequence[float], x_label: str, y_label: str
) -> str:
    bottom = TOP + INNER_HEIGHT
    parts = []
    for t in y_ticks:
        at = y(t)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at:.1f}" y2="{at:.1f}"/>')
        parts.append(f'<text class="tick" text-anchor="end" x="{LEFT - 6}" y="{at + 4:.1f}">{_number(t)}</text>')
    for t, text in x_ticks:
        at = x(t)
        parts.append(f'<line class="tick" x1="{at:.1f}" x2="{at:.1f}" y1="{bottom}" y2="{bottom + 4}"/>')
        parts.append(f'<text class="tick" text-anchor="middle" x="{at:.1f}" y="{bottom + 17}">{text}</text>')
    parts.append(f'<line class="axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{bottom}" y2="{bottom}"/>')
    middle = LEFT + INNER_WIDTH / 2
    parts.append(f'<text class="label" text-anchor="middle" x="{middle}" y="{HEIGHT - 8}">{escape(x_label)}</text>')
    parts.append(
        f'<text class="label" text-anchor="middle" transform="translate(14 {TOP + INNER_HEIGHT / 2}) rotate(-90)">'
        f"{escape(y_label)}</text>"
    )
    return "".join(parts)


def _svg(title: str, parts: Iterable[str]) -> str:
    inside = "".join(parts)
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">{inside}</svg>'
