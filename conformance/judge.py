"""The judgement: what a score means, beside the limit and what is known to diverge; and what could not be asked for."""

import fnmatch
import math
from collections.abc import Sequence

from conformance import reproduce
from conformance.case import DERIVATIVES, Route, Sample
from conformance.catalogue import area
from conformance.divergence import Divergence, concerning
from conformance.frameworks import leading_mode, load
from conformance.frameworks.absent import absent
from conformance.plan import AGAIN, Test, label, vary
from conformance.score import Score
from conformance.workbench import Workbench
from reports.record import Observation, Worst, number

Row = tuple[Observation, Divergence | None]
"""What was observed, and the divergence in whose scope it is."""


def judged(
    bench: Workbench,
    test: Test,
    routes: tuple[Route, ...],
    dtype: str,
    sample: Sample,
    score: Score,
    seconds: float,
    how: str = "",
) -> Row:
    """The observation of one score. A divergence explains one beyond the limit, up to its bound."""
    divergence = known(bench, test, routes, dtype, sample.name, how, score.score)
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
        given = _given(bench, test, sample, dtype, how)
        observation.script = reproduce.script(test, routes, sample, dtype, given, score, bench.options.seed)
    return observation, divergence


def raised(error: Exception) -> Score:
    """The score of an exception where a result is due."""
    return Score(math.inf, problem=f"raised {type(error).__name__}: {_first_line(error)}")


def known(
    bench: Workbench, test: Test, routes: tuple[Route, ...], dtype: str, sample: str, how: str, score: float
) -> Divergence | None:
    """The first divergence whose scope holds a check. Where two frameworks disagree, each may have one: then the first
    that explains the score."""
    named = ((d for d in _entries(bench, test, r.framework) if d.holds(r.name, dtype, sample, how)) for r in routes)
    found = [d for d in (next(of_route, None) for of_route in named) if d is not None]
    return next((d for d in found if score <= d.bound), found[0] if found else None)


def _entries(bench: Workbench, test: Test, framework: str) -> list[Divergence]:
    """The divergences that concern a test."""
    of_case = bench.keep(("divergences", framework), lambda: concerning(test.case.name, framework))
    return bench.keep(("divergences", test.id, framework), lambda: [d for d in of_case if d.concerns(test, framework)])


def must_show(test: Test, divergence: Divergence, observation: Observation) -> tuple[str, ...] | None:
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


# What the installed version does not have


def lacking(bench: Workbench, error: Exception, test: Test, routes: Sequence[Route], dtype: str, sample: Sample) -> str:
    """Why routes cannot be taken in the installed version; empty if the error is an answer. Compilers wrap what was
    raised into errors of their own, so that a route is asked again, eagerly."""
    if found := _what_is_absent(test, error, routes):
        return found
    if test.mode == "eager" or len(routes) > 1:
        return ""
    (route,) = routes
    framework, inputs = load(route.framework), bench.inputs(test.case, sample, dtype)
    try:
        framework.value(framework.bind(route, sample.options, inputs, device=test.device), inputs, device=test.device)
    except Exception as again:
        return _what_is_absent(test, again, routes)
    return ""


def _what_is_absent(test: Test, error: Exception, routes: Sequence[Route]) -> str:
    name = absent(error)
    if name is None or any(name in d.lacks for d in concerning(test.case.name)):
        return ""
    root = name.partition(".")[0]
    asked = next((r for r in routes if f"{root}." in r.source or f"{root}()" in r.source), routes[0])
    framework = load(asked.framework)
    keras = framework.build().get("keras")
    version = f"{framework.name} {framework.version()}" + (f" with Keras {keras}" if keras else "")
    return f"need {name}, which {version} does not have"


def skipped(test: Test, routes: tuple[Route, ...], dtype: str, sample: Sample, reason: str, how: str = "") -> Row:
    """The observation of a check that the installed version cannot be asked for."""
    return Observation(
        test=test.id, area=test.area, case=test.case.name, check=test.check, framework=test.framework,
        mode=test.mode, device=test.device, outcome="skipped", route=" ~ ".join(r.name for r in routes), dtype=dtype,
        sample=label(sample, how), reason=reason,
    ), None  # fmt: skip


# Reproductions


def program(bench: Workbench, o: Observation) -> str:
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
    given = _given(bench, test, sample, o.dtype, how)
    return reproduce.script(test, routes, sample, o.dtype, given, score, bench.options.seed)


def _given(bench: Workbench, test: Test, sample: Sample, dtype: str, how: str) -> reproduce.Given:
    """What a check gives to a framework."""
    case, inputs = test.case, bench.inputs(test.case, sample, dtype)
    differentiated = test.check in DERIVATIVES
    return reproduce.Given(
        inputs if test.check != "invariance" or how == AGAIN else vary(inputs, how),
        bench.cotangents(case, sample, dtype) if differentiated else (),
        bench.tangents(case, sample, dtype, near=test.check == "hvp") if test.check in ("jvp", "hvp") else (),
        how,
    )


def _first_line(error: Exception) -> str:
    text = (str(error).strip().splitlines() or [""])[0][:200]
    return text.encode(errors="backslashreplace").decode()  # half a character, which no file can hold


def _rounded(value: float) -> float | str:
    return number(float(f"{value:.4g}"))
