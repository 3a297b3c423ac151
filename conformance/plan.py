"""Which checks there are: the catalogue crossed with checks, frameworks, modes, devices, dtypes and samples.

A `Test` is what pytest runs, and is large enough that pytest's own cost per test stays small: one check of one case
through all routes of one framework in one mode, at every dtype and sample. Each of these combinations is a planned
check of its own, and must leave an observation.
"""

import itertools
import os
import shutil
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

import numpy as np

from conformance.case import DTYPES, FLOATS, FRAMEWORKS, TF32, Array, Case, Route, Sample
from conformance.catalogue import LAYERS, NOT_OF_KERAS, OF_KERAS, REPRESENTATIVE, area
from conformance.formats import is_floating, rounded
from conformance.frameworks import BACKEND, DEFAULT_MODES, DEVICES, MODES_OF, chosen, leading_mode
from reports.record import Planned

ORDERS = ("reverse over reverse", "forward over reverse")
"""How a Hessian is asked for."""
SIGNED_ZEROS = "signed zeros"
"""0 and -0, whose results must have the right sign, as IEEE 754 has it."""
AGAIN = "again"
"""Bit for bit the same, although other work was done in between."""
ONLY_LEADING = ("jvp", "hvp", "invariance")
JOINT = ("agreement", "convergence")
"""The checks of two frameworks with each other, through the first route of each."""
ACROSS = "across"
"""The check of one framework on a GPU with itself on the CPU, through the first route; the limit is of agreement."""
RUNS = 10
"""So many seeds a convergence check takes, from that of the run on."""
BOTH = "torch+tensorflow"
"""The framework of these; there is one for each pair."""


@dataclass(frozen=True)
class Options:
    """What a run was asked to cover."""

    frameworks: tuple[str, ...] = field(default_factory=chosen)
    dtypes: tuple[str, ...] = DTYPES
    modes: tuple[str, ...] = DEFAULT_MODES
    seed: int = 0
    slow: bool = False
    """Whether tests run that take minutes."""


@dataclass(frozen=True)
class Absent:
    """All tests of one case and framework on a device that this machine does not have: skipped as one."""

    area: str
    case: str
    framework: str
    device: str
    tests: tuple["Test", ...]

    @property
    def id(self) -> str:
        return f"{self.case}-{self.framework}-{self.device}"

    @property
    def frameworks(self) -> tuple[str, ...]:
        return tuple(self.framework.split("+"))

    def planned(self, dtypes: Sequence[str]) -> Planned:
        checks = sum(test.planned(dtypes).checks for test in self.tests)
        return Planned(self.id, self.area, self.case, "", self.framework, "", self.device, absent=checks)


