"""What a benchmark is: a case of the catalogue at three sizes, with the work that it takes.

Work is stated as formulas of the sizes, so that a time is also a share of what the machine can do
(`conformance.roofline`). FLOPs are those of the textbook's algorithm: one for each addition, subtraction,
multiplication, division, comparison of numbers, square root or elementary function, whatever it costs; what copies and
selects has none. Bytes are the least that any implementation moves: every input is read once, every result written
once, and no intermediate result leaves the registers. Of forward and backward together: inputs and cotangents are read
once, results and gradients written once.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from typing import Any

import numpy as np

from conformance.case import Array, Case, Sample
from conformance.catalogue import catalogue
from conformance.formats import widened
from conformance.frameworks import load
from conformance.plan import Options
from conformance.score import Expected, as_outputs, compared, scored
from conformance.workbench import Workbench

DTYPE = "float32"
SIZES = ("small", "medium", "large")
"""Small: the call itself costs more than the work. Medium: the data fit into a core's cache. Large: they do not, or the
work is arithmetic; still some 50 ms a call at most on one core."""
WHAT = ("forward", "forward and backward", "optimizer step", "training step")

Size = Mapping[str, int]
Formula = Callable[..., float]


@dataclass(frozen=True)
class Operation:
    """A case, forward and (where ``backward`` says what it costs) forward with its gradient.

    ``inputs(rng, **size)`` draws the inputs as a sample does, ``options(**size)`` are those of the case. ``flops`` and
    ``backward`` are formulas of the size: FLOPs of the function, and of the gradient alone. ``read``: bytes of the
    inputs that are read where that is not all of them.
    """

    name: str
    small: Size
    medium: Size
    large: Size
    inputs: Callable[..., tuple[Array, ...]]
    flops: Formula
    backward: Formula | None = None
    options: Callable[..., Mapping[str, Any]] = lambda **_: {}
    of: str = ""
    """The case, where a case has several benchmarks."""
    numpy: Callable[..., Any] | None = None
    """NumPy's own function, where the reference is written out for formats that LAPACK does not have. In float64 it is
    what the results of large sizes are compared with, for which the reference would take minutes."""
    numpy_vjp: Callable[..., Any] | None = None
    underflows: bool = False
    """The reference does in float32: it is timed in float64."""
    read: Formula | None = None
    routes: Mapping[str, str] = field(default_factory=dict)
    """framework -> name of the route that is timed; the first one of the case if nothing is said."""
    without: Mapping[str, str] = field(default_factory=dict)
    """mode, or "mode backward" -> why the framework cannot do it in that mode."""

    @cached_property
    def case(self) -> Case:
        """What is timed and what it is compared with."""
        found = next(c for cases in catalogue().values() for c in cases if c.name == (self.of or self.name))
        return replace(found, reference=self.numpy or found.reference, vjp=self.numpy_vjp or found.vjp)

    @property
    def kinds(self) -> tuple[str, ...]:
        return WHAT[:2] if self.backward else WHAT[:1]


@dataclass(frozen=True)
class Program:
    """Steps that change weights: of an optimizer, or of training.

    ``reference(*arrays, nudge=, **options)`` is an endless iterator of what must be seen after each step, by name.
    ``torch``, ``tensorflow`` and ``jax`` build it, see `conformance.frameworks.Framework.program`. ``flops(**size)``
    and ``bytes(**size)`` are those of one step.
    """

    name: str
    kind: str
    """Of computation: see `conformance.case.KINDS`."""
    what: str
    small: Size
    medium: Size
    large: Size
    inputs: Callable[..., tuple[Array, ...]]
    reference: Callable[..., Iterator[dict[str, Array]]]
    torch: Callable[..., Any]
    tensorflow: Callable[..., Any]
    jax: Callable[..., Any]
    flops: Formula
    bytes: Formula
    options: Callable[..., Mapping[str, Any]] = lambda **_: {}
    modes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """framework -> further ways to take a step, which run where eager mode does: fused, foreach."""
    without: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def case(self) -> Case:
        """For the engine: what it must be, and how far from it a correct step may be."""

        def reference(*arrays: Array, **options: Any) -> dict[str, Array]:
            return stacked(islice(self.reference(*arrays, **options), STEPS))

        return Case(self.name, self.kind, reference, ())

    @property
    def kinds(self) -> tuple[str, ...]:
        return (self.what,)


STEPS = 2
"""Of a program, so many are compared with the reference: the second one uses what the first left in its state."""


def stacked(seen: Iterable[Mapping[str, Array]]) -> dict[str, Array]:
    """What was seen after each step, by name, with the steps in front."""
    rows = list(seen)
    return {name: np.stack([row[name] for row in rows]) for name in rows[0]}


@dataclass(frozen=True)
class Benchmark:
    """One entry of the list at one size."""

    entry: Operation | Program
    size: str
    what: str

    @property
    def id(self) -> str:
        return f"{self.entry.name}-{self.size}{'-backward' if self.what == WHAT[1] else ''}"

    @property
    def dimensions(self) -> Size:
        sizes: Size = getattr(self.entry, self.size)
        return sizes

    @property
    def options(self) -> Mapping[str, Any]:
        return self.entry.options(**self.dimensions)

    @property
    def sample(self) -> Sample:
        return Sample(self.size, lambda rng: self.entry.inputs(rng, **self.dimensions), self.options)

    @property
    def flops(self) -> float:
        """The FLOPs of one call."""
        total = self.entry.flops(**self.dimensions)
        if isinstance(self.entry, Operation) and self.entry.backward and self.what == WHAT[1]:
            total += self.entry.backward(**self.dimensions)
        return float(total)

    def bytes(self, inputs: tuple[Array, ...], cotangents: tuple[Array, ...], written: int) -> float:
        """The fewest bytes that one call moves, of which so many are ``written``."""
        if isinstance(self.entry, Program):
            return float(self.entry.bytes(**self.dimensions))
        read = self.entry.read(**self.dimensions) if self.entry.read else sum(a.nbytes for a in inputs)
        return float(read + sum(a.nbytes for a in cotangents) + written)

    def reason_not(self, mode: str) -> str:
        """Why it cannot be timed in a mode; empty if it can."""
        backward = self.entry.without.get(f"{mode} backward", "") if self.what == WHAT[1] else ""
        return backward or self.entry.without.get(mode, "")

    def baseline(self, inputs: tuple[Array, ...], cotangents: tuple[Array, ...]) -> Callable[[], Any]:
        """NumPy doing it: a function that returns the result and the gradients, or what is seen after the next step."""
        options = self.options
        if isinstance(self.entry, Program):
            steps = self.entry.reference(*inputs, **options)
            return lambda: next(steps)
        if self.entry.underflows:
            inputs, cotangents = (widened(arrays, np.float64) for arrays in (inputs, cotangents))
        f, vjp = self.entry.case.reference, self.entry.case.vjp
        if self.what != WHAT[1]:
            return lambda: (f(*inputs, **options), ())
        cotangent = cotangents[0] if len(cotangents) == 1 else cotangents
        assert vjp is not None

        def both() -> tuple[Any, tuple[Any, ...]]:
            gradients = vjp(cotangent, *inputs, **options)
            return f(*inputs, **options), gradients if isinstance(gradients, tuple) else (gradients,)

        return both


# One benchmark, made ready in a framework


class Wrong(AssertionError):
    """What would be timed does not compute what it should; the message is one sentence."""


class Data:
    """The inputs of a benchmark and what must come out, computed once for all frameworks."""

    def __init__(self, benchmark: Benchmark, seed: int = 0) -> None:
        bench, case, sample = Workbench(Options(seed=seed)), benchmark.entry.case, benchmark.sample
        self.benchmark = benchmark
        self.inputs = bench.inputs(case, sample, DTYPE)
        self.expected = bench.expected(case, sample, DTYPE)
        self.cotangents: tuple[Array, ...] = ()
        self.gradient: Expected | None = None
        if benchmark.what == WHAT[1]:
            self.cotangents = bench.cotangents(case, sample, DTYPE)
            self.gradient = bench.expected_gradient(case, sample, DTYPE)
        outputs = [*self.expected.value.values(), *(self.gradient.value.values() if self.gradient else ())]
        written = sum(a.size * {"f": 4, "c": 8}.get(a.dtype.kind, a.itemsize) for a in outputs)
        self.bytes = benchmark.bytes(self.inputs, self.cotangents, written)


def prepared(data: Data, framework: str, mode: str, device: str = "cpu") -> Callable[[], Any]:
    """A function that does the work once, after it has done it right: the first result (of a program, the first
    `STEPS`) was compared with the reference. ``framework``: one of `FRAMEWORKS`, or numpy.

    Raises `Wrong`, and `conformance.frameworks.Unusable`.
    """
    b, entry = data.benchmark, data.benchmark.entry
    if framework == "numpy":
        call = b.baseline(data.inputs, data.cotangents)
        if isinstance(entry, Program):
            compare(data, stacked([call() for _ in range(STEPS)]), exactly=False)
            return call
        result, gradients = call()
        compare(data, result, gradients, exactly=False)
        return call
    adapter = load(framework)
    if isinstance(entry, Program):
        step, seen = adapter.program(getattr(entry, framework), data.inputs, b.options, mode=mode, device=device)
        rows = []
        for _ in range(STEPS):
            loss = step()
            now = {**({"loss": loss} if "loss" in data.expected.value else {}), **seen()}
            rows.append({name: np.array(a) for name, a in adapter.array(now).items()})
        compare(data, stacked(rows))
        return step
    case, routes = entry.case, entry.case.routes(framework)
    wanted = entry.routes.get(framework)
    route = next(r for r in routes if r.name == wanted) if wanted else routes[0]
    held = [i for i, name in enumerate(case.arguments) if name in case.held]
    f = adapter.bind(route, b.options, data.inputs)
    call = adapter.timer(f, data.inputs, data.cotangents or None, mode=mode, device=device, held=held)
    result, gradients = call()
    compare(data, adapter.array(result), [adapter.array(g) for g in gradients])
    return call


def compare(data: Data, result: Any, gradients: Sequence[Array] = (), *, exactly: bool = True) -> None:
    """Raise `Wrong` unless every output is within the limit of its kind by its norm: of millions of elements, the worst
    says nothing. ``exactly``: also in dtypes.

    The limits are for sums that are added up in blocks or pairs, whose errors grow as noise floors do. Of n terms one
    after another, the k-th partial sum errs by u sqrt(k): together u n / sqrt(2), which is sqrt(n / 2) floors. No sum
    has more terms than the largest array has elements.
    """
    case = data.benchmark.entry.case
    longest = max(a.size for a in (*data.inputs, *data.expected.value.values()))
    sums = case.kind in ("reduction", "contraction", "factorization")
    found = [("value", as_outputs(result), data.expected)]
    if data.gradient is not None:
        named = as_outputs(tuple(gradients), tuple(data.gradient.value))
        found.append(("gradient", named, data.gradient))
    for check, outputs, expected in found:
        limit = case.computation.limits[check]
        if (sums or check == "gradient") and limit >= 1:
            limit = max(limit, (longest / 2) ** 0.5)
        for name, value in compared(expected.value).items():
            if name not in outputs:
                raise Wrong(f"{data.benchmark.id}: returned no {name}")
            one = Expected({name: value}, {name: expected.floor[name]})
            score = scored({name: outputs[name]}, one, DTYPE, same_dtype=exactly)
            apart = score.score if np.isnan(score.norm) else score.norm
            if score.problem or not apart <= limit:
                said = score.problem or f"{name} is {apart:.3g} noise floors from the reference, and {limit:.3g} may be"
                raise Wrong(f"{data.benchmark.id}: computes something else ({check}): {said}")
