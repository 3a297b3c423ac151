"""Exploration: inputs and options that no sample of a case has, drawn like those that its samples have.

For each draw hypothesis chooses a sample, and then a dtype, a seed, sizes, a factor and options; `conformance.redraw`
makes the arrays. What the reference refuses is no draw. What it takes is judged by the engine as every sample is: value
and gradient, eagerly, through every route. A result beyond its limit is a `Find`, unless it is

- refused: the framework raised. What it claims to support a case does not say, so this is counted, and no find;
- known: a divergence holds for the case, check, route and dtype, with whatever sample;
- in doubt: the score depends on how the noise was drawn, the reference has a singularity within a few roundoffs, or
  the error is below the smallest normal number, which processors may flush to zero;
- disputed: no route of the other framework agrees with the reference either. Then the draw is something that the case
  does not define, or the reference is at fault.

Hypothesis shrinks what is found to the first sample, smallest sizes and fewest changed options that still show it.
"""

import inspect
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import ml_dtypes
import msgspec
import numpy as np

from conformance import noise
from conformance.case import COMPLEX, FLOATS, Array, Case, Sample
from conformance.catalogue import area
from conformance.check import against_reference
from conformance.divergence import concerning
from conformance.formats import FORMATS, NUMPY_DTYPES, PARTS, format_of, rounded, widened
from conformance.frameworks import installed, leading_mode
from conformance.plan import Options, Test
from conformance.redraw import Arrays, Family, keeps, sizes_of
from conformance.score import as_outputs
from conformance.workbench import Workbench
from reports.record import Observation

LEFT_OUT = ("statistics", "training", "convergence")
"""Kinds that are not explored: random numbers have no one answer, and whole runs take seconds each."""
LARGEST = 7
"""Sizes are drawn up to here, or kept."""
EXPONENTS = (0, 0, 0, 0, -1, 1, -2, 2, -3, 3)
"""Powers of two that an input is multiplied by."""
SELDOM = (*(False,) * 12, True)
"""How often a size is 0, a sign is changed, or a number is 0."""
AXES = ("axis", "axes", "dim", "dims")
"""Options that count from the end, too."""
NAME = "explored"
DOUBTS = 3
"""With so many other draws of cotangents and of noise a find must be one, too."""
INTERNAL = "INTERNAL ASSERT FAILED"
"""An error by which a framework says that it is at fault."""


@dataclass(frozen=True)
class Exploration:
    """What pytest runs: one case in one framework."""

    area: str
    case: Case
    framework: str

    @property
    def id(self) -> str:
        return f"{self.case.name}-{self.framework}-explore"


def explorations(area_name: str, frameworks: Sequence[str]) -> Iterator[Exploration]:
    """Those of one area."""
    for case in area(area_name):
        if case.kind not in LEFT_OUT:
            yield from (Exploration(area_name, case, f) for f in frameworks if case.routes(f))


@dataclass(frozen=True)
class Draw:
    """Inputs and options that no sample has."""

    sample: Sample
    """Its arrays are fixed numbers."""
    base: Sample
    dtype: str
    seed: int
    changed: Mapping[str, Any]
    """Options that are not the base sample's."""

    @property
    def arrays(self) -> Arrays:
        return self.sample.make(np.random.default_rng(0))

    def __repr__(self) -> str:
        shapes = ", ".join(str(a.shape) for a in self.arrays)
        return f"{self.base.name!r} as {shapes}, {self.dtype}, seed {self.seed}, {dict(self.sample.options)}"


class Find(AssertionError):
    """A draw that a framework and the reference disagree on."""

    def __init__(self, draw: Draw, observation: Observation) -> None:
        super().__init__(f"{observation.case}: {draw}")
        self.draw, self.observation = draw, observation