@dataclass(frozen=True)
class Test:
    """One check of one case in one framework, mode and device."""

    __test__ = False  # not a class for pytest to collect

    area: str
    case: Case
    check: str
    framework: str
    mode: str
    device: str

    @cached_property
    def id(self) -> str:
        parts = [self.case.name, self.framework, self.mode, self.check]
        return "-".join(parts if self.device == "cpu" else [*parts, self.device])

    @property
    def limit(self) -> float:
        return self.case.computation.limits["agreement" if self.check == ACROSS else self.check]

    @property
    def leads(self) -> bool:
        """Whether the mode is the one that most checks are made in; two frameworks have one way to be compared."""
        return self.check in JOINT or self.mode == leading_mode(self.framework, self.case)

    @property
    def slow(self) -> bool:
        """Whether it takes minutes, and runs only where that is asked for."""
        return self.check == "convergence"

    @property
    def frameworks(self) -> tuple[str, ...]:
        return tuple(self.framework.split("+"))

    def keys(self, dtypes: Sequence[str]) -> tuple[tuple[str, str, str], ...]:
        """(route, dtype, sample) of every check that this test must leave."""
        return self.planned(dtypes).keys

    def checks_any(self, dtypes: Sequence[str]) -> bool:
        """Whether there is a sample to check at one of the dtypes."""
        return any(d in self.case.dtypes and self.taken(d) for d in dtypes)

    def taken(self, dtype: str) -> tuple[tuple[Sample, str, tuple[Route, ...]], ...]:
        """Each sample that the check takes, how it takes it, and the routes that it takes it through.

        Value and gradient in eager mode, in float64 and float32 (or what stands first in a case that has neither):
        every sample through every route; of an optimizer's trajectories, whose steps are slow, in float64 and in
        torch; of random numbers, in float32. Other dtypes, checks and modes, whose faults seldom hide in one pair:
        every sample through the first route, and the first one through all. In graph modes so for values in float32;
        its gradients and random numbers, and an operation's values in other formats (floating ones, complex64 and
        int32) and gradients in complex64, for the first sample; so for layers that others represent, and for Keras'
        optimizers outside of float64, with the samples that float64 lacks.
        What a layer must refuse, it must in eager mode. In mode tf32 every sample through every route, but for what
        must be refused.
        """
        samples, routes = _samples(self.area, self.case, self.check, self.framework, dtype), self.routes
        graph, leading = not self.leads, _leading(self.case)
        if self.mode == TF32:
            return tuple((s, how, routes) for s, how in samples if dtype == "float32" and not s.raises)
        if self.device == "gpu":
            samples = tuple(s for s in samples if not ends_a_gpu(s[0]))
        if self.takes_all(dtype):
            return tuple((s, how, routes) for s, how in samples)
        if graph and "jit" in MODES_OF[self.framework]:  # in eager mode each operation is compiled by itself
            routes = routes[:1] if self.check == "gradient" else routes
            return tuple((*s, routes) for s in samples[:1]) if dtype == leading else ()
        in_graphs = ("complex64",) if self.check == "gradient" else (*FLOATS, "complex64", "int32")
        others = () if self.area in LAYERS else in_graphs
        if graph and dtype != leading and dtype not in others:
            return ()
        if graph and (self.area in LAYERS or dtype != leading):  # of layers there are many, and each takes a graph
            samples = tuple(s for s in samples if not s[0].raises)
        represented = self.area in LAYERS and self.case.name not in REPRESENTATIVE
        if graph and (dtype != leading or represented or self.check in ("gradient", "statistics")):
            samples = samples[:1]
        # Of a sample that is taken in several ways the first one; both orders of differentiation where they are cheap.
        one = self.check == "invariance" or self.framework == "tensorflow"
        shared = [s for s in samples if s[0] is samples[0][0]][: 1 if one else None]
        slow = self.framework == "tensorflow" and self.case.kind == "trajectory" and dtype != "float64"
        if slow:  # what float64 has as well, it shows best
            samples = tuple(s for i, s in enumerate(samples) if not i or "float64" not in (s[0].dtypes or ("float64",)))
        if (graph and dtype != leading) or slow or (self.framework == "tensorflow" and self.check == "jvp"):
            shared = []
        return tuple((*s, routes if s in shared else routes[:1]) for s in samples)

    def takes_all(self, dtype: str) -> bool:
        """Whether every sample is taken through every route."""
        if not self.leads or self.check in ONLY_LEADING:
            return False
        if self.check == "statistics":  # each draw is seeded, which empties the framework's caches
            return dtype == _leading(self.case)
        slow = self.case.kind == "trajectory" and (self.framework == "tensorflow" or dtype != "float64")
        return dtype in ("float64", "float32", _leading(self.case)) and not slow

    def route_names(self) -> tuple[str, ...]:
        if self.check in JOINT:
            return (" ~ ".join(self.case.routes(f)[0].name for f in self.frameworks),)
        return tuple(r.name for r in self.routes)

    @cached_property
    def routes(self) -> tuple[Route, ...]:
        """The routes that this test takes."""
        if self.check in (*JOINT, ACROSS):
            return self.case.routes(self.frameworks[0])[:1]
        return tuple(r for r in self.case.routes(self.framework) if r.supports(self.mode))

    def planned(self, dtypes: Sequence[str]) -> Planned:
        """This test as the record's plan holds it."""
        kept: dict[Any, Planned] = self.__dict__.setdefault("_planned", {})
        key = tuple(dtypes)
        if key not in kept:
            kept[key] = self._plan(key)
        return kept[key]

    def _plan(self, dtypes: Sequence[str]) -> Planned:
        taken = {d: self.taken(d) for d in dtypes if d in self.case.dtypes}
        first, others = (
            {d: names for d, by in taken.items() if (names := tuple(label(s, how) for s, how, r in by if len(r) >= n))}
            for n in (1, 2)
        )
        return Planned(
            self.id, self.area, self.case.name, self.check, self.framework, self.mode, self.device,
            self.route_names(), first, others if len(self.route_names()) > 1 else {},
        )  # fmt: skip


def _leading(case: Case) -> str:
    """The dtype that represents all."""
    return "float32" if "float32" in case.dtypes else case.dtypes[0]


