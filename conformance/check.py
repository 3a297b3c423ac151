"""The checks: ask a framework through each route, score the answers, and say what was observed."""

import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from conformance import deprecations, noise, pictures
from conformance.case import TF32, Array, Case, Outputs, Route, Sample
from conformance.formats import is_floating, wide_dtype, widened
from conformance.frameworks import Framework, leading_mode, load, refusal
from conformance.judge import Row, judged, known, lacking, must_show, raised, skipped
from conformance.plan import ACROSS, AGAIN, RUNS, SIGNED_ZEROS, Test, first_seed
from conformance.reference.statistics import equivalence
from conformance.score import Expected, Score, as_outputs, compared
from conformance.workbench import Workbench
from reports.record import Figure, Observation


def observe(bench: Workbench, test: Test) -> Iterator[Observation | Figure]:
    """Everything that a test observes, as it happens; one observation for each planned check.

    Raises `conformance.frameworks.Unusable` if a framework cannot be used.
    """
    bench.take(test.case)
    observations, shown = [], set()
    for observation, divergence in _listening(bench, CHECKS[test.check](bench, test)):
        if divergence is not None:
            group = must_show(test, divergence, observation)
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
        yield from _figures(bench, test)
    if "ended" in bench.kept:
        yield from pictures.ended(test.case, bench.options.seed, bench.kept.pop("ended"))


def _listening(bench: Workbench, rows: Iterator[Row]) -> Iterator[Row]:
    """What is observed, with the deprecations that were announced meanwhile, and not of the same route before."""
    while True:
        with deprecations.heard() as said:
            row = next(rows, None)
        if row is None:
            return
        if said:
            o = row[0]
            new = {(o.framework, o.route, text): text for text in said}
            o.warned = "\n".join(text for key, text in new.items() if key not in bench.announced)
            bench.announced.update(new)
        yield row


def _answered(
    bench: Workbench,
    test: Test,
    routes: tuple[Route, ...],
    dtype: str,
    sample: Sample,
    ask: Callable[[], Score],
    how: str = "",
    turned_to: Sequence[Route] = (),
) -> Row:
    """What came of asking: the score, or that the framework raised, or that its version lacks what was asked for.

    ``turned_to``: of several routes, those that ``ask`` has turned to so far; the last is the one that raised.
    """
    began = time.perf_counter()
    try:
        score = ask()
    except Exception as error:  # whatever a framework raises is an answer, and is judged
        if reason := lacking(bench, error, test, turned_to[-1:] or routes, dtype, sample):
            return skipped(test, routes, dtype, sample, reason, how)
        score = raised(error)
    return judged(bench, test, routes, dtype, sample, score, time.perf_counter() - began, how)


# Against the reference


def _against_reference(bench: Workbench, test: Test) -> Iterator[Row]:
    """value and gradient."""
    for dtype, sample, _, routes in bench.combinations(test):
        yield from against_reference(bench, test, dtype, sample, routes)


def against_reference(
    bench: Workbench, test: Test, dtype: str, sample: Sample, routes: tuple[Route, ...]
) -> Iterator[Row]:
    """The value, or the gradient, of one sample, whether planned or not."""
    if sample.raises:
        yield from _refusals(bench, test, dtype, sample, routes)
        return
    framework, case = load(test.framework), test.case
    compute, expect = bench.result, bench.expected
    if test.check == "gradient":
        compute, expect = bench.gradient, bench.expected_gradient
    wanted = expect(case, sample, TF32 if test.mode == TF32 else dtype)
    signed = sample.name == "signed-zeros" and test.check == "value"

    def ask(route: Route) -> Score:
        with bench.clock.spending("frameworks"):
            actual = compute(framework, route, test, sample, dtype)
        each = case.computation.per_element
        score = bench.score(actual, wanted, dtype, per_element=each, signed_zeros=signed, limit=test.limit)
        if _by_chance(bench, test, route, dtype, sample, score):
            score = bench.score(actual, bench.as_formed(test, sample, dtype), dtype, limit=test.limit)
        if score.steps and not score.problem and route is routes[0] and test.device == "cpu":
            _show(bench, test.framework, sample, dtype, actual, score)
        return score

    for route in routes:
        yield _answered(bench, test, (route,), dtype, sample, partial(ask, route))


def _by_chance(bench: Workbench, test: Test, route: Route, dtype: str, sample: Sample, score: Score) -> bool:
    """Whether some elements are beyond the limit, which the result as a whole is not: their floors may be too low by
    chance. Not where a divergence says why, nor of functions of one element, whose floors have no such luck."""
    kind = test.case.computation
    return (
        kind.per_element
        and not (kind.certified or kind.exact_inputs)
        and score.norm <= test.limit < score.score < math.inf
        and known(bench, test, (route,), dtype, sample.name, "", score.score) is None
    )


