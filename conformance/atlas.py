"""The accuracy atlas: how many units in the last place each framework is off, over the whole range of each format.

    python -m conformance.atlas [--quick] [--cases PATTERN] [--output DIR]

For every elementwise function of one floating argument, through every route, in every floating format:

- float16 and bfloat16: every finite number;
- float32: numbers in every binade of both signs, more of them where functions bend; about 186,000 in all;
- float64: 2,500 numbers, spread in the same way.

**Error** = |result - exact| / ulp(exact), where the ulp is the spacing of the format at the exact value, and never less
than that of its subnormal numbers. Where a result or the correctly rounded exact value is NaN or infinite and the other
is not the same, no distance has a meaning: such mismatches are counted apart.

**Certified.** The reference runs in float64. A random sample of its values, and the worst arguments of each route, are
then computed again by ball arithmetic, which encloses the exact value with proof, until the worst argument is one of
these. In float64 all values are certified. What no ball settles, within 4096 bits and 20 seconds, is counted.
"""

import argparse
import fnmatch
import math
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import flint
import ml_dtypes
import msgspec
import numpy as np

from conformance import catalogue
from conformance.case import COLUMNS, FLOATS, Array, Case, Route
from conformance.formats import NUMPY_DTYPES
from conformance.frameworks import Framework, Unusable, load
from conformance.reference import ball
from reports import fingerprint, template

AREAS = ("elementwise", "activations", "special")
SPOTS = 64
"""Random arguments at which a vectorized reference is certified."""
SECONDS = 20.0
"""For certifying the values of one function in one format: a few balls take seconds each."""
LEAST = {"polygamma": -(2.0**16)}
"""Below it, a function is not asked for in float32 and float64: torch, TensorFlow and SciPy add a term for
every unit between a negative argument and 0, which takes two seconds for -1e8 and would take months for -1e15."""
DEFAULT = Path(__file__).parents[1] / "reports" / "runs" / "atlas"


class Place(msgspec.Struct, frozen=True):
    """An argument, and what came of it."""

    argument: str
    hexadecimal: str
    actual: str
    exact: str
    ulps: float
    certified: bool


class Row(msgspec.Struct):
    """One route in one format."""

    case: str
    options: str
    framework: str
    route: str
    dtype: str
    values: int = 0
    mean: float = 0.0
    normal_mean: float = 0.0
    worst: Place | None = None
    normal: Place | None = None
    """The worst where neither argument nor result is subnormal."""
    mismatches: int = 0
    mismatch: Place | None = None
    certified: int = 0
    uncertified: int = 0
    """Values that were asked for, and that no ball settled in time; those of float64 are left out."""
    reference: float = 0.0
    """The largest error of the vectorized reference that was seen at a certified value, in the same ulps."""
    problem: str = ""


def cases() -> Iterator[tuple[Case, dict[str, Any]]]:
    """Elementwise functions of one floating argument, with each set of options that the catalogue asks for."""
    for area in AREAS:
        for case in catalogue.area(area):
            if case.kind == "elementwise" and len(case.arguments) == 1 and set(case.dtypes) & set(FLOATS):
                options = {repr(s.options): dict(s.options) for s in case.samples if not s.raises}
                yield from ((case, o) for o in options.values() if _is_elementwise(case, o))


def _is_elementwise(case: Case, options: dict[str, Any]) -> bool:
    """One result for each number; a gated unit, for instance, has half as many."""
    try:
        with np.errstate(all="ignore"):
            return bool(np.shape(case.reference(np.array([0.25, 0.5]), **options)) == (2,))
    except (IndexError, ValueError):
        return False