@cache
def _samples(area_name: str, case: Case, check: str, framework: str, dtype: str) -> tuple[tuple[Sample, str], ...]:
    samples = case.sampled(check, dtype)
    # ForwardAccumulator traces a graph for every primitive, dtype and shape, which takes tens of milliseconds, and for
    # those of a gradient a tenth of a second. Its rules are the primitives' own, so some cases represent all others.
    represented = case.name not in REPRESENTATIVE and (check == "hvp" or (area_name in LAYERS and case.torch))
    forward = samples if framework == "torch" else samples[:1] if dtype == "float64" and not represented else ()
    if check == "jvp":
        return tuple((s, "") for s in forward)
    if check == "hvp":
        few = (framework == "jax" or area_name in LAYERS) and framework != "torch" and case.name not in REPRESENTATIVE
        reverse = samples[:1] if few else samples
        return tuple((s, how) for how, chosen in zip(ORDERS, (reverse, forward), strict=True) for s in chosen)
    if check == "invariance":
        samples = tuple(s for s in samples if not s.raises)
        left_out = (*(() if framework == "torch" else _STRIDES), *(() if dtype in FLOATS else (SIGNED_ZEROS,)))
        varied = [(samples[0], how) for how in variations(case, samples[0].name)] if samples else []
        again = samples if dtype == _leading(case) and framework == "torch" else samples[:1]
        return (*((s, AGAIN) for s in again), *(v for v in varied if v[1] not in left_out))
    return tuple((s, "") for s in samples)


def ends_a_gpu(sample: Sample) -> bool:
    """Whether inputs that must be refused are indices beyond what they index. On a GPU no framework says so in time:
    torch's kernel asserts, which ends all work of the process on that GPU, TensorFlow's takes 0. The case
    ``indices_out_of_range`` asks for it in processes of their own."""
    return sample.raises and sample.name.startswith(INDICES)


INDICES = ("bad-index", "bad-labels", "bad-probability", "out-of-range", "negative", "beyond-the-table")
"""How the names of such samples begin; kernels assert that probabilities are such, too."""


def label(sample: Sample, how: str) -> str:
    """A sample's name in the record."""
    return f"{sample.name}, {how}" if how else sample.name


@cache
def variations(case: Case, name: str) -> tuple[str, ...]:
    """Other forms of a sample's inputs which must not change the result. TensorFlow's tensors have no strides.

    Whether rows may be taken alone, and whether the function has a value for scalars, is asked of the reference.
    """
    sample = next(s for s in case.samples if s.name == name)
    inputs = rounded(sample.make(np.random.default_rng(0)), case.dtypes[0])
    found = [how for how in _STRIDES if any(a.ndim > (how == "transposed") for a in inputs if is_floating(a))]
    if case.computation.certified and all(map(is_floating, inputs)):
        found += ["expanded", "0-d", "empty", *([SIGNED_ZEROS] if len(inputs) == 1 and case.vjp else [])]
    found += ["row alone"]
    return tuple(how for how in found if how in _STRIDES or _holds(case, sample, inputs, how))


def _holds(case: Case, sample: Sample, inputs: tuple[Array, ...], how: str) -> bool:
    """Whether the reference allows the variation."""
    try:
        with np.errstate(all="ignore"):
            varied = case.reference(*vary(inputs, how), **sample.options)
            if how != "row alone":
                return not isinstance(varied, tuple) and varied.shape == vary((inputs[0],), how)[0].shape
            rows = np.asarray(case.reference(*inputs, **sample.options))[1:2]
            narrow = {"f": np.float32, "c": np.complex64}.get(rows.dtype.kind, rows.dtype)
            equal = np.array_equal(rows.astype(narrow), varied.astype(narrow), equal_nan=rows.dtype.kind in "fc")
            return rows.shape == varied.shape and equal
    except (ValueError, IndexError, TypeError, AttributeError, ZeroDivisionError, OverflowError):
        return False


def vary(inputs: tuple[Array, ...], how: str) -> tuple[Array, ...]:
    """The inputs in another form."""
    if how == "row alone":
        n = inputs[0].shape[0]
        if n < 2 or inputs[0].ndim < 2:
            raise ValueError("no rows")
        return tuple(a[1:2] if a.ndim and a.shape[0] == n else a for a in inputs)
    return tuple(np.asarray(_FORMS[how](a)) if is_floating(a) or how not in _STRIDES else a for a in inputs)


def _expanded(a: Array) -> Array:
    """The first column again and again: one number in memory for each row. (Torch copies what is read-only.)"""
    a = np.atleast_1d(a)
    return np.lib.stride_tricks.as_strided(a, a.shape, (*a.strides[:-1], 0), writeable=True)


