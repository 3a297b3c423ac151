"""What became of a framework's public surface between two runs: routes, deprecations, answers to bad input."""

from collections.abc import Iterator, Mapping

from reports.comparison import Check, Refusal, Route
from reports.record import Key, Observation, Run

ABSENT = ("raised AttributeError", "raised ImportError", "raised ModuleNotFoundError")
"""What asking through a route that is not there gives."""
LACKING = " does not have"
"""How the suite ends why it did not ask: need tf.nn.f, which tensorflow 2.16.1 does not have."""


class Surface:
    """What a run shows of it."""

    def __init__(self, run: Run) -> None:
        self.planned: dict[tuple[str, str], set[str]] = {}
        """(framework, route) -> cases in which the run takes it"""
        for p in run.header.plan:
            for route in p.routes if "+" not in p.framework else ():
                self.planned.setdefault((p.framework, route), set()).add(p.case)
        self.working: set[tuple[str, str]] = set()
        self.errors: dict[tuple[str, str], str] = {}
        self.announced: dict[tuple[str, str], list[tuple[str, str]]] = {}
        """(framework, words) -> (route, case) of which they were said"""
        for o in run.observations:
            if o.route == "*":
                continue
            if o.outcome != "passed" and (o.reason.startswith(ABSENT) or o.reason.endswith(LACKING)):
                self.errors.setdefault((o.framework, o.route), o.reason)
            elif o.outcome != "skipped":
                self.working.add((o.framework, o.route))
            for said in o.warned.split("\n") if o.warned else ():
                self.announced.setdefault((o.framework, said), []).append((o.route, o.case))


def removed(before: Surface, after: Surface) -> tuple[Route, ...]:
    """Routes that worked in one run, and in the other are not there, or have an attribute missing at every check."""
    return tuple(_removed(before, after))


def _removed(before: Surface, after: Surface) -> Iterator[Route]:
    asked = {framework for framework, _ in after.working}
    for key in sorted(before.working - after.working):
        framework, route = key
        cases = tuple(sorted(before.planned.get(key, ())))
        if key in after.errors:
            yield Route(framework, (route,), cases, after.errors[key])
        elif key not in after.planned and framework in asked:
            yield Route(framework, (route,), cases, "not among the routes of this run")


def deprecated(before: Surface, after: Surface) -> tuple[Route, ...]:
    """Deprecations that were announced in one run, and in the other not although it asked through that route as well.

    By their words, not by route: a framework that says a thing once in a process says it of whichever route came first.
    """
    found = []
    for (framework, said), places in after.announced.items():
        known = [(route, case) for route, case in places if (framework, route) in before.working]
        if (framework, said) not in before.announced and known:
            routes, cases = (tuple(dict.fromkeys(names)) for names in zip(*known, strict=True))
            found.append(Route(framework, routes, cases, said))
    return tuple(sorted(found, key=lambda r: (r.framework, r.routes, r.said)))


def refusals(old: Mapping[Key, Observation], new: Mapping[Key, Observation]) -> tuple[Refusal, ...]:
    """Bad input that is answered in another way, although both answers are within what the suite expects."""
    return tuple(
        Refusal(Check(*key), a.refused, b.refused)
        for key, b in new.items()
        if b.refused and (a := old.get(key)) is not None and a.refused and a.refused != b.refused
    )
