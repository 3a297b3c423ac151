"""What became of a framework's public surface between two runs: routes, deprecations, answers to bad input."""

from collections.abc import Iterator, Mapping

from reports.comparison import Check, Refusal, Route
from reports.record import Key, Observation, Run

ABSENT = ("raised AttributeError", "raised ImportError", "raised ModuleNotFoundError")
"""What asking through a route that is not there gives."""


def removed(before: Run, after: Run) -> tuple[Route, ...]:
    """Routes that worked in one run, and in the other are not there, or have an attribute missing at every check."""
    return tuple(_gone(_Routes(before), _Routes(after)))


def deprecated(before: Run, after: Run) -> tuple[Route, ...]:
    """Deprecations that were announced in one run, and in the other not although it asked as well.

    By their words, not by route: a framework that says a thing once in a process says it of whichever route came first.
    """
    old, new = _announced(before), _announced(after)
    asked = _Routes(before).working
    found = []
    for (framework, said), places in new.items():
        known = [(r, c) for r, c in places if (framework, r) in asked]
        if (framework, said) not in old and known:
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


class _Routes:
    """(framework, route) -> cases in which a run takes it; and those of them that are there."""

    def __init__(self, run: Run) -> None:
        self.planned: dict[tuple[str, str], set[str]] = {}
        for p in run.header.plan:
            for route in p.routes:
                if "+" not in p.framework:
                    self.planned.setdefault((p.framework, route), set()).add(p.case)
        self.working: set[tuple[str, str]] = set()
        self.errors: dict[tuple[str, str], str] = {}
        for o in run.observations:
            if o.outcome in ("skipped", "crashed") or o.route == "*":
                continue
            if o.outcome != "passed" and o.reason.startswith(ABSENT):
                self.errors.setdefault((o.framework, o.route), o.reason)
            else:
                self.working.add((o.framework, o.route))


def _gone(before: _Routes, after: _Routes) -> Iterator[Route]:
    asked = {framework for framework, _ in after.working}
    for framework, route in sorted(before.working):
        key = (framework, route)
        if key in after.working or framework not in asked:
            continue
        cases = tuple(sorted(before.planned.get(key, ())))
        if key in after.errors:
            yield Route(framework, (route,), cases, after.errors[key])
        elif key not in after.planned:
            yield Route(framework, (route,), cases, "not among the routes of this version")


def _announced(run: Run) -> dict[tuple[str, str], list[tuple[str, str]]]:
    """(framework, words) -> (route, case) of which they were said."""
    found: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for o in run.observations:
        for said in filter(None, o.warned.split("\n")):
            found.setdefault((o.framework, said), []).append((o.route, o.case))
    return found