def _refusals(bench: Workbench, test: Test, dtype: str, sample: Sample, routes: tuple[Route, ...]) -> Iterator[Row]:
    """Inputs that must be refused, by the reference as well."""
    framework, compute = load(test.framework), bench.gradient if test.check == "gradient" else bench.result
    _must_refuse(test.case, sample, bench.inputs(test.case, sample, dtype))
    for route in routes:
        began, refused = time.perf_counter(), "accepted"
        score = Score(math.inf, problem="returned a result for inputs that it must refuse")
        try:
            with bench.clock.spending("frameworks"):
                compute(framework, route, test, sample, dtype)
        except Exception as error:
            if reason := lacking(bench, error, test, (route,), dtype, sample):
                yield skipped(test, (route,), dtype, sample, reason)
                continue
            score, refused = Score(0.0), refusal(error)
        row = judged(bench, test, (route,), dtype, sample, score, time.perf_counter() - began)
        row[0].refused = refused
        yield row


def _must_refuse(case: Case, sample: Sample, inputs: tuple[Array, ...]) -> None:
    """The reference must refuse what it says must be refused."""
    exactly = {"nudge": lambda a: a} if case.computation.nudge_steps else {}
    try:
        case.reference(*inputs, **exactly, **sample.options)
    except (IndexError, ValueError):
        return
    raise AssertionError(f"the reference of {case.name!r} does not refuse its sample {sample.name!r}")


# What follows from the reference


def _derived(
    score: Callable[[Workbench, Framework, Route, Test, Sample, str, str], Score],
) -> Callable[[Workbench, Test], Iterator[Row]]:
    """A check in which each route has a score by itself."""

    def check(bench: Workbench, test: Test) -> Iterator[Row]:
        framework = load(test.framework)

        def ask(route: Route, sample: Sample, dtype: str, how: str) -> Score:
            with bench.clock.spending("frameworks"):
                return score(bench, framework, route, test, sample, dtype, how)

        for dtype, sample, how, routes in bench.combinations(test):
            for route in routes:
                yield _answered(bench, test, (route,), dtype, sample, partial(ask, route, sample, dtype, how), how)

    return check


def _jvp(
    bench: Workbench, framework: Framework, route: Route, test: Test, sample: Sample, dtype: str, how: str
) -> Score:
    """Forward mode: element by element for elementwise functions; otherwise by the adjoint identity, with the
    cotangent u of the gradient check: <u, Jv> = <J'u, v>, of which the right-hand side is the reference's."""
    case, inputs = test.case, bench.inputs(test.case, sample, dtype)
    wanted, projection = bench.expected_jvp(case, sample, dtype)
    f, tangents = bench.bound(framework, route, test, sample, dtype), bench.tangents(case, sample, dtype)
    pushed = framework.jvp(f, inputs, tangents, device=test.device, held=case.held_at)
    if wanted is not None:
        return bench.score({"value": pushed[0]}, wanted, dtype)
    cotangents = bench.cotangents(case, sample, dtype)
    for p, c in zip(pushed, cotangents, strict=True):
        if p.shape != c.shape or p.dtype != c.dtype:
            problem = f"the derivative is {p.dtype} of shape {p.shape}, of a result of {c.dtype}, {c.shape}"
            return Score(math.inf, problem=problem)
    product = {"projection": noise.inner(cotangents, pushed)}
    return bench.score(product, projection, dtype, same_dtype=False)


def _hvp(
    bench: Workbench, framework: Framework, route: Route, test: Test, sample: Sample, dtype: str, how: str
) -> Score:
    """Second derivatives: products with the Hessian, by both orders of differentiation."""
    case, inputs = test.case, bench.inputs(test.case, sample, dtype)
    cotangents, tangents = bench.cotangents(case, sample, dtype), bench.tangents(case, sample, dtype, near=True)
    wanted = bench.expected_hvp(case, sample, dtype)
    f, forward = bench.bound(framework, route, test, sample, dtype), how == "forward over reverse"
    second = framework.hvp(f, inputs, cotangents, tangents, forward=forward, device=test.device, held=case.held_at)
    found = zip(noise.differentiable(case, inputs), second, tangents, strict=True)
    return bench.score({name: np.zeros_like(t) if s is None else s for name, s, t in found}, wanted, dtype)


