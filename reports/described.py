"""What the report says of a case, drawn from the catalogue: its reference, its routes, how weights are converted."""

import hashlib
import inspect
import re
from collections.abc import Callable, Iterable
from functools import cache, partial
from typing import Any

from conformance.case import COLUMNS, Case, helpers_of, source_of
from conformance.weights import LAYERS, layout
from reports.record import CaseInfo


def described(area: str, case: Case, functions: dict[str, str]) -> CaseInfo:
    """A case as the report shows it; the sources that it names are added to ``functions``."""

    def keys(sources: Iterable[str]) -> tuple[str, ...]:
        named = {_key(source): source for source in sources}
        functions.update(named)
        return tuple(named)

    asked = [f for f in map(_function, (case.reference, case.vjp)) if f is not None]
    summary = next(filter(None, map(inspect.getdoc, asked)), "")
    routes = {f: case.routes(f) for f in COLUMNS if case.routes(f)}
    helpers = [h for of_framework in routes.values() for r in of_framework for h in _helpers(r.function)]
    programs = "\n".join([*helpers, *(r.source for r in routes.get("tensorflow", ()))])
    return CaseInfo(
        case.name,
        area,
        case.kind,
        summary,
        case.sources,
        {f: {r.name: r.source for r in of_framework} for f, of_framework in routes.items()},
        tuple(s.name for s in case.samples),
        keys([*map(source_of, asked), *(h for f in asked for h in reversed(_helpers(f)))]),
        keys(helpers),
        {name: layout(name) for name in LAYERS if re.search(rf"\blayers\.{re.escape(name)}\(", programs)},
    )


def _function(call: Any) -> Callable[..., Any] | None:
    """The function behind ``partial``; None where there is none that has a source."""
    while isinstance(call, partial):
        call = call.func
    return call if inspect.isfunction(call) else None


@cache
def _helpers(function: Callable[..., Any]) -> tuple[str, ...]:
    return tuple(helpers_of(function))


@cache
def _key(source: str) -> str:
    name = re.search(r"def (\w+)", source)
    return f"{name[1] if name else 'lambda'}-{hashlib.sha256(source.encode()).hexdigest()[:8]}"