class Space:
    """Everything that may be drawn for a case."""

    def __init__(self, case: Case, dtypes: Sequence[str]) -> None:
        self.case = case
        self.families = [
            Family(case, s)
            for s in case.samples
            if not s.raises and any(d in s.dtypes for d in self._dtypes(s, dtypes))
        ]
        self.wanted = tuple(dtypes)

    def _dtypes(self, sample: Sample, dtypes: Sequence[str]) -> list[str]:
        return [d for d in self.case.dtypes if d in dtypes and d in sample.dtypes]

    @cached_property
    def named(self) -> dict[str, list[Any]]:
        """Every option with the values that samples give it, and the reference's own default."""
        parameters = inspect.signature(self.case.reference).parameters
        found: dict[str, dict[str, Any]] = {}
        for sample in (f.sample for f in self.families):
            for name, value in sample.options.items():
                found.setdefault(name, {}).setdefault(repr(value), value)
        for name, values in found.items():
            default = parameters[name].default if name in parameters else inspect.Parameter.empty
            if default is not inspect.Parameter.empty:
                values.setdefault(repr(default), default)
        return {name: list(values.values()) for name, values in found.items()}

    @cached_property
    def options(self) -> dict[str, list[Any]]:
        """Every option that may be changed: to what samples name, and to the integers beside those."""
        if self.case.computation.nudge_steps:  # numbers of steps, at which something happens
            return {name: values for name, values in self.named.items() if len(values) > 1}
        found = {}
        for name, values in self.named.items():
            if all(isinstance(v, str) and v in NUMPY_DTYPES for v in values):
                continue  # a sample's format and what it says of it belong together
            more = {repr(v): v for v in values}
            numbers = [n for v in values for n in (v if isinstance(v, tuple) else (v,)) if type(n) is int]
            for v in values:
                for new in _beside(v, min(numbers, default=0), name in AXES):
                    more.setdefault(repr(new), new)
            found[name] = list(more.values())
        return {name: values for name, values in found.items() if len(values) > 1}

    def draw(self, choose: Callable[[Any], Any]) -> Draw | None:
        """One draw; None for what the case does not define. ``choose`` is hypothesis' ``draw``."""
        from hypothesis import strategies as st

        family = self.families[choose(st.integers(0, len(self.families) - 1))]
        base = family.sample
        dtype = choose(st.sampled_from(self._dtypes(base, self.wanted)))
        options, keys = dict(base.options), sorted(self.options)
        for _ in range(choose(st.integers(0, min(3, len(keys))))):
            name = choose(st.sampled_from(keys))
            options[name] = choose(st.sampled_from(self.options[name]))
        changed = {k: v for k, v in options.items() if k not in base.options or repr(base.options[k]) != repr(v)}
        sizes = {}
        for d in family.dimensions:
            sizes[d] = choose(st.sampled_from([*range(1, LARGEST + 1), *[d.size] * (LARGEST - 1)]))
        if sizes and choose(st.sampled_from(SELDOM)):
            sizes[choose(st.sampled_from(list(sizes)))] = 0
        seed = 0 if family.fixed else choose(st.integers(0, 2**16))
        arrays = family.resized(sizes_of(sizes), seed)
        if arrays is None:
            return None
        zero = False
        scalable = [i for i, a in enumerate(arrays) if _scalable(a, family.facts[i], dtype)]
        if scalable:
            exponent = choose(st.sampled_from(EXPONENTS))
            i = choose(st.sampled_from(scalable))
            signed = ("not negative", ()) not in family.facts[i]
            factor = 2.0**exponent * (-1 if signed and choose(st.sampled_from(SELDOM)) else 1)
            moved = arrays[i] * factor
            zero = signed and bool(moved.size) and choose(st.sampled_from(SELDOM))
            if zero:
                moved.flat[choose(st.integers(0, moved.size - 1))] = 0
            if not keeps(family.facts[i] - {("not zero", ())}, moved):
                return None
            arrays = (*arrays[:i], moved, *arrays[i + 1 :])
        if not family.takes(arrays, options):
            return None
        tied = any(
            ("distinct", ()) in known and len(np.unique(r)) < r.size
            for known, r in zip(family.facts, map(_plain, rounded(arrays, dtype)), strict=True)
        )
        if tied and self.case.kind == "selection":
            return None  # which of two equal numbers comes first
        # At a kink a gradient is a choice, which the sample made for its own options.
        gradient = base.gradient and not zero and not tied and (base.smooth or not changed)
        sample = replace(base, name=NAME, make=lambda _: arrays, options=options, gradient=gradient)
        return Draw(sample, base, dtype, seed, changed)


def _plain(a: Array) -> Array:
    """As NumPy can sort it."""
    return a.astype(np.float64) if a.dtype == NUMPY_DTYPES["bfloat16"] else a