def _invariance(
    bench: Workbench, framework: Framework, route: Route, test: Test, sample: Sample, dtype: str, how: str
) -> Score:
    """The result does not depend on how the inputs lie in memory, on what else is in the batch, or on what was
    computed before: against the reference, and bit for bit when everything is the same."""
    wanted, varied = bench.expected_of_variation(test.case, sample, dtype, how)
    if how == AGAIN:
        f = bench.bound(framework, route, test, sample, dtype)
        first = bench.result(framework, route, test, sample, dtype)
        again = framework.value(f, varied, mode=test.mode, device=test.device)
        return _same_bits(first, as_outputs(again))
    f = framework.bind(route, sample.options, varied, device=test.device)
    actual = as_outputs(framework.value(f, varied, mode=test.mode, device=test.device))
    return bench.score(actual, wanted, dtype, signed_zeros=how == SIGNED_ZEROS)


def _same_bits(first: Outputs, second: Outputs) -> Score:
    for name, value in first.items():
        a, b = np.asarray(value), np.asarray(second[name])
        if a.dtype != b.dtype or a.shape != b.shape or a.tobytes() != b.tobytes():
            return Score(math.inf, output=name, problem="gave other bits when it was asked again")
    return Score(0.0)


# Two results


def _agreement(bench: Workbench, test: Test) -> Iterator[Row]:
    """The first route of one framework against that of another, within the sum of both noise floors."""
    routes = tuple(test.case.routes(name)[0] for name in test.frameworks)

    def ask(sample: Sample, dtype: str, turned_to: list[Route]) -> Score:
        answers = []
        for route in routes:
            turned_to.append(route)
            answers.append(_led(bench, route, test, sample, dtype))
        return _apart(bench, test.case, sample, dtype, *answers)

    for dtype, sample, _, _ in bench.combinations(test):
        turned_to: list[Route] = []
        yield _answered(bench, test, routes, dtype, sample, partial(ask, sample, dtype, turned_to), turned_to=turned_to)


def _across(bench: Workbench, test: Test) -> Iterator[Row]:
    """The first route of a framework on a GPU against itself on the CPU, within the sum of both noise floors."""
    (route,) = test.routes

    def ask(sample: Sample, dtype: str) -> Score:
        a, b = (_led(bench, route, replace(test, device=d), sample, dtype) for d in (test.device, "cpu"))
        return _apart(bench, test.case, sample, dtype, a, b)

    for dtype, sample, _, _ in bench.combinations(test):
        yield _answered(bench, test, (route,), dtype, sample, partial(ask, sample, dtype))


def _led(bench: Workbench, route: Route, test: Test, sample: Sample, dtype: str) -> Outputs:
    """The value in the mode that the framework's own checks are made in."""
    mode = leading_mode(route.framework, test.case)
    own = replace(test, check="value", framework=route.framework, mode=mode)
    with bench.clock.spending("frameworks"):
        return bench.result(load(route.framework), route, own, sample, dtype)


def _apart(bench: Workbench, case: Case, sample: Sample, dtype: str, a: Outputs, b: Outputs) -> Score:
    """The distance of two results of which each may err by its noise floor."""
    expected = bench.expected(case, sample, dtype)
    wide = wide_dtype(dtype, case)
    doubled = Expected(
        dict(zip(b, widened(tuple(b.values()), wide), strict=True)),
        {k: 2 * v for k, v in expected.floor.items()},
    )
    # Where the reference counts, one framework may have integers and the other floats.
    floating = all(map(is_floating, compared(expected.value).values()))
    return bench.score(a, doubled, dtype, per_element=case.computation.per_element, same_dtype=floating)


# Random results


def _statistics(bench: Workbench, test: Test) -> Iterator[Row]:
    """Hypothesis tests; the score is -log10 of the smallest p-value."""
    framework, case = load(test.framework), test.case
    assert case.statistics is not None
    statistics = case.statistics

    def drawn(
        route: Route, sample: Sample, inputs: tuple[Array, ...], seed: int
    ) -> tuple[tuple[Array, ...], Array | None]:
        """A result, and its gradient: None where the result does not depend on the input, or is not floating."""
        framework.seed(seed % 2**31)
        f = framework.bind(route, sample.options, inputs, device=test.device)  # a graph keeps the seed it was made with
        if not noise.differentiable(case, inputs):
            return framework.value(f, inputs, mode=test.mode, device=test.device), None
        ones = (np.ones_like(inputs[0]),)
        value, gradient = framework.vjp(f, inputs, ones, mode=test.mode, device=test.device)
        return value, gradient[0]

    def ask(route: Route, sample: Sample, dtype: str) -> Score:
        inputs, seed = bench.inputs(case, sample, dtype), first_seed(test, sample, dtype, bench.options.seed)
        with bench.clock.spending("frameworks"):
            values, gradients = zip(*(drawn(route, sample, inputs, s) for s in (seed, seed, seed + 1)), strict=True)
        with bench.clock.spending("scores"):
            differentiated = (list(gradients),) if noise.differentiable(case, inputs) else ()
            p = statistics(list(values), *differentiated, **sample.options)
        worst = min(p, key=lambda name: p[name])
        # 0 is a number below the smallest there is, 4.9e-324; NaN is no probability
        least = -math.log10(p[worst]) if p[worst] > 0 else 324.0 if p[worst] == 0 else math.inf
        return Score(least + 0.0, problem="" if least <= test.limit else f"{worst}: p = {p[worst]:.3g}")

    for dtype, sample, _, routes in bench.combinations(test):
        for route in routes:
            yield _answered(bench, test, (route,), dtype, sample, partial(ask, route, sample, dtype))


