"""Pictures for the report, as SVG text. Colours come from the page's style, so that dark and light both work."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from reports.record import Figure, Mark, Observation, Series
from reports.verdict import score_of

OUTCOMES = ("passed", "diverged", "failed")
BINS = 4
LARGEST = 1e300
"""What is larger is not drawn: the length of an axis must be a finite number."""
LEFT, RIGHT, TOP, BOTTOM = 62, 26, 14, 46
WIDE, NARROW = (480, 280), (400, 250)
"""Width and height of a picture."""
WHO = ("NumPy reference", "torch", "tensorflow")
"""Each has its colour in all pictures; a second line of each has a second colour."""
LINES = 6
MOST_WRITTEN = 20
"""Of how many classes the counts are written into the cells of a matrix."""


@dataclass(frozen=True)
class Picture:
    title: str
    svg: str
    legend: tuple[tuple[str, str], ...]
    """(class of the line or bar, what it stands for)"""
    data: tuple[Series, ...] = ()
    """The numbers, for download."""
    key: str = ""
    """Different for each picture of a page."""


@dataclass(frozen=True)
class Axis:
    """Maps numbers to a range of pixels; ``low`` and ``high`` are its ends."""

    low: float
    high: float
    start: float
    length: float

    def __call__(self, value: float) -> float:
        return self.start + self.length * (value - self.low) / (self.high - self.low)

    def ticks(self) -> list[tuple[float, str]]:
        """Four to nine round numbers: multiples of 1, 2 or 5 times a power of ten."""
        rough = (self.high - self.low) / 5
        unit = 10.0 ** math.floor(math.log10(rough))
        step = next(unit * m for m in (1, 2, 5, 10) if unit * m >= rough)
        first = math.ceil(self.low / step - 1e-9)
        values = [step * k for k in range(first, math.floor(self.high / step + 1e-9) + 1)]
        largest = max(map(abs, values), default=0.0)
        digits = math.floor(math.log10(largest)) - math.floor(math.log10(step)) + 1 if largest else 0
        return [(v, _number(v, max(6, digits))) for v in values]


@dataclass(frozen=True)
class LogAxis(Axis):
    """Maps the logarithm; what is below ``low`` is drawn there, and if something is, the last tick says so."""

    clipped: bool = False

    def __call__(self, value: float) -> float:
        low, high = math.log10(self.low), math.log10(self.high)
        return self.start + self.length * (math.log10(max(value, self.low)) - low) / (high - low)

    def ticks(self) -> list[tuple[float, str]]:
        """Powers of ten, at most eight."""
        low, high = math.ceil(math.log10(self.low) - 1e-9), math.floor(math.log10(self.high) + 1e-9)
        plain = low >= -3 and high <= 4
        powers = range(low, high + 1, -(-(high - low + 1) // 8))
        ticks = [(10.0**k, f"{10.0**k:g}" if plain else _power(k)) for k in powers]
        return [(t, f"\u2264 {text}" if self.clipped and t <= self.low else text) for t, text in ticks]


def training(figures: Iterable[Figure]) -> list[Picture]:
    """One picture for all figures of the same case and id, in which a series of the same name is drawn once; of
    matrices, one for each."""
    merged: dict[tuple[str, str], tuple[Figure, dict[str, Series]]] = {}
    for figure in figures:
        _, series = merged.setdefault((figure.case, figure.figure), (figure, {}))
        for s in figure.series:
            series.setdefault(s.name, s)
    pictures = []
    for figure, series in sorted(merged.values(), key=lambda m: _rank(m[0])):
        key = f"{figure.case} {figure.figure}".strip()
        matrices = [s for s in series.values() if s.style == "cells"]
        pictures += [_cells(figure, s, f"{key} {s.name}") for s in matrices]
        # "torch, test": what is after the comma belongs together
        lines = sorted((s for s in series.values() if s.style != "cells"), key=lambda s: s.name.partition(",")[2])
        if lines or not matrices:
            pictures.append(_lines(figure, lines, key))
    return pictures


def _rank(figure: Figure) -> int:
    """Distances first, then floors, then what cases draw."""
    return next((i for i, kind in enumerate(("distance ", "floor")) if figure.figure.startswith(kind)), 2)


def _lines(figure: Figure, series: Sequence[Series], key: str) -> Picture:
    drawn = [[(a, b) for a, b in zip(s.x, s.y, strict=False) if _finite(a) and _finite(b)] for s in series]
    height = NARROW[1] - TOP - BOTTOM
    values = [b for points in drawn for _, b in points] + [
        m.y for m in figure.marks if m.y is not None and _finite(m.y)
    ]
    y = _log_axis(values, figure.least, TOP + height, -height) if figure.log else _axis(values, TOP + height, -height)
    left = max(LEFT, 26 + 8 * max(len(text) for _, text in y.ticks()))
    marked = [m.x for m in figure.marks if m.x is not None and _finite(m.x)]
    x = _axis([a for points in drawn for a, _ in points] + marked, left, NARROW[0] - left - RIGHT)
    steps = all(float(a).is_integer() for points in drawn for a, _ in points)  # between steps and runs there is nothing
    x_ticks = [(t, text) for t, text in x.ticks() if not steps or float(t).is_integer()]
    parts = [_frame(x, y, x_ticks, y.ticks(), figure.x_label, figure.y_label)]
    parts += [_mark(m, x, y)[0] for m in figure.marks]
    legend = []
    for s, points, name in zip(series, drawn, _classes(series, figure.log), strict=True):
        places = [(x(a), y(b)) for a, b in points]
        if s.style == "points":
            parts += [f'<circle class="points" cx="{a:.1f}" cy="{b:.1f}" r="2"/>' for a, b in places]
        else:
            path = " ".join(f"{a:.1f},{b:.1f}" for a, b in places)
            parts.append(f'<polyline class="{name}" points="{path}"><title>{escape(s.name)}</title></polyline>')
        if s.style != "points" and len(places) == 1:  # which a line alone would not show
            parts.append(f'<circle class="{name}" cx="{places[0][0]:.1f}" cy="{places[0][1]:.1f}" r="3"/>')
        legend.append((name, s.name))
    parts += [_mark(m, x, y)[1] for m in figure.marks]  # on top
    return Picture(figure.title, _svg(figure.title, parts, NARROW), tuple(legend), tuple(series), key)


def _classes(series: Sequence[Series], solid: bool) -> list[str]:
    """The class of each series: points, or a line of its own, the same for the same framework. Lines that lie on each
    other are dashed; ``solid`` those that seldom do."""
    taken: list[int] = []
    kinds = list(dict.fromkeys(s.name.partition(", ")[2] for s in series))
    names = []
    for s in series:
        if s.style == "points":
            names.append("points")
            continue
        who, _, kind = s.name.partition(", ")
        place = WHO.index(who) + len(WHO) * kinds.index(kind) if who in WHO else len(WHO)
        free = (i % LINES for i in range(place, place + LINES) if i % LINES not in taken)
        taken.append(next(free, place % LINES))
        names.append(f"line{taken[-1]}" + (" solid" if solid else ""))
    return names


def _mark(mark: Mark, x: Axis, y: Axis) -> tuple[str, str]:
    """A line across the picture, and its text: above its right end, or at its foot on the side with more room."""
    right, top = x.start + x.length, y.start + y.length
    if mark.y is not None and _finite(mark.y):
        at = y(mark.y)
        line = f'x1="{x.start}" x2="{right}" y1="{at:.1f}" y2="{at:.1f}"'
        text = f'text-anchor="end" x="{right - 2}" y="{at - 5:.1f}"'
    elif mark.x is not None and _finite(mark.x):
        at = x(mark.x)
        line = f'x1="{at:.1f}" x2="{at:.1f}" y1="{top}" y2="{y.start}"'
        left = at > x.start + x.length / 2
        text = f'text-anchor="{"end" if left else "start"}" x="{at + (-5 if left else 5):.1f}" y="{y.start - 7}"'
    else:
        return "", ""
    return f'<line class="limit" {line}/>', f'<text class="limit" {text}>{escape(mark.text)}</text>'


def _cells(figure: Figure, series: Series, key: str) -> Picture:
    """A matrix of counts, each shaded by its share of its row; the diagonal is right, all else is wrong."""
    counts: dict[tuple[int, int], int] = defaultdict(int)
    for column, row, count in zip(series.x, series.y, series.counts, strict=False):
        if _finite(column) and _finite(row):
            counts[int(row), int(column)] += count
    size = max((max(place) + 1 for place in counts), default=1)
    totals = Counter[int]()
    for (row, _), count in counts.items():
        totals[row] += count
    side = min(40.0, (NARROW[0] - LEFT - RIGHT) / size)
    x, y = Axis(0, size, LEFT, side * size), Axis(0, size, TOP, side * size)
    parts = []
    for (row, column), count in sorted(counts.items()):
        if count:
            shade = 0.08 + 0.37 * count / totals[row]
            box = f'x="{x(column):.1f}" y="{y(row):.1f}" width="{side:.1f}" height="{side:.1f}"'
            says = escape(f"{figure.y_label} {row}, {figure.x_label} {column}: {count}")
            kind = "right" if row == column else "wrong"
            parts.append(f'<rect class="{kind}" {box} fill-opacity="{shade:.2f}"><title>{says}</title></rect>')
    ends = [f"M{LEFT} {y(k):.1f}H{x(size):.1f}M{x(k):.1f} {TOP}V{y(size):.1f}" for k in range(size + 1)]
    parts.append(f'<path class="grid" d="{"".join(ends)}"/>')
    if size <= MOST_WRITTEN:
        font = min(12.5, side / 0.62 / max(len(str(c)) for c in (*counts.values(), 0)))
        for kind, chosen in (("count", True), ("none", False)):
            parts.append(f'<g class="{kind}" text-anchor="middle" font-size="{font:.1f}">')
            for (row, column), count in sorted(counts.items()):
                if bool(count) is chosen:
                    at = f'x="{x(column + 0.5):.1f}" y="{y(row + 0.5) + font * 0.35:.1f}"'
                    parts.append(f"<text {at}>{count}</text>")
            parts.append("</g>")
    every = -(-size // 15)  # of many classes not each is named
    for k in range(0, size, every):
        parts.append(f'<text text-anchor="middle" x="{x(k + 0.5):.1f}" y="{y(size) + 17:.1f}">{k}</text>')
        parts.append(f'<text text-anchor="end" x="{LEFT - 6}" y="{y(k + 0.5) + 4:.1f}">{k}</text>')
    parts.append(_labels(x, Axis(0, size, y(size), -side * size), figure.x_label, figure.y_label))
    title = f"{figure.title}: {series.name}"
    said = f"{sum(c for (r, k), c in counts.items() if r == k)} of {sum(counts.values())} right"
    spoken = f"{title}. {said}."
    wrong = {place: c for place, c in counts.items() if place[0] != place[1] and c}
    if wrong:
        row, column = max(wrong, key=lambda place: wrong[place])
        spoken += f" Most often wrong: {figure.y_label} {row}, {figure.x_label} {column}, {wrong[row, column]} times."
    picture = _svg(spoken, parts, (NARROW[0], round(y(size)) + BOTTOM))
    return Picture(title, picture, (("", said),), (series,), key)


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
    width, height = WIDE[0] - LEFT - RIGHT, WIDE[1] - TOP - BOTTOM
    x = Axis(low, high, LEFT, width)
    y = _axis([0, *(counts.total() for counts in bars.values())], TOP + height, -height)
    ends = {low: f"\u2264 {10.0**low:g}", 4: _power(4), 5: _power(5), high: f"\u2265 {_power(high)}"}
    ticks = [(k, ends.get(k, f"{10.0**k:g}")) for k in range(low, high + 1)]
    whole = [(t, text) for t, text in y.ticks() if t == int(t)]
    parts = [_frame(x, y, ticks, whole, "score", "checks")]
    thickness = width / ((high - low) * BINS) - 1
    for b, counts in sorted(bars.items()):
        base, left = 0, x(low + b / BINS) + 0.5
        for outcome in OUTCOMES:
            n = counts[outcome]
            top, tall = y(base + n), y(base) - y(base + n)
            base += n
            if n:
                box = f'x="{left:.1f}" y="{top:.1f}" width="{thickness:.1f}" height="{max(tall, 1):.1f}"'
                parts.append(f'<rect class="{outcome}" {box}><title>{n} {outcome}</title></rect>')
    at = x(math.log10(limit))
    parts.append(f'<line class="limit" x1="{at:.1f}" x2="{at:.1f}" y1="{TOP}" y2="{TOP + height}"/>')
    parts.append(f'<text class="limit" x="{at + 4:.1f}" y="{TOP + 12}">limit {limit:g}</text>')
    seen = [outcome for outcome in OUTCOMES if any(counts[outcome] for counts in bars.values())]
    places = [10.0 ** (low + b / BINS) for b in sorted(bars)]
    data = [
        Series(outcome, tuple(places), tuple(float(bars[b][outcome]) for b in sorted(bars)), "bars") for outcome in seen
    ]
    legend = tuple((outcome, outcome) for outcome in seen)
    return Picture(title, _svg(title, parts, WIDE), legend, tuple(data), f"scores {title}")


def _finite(value: float) -> bool:
    """Whether a value has a place on an axis; NaN has none."""
    return abs(value) <= LARGEST


def _number(value: float, digits: int) -> str:
    """A tick's number, with a typographic minus."""
    return f"{value:.{digits}g}".replace("-", "\u2212")