def _scalable(a: Array, known: frozenset[Any], dtype: str) -> bool:
    """Whether an input may be multiplied by a power of two: not labels, zeros and ones, or integers under test."""
    return a.dtype.kind in "fc" and ("whole", ()) not in known and dtype in (*FLOATS, *COMPLEX)


def _beside(value: Any, least: int, is_axis: bool) -> Iterator[Any]:
    """Integers one up and down, and tuples in which one of them is; never below the least that samples name."""
    if type(value) is int:
        if is_axis:
            yield from range(-3, 3)
        yield from (n for n in (value + 1, value - 1) if n >= least)
    elif isinstance(value, tuple) and value and all(type(n) is int for n in value):
        for i, n in enumerate(value):
            yield from ((*value[:i], m, *value[i + 1 :]) for m in (n + 1, n - 1) if m >= least or is_axis)
        yield value[::-1]


@dataclass
class Explorer:
    """Judges draws for one exploration, and keeps count."""

    of: Exploration
    options: Options
    tally: Counter[str] = field(default_factory=Counter)

    @cached_property
    def space(self) -> Space:
        return Space(self.of.case, self.options.dtypes)

    def judge(self, draw: Draw) -> Find | None:
        """Whether a draw is a find."""
        self.tally["drawn"] += 1
        for check in ("value", "gradient"):
            for o in self._observed(draw, check, self.of.framework):
                self.tally["judged"] += 1
                if o.outcome != "failed":
                    self.tally["known"] += o.outcome == "diverged"
                elif o.reason.startswith("raised") and INTERNAL not in o.reason:
                    self.tally["refused"] += 1
                elif _is_known(o, self._test(draw, check, o.framework)):
                    self.tally["known"] += 1
                elif self._in_doubt(draw, o):
                    self.tally["in doubt"] += 1
                elif self._disputed(draw, check):
                    self.tally["disputed"] += 1
                else:
                    return Find(draw, o)
        return None

    def witnesses(self, draw: Draw, check: str) -> dict[str, tuple[int, int]]:
        """Of each other framework that has the case: how many routes agree with the reference, and of how many."""
        found = {}
        for framework in self.options.frameworks:
            if framework != self.of.framework and installed(framework) and self.of.case.routes(framework):
                rows = list(self._observed(draw, check, framework))
                found[framework] = (sum(o.outcome == "passed" for o in rows), len(rows))
        return found

    def _disputed(self, draw: Draw, check: str) -> bool:
        agreeing = self.witnesses(draw, check).values()
        return bool(agreeing) and not any(n for n, _ in agreeing)

    def _test(self, draw: Draw, check: str, framework: str) -> Test:
        case = replace(self.of.case, samples=(draw.sample,))
        return Test(self.of.area, case, check, framework, leading_mode(framework, case), "cpu")

    def _observed(self, draw: Draw, check: str, framework: str) -> Iterator[Observation]:
        test = self._test(draw, check, framework)
        if check in test.case.checks and draw.sample in test.case.sampled(check, draw.dtype):
            bench = Workbench(self.options)
            expect = bench.expected_gradient if check == "gradient" else bench.expected
            try:
                expect(test.case, draw.sample, draw.dtype)
            except Exception:  # in another format, or of the gradient: the reference refuses after all
                self.tally["not defined"] += 1
                return
            yield from (o for o, _ in against_reference(bench, test, draw.dtype, draw.sample, test.routes))

    def _in_doubt(self, draw: Draw, found: Observation) -> bool:
        if found.reason:  # another shape or dtype, an error of the framework's own
            return False
        tiny = (
            float(ml_dtypes.finfo(NUMPY_DTYPES[PARTS.get(draw.dtype, draw.dtype)]).smallest_normal)
            if draw.dtype in FORMATS
            else 0.0
        )
        w = found.worst
        if w is not None and abs(float(w.actual) - float(w.expected)) <= tiny:
            return True
        if _singular(self.of.case, draw):
            return True
        for k in range(DOUBTS):
            again = replace(draw, sample=replace(draw.sample, name=f"{NAME} {k}"))
            rows = self._observed(again, found.check, found.framework)
            if all(o.outcome != "failed" for o in rows if o.route == found.route):
                return True
        return False