def _convergence(bench: Workbench, test: Test) -> Iterator[Row]:
    """What whole runs end with, each framework's by its own random numbers: equivalent on average. The score is the
    largest p-value of two one-sided tests."""
    case, routes = test.case, tuple(test.case.routes(name)[0] for name in test.frameworks)
    assert case.margins is not None
    margins = case.margins

    def ask(sample: Sample, dtype: str, turned_to: list[Route]) -> Score:
        inputs, ended = bench.inputs(case, sample, dtype), []
        for route in routes:
            turned_to.append(route)
            ended.append(_ends(bench, route, sample, inputs, test.device))
        bench.kept["ended"] = dict(zip(test.frameworks, ended, strict=True))
        one, other = ended
        p = {name: equivalence(one[name], other[name], m) for name, m in margins.items()}
        worst = max(p, key=lambda name: p[name])
        means = " and ".join(f"{np.mean(e[worst]):.4g} (deviation {np.std(e[worst]):.2g})" for e in ended)
        said = f"{worst}: {means} on average in {' and '.join(test.frameworks)}; p = {p[worst]:.3g}"
        return Score(p[worst], problem="" if p[worst] <= test.limit else f"ended apart: {said}")

    for dtype, sample, _, _ in bench.combinations(test):
        turned_to: list[Route] = []
        yield _answered(bench, test, routes, dtype, sample, partial(ask, sample, dtype, turned_to), turned_to=turned_to)


def _ends(
    bench: Workbench, route: Route, sample: Sample, inputs: tuple[Array, ...], device: str
) -> dict[str, list[float]]:
    """The results of a route, one for each of `plan.RUNS` seeds."""
    framework = load(route.framework)
    ends: dict[str, list[float]] = {}
    for seed in range(bench.options.seed, bench.options.seed + RUNS):
        with bench.clock.spending("frameworks"):
            framework.seed(seed)
            f = framework.bind(route, sample.options, inputs, device=device)
            result = framework.value(f, inputs, device=device)
        for name, value in as_outputs(result).items():
            ends.setdefault(name, []).append(float(value))
    return ends


CHECKS: dict[str, Callable[[Workbench, Test], Iterator[Row]]] = {
    "value": _against_reference,
    "gradient": _against_reference,
    "jvp": _derived(_jvp),
    "hvp": _derived(_hvp),
    "invariance": _derived(_invariance),
    "agreement": _agreement,
    ACROSS: _across,
    "statistics": _statistics,
    "convergence": _convergence,
}


# Pictures


def _show(bench: Workbench, framework: str, sample: Sample, dtype: str, actual: Outputs, score: Score) -> None:
    """Keep for the pictures the first sample of each dtype that is no edge, or else the first."""
    key = ("scored", framework, dtype)
    if key not in bench.kept or bench.kept[key][0].edge > sample.edge:
        bench.kept[key] = (sample, actual, score)


def _figures(bench: Workbench, test: Test) -> Iterator[Figure]:
    """The pictures of a training run, of one sample in each dtype, through the first route. Curves, which look the same
    in every dtype, are of the longest of these runs."""
    case, longest = test.case, 0
    curves: Iterable[Figure] = ()
    for dtype in bench.options.dtypes:
        if (key := ("scored", test.framework, dtype)) not in bench.kept:
            continue
        sample, actual, score = bench.kept[key]
        expected, inputs = bench.expected(case, sample, dtype), bench.inputs(case, sample, dtype)
        yield from pictures.distance(case, sample, dtype, test.framework, score, expected, test.limit)
        if (length := max(map(len, score.steps.values()))) >= longest:
            results = {"NumPy reference": expected.value, test.framework: actual}
            curves, longest = pictures.drawn(case, sample, inputs, results), length
    yield from curves