def arguments(dtype: str, *, quick: bool = False) -> Array:
    """Finite numbers of a format: all of a short one, some of each binade of a long one."""
    if dtype in ("float16", "bfloat16"):
        every = np.arange(2**16, dtype=np.uint16).view(NUMPY_DTYPES[dtype])
        with np.errstate(invalid="ignore"):  # signalling NaN
            return every[np.isfinite(every.astype(np.float64))]
    info = np.finfo(dtype)
    whole, bits = ("uint32", 32) if dtype == "float32" else ("uint64", 64)
    rng = np.random.default_rng(0)
    low, high = int(info.minexp) - 1, int(info.maxexp)  # the binade of subnormal numbers first
    bends = np.arange(-10, 11)
    if dtype == "float32":
        exponents = [np.repeat(np.arange(low, high), 40 if quick else 200), np.repeat(bends, 200 if quick else 2000)]
    else:
        exponents = [rng.integers(low, high, 150 if quick else 1000), rng.choice(bends, 150 if quick else 1500)]
    biased = np.concatenate(exponents) - low
    mantissas = rng.integers(0, 2**info.nmant, biased.size, dtype=np.uint64)
    mantissas[::50] = 0  # powers of two, and zero
    both = [(sign << (bits - 1)) | (biased.astype(np.uint64) << np.uint64(info.nmant)) | mantissas for sign in (0, 1)]
    signed = np.concatenate(both) if dtype == "float32" else np.where(rng.integers(0, 2, biased.size), *both[::-1])
    return np.asarray(signed, np.uint64).astype(whole).view(dtype)


class Truth:
    """The exact values of one function at the arguments of one format, certified where it was asked for."""

    def __init__(self, case: Case, options: dict[str, Any], dtype: str, x: Array) -> None:
        self.case, self.options, self.dtype, self.x = case, options, dtype, x
        info = ml_dtypes.finfo(NUMPY_DTYPES[dtype])
        self.digits, self.least, self.smallest_normal = int(info.nmant), int(info.minexp), float(info.smallest_normal)
        self.known, self.hopeless = np.zeros(x.size, bool), np.zeros(x.size, bool)
        self.uncertified, self.error, self.seconds = 0, 0.0, SECONDS
        with np.errstate(all="ignore"):
            self.exact = np.asarray(case.reference(x.astype(np.float64), **options)).astype(np.longdouble)
        if dtype == "float64":
            self.certify(np.arange(x.size))
            self.x, self.exact = x[self.known], self.exact[self.known]
            self.known, self.hopeless = np.ones(self.x.size, bool), np.zeros(self.x.size, bool)
        else:
            self.certify(np.random.default_rng(1).choice(x.size, min(SPOTS, x.size), replace=False))

    def certify(self, where: Array) -> None:
        """Replace values of the vectorized reference by certified ones, as long as there is time."""
        size = 4
        while where.size and self.seconds > 0:
            began = time.process_time()
            few, where = where[:size], where[size:]
            values, settled = certified(self.case, self.options, self.x[few])
            with np.errstate(invalid="ignore"):
                off = np.abs(self.exact[few] - values) / self._ulp(values)
            if self.dtype != "float64":
                self.error = max(self.error, float(np.max(off[settled & np.isfinite(off)], initial=0)))
            self.exact[few], self.known[few], self.hopeless[few] = values, settled, ~settled
            self.uncertified += int(np.sum(~settled))
            spent = time.process_time() - began
            self.seconds -= spent
            size = max(1, min(4 * size, 256, int(few.size / max(spent, 1e-9))))  # at most a second's worth
        self.uncertified += where.size
        self.hopeless[where] = True

    def _ulp(self, exact: Array) -> Array:
        """The spacing of the format at the exact values."""
        _, exponent = np.frexp(np.where(np.isfinite(exact), exact, 0))
        exponent = np.where(exact == 0, self.least, np.maximum(exponent - 1, self.least))
        return np.asarray(np.ldexp(np.longdouble(1), exponent - self.digits))

    def compare(self, actual: Array) -> tuple[Array, Array]:
        """The error of each result, in ulps, and where NaN or infinity met something else."""
        with np.errstate(all="ignore"):
            rounded = self.exact.astype(np.float64).astype(NUMPY_DTYPES[self.dtype]).astype(np.float64)
            a = actual.astype(np.float64)
            finite = np.isfinite(a) & np.isfinite(rounded)
            same = finite | (a == rounded) | (np.isnan(a) & np.isnan(rounded))
            distance = np.where(finite, np.abs(a.astype(np.longdouble) - self.exact) / self._ulp(self.exact), 0)
        return np.asarray(distance), ~same

    def judge(self, row: Row, actual: Array) -> Row:
        """Fill a row, and certify until its worst arguments are certified ones."""
        if actual.dtype != self.x.dtype or actual.shape != self.x.shape:
            row.problem = f"returned {actual.dtype} of shape {actual.shape}"
            return row
        asked = 8
        while True:
            ulps, mismatch = self.compare(actual)
            exact = np.abs(self.exact)
            is_normal = (np.abs(self.x) >= self.smallest_normal) & (exact >= self.smallest_normal)
            normal = np.where(is_normal, ulps, 0)
            tops = [ulps, normal, mismatch.astype(float)]
            # Of equals, a certified one.
            worst = [int(np.argmax(np.where(self.known, t * (1 + 1e-12), t))) for t in tops]
            tried = self.known | self.hopeless
            if all(tried[i] or not t[i] for t, i in zip(tops, worst, strict=True)):
                break
            self.certify(np.unique(np.concatenate([_highest(np.where(tried, 0, t), asked) for t in tops])))
            asked *= 2
        row.values, row.mean, row.normal_mean = self.x.size, _mean(ulps[~mismatch]), _mean(ulps[~mismatch & is_normal])
        row.worst, row.normal = (
            self._place(i, actual, t[i]) if t[i] else None for t, i in zip(tops[:2], worst[:2], strict=True)
        )
        row.mismatches = int(np.sum(mismatch))
        row.mismatch = self._place(worst[2], actual, 0.0) if row.mismatches else None
        row.certified, row.uncertified, row.reference = int(np.sum(self.known)), self.uncertified, self.error
        return row

    def _place(self, i: int, actual: Array, ulps: float) -> Place:
        digits = {"float64": 17, "float32": 9, "float16": 5, "bfloat16": 4}[self.dtype]
        x, y, z = float(self.x[i]), float(actual[i]), self.exact[i]
        shown = f"{x:.{digits}g}", x.hex(), f"{y:.{digits}g}", f"{z:.{digits + 3}g}"
        return Place(*shown, float(ulps), bool(self.known[i]))