def _is_known(o: Observation, test: Test) -> bool:
    """Whether a divergence holds for a check, with whatever sample."""
    entries = (d for d in concerning(o.case, o.framework) if d.concerns(test, o.framework))
    return any(msgspec.structs.replace(d, samples=("*",)).holds(o.route, o.dtype, NAME, "") for d in entries)


def _singular(case: Case, draw: Draw) -> bool:
    """Whether results come and go within some roundoffs of the inputs: there the noise has no bound."""
    form = format_of(draw.dtype)
    wide = widened(rounded(draw.arrays, draw.dtype), np.float64)
    nudge = noise.nudger(8 * form.unit_roundoff, np.random.default_rng(0))
    exactly = {"nudge": lambda a: a} if case.computation.nudge_steps else {}

    def finite(inputs: Arrays) -> list[Array]:
        results = as_outputs(case.reference(*inputs, **exactly, **draw.sample.options))
        return [np.isfinite(v) if v.dtype.kind in "fc" else np.ones(v.shape) for v in results.values()]

    with np.errstate(all="ignore"):
        own = finite(wide)
        moved = [finite(tuple(map(nudge, wide))) for _ in range(noise.NUDGES)]
    return any(not np.array_equal(a, b) for other in moved for a, b in zip(own, other, strict=True))


def explore(
    explorer: Explorer, examples: int, *, round_: int = 0, database: Path | None = None,
    over: Callable[[], bool] = lambda: False,
) -> Find | None:  # fmt: skip
    """Judge ``examples`` draws; the smallest find. The same draws each time for the same seed and round, unless a
    database of earlier finds is given, which are tried first. ``over`` says that the time is."""
    import hypothesis
    from hypothesis import strategies as st
    from hypothesis.database import DirectoryBasedExampleDatabase
    from hypothesis.errors import Flaky, Unsatisfiable

    space, tally = explorer.space, explorer.tally
    if not space.families:
        return None

    finds: list[Find] = []

    def attempt(draw: Draw | None) -> None:
        if not finds and over():  # what was found is shrunk all the same
            return
        if draw is None:
            tally["not defined"] += 1
        hypothesis.assume(draw is not None)
        found = explorer.judge(draw)  # type: ignore[arg-type]
        if found is not None:
            finds.append(found)
            raise found

    attempt.__name__ = re.sub(r"\W", "_", explorer.of.id)  # by which the database knows it
    phases = (hypothesis.Phase.reuse, hypothesis.Phase.generate, hypothesis.Phase.shrink)
    seed = zlib.crc32(f"{explorer.of.id} {explorer.options.seed} {round_}".encode())
    run = hypothesis.settings(
        max_examples=examples, database=DirectoryBasedExampleDatabase(database) if database else None, deadline=None,
        phases=phases, suppress_health_check=list(hypothesis.HealthCheck), report_multiple_bugs=False,
        verbosity=hypothesis.Verbosity.quiet, print_blob=False,
    )(hypothesis.seed(seed)(hypothesis.given(st.composite(lambda choose: space.draw(choose))())(attempt)))  # fmt: skip
    try:
        run()
    except Find as found:
        return found
    except Unsatisfiable:
        tally["never defined"] += 1
    except Flaky:
        tally["in doubt"] += 1
    return None


def named_sample(draw: Draw) -> str:
    """A find as a line for the catalogue."""
    arrays = [_spelled(a) for a in widened(rounded(draw.arrays, draw.dtype), np.float64)]
    options = [f"{name}={value!r}" for name, value in draw.sample.options.items()]
    flags = ["gradient=False"] * (not draw.sample.gradient) + ["smooth=False"] * (not draw.sample.smooth)
    name = "-".join([draw.base.name, *(f"{k}-{v}" for k, v in draw.changed.items()), *_sizes(draw.arrays)])
    words = "".join(c if c.isalnum() else "-" for c in name)
    return f"given({', '.join([*arrays, f'name={words!r}', *flags, *options])}),"


def _sizes(arrays: Arrays) -> list[str]:
    return ["x".join(map(str, a.shape)) for a in arrays[:1] if a.ndim]


def _spelled(a: Array) -> str:
    if 0 in a.shape:
        return f"np.zeros({a.shape}, np.{a.dtype.name})"
    text = repr(a.tolist()).replace("nan", "np.nan").replace("inf", "np.inf")
    return text if a.dtype.kind in "fb" or a.dtype == np.int64 else f"np.array({text}, np.{a.dtype.name})"
