"""The checks: ask a framework through each route, score the answers, and say what was observed.

A `Workbench` lives as long as the process. It keeps the references and results of the case in hand, so that they are
computed once and shared by all frameworks, routes, modes and checks.
"""

import contextlib
import fnmatch
import itertools
import math
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from conformance import deprecations, noise, pictures, reproduce
from conformance.case import DERIVATIVES, TF32, Array, Case, Outputs, Route, Sample
from conformance.catalogue import area
from conformance.clock import Clock
from conformance.divergence import Divergence, concerning
from conformance.frameworks import Answer, Framework, Function, leading_mode, load, refusal
from conformance.frameworks.absent import absent
from conformance.noise import Expected, Score
from conformance.plan import ACROSS, AGAIN, ONLY_LEADING, RUNS, SIGNED_ZEROS, Options, Test, first_seed, label, vary
from conformance.reference.statistics import equivalence
from reports.record import Figure, Observation, Worst, number


class Workbench:
    """Runs tests; holds what neighbouring tests share."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.clock = Clock()
        self._case: Case | None = None
        self._kept: dict[Any, Any] = {}
        self._announced: set[tuple[str, str, str]] = set()

    def observe(self, test: Test) -> Iterator[Observation | Figure]:
        """Everything that a test observes, as it happens; one observation for each planned check.

        Raises `conformance.frameworks.Unusable` if a framework cannot be used.
        """
        if test.case is not self._case:
            self._case, self._kept = test.case, {}
        run = {
            "agreement": self._agreement,
            ACROSS: self._across,
            "statistics": self._statistics,
            "convergence": self._convergence,
            **dict.fromkeys(ONLY_LEADING, self._derived),
        }.get(test.check, self._against_reference)
        observations, shown = [], set()
        for observation, divergence in self._listening(run(test)):
            if divergence is not None:
                group = _strict(test, divergence, observation)
                if observation.outcome == "diverged":
                    shown.add(group)
                observations.append((observation, group))
            else:
                yield observation
        for observation, group in observations:
            if group is not None and group not in shown and observation.outcome == "passed":
                shown.add(group)
                observation.outcome = "failed"
                observation.reason = (
                    f"the divergence {observation.divergence!r} is no longer true here: no sample exceeded the limit; "
                    "narrow its scope or remove it"
                )
            yield observation
        if test.case.kind == "training" and test.check == "value" and test.device == "cpu":
            yield from self._figures(test)
        if "ended" in self._kept:
            yield from pictures.ended(test.case, self.options.seed, self._kept.pop("ended"))

    def _listening(
        self, rows: Iterator[tuple[Observation, Divergence | None]]
    ) -> Iterator[tuple[Observation, Divergence | None]]:
        """What is observed, with the deprecations that were announced meanwhile, and not of the same route before."""
        while True:
            with deprecations.heard() as said:
                row = next(rows, None)
            if row is None:
                return
            if said:
                o = row[0]
                new = {(o.framework, o.route, text): text for text in said}
                o.warned = "\n".join(text for key, text in new.items() if key not in self._announced)
                self._announced.update(new)
            yield row

    def forget(self) -> None:
        """Give up what is held of the case in hand."""
        self._case, self._kept = None, {}

    def _score(self, actual: Outputs, expected: Expected, dtype: str, **how: Any) -> Score:
        with self.clock.spending("scores"):
            return noise.score(actual, expected, dtype, **how)

    # What is computed once for a case

    def _keep(self, key: Any, compute: Callable[[], Any], what: str = "") -> Any:
        if key not in self._kept:
            with self.clock.spending(what) if what else contextlib.nullcontext():
                self._kept[key] = compute()
        return self._kept[key]

    def _rng(self, case: Case, *parts: str) -> np.random.Generator:
        return np.random.default_rng([self.options.seed, *(zlib.crc32(p.encode()) for p in (case.name, *parts))])

    def inputs(self, case: Case, sample: Sample, dtype: str) -> tuple[Array, ...]:
        """The sample's arrays, rounded to the dtype."""
        return self._keep(
            ("inputs", sample.name, dtype),
            lambda: noise.rounded(sample.make(self._rng(case, sample.name)), dtype),
        )

    def expected(self, case: Case, sample: Sample, dtype: str) -> Expected:
        """The reference's value and its noise floor."""
        return self._keep(
            ("value", sample.name, dtype),
            lambda: noise.expected_value(
                case, sample, self.inputs(case, sample, dtype), dtype, self._rng(case, sample.name, "nudge")
            ),
            "references",
        )

    def cotangents(self, case: Case, sample: Sample, dtype: str) -> tuple[Array, ...]:
        """Random numbers in the shape of each floating result. Ones would hide a third of all gradient faults."""

        def draw() -> tuple[Array, ...]:
            rng = self._rng(case, sample.name, "cotangent")
            results = [v for v in self.expected(case, sample, dtype).value.values() if noise.is_floating(v)]
            return noise.rounded(tuple(_normal(rng, v) for v in results), dtype)

        return self._keep(("cotangents", sample.name, dtype), draw)

    def expected_gradient(self, case: Case, sample: Sample, dtype: str) -> Expected:
        """The closed-form gradient and its noise floor."""
        return self._keep(
            ("gradient", sample.name, dtype),
            lambda: noise.expected_gradient(
                case,
                sample,
                self.inputs(case, sample, dtype),
                self.cotangents(case, sample, dtype),
                dtype,
                self._rng(case, sample.name, "nudge gradient"),
            ),
            "references",
        )

    def tangents(self, case: Case, sample: Sample, dtype: str, *, near: bool = False) -> tuple[Array, ...]:
        """A random direction for each input that has a gradient; ``near``: no further than the input is from 0, where
        many functions have a singularity."""

        def draw() -> tuple[Array, ...]:
            rng = self._rng(case, sample.name, "tangent")
            inputs = self.inputs(case, sample, dtype)
            names = noise.differentiable(case, inputs)
            moving = [a for name, a in zip(case.arguments, inputs, strict=True) if name in names]
            with np.errstate(all="ignore"):
                drawn = [_normal(rng, a) * (np.clip(np.abs(a).astype(float), 1e-6, 1) if near else 1) for a in moving]
            return noise.rounded(tuple(drawn), dtype)

        return self._keep(("tangents", sample.name, dtype, near), draw)

    # What the framework answers

    def _bound(self, framework: Framework, route: Route, test: Test, sample: Sample, dtype: str) -> Function:
        """The route for the sample's inputs; a layer is made and built once."""
        inputs = self.inputs(test.case, sample, dtype)
        key = ("bound", framework.name, route.name, test.device, sample.name, dtype)
        return self._keep(key, lambda: framework.bind(route, sample.options, inputs, device=test.device))

    def result(self, framework: Framework, route: Route, test: Test, sample: Sample, dtype: str) -> Outputs:
        """The value through a route. In TensorFlow and in graph modes from the call that the gradient is taken of,
        which runs the same kernels; by itself, in inference, elsewhere and where that call fails."""
        case, traced = test.case, _is_traced(test, sample)
        differentiated = "gradient" in case.checks and sample in case.sampled("gradient", dtype)
        if traced or (framework.name == "tensorflow" and differentiated):
            ask = self._traced if traced else self._vjp
            try:
                return noise.as_outputs(ask(framework, route, test, sample, dtype)[0])
            except Exception:  # it is the gradient check's answer
                if not differentiated:
                    raise
        inputs = self.inputs(case, sample, dtype)
        return self._keep(
            ("result", framework.name, route.name, test.mode, test.device, sample.name, dtype),
            lambda: noise.as_outputs(
                framework.value(
                    self._bound(framework, route, test, sample, dtype), inputs, mode=test.mode, device=test.device
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
            f, held = self._bound(framework, route, test, sample, dtype), _held(test.case)
            cotangents = self.cotangents(test.case, sample, dtype)
            return framework.vjp(f, inputs, cotangents, mode=test.mode, device=test.device, held=held)

        return self._keep(("vjp", framework.name, route.name, test.mode, test.device, sample.name, dtype), ask)

    def _traced(self, framework: Framework, route: Route, test: Test, sample: Sample, dtype: str) -> Answer:
        """Value and gradient in a graph mode. All routes, dtypes and samples are asked for at once: a graph costs tens
        of milliseconds, however small. Where that fails, they are divided, down to the one that fails alone."""
        case = test.case
        answers: dict[tuple[str, str, str], Answer | Exception]
        answers = self._keep(("traced", framework.name, test.mode, test.device), dict)
        wanted = self._keep(
            ("wanted", framework.name, test.mode), lambda: {c: self._jobs(test, c) for c in case.checks}
        )

        def ask(jobs: list[tuple[Route, str, Sample]]) -> None:
            calls = []
            for r, d, s in jobs:
                cotangents = self.cotangents(case, s, d) if (r.name, d, s.name) in wanted.get("gradient", ()) else ()
                calls.append((self._bound(framework, r, test, s, d), self.inputs(case, s, d), cotangents))
            results = framework.vjps(calls, mode=test.mode, device=test.device, held=_held(case))
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
            for dtype, sample, _, routes in self._combinations(replace(test, check=check))
            if not sample.raises
            for route in routes
        }

    # The checks

    def _combinations(self, test: Test) -> Iterator[tuple[str, Sample, str, tuple[Route, ...]]]:
        for dtype in self.options.dtypes:
            if dtype in test.case.dtypes:
                for sample, how, routes in test.taken(dtype):
                    yield dtype, sample, how, routes

    def _against_reference(self, test: Test) -> Iterator[tuple[Observation, Divergence | None]]:
        """value and gradient: against the reference."""
        for dtype, sample, _, routes in self._combinations(test):
            yield from self.against_reference(test, dtype, sample, routes)

    def against_reference(
        self, test: Test, dtype: str, sample: Sample, routes: tuple[Route, ...]
    ) -> Iterator[tuple[Observation, Divergence | None]]:
        """The value, or the gradient, of one sample, whether planned or not; with the divergence that knows it."""
        framework = load(test.framework)
        compute = self.gradient if test.check == "gradient" else self.result
        expect = self.expected_gradient if test.check == "gradient" else self.expected
        if sample.raises:
            _must_refuse(test.case, sample, self.inputs(test.case, sample, dtype))
        wanted = None if sample.raises else expect(test.case, sample, TF32 if test.mode == TF32 else dtype)
        for route in routes:
            began, refused = time.perf_counter(), ""
            try:
                with self.clock.spending("frameworks"):
                    actual = compute(framework, route, test, sample, dtype)
            except Exception as error:  # whatever a framework raises is an answer, and is judged
                if lacking := self._lacking(error, framework, route, test, sample, dtype):
                    yield self._skipped(test, route.name, dtype, sample, lacking), None
                    continue
                if wanted is None:
                    score, refused = Score(0.0), refusal(error)
                else:
                    score = Score(math.inf, problem=f"raised {type(error).__name__}: {_first_line(error)}")
            else:
                if wanted is None:
                    refused = "accepted"
                    score = Score(math.inf, problem="returned a result for inputs that it must refuse")
                else:
                    score = self._score(
                        actual, wanted, dtype, per_element=test.case.computation.per_element,
                        signed_zeros=sample.name == "signed-zeros" and test.check == "value", limit=test.limit,
                    )  # fmt: skip
                    if self._by_chance(test, (route,), dtype, sample, score):
                        score = self._score(actual, self._as_formed(test, sample, dtype), dtype, limit=test.limit)
                    if score.steps and not score.problem and route is routes[0] and test.device == "cpu":
                        self._show(test.framework, sample, dtype, actual, score)
            seconds = time.perf_counter() - began
            observation, divergence = self._judge(test, (route,), dtype, sample, score, seconds)
            observation.refused = refused
            yield observation, divergence

    def _by_chance(self, test: Test, routes: tuple[Route, ...], dtype: str, sample: Sample, score: Score) -> bool:
        """Whether some elements are beyond the limit, which the result as a whole is not: their floors may be too low
        by chance. Not where a divergence says why, nor of functions of one element, whose floors have no such luck."""
        kind = test.case.computation
        return (
            kind.per_element
            and not (kind.certified or kind.exact_inputs)
            and score.norm <= test.limit < score.score < math.inf
            and self._known(test, routes, dtype, sample.name, "", score.score) is None
        )

    def _as_formed(self, test: Test, sample: Sample, dtype: str) -> Expected:
        """What is expected, with floors that know what the reference's formula passes through."""
        case, gradient = test.case, test.check == "gradient"
        expected = (self.expected_gradient if gradient else self.expected)(case, sample, dtype)
        inputs, cotangents = self.inputs(case, sample, dtype), self.cotangents(case, sample, dtype) if gradient else ()
        rng = self._rng(case, sample.name, "formed")
        return self._keep(
            ("formed", gradient, sample.name, dtype),
            lambda: noise.as_formed(case, sample, inputs, cotangents, expected, dtype, rng),
            "references",
        )

    def _derived(self, test: Test) -> Iterator[tuple[Observation, Divergence | None]]:
        """jvp, hvp and invariance."""
        framework = load(test.framework)
        ask = {"jvp": self._jvp, "hvp": self._hvp, "invariance": self._invariance}[test.check]
        for dtype, sample, how, routes in self._combinations(test):
            for route in routes:
                began = time.perf_counter()
                try:
                    with self.clock.spending("frameworks"):
                        score = ask(framework, route, test, sample, dtype, how)
                except Exception as error:  # whatever a framework raises is an answer, and is judged
                    if lacking := self._lacking(error, framework, route, test, sample, dtype):
                        yield self._skipped(test, route.name, dtype, sample, lacking, how), None
                        continue
                    score = Score(math.inf, problem=f"raised {type(error).__name__}: {_first_line(error)}")
                seconds = time.perf_counter() - began
                yield self._judge(test, (route,), dtype, sample, score, seconds, how)

    def _jvp(self, framework: Framework, route: Route, test: Test, sample: Sample, dtype: str, how: str) -> Score:
        """Forward mode: element by element for elementwise functions; otherwise by the adjoint identity, with the
        cotangent u of the gradient check: <u, Jv> = <J'u, v>, of which the right-hand side is the reference's."""
        case, inputs = test.case, self.inputs(test.case, sample, dtype)
        wanted, projection = self._expected_jvp(case, sample, dtype)
        f, tangents = self._bound(framework, route, test, sample, dtype), self.tangents(case, sample, dtype)
        pushed = framework.jvp(f, inputs, tangents, device=test.device, held=_held(case))
        if wanted is not None:
            return self._score({"value": pushed[0]}, wanted, dtype)
        cotangents = self.cotangents(case, sample, dtype)
        for p, c in zip(pushed, cotangents, strict=True):
            if p.shape != c.shape or p.dtype != c.dtype:
                problem = f"the derivative is {p.dtype} of shape {p.shape}, of a result of {c.dtype}, {c.shape}"
                return Score(math.inf, problem=problem)
        product = {"projection": noise.inner(cotangents, pushed)}
        return self._score(product, projection, dtype, same_dtype=False)

    def _expected_jvp(self, case: Case, sample: Sample, dtype: str) -> tuple[Expected | None, Expected]:
        """What forward mode must give: element by element where that is known, and its product with the cotangent."""

        def compute() -> tuple[Expected | None, Expected]:
            tangents = self.tangents(case, sample, dtype)
            projection = noise.projected(self.expected_gradient(case, sample, dtype), tangents)
            rng = self._rng(case, sample.name, "nudge jvp")
            return noise.expected_jvp(case, sample, self.inputs(case, sample, dtype), tangents, dtype, rng), projection

        return self._keep(("jvp", sample.name, dtype), compute, "references")

    def _hvp(self, framework: Framework, route: Route, test: Test, sample: Sample, dtype: str, how: str) -> Score:
        """Second derivatives: products with the Hessian, by both orders of differentiation. (The reference's are those
        of a symmetric matrix: by one order it is multiplied from the left, by the other from the right.)"""
        case, inputs = test.case, self.inputs(test.case, sample, dtype)
        cotangents, tangents = self.cotangents(case, sample, dtype), self.tangents(case, sample, dtype, near=True)
        rng = self._rng(case, sample.name, "nudge hvp")
        wanted = self._keep(
            ("hvp", sample.name, dtype),
            lambda: noise.expected_hvp(case, sample, inputs, cotangents, tangents, dtype, rng),
            "references",
        )
        f, forward = self._bound(framework, route, test, sample, dtype), how == "forward over reverse"
        second = framework.hvp(f, inputs, cotangents, tangents, forward=forward, device=test.device, held=_held(case))
        found = zip(noise.differentiable(case, inputs), second, tangents, strict=True)
        return self._score({name: np.zeros_like(t) if s is None else s for name, s, t in found}, wanted, dtype)

    def _invariance(
        self, framework: Framework, route: Route, test: Test, sample: Sample, dtype: str, how: str
    ) -> Score:
        """The result does not depend on how the inputs lie in memory, on what else is in the batch, or on what was
        computed before: against the reference, and bit for bit when everything is the same."""
        wanted, varied = self._expected_of_variation(test.case, sample, dtype, how)
        if how == AGAIN:
            f = self._bound(framework, route, test, sample, dtype)
            first = self.result(framework, route, test, sample, dtype)
            again = framework.value(f, varied, mode=test.mode, device=test.device)
            return _same_bits(first, noise.as_outputs(again))
        f = framework.bind(route, sample.options, varied, device=test.device)
        actual = noise.as_outputs(framework.value(f, varied, mode=test.mode, device=test.device))
        return self._score(actual, wanted, dtype, signed_zeros=how == SIGNED_ZEROS)

    def _expected_of_variation(
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
            rng = self._rng(case, sample.name, how)
            return self._keep(
                (how, sample.name, dtype),
                lambda: noise.expected_value(case, sample, varied, dtype, rng),
                "references",
            ), varied
        return expected, varied

    def _agreement(self, test: Test) -> Iterator[tuple[Observation, Divergence | None]]:
        """The first route of one framework against that of another, within the sum of both noise floors."""
        routes = tuple(test.case.routes(name)[0] for name in test.frameworks)
        for dtype, sample, _, _ in self._combinations(test):
            began = time.perf_counter()
            answers: list[Outputs] = []
            try:
                with self.clock.spending("frameworks"):
                    for route in routes:
                        answers.append(self._led(route, test, sample, dtype))
                score = self._apart(test.case, sample, dtype, *answers)
            except Exception as error:
                if lacking := self._lacking_of(error, routes[len(answers) :] or routes):  # of the one that raised
                    yield self._skipped(test, test.route_names()[0], dtype, sample, lacking), None
                    continue
                score = Score(math.inf, problem=f"raised {type(error).__name__}: {_first_line(error)}")
            seconds = time.perf_counter() - began
            yield self._judge(test, routes, dtype, sample, score, seconds)

    def _across(self, test: Test) -> Iterator[tuple[Observation, Divergence | None]]:
        """The first route of a framework on a GPU against itself on the CPU, within the sum of both noise floors."""
        (route,) = test.routes
        for dtype, sample, _, _ in self._combinations(test):
            began = time.perf_counter()
            try:
                with self.clock.spending("frameworks"):
                    a, b = (self._led(route, replace(test, device=d), sample, dtype) for d in (test.device, "cpu"))
                score = self._apart(test.case, sample, dtype, a, b)
            except Exception as error:
                if lacking := self._lacking_of(error, (route,)):
                    yield self._skipped(test, route.name, dtype, sample, lacking), None
                    continue
                score = Score(math.inf, problem=f"raised {type(error).__name__}: {_first_line(error)}")
            yield self._judge(test, (route,), dtype, sample, score, time.perf_counter() - began)

    def _apart(self, case: Case, sample: Sample, dtype: str, a: Outputs, b: Outputs) -> Score:
        """The distance of two results of which each may err by its noise floor."""
        expected = self.expected(case, sample, dtype)
        wide = noise.wide_dtype(dtype, case)
        doubled = Expected(
            dict(zip(b, noise.widened(tuple(b.values()), wide), strict=True)),
            {k: 2 * v for k, v in expected.floor.items()},
        )
        # Where the reference counts, one framework may have integers and the other floats.
        floating = all(map(noise.is_floating, noise.judged(expected.value).values()))
        return self._score(a, doubled, dtype, per_element=case.computation.per_element, same_dtype=floating)

    def _led(self, route: Route, test: Test, sample: Sample, dtype: str) -> Outputs:
        """The value in the mode that the framework's own checks are made in."""
        mode = leading_mode(route.framework, test.case)
        own = replace(test, check="value", framework=route.framework, mode=mode)
        return self.result(load(route.framework), route, own, sample, dtype)

    def _statistics(self, test: Test) -> Iterator[tuple[Observation, Divergence | None]]:
        """Hypothesis tests on random results; the score is -log10 of the smallest p-value."""
        framework = load(test.framework)
        case = test.case
        assert case.statistics is not None
        for dtype, sample, _, routes in self._combinations(test):
            inputs = self.inputs(case, sample, dtype)
            seed = first_seed(test, sample, dtype, self.options.seed)
            for route in routes:
                began = time.perf_counter()
                draws, gradients = [], []
                try:
                    with self.clock.spending("frameworks"):
                        for s in (seed, seed, seed + 1):
                            framework.seed(s % 2**31)
                            # A graph keeps the seed it was made with.
                            f = framework.bind(route, sample.options, inputs, device=test.device)
                            if noise.differentiable(case, inputs):
                                ones = (np.ones_like(inputs[0]),)
                                value, gradient = framework.vjp(f, inputs, ones, mode=test.mode, device=test.device)
                                gradients.append(gradient[0])
                            else:
                                value = framework.value(f, inputs, mode=test.mode, device=test.device)
                            draws.append(value)
                    with self.clock.spending("scores"):
                        p = case.statistics(draws, *([gradients] if gradients else ()), **sample.options)
                    worst = min(p, key=lambda name: p[name])
                    # 0 is a number below the smallest there is, 4.9e-324; NaN is no probability
                    least = -math.log10(p[worst]) if p[worst] > 0 else 324.0 if p[worst] == 0 else math.inf
                    score = Score(least + 0.0, problem="" if least <= test.limit else f"{worst}: p = {p[worst]:.3g}")
                except Exception as error:
                    if lacking := self._lacking(error, framework, route, test, sample, dtype):
                        yield self._skipped(test, route.name, dtype, sample, lacking), None
                        continue
                    score = Score(math.inf, problem=f"raised {type(error).__name__}: {_first_line(error)}")
                yield self._judge(test, (route,), dtype, sample, score, time.perf_counter() - began)

    def _convergence(self, test: Test) -> Iterator[tuple[Observation, Divergence | None]]:
        """What whole runs end with, each framework's by its own random numbers: equivalent on average. The score is the
        largest p-value of two one-sided tests."""
        case = test.case
        assert case.margins is not None
        for dtype, sample, _, _ in self._combinations(test):
            inputs = self.inputs(case, sample, dtype)
            routes = tuple(case.routes(name)[0] for name in test.frameworks)
            began = time.perf_counter()
            try:
                with self.clock.spending("frameworks"):
                    ended = [self._ends(route, sample, inputs, test.device) for route in routes]
                self._kept["ended"] = dict(zip(test.frameworks, ended, strict=True))
                one, other = ended
                p = {name: equivalence(one[name], other[name], m) for name, m in case.margins.items()}
                worst = max(p, key=lambda name: p[name])
                means = " and ".join(f"{np.mean(e[worst]):.4g} (deviation {np.std(e[worst]):.2g})" for e in ended)
                said = f"{worst}: {means} on average in {' and '.join(test.frameworks)}; p = {p[worst]:.3g}"
                score = Score(p[worst], problem="" if p[worst] <= test.limit else f"ended apart: {said}")
            except Exception as error:
                if lacking := self._lacking_of(error, routes):
                    yield self._skipped(test, test.route_names()[0], dtype, sample, lacking), None
                    continue
                score = Score(math.inf, problem=f"raised {type(error).__name__}: {_first_line(error)}")
            seconds = time.perf_counter() - began
            yield self._judge(test, routes, dtype, sample, score, seconds)

    def _ends(self, route: Route, sample: Sample, inputs: tuple[Array, ...], device: str) -> dict[str, list[float]]:
        """The results of a route, one for each of `plan.RUNS` seeds."""
        framework = load(route.framework)
        ends: dict[str, list[float]] = {}
        for seed in range(self.options.seed, self.options.seed + RUNS):
            framework.seed(seed)
            f = framework.bind(route, sample.options, inputs, device=device)
            result = framework.value(f, inputs, device=device)
            for name, value in noise.as_outputs(result).items():
                ends.setdefault(name, []).append(float(value))
        return ends

    # What the installed version does not have

    def _lacking(
        self, error: Exception, framework: Framework, route: Route, test: Test, sample: Sample, dtype: str
    ) -> str:
        """Why a route cannot be taken in the installed version; empty if its error is an answer. Compilers wrap what
        was raised into errors of their own, so that the route is asked again, eagerly."""
        if found := self._lacking_of(error, (route,)):
            return found
        if test.mode == "eager":
            return ""
        try:
            inputs = self.inputs(test.case, sample, dtype)
            f = framework.bind(route, sample.options, inputs, device=test.device)
            framework.value(f, inputs, device=test.device)
        except Exception as again:
            return self._lacking_of(again, (route,))
        return ""

    def _lacking_of(self, error: Exception, routes: Sequence[Route]) -> str:
        name = absent(error)
        if name is None or (self._case and any(name in d.lacks for d in concerning(self._case.name))):
            return ""
        root = name.partition(".")[0]
        asked = next((r for r in routes if f"{root}." in r.source or f"{root}()" in r.source), routes[0])
        framework = load(asked.framework)
        keras = framework.build().get("keras")
        version = f"{framework.name} {framework.version()}" + (f" with Keras {keras}" if keras else "")
        return f"need {name}, which {version} does not have"

    def _skipped(self, test: Test, route: str, dtype: str, sample: Sample, reason: str, how: str = "") -> Observation:
        """The observation of a check that the installed version cannot be asked for."""
        return Observation(
            test=test.id, area=test.area, case=test.case.name, check=test.check, framework=test.framework,
            mode=test.mode, device=test.device, outcome="skipped", route=route, dtype=dtype,
            sample=label(sample, how), reason=reason,
        )  # fmt: skip

    def _known(
        self, test: Test, routes: tuple[Route, ...], dtype: str, sample: str, how: str, score: float
    ) -> Divergence | None:
        """The first divergence whose scope holds a check. Where two frameworks disagree, each may have one: then the
        first that explains the score."""
        named = ((d for d in self._entries(test, r.framework) if d.holds(r.name, dtype, sample, how)) for r in routes)
        found = [d for d in (next(of_route, None) for of_route in named) if d is not None]
        return next((d for d in found if score <= d.bound), found[0] if found else None)

    def _entries(self, test: Test, framework: str) -> list[Divergence]:
        """The divergences that concern a test."""
        of_case = self._keep(("divergences", framework), lambda: concerning(test.case.name, framework))
        return self._keep(
            ("divergences", test.id, framework), lambda: [d for d in of_case if d.concerns(test, framework)]
        )

    def _judge(
        self,
        test: Test,
        routes: tuple[Route, ...],
        dtype: str,
        sample: Sample,
        score: Score,
        seconds: float,
        how: str = "",
    ) -> tuple[Observation, Divergence | None]:
        """The observation for one score, and the divergence whose scope it is in, which explains a score beyond the
        limit, up to its bound."""
        divergence = self._known(test, routes, dtype, sample.name, how, score.score)
        within = score.score <= test.limit  # False for NaN
        outcome = "passed" if within else "diverged" if divergence and score.score <= divergence.bound else "failed"
        observation = Observation(
            test=test.id, area=test.area, case=test.case.name, check=test.check, framework=test.framework,
            mode=test.mode, device=test.device, outcome=outcome, route=" ~ ".join(r.name for r in routes), dtype=dtype,
            sample=label(sample, how),
            score=_rounded(score.score), limit=test.limit, norm=_rounded(score.norm), ulps=_rounded(score.ulps),
            seconds=round(seconds, 6), reason=score.problem,
            divergence=divergence.id if divergence else "",
            by_output={name: _rounded(s) for name, s in score.by_output},
        )  # fmt: skip
        if score.output or not within:
            observation.worst = Worst(
                score.output, score.index, number(score.actual), number(score.expected), number(score.floor)
            )
        if outcome == "failed":
            if score.first and test.case.computation.nudge_steps:
                output, (step, *element), steps = score.first
                observation.reason = f"first beyond the limit at step {step + 1}, {output}{element or ''} (of {steps})"
            if divergence is not None:
                observation.reason += f" (beyond the bound {divergence.bound:g} of the divergence {divergence.id!r})"
            given = self._given(test, sample, dtype, how)
            observation.script = reproduce.script(test, routes, sample, dtype, given, score, self.options.seed)
        return observation, divergence

    def program(self, o: Observation) -> str:
        """The stand-alone program for a row of a record, as a failure has it; one that passed may have drifted.

        Raises ``LookupError`` if the catalogue does not have what the row names, and ``ValueError`` if the row names
        neither an element nor an error.
        """
        problem = "" if o.worst is not None and o.worst.output else o.reason
        if o.worst is None or not (problem or o.worst.output):
            raise ValueError(f"{o.test}: the row names no element and no error")
        case = next((c for c in area(o.area) if c.name == o.case), None)
        if case is None:
            raise LookupError(o.case)
        test = Test(o.area, case, o.check, o.framework, o.mode, o.device)
        sample, how = {label(s, how): (s, how) for s, how, _ in test.taken(o.dtype)}[o.sample]
        if "+" in o.framework:
            routes = tuple(case.routes(name)[0] for name in test.frameworks)
        else:
            routes = (next(iter(r for r in test.routes if r.name == o.route), test.routes[0]),)
        if " ~ ".join(r.name for r in routes) != o.route:
            raise LookupError(o.route)
        w = o.worst
        score = Score(float(o.score or 0.0), output=w.output, index=tuple(w.index), actual=float(w.actual),
                      expected=float(w.expected), floor=float(w.floor), problem=problem)  # fmt: skip
        given = self._given(test, sample, o.dtype, how)
        return reproduce.script(test, routes, sample, o.dtype, given, score, self.options.seed)

    def _given(self, test: Test, sample: Sample, dtype: str, how: str) -> reproduce.Given:
        """What a check gives to a framework."""
        case, inputs = test.case, self.inputs(test.case, sample, dtype)
        differentiated = test.check in DERIVATIVES
        return reproduce.Given(
            inputs if test.check != "invariance" or how == AGAIN else vary(inputs, how),
            self.cotangents(case, sample, dtype) if differentiated else (),
            self.tangents(case, sample, dtype, near=test.check == "hvp") if test.check in ("jvp", "hvp") else (),
            how,
        )

    def _show(self, framework: str, sample: Sample, dtype: str, actual: Outputs, score: Score) -> None:
        """Keep for the pictures the first sample of each dtype that is no edge, or else the first."""
        key = ("scored", framework, dtype)
        if key not in self._kept or self._kept[key][0].edge > sample.edge:
            self._kept[key] = (sample, actual, score)

    def _figures(self, test: Test) -> Iterator[Figure]:
        """The pictures of a training run, of one sample in each dtype, through the first route. Curves, which look the
        same in every dtype, are of the longest of these runs."""
        case, longest = test.case, 0
        curves: Iterable[Figure] = ()
        for dtype in self.options.dtypes:
            if (key := ("scored", test.framework, dtype)) not in self._kept:
                continue
            sample, actual, score = self._kept[key]
            expected, inputs = self.expected(case, sample, dtype), self.inputs(case, sample, dtype)
            yield from pictures.distance(case, sample, dtype, test.framework, score, expected, test.limit)
            if (length := max(map(len, score.steps.values()))) >= longest:
                results = {"NumPy reference": expected.value, test.framework: actual}
                curves, longest = pictures.drawn(case, sample, inputs, results), length
        yield from curves


def _strict(test: Test, divergence: Divergence, observation: Observation) -> tuple[str, ...] | None:
    """Among which observations at least one must show a divergence; None if none must.

    Value and gradient in eager mode: those of one dtype, and of one route if that takes every sample. Elsewhere all of
    a test, if the divergence names its check or its mode. Not agreement or invariance: frameworks may differ from the
    reference in the same way, and in one sample but not in the other. Nor on a GPU, unless the entry names it.
    """
    if test.device != "cpu" and test.device not in divergence.devices:
        return None
    if test.leads and test.check in ("value", "gradient"):
        return divergence.id, observation.route if test.takes_all(observation.dtype) else "", observation.dtype
    if test.check in divergence.checks and test.check in ("jvp", "hvp"):
        return (divergence.id,)
    leading = leading_mode(test.framework, test.case)
    if not test.leads and not any(fnmatch.fnmatchcase(leading, pattern) for pattern in divergence.modes):
        return (divergence.id,)
    return None


def _is_traced(test: Test, sample: Sample) -> bool:
    """Whether a check shares a graph with others: not where an exception is expected, nor for long trajectories."""
    traced = test.mode not in ("eager", TF32) and test.check not in ("invariance", "statistics")
    return traced and not sample.raises and not test.case.computation.nudge_steps


def _part(job: tuple[Route, str, Sample], i: int) -> str:
    return job[1] if i == 1 else str(getattr(job[i], "name", ""))


def _held(case: Case) -> tuple[int, ...]:
    return tuple(case.arguments.index(name) for name in case.held)


def _same_bits(first: Outputs, second: Outputs) -> Score:
    for name, value in first.items():
        a, b = np.asarray(value), np.asarray(second[name])
        if a.dtype != b.dtype or a.shape != b.shape or a.tobytes() != b.tobytes():
            return Score(math.inf, output=name, problem="gave other bits when it was asked again")
    return Score(0.0)


def _normal(rng: np.random.Generator, like: Array) -> Array:
    """Normal numbers; those below 1/64 are 1/64, as products with smaller ones lose their digits in float16."""
    drawn = np.asarray(rng.standard_normal(like.shape))
    real = np.copysign(np.maximum(np.abs(drawn), 2.0**-6), drawn)
    return real + 1j * _normal(rng, like.real) if like.dtype.kind == "c" else real


def _must_refuse(case: Case, sample: Sample, inputs: tuple[Array, ...]) -> None:
    """The reference must refuse what it says must be refused."""
    exactly = {"nudge": lambda a: a} if case.computation.nudge_steps else {}
    try:
        case.reference(*inputs, **exactly, **sample.options)
    except (IndexError, ValueError):
        return
    raise AssertionError(f"the reference of {case.name!r} does not refuse its sample {sample.name!r}")


def _first_line(error: Exception) -> str:
    text = (str(error).strip().splitlines() or [""])[0][:200]
    return text.encode(errors="backslashreplace").decode()  # half a character, which no file can hold


def _rounded(value: float) -> float | str:
    return number(float(f"{value:.4g}"))