def _mean(a: Array) -> float:
    return float(np.mean(a)) if a.size else 0.0


def _highest(a: Array, n: int) -> Array:
    """Where the n highest positive numbers are."""
    positive = np.flatnonzero(a > 0)
    return positive if positive.size <= n else positive[np.argpartition(a[positive], -n)[-n:]]


def certified(case: Case, options: dict[str, Any], x: Array) -> tuple[Array, Array]:
    """The exact values at ``x``, to 66 bits, and where they are settled: where they are proven, and at limits, poles,
    and outside the domain, where they are those of the reference in ``numpy.longdouble``."""
    wide = x.astype(np.float64).astype(np.longdouble)
    with np.errstate(all="ignore"):
        values = np.asarray(case.reference(wide, **options)).astype(np.longdouble)
    unsettled = np.isfinite(values)
    bits = ball.BITS
    while bits <= ball.MAX_BITS and unsettled.any():
        where = np.flatnonzero(unsettled)
        with ball.precision(bits), np.errstate(all="ignore"):
            balls = np.asarray(case.reference(ball.to_ball(wide[where]), **options), dtype=object)
            narrow = np.array([_is_narrow(flint.arb(b)) for b in balls], bool)
            values[where[narrow]] = ball.to_longdouble(balls[narrow])
            unsettled[where[narrow]] = False
        bits *= 2
    return values, ~unsettled