def _strided(a: Array) -> Array:
    return np.repeat(a, 2, axis=-1)[..., ::2] if a.ndim else a


def _unaligned(a: Array) -> Array:
    moved = np.empty(a.size + 1, a.dtype)[1:].reshape(a.shape)
    moved[...] = a
    return moved


_STRIDES = ("transposed", "strided", "unaligned")
_FORMS: dict[str, Callable[[Array], Array]] = {
    "transposed": lambda a: a.T.copy().T,
    "strided": _strided,
    "unaligned": _unaligned,
    "expanded": _expanded,
    "0-d": lambda a: a.reshape(-1)[0],
    SIGNED_ZEROS: lambda a: np.array([0.0, -0.0], a.dtype),
    "empty": lambda a: np.empty((0, 3), a.dtype),
}


def first_seed(test: Test, sample: Sample, dtype: str, seed: int) -> int:
    """The seed of the first draw of a statistics check."""
    return seed + zlib.crc32(f"{test.case.name} {sample.name} {dtype}".encode())


def tests(area_name: str, options: Options, devices: Sequence[str] = DEVICES) -> Iterator[Test]:  # noqa: PT028
    """The tests of one area, case by case, so that neighbours share references and results. None of them is empty."""
    for test in combinations(area_name, options, devices):
        if test.checks_any(options.dtypes):
            yield test
        # Forward mode and second derivatives may have no sample that is smooth, or of float64.
        elif test.check not in ONLY_LEADING and not test.checks_any(test.case.dtypes):
            raise ValueError(f"{test.id} would check nothing: the case has no sample for it")


def by_device(area_name: str, options: Options) -> Iterator[Test | Absent]:
    """The tests of one area; on a machine without a GPU, one `Absent` for each case and framework in place of its."""
    absent: dict[tuple[str, str], list[Test]] = {}
    for test in tests(area_name, options):
        if test.device == "cpu" or has_gpu():
            yield test
        else:
            absent.setdefault((test.case.name, test.framework), []).append(test)
    for (case, framework), of_case in absent.items():
        yield Absent(area_name, case, framework, "gpu", tuple(of_case))


@cache
def has_gpu() -> bool:
    """Whether this machine has a GPU at all, without importing a framework: a driver's device, or its tool."""
    devices = ("/dev/nvidiactl", "/dev/nvidia0", "/dev/dxg", "/dev/kfd")
    return any(map(os.path.exists, devices)) or shutil.which("nvidia-smi") is not None


def combinations(area_name: str, options: Options, devices: Sequence[str]) -> Iterator[Test]:
    """Everything that `tests` is chosen from; a test may have no sample at the dtypes of the run."""
    for case in area(area_name):
        for device in (d for d in devices if d in case.devices):
            asked = [f for f in options.frameworks if f != "keras" or _of_keras(area_name, case)]
            for framework in asked:
                for mode in options.modes:
                    if mode == "inductor" and case.name not in REPRESENTATIVE:
                        continue
                    if mode in MODES_OF[framework] and case.allows(mode):
                        for check in case.checks:
                            test = Test(area_name, case, check, framework, mode, device)
                            if check not in JOINT and test.routes and (test.leads or check not in ONLY_LEADING):
                                yield test
                if device == "gpu" and "cpu" in case.devices and leading_mode(framework, case) in options.modes:
                    yield from _on_gpu_alone(area_name, case, framework)
            found = [f for f in FRAMEWORKS if f in asked and case.routes(f)]
            for pair in itertools.combinations(found, 2):
                joint = "+".join(pair)
                yield from (Test(area_name, case, c, joint, "eager", device) for c in JOINT if c in case.checks)


def _of_keras(area_name: str, case: Case) -> bool:
    """Whether Keras is asked for a case on its other backend."""
    return area_name in OF_KERAS[BACKEND] and case.name not in NOT_OF_KERAS.get(BACKEND, {})


def _on_gpu_alone(area_name: str, case: Case, framework: str) -> Iterator[Test]:
    """Products once more, with TF32; and the GPU against the CPU."""
    if not case.routes(framework):
        return
    if case.kind == "contraction" and "float32" in case.dtypes:
        for check in ("value", "gradient"):
            if check in case.checks:
                yield Test(area_name, case, check, framework, TF32, "gpu")
    if "agreement" in case.checks:
        yield Test(area_name, case, ACROSS, framework, leading_mode(framework, case), "gpu")
