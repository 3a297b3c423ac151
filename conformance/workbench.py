"""What the checks of a case share: its inputs, what the references expect of them, and what the frameworks answered."""

import contextlib
import itertools
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from conformance import noise
from conformance.case import TF32, Array, Case, Outputs, Route, Sample
from conformance.clock import Clock
from conformance.formats import is_floating, rounded
from conformance.frameworks import Answer, Framework, Function
from conformance.plan import AGAIN, SIGNED_ZEROS, Options, Test, vary
from conformance.score import Expected, Score, as_outputs, scored


class Workbench:
    """Lives as long as the process, and holds the case in hand: each thing is computed once, for all
    frameworks, routes, modes and checks."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.clock = Clock()
        self.announced: set[tuple[str, str, str]] = set()
        """Framework, route and text of each deprecation so far."""
        self.case: Case | None = None
        self.kept: dict[Any, Any] = {}

    def take(self, case: Case) -> None:
        """Have a case in hand, and give up what is held of another."""
        if case is not self.case:
            self.case, self.kept = case, {}

    def forget(self) -> None:
        """Give up what is held of the case in hand."""
        self.case, self.kept = None, {}

    def score(self, actual: Outputs, expected: Expected, dtype: str, **how: Any) -> Score:
        """As `conformance.score.scored`."""
        with self.clock.spending("scores"):
            return scored(actual, expected, dtype, **how)

    def keep(self, key: Any, compute: Callable[[], Any], what: str = "") -> Any:
        """What is held under a key, computed where it is not yet; its time counts for ``what``."""
        if key not in self.kept:
            with self.clock.spending(what) if what else contextlib.nullcontext():
                self.kept[key] = compute()
        return self.kept[key]

    def rng(self, case: Case, *parts: str) -> np.random.Generator:
        """Random numbers for a purpose, the same in every run of a seed."""
        return np.random.default_rng([self.options.seed, *(zlib.crc32(p.encode()) for p in (case.name, *parts))])

    def combinations(self, test: Test) -> Iterator[tuple[str, Sample, str, tuple[Route, ...]]]:
        """The dtype, the sample, the way it is taken and the routes of all that a test plans."""
        for dtype in self.options.dtypes:
            if dtype in test.case.dtypes:
                for sample, how, routes in test.taken(dtype):
                    yield dtype, sample, how, routes

    # What is given, and expected

    def inputs(self, case: Case, sample: Sample, dtype: str) -> tuple[Array, ...]:
        """The sample's arrays, rounded to the dtype."""
        return self.keep(
            ("inputs", sample.name, dtype),
            lambda: rounded(sample.make(self.rng(case, sample.name)), dtype),
        )

    def expected(self, case: Case, sample: Sample, dtype: str) -> Expected:
        """The reference's value and its noise floor."""
        return self.keep(
            ("value", sample.name, dtype),
            lambda: noise.expected_value(
                case, sample, self.inputs(case, sample, dtype), dtype, self.rng(case, sample.name, "nudge")
            ),
            "references",
        )

    def cotangents(self, case: Case, sample: Sample, dtype: str) -> tuple[Array, ...]:
        """Random numbers in the shape of each floating result. Ones would hide a third of all gradient faults."""

        def draw() -> tuple[Array, ...]:
            rng = self.rng(case, sample.name, "cotangent")
            results = [v for v in self.expected(case, sample, dtype).value.values() if is_floating(v)]
            return rounded(tuple(_normal(rng, v) for v in results), dtype)

        return self.keep(("cotangents", sample.name, dtype), draw)

    def expected_gradient(self, case: Case, sample: Sample, dtype: str) -> Expected:
        """The closed-form gradient and its noise floor."""
        return self.keep(
            ("gradient", sample.name, dtype),
            lambda: noise.expected_gradient(
                case,
                sample,
                self.inputs(case, sample, dtype),
                self.cotangents(case, sample, dtype),
                dtype,
                self.rng(case, sample.name, "nudge gradient"),
            ),
            "references",
        )

    def tangents(self, case: Case, sample: Sample, dtype: str, *, near: bool = False) -> tuple[Array, ...]:
        """A random direction for each input that has a gradient; ``near``: no further than the input is from 0, where
        many functions have a singularity."""

        def draw() -> tuple[Array, ...]:
            rng = self.rng(case, sample.name, "tangent")
            inputs = self.inputs(case, sample, dtype)
            names = noise.differentiable(case, inputs)
            moving = [a for name, a in zip(case.arguments, inputs, strict=True) if name in names]
            with np.errstate(all="ignore"):
                drawn = [_normal(rng, a) * (np.clip(np.abs(a).astype(float), 1e-6, 1) if near else 1) for a in moving]
            return rounded(tuple(drawn), dtype)

        return self.keep(("tangents", sample.name, dtype, near), draw)

    def expected_jvp(self, case: Case, sample: Sample, dtype: str) -> tuple[Expected | None, Expected]:
        """What forward mode must give: element by element where that is known, and its product with the cotangent."""

        def compute() -> tuple[Expected | None, Expected]:
            tangents = self.tangents(case, sample, dtype)
            projection = noise.projected(self.expected_gradient(case, sample, dtype), tangents)
            rng = self.rng(case, sample.name, "nudge jvp")
            return noise.expected_jvp(case, sample, self.inputs(case, sample, dtype), tangents, dtype, rng), projection

        return self.keep(("jvp", sample.name, dtype), compute, "references")

    def expected_hvp(self, case: Case, sample: Sample, dtype: str) -> Expected:
        """Products of the Hessian with the tangents. By one order of differentiation it is multiplied from the left, by
        the other from the right: it is symmetric."""
        inputs, cotangents = self.inputs(case, sample, dtype), self.cotangents(case, sample, dtype)
        tangents, rng = self.tangents(case, sample, dtype, near=True), self.rng(case, sample.name, "nudge hvp")
        return self.keep(
            ("hvp", sample.name, dtype),
            lambda: noise.expected_hvp(case, sample, inputs, cotangents, tangents, dtype, rng),
            "references",
        )

    def as_formed(self, test: Test, sample: Sample, dtype: str) -> Expected:
        """What is expected, with floors that know what the reference's formula passes through."""
        case, gradient, form = test.case, test.check == "gradient", TF32 if test.mode == TF32 else dtype
        expected = (self.expected_gradient if gradient else self.expected)(case, sample, form)
        inputs, cotangents = self.inputs(case, sample, dtype), self.cotangents(case, sample, dtype) if gradient else ()
        rng = self.rng(case, sample.name, "formed")
        return self.keep(
            ("formed", gradient, sample.name, form),
            lambda: noise.as_formed(case, sample, inputs, cotangents, expected, dtype, rng),
            "references",
        )

    def expected_of_variation(
        self, case: Case, sample: Sample, dtype: str, how: str
    ) -> tuple[Expected, tuple[Array, ...]]:
        """The reference's result for varied inputs, and these."""
        inputs, expected = self.inputs(case, sample, dtype), self.expected(case, sample, dtype)
        if how == AGAIN:
            return expected, inputs
        varied = vary(inputs, how)
        if how == "row alone":
            return noise.sliced(expected), varied
        if how in ("expanded", "0-d", "empty", SIGNED_ZEROS):
            rng = self.rng(case, sample.name, how)
            return self.keep(
                (how, sample.name, dtype),
                lambda: noise.expected_value(case, sample, varied, dtype, rng),
                "references",
            ), varied
        return expected, varied

    # What the frameworks answer

    def bound(self, framework: Framework, route: Route, test: Test, sample: Sample, dtype: str) -> Function:
        """The route for the sample's inputs; a layer is made and built once."""
        inputs = self.inputs(test.case, sample, dtype)
        key = ("bound", framework.name, route.name, test.device, sample.name, dtype)
        return self.keep(key, lambda: framework.bind(route, sample.options, inputs, device=test.device))

    def result(self, framework: Framework, route: Route, test: Test, sample: Sample, dtype: str) -> Outputs:
        """The value through a route. In TensorFlow and in graph modes from the call that the gradient is taken of,
        which runs the same kernels; by itself, in inference, elsewhere and where that call fails."""
        case, traced = test.case, _is_traced(test, sample)
        differentiated = "gradient" in case.checks and sample in case.sampled("gradient", dtype)
        if traced or (framework.name == "tensorflow" and differentiated):
            ask = self._traced if traced else self._vjp
            try:
                return as_outputs(ask(framework, route, test, sample, dtype)[0])
            except Exception:  # it is the gradient check's answer
                if not differentiated:
                    raise
        inputs = self.inputs(case, sample, dtype)
        return self.keep(
            ("result", framework.name, route.name, test.mode, test.device, sample.name, dtype),
            lambda: as_outputs(
                framework.value(
                    self.bound(framework, route, test, sample, dtype), inputs, mode=test.mode, device=test.device
                )
            ),
        )

    def gradient(self, framework: Framework, route: Route, test: Test, sample: Sample, dtype: str) -> Outputs:
        """The gradient through a route; zeros where the framework says that there is none."""
        inputs = self.inputs(test.case, sample, dtype)
        if _is_traced(test, sample):
            gradients = self._traced(framework, route, test, sample, dtype)[1]
        else:
            gradients = self._vjp(framework, route, test, sample, dtype)[1]
        arrays = dict(zip(test.case.arguments, inputs, strict=True))
        named = zip(noise.differentiable(test.case, inputs), gradients, strict=True)
        return {name: np.zeros_like(arrays[name]) if g is None else g for name, g in named}

    def _vjp(self, framework: Framework, route: Route, test: Test, sample: Sample, dtype: str) -> Answer:
        """Value and gradient, by themselves."""

        def ask() -> Answer:
            inputs = self.inputs(test.case, sample, dtype)
            cotangents = self.cotangents(test.case, sample, dtype)
            f, held = self.bound(framework, route, test, sample, dtype), test.case.held_at
            return framework.vjp(f, inputs, cotangents, mode=test.mode, device=test.device, held=held)

        return self.keep(("vjp", framework.name, route.name, test.mode, test.device, sample.name, dtype), ask)

    def _traced(self, framework: Framework, route: Route, test: Test, sample: Sample, dtype: str) -> Answer:
        """Value and gradient in a graph mode. All routes, dtypes and samples are asked for at once: a graph costs tens
        of milliseconds, however small. Where that fails, they are divided, down to the one that fails alone."""
        case = test.case
        answers: dict[tuple[str, str, str], Answer | Exception]
        answers = self.keep(("traced", framework.name, test.mode, test.device), dict)
        wanted = self.keep(("wanted", framework.name, test.mode), lambda: {c: self._jobs(test, c) for c in case.checks})

        def ask(jobs: list[tuple[Route, str, Sample]]) -> None:
            calls = []
            for r, d, s in jobs:
                cotangents = self.cotangents(case, s, d) if (r.name, d, s.name) in wanted.get("gradient", ()) else ()
                calls.append((self.bound(framework, r, test, s, d), self.inputs(case, s, d), cotangents))
            results = framework.vjps(calls, mode=test.mode, device=test.device, held=case.held_at)
            answers.update({(r.name, d, s.name): result for (r, d, s), result in zip(jobs, results, strict=True)})

        def divide(jobs: list[tuple[Route, str, Sample]]) -> None:
            try:
                ask(jobs)
            except Exception as error:  # whatever a framework raises is an answer, and is judged
                if len(jobs) == 1:
                    answers[jobs[0][0].name, jobs[0][1], jobs[0][2].name] = error
                    return
                part = next(i for i in (1, 0, 2) if len({_part(job, i) for job in jobs}) > 1)
                for _, group in itertools.groupby(sorted(jobs, key=lambda j: _part(j, part)), lambda j: _part(j, part)):
                    divide(list(group))

        if not answers:
            divide(list({**wanted.get("gradient", {}), **wanted["value"]}.values()))
        answer = answers[route.name, dtype, sample.name]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _jobs(self, test: Test, check: str) -> dict[tuple[str, str, str], tuple[Route, str, Sample]]:
        """What a check asks for that can be answered, in the mode of the test."""
        return {
            (route.name, dtype, sample.name): (route, dtype, sample)
            for dtype, sample, _, routes in self.combinations(replace(test, check=check))
            if not sample.raises
            for route in routes
        }


def _is_traced(test: Test, sample: Sample) -> bool:
    """Whether a check shares a graph with others: not where an exception is expected, nor for long trajectories."""
    traced = test.mode not in ("eager", TF32) and test.check not in ("invariance", "statistics")
    return traced and not sample.raises and not test.case.computation.nudge_steps


def _part(job: tuple[Route, str, Sample], i: int) -> str:
    return job[1] if i == 1 else str(getattr(job[i], "name", ""))


def _normal(rng: np.random.Generator, like: Array) -> Array:
    """Normal numbers; those below 1/64 are 1/64, as products with smaller ones lose their digits in float16."""
    drawn = np.asarray(rng.standard_normal(like.shape))
    real = np.copysign(np.maximum(np.abs(drawn), 2.0**-6), drawn)
    return real + 1j * _normal(rng, like.real) if like.dtype.kind == "c" else real