def _is_narrow(b: Any) -> bool:
    return bool(b.is_finite()) and float(b.rad()) <= ball.NARROW * abs(float(b.mid()))


def rows_of(
    case: Case, options: dict[str, Any], frameworks: Sequence[Framework], *, quick: bool = False
) -> Iterator[Row]:
    """Every route of one function in every format."""
    shown = ", ".join(f"{k}={v}" for k, v in options.items())
    for dtype in (d for d in FLOATS if d in case.dtypes):
        x = arguments(dtype, quick=quick)
        if dtype in ("float64", "float32") and case.name in LEAST:
            x = x[x >= LEAST[case.name]]
        truth = Truth(case, options, dtype, x)
        for framework in frameworks:
            for route in case.routes(framework.name):
                row = Row(case.name, shown, framework.name, route.name, dtype)
                try:
                    actual = ask(framework, route, options, truth.x)
                except Exception as error:  # a kernel that a framework does not have
                    row.problem = f"{type(error).__name__}: {(str(error).splitlines() or [''])[0][:120]}"
                    yield row
                else:
                    yield truth.judge(row, actual)


def ask(framework: Framework, route: Route, options: dict[str, Any], x: Array) -> Array:
    return np.asarray(framework.value(framework.bind(route, options, [x]), [x]))


def render(atlas: dict[str, Any], pages: Sequence[tuple[str, str]] = ()) -> str:
    """The page: one file, which needs nothing else. ``pages`` are those that belong together: (address, name)."""
    worst = sorted(atlas["rows"], key=lambda r: -(r.worst.ulps if r.worst else 0.0))
    return template.render(
        "atlas.html.j2",
        ("atlas.js",),
        **{**atlas, "rows": worst},
        math=math,
        title="Accuracy atlas",
        state="plain",
        pages=pages,
        here="Accuracy atlas",
        cases=dict.fromkeys(r.case for r in atlas["rows"]),
    )


def encoded(atlas: dict[str, Any]) -> bytes:
    """The numbers, as they are kept beside the page."""
    return msgspec.json.format(msgspec.json.encode(atlas), indent=1)


def beside(directory: Path) -> list[tuple[str, str]]:
    """The pages of the run whose directory this is, and of the atlas in it."""
    kept = [("index.html", "Report"), ("divergences.html", "Divergences")]
    there = [(name, text) for name, text in kept if (directory / name).is_file()]
    return [*there, ("atlas.html", "Accuracy atlas")]


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser("python -m conformance.atlas", description="Errors in units in the last place.")
    parser.add_argument("--quick", action="store_true", help="fewer numbers in float32 and float64")
    parser.add_argument("--cases", default="*", metavar="PATTERN", help="only these functions")
    parser.add_argument("--output", type=Path, default=DEFAULT, metavar="DIR", help="(default: reports/runs/atlas)")
    options = parser.parse_args(argv)
    for variable in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        os.environ.setdefault(variable, "1")
    frameworks = []
    for name in COLUMNS:
        try:
            frameworks.append(load(name))
        except Unusable as reason:
            print(reason)
    rows: list[Row] = []
    for case, chosen in cases():
        if fnmatch.fnmatchcase(case.name, options.cases):
            began = time.perf_counter()
            rows += rows_of(case, chosen, frameworks, quick=options.quick)
            print(f"{case.name:28} {time.perf_counter() - began:6.1f} s", flush=True)
    atlas = {
        "created": time.strftime("%Y-%m-%dT%H:%M:%S"),
        "suite": fingerprint.suite(),
        "frameworks": {f.name: f.version() for f in frameworks},
        "fingerprint": fingerprint.fingerprint(),
        "quick": options.quick,
        "rows": rows,
    }
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "atlas.json").write_bytes(encoded(atlas))
    template.write(render(atlas, beside(options.output)), options.output / "atlas.html")
    print(options.output / "atlas.html")
    return 0 if rows else 1


if __name__ == "__main__":
    raise SystemExit(main())