def _power(k: int) -> str:
    return "10" + str(k).translate(
        str.maketrans("-0123456789", "\u207b\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079")
    )


def _axis(values: Sequence[float], start: float, length: float) -> Axis:
    low, high = min(values, default=0.0), max(values, default=0.0)
    room = (high - low) * 0.04 or abs(high) * 0.1 or 1.0
    return Axis(low - (room if low != 0 else 0), high + room, start, length)


def _log_axis(values: Sequence[float], least: float, start: float, length: float) -> LogAxis:
    """From ``least``, or from a power of ten, over at least one power of ten."""
    positive = [v for v in values if 1 / LARGEST <= v <= LARGEST]
    low = least or 10.0 ** math.floor(math.log10(min(positive, default=1.0)))
    return LogAxis(low, max(1.6 * max(positive, default=1.0), 10 * low), start, length, any(v < low for v in values))


def _frame(
    x: Axis,
    y: Axis,
    x_ticks: Sequence[tuple[float, str]],
    y_ticks: Sequence[tuple[float, str]],
    x_label: str,
    y_label: str,
) -> str:
    """Axes, ticks and labels of the rectangle that two axes span; y grows upwards."""
    left, right, bottom = x.start, x.start + x.length, y.start
    parts = []
    for t, text in y_ticks:
        at = y(t)
        parts.append(f'<line class="grid" x1="{left}" x2="{right}" y1="{at:.1f}" y2="{at:.1f}"/>')
        parts.append(f'<text class="tick" text-anchor="end" x="{left - 6}" y="{at + 4:.1f}">{text}</text>')
    for t, text in x_ticks:
        at = x(t)
        parts.append(f'<line class="tick" x1="{at:.1f}" x2="{at:.1f}" y1="{bottom}" y2="{bottom + 4}"/>')
        parts.append(f'<text class="tick" text-anchor="middle" x="{at:.1f}" y="{bottom + 17}">{text}</text>')
    parts.append(f'<line class="axis" x1="{left}" x2="{right}" y1="{bottom}" y2="{bottom}"/>')
    return "".join(parts) + _labels(x, y, x_label, y_label)


def _labels(x: Axis, y: Axis, x_label: str, y_label: str) -> str:
    """What the axes are, below and to the left."""
    across, up = x.start + x.length / 2, y.start + y.length / 2
    return (
        f'<text class="label" text-anchor="middle" x="{across:.1f}" y="{y.start + 38:.1f}">{escape(x_label)}</text>'
        f'<text class="label" text-anchor="middle" transform="translate(14 {up:.1f}) rotate(-90)">'
        f"{escape(y_label)}</text>"
    )


def _svg(title: str, parts: Iterable[str], size: tuple[int, int]) -> str:
    inside = "".join(parts)
    return f'<svg viewBox="0 0 {size[0]} {size[1]}" role="img" aria-label="{escape(title)}">{inside}</svg>'
