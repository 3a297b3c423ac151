"""Compare two runs: failures, divergences, vanished checks, drift, speed, deprecations."""

import argparse
import io
import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
from rich import box
from rich.console import Console
from rich.table import Table

from reports import compare_page
from reports.compare import DRIFT, compare
from reports.comparison import AMOUNTS, FAIL_ON, Change, Comparison
from reports.errors import Invalid, Undecided
from reports.record import Header, Observation, read
from reports.reproductions import command, program
from reports.timings import read_all

SHOWN = 5
"""Items of each list that are printed; all of them are in the JSON."""
LONGEST = 120
"""Characters that are printed of what a framework said."""
PROGRAMS = 100
"""Of each list, so many get a program that the record does not hold: to make one, references are computed."""
MADE = ("failed", "diverged", "worse")
"""The lists of which they do."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("before", type=Path, metavar="A", help="the directory of a run, or its record")
    parser.add_argument("after", type=Path, metavar="B", help="the later one")
    parser.add_argument(
        "--drift", type=float, default=DRIFT, metavar="FACTOR", help="what is called drift (default: %(default)g)"
    )
    parser.add_argument(
        "--fail-on",
        default=",".join(FAIL_ON),
        metavar="LIST",
        help=f"what makes the exit status 1, of {','.join(AMOUNTS)} (default: %(default)s)",
    )
    parser.add_argument(
        "--anyway", action="store_true", help="although suite, seed or options differ, or a run was cut off"
    )
    parser.add_argument(
        "--timings", type=Path, metavar="DIR", help="records of benchmarks: processes of one job, in turns"
    )
    parser.add_argument("--across-machines", action="store_true", help="judge speed although the machines differ")
    parser.add_argument(
        "--show", type=int, default=SHOWN, metavar="N", help="items of each list (default: %(default)s)"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="everything, for machines")
    parser.add_argument("--page", type=Path, metavar="FILE", help="everything, for people: a page")


def main(options: argparse.Namespace) -> int:
    """0 if nothing is worse, 1 if something of what ``--fail-on`` lists is."""
    fail_on = [word.strip() for word in options.fail_on.split(",") if word.strip()]
    for word in fail_on:
        if word not in AMOUNTS:
            raise Invalid(f"--fail-on {word}: unknown; choose from {', '.join(AMOUNTS)}")
    if options.show < 0:
        raise Invalid(f"--show {options.show}: a number from 0 up")
    before, after = read(options.before), read(options.after)
    timed = read_all(options.timings) if options.timings else []
    if options.timings and not timed:
        raise Invalid(f"--timings {options.timings}: no record with timings was found there")
    c = compare(
        before,
        after,
        drift=options.drift,
        anyway=options.anyway,
        timings=timed,
        across_machines=options.across_machines,
    )
    programs = _programs(c, after.header, before.header) if options.json or options.page else {}
    if options.json:
        _write(options.json, msgspec.json.format(msgspec.json.encode(as_data(c, after.header, fail_on, programs))))
    if options.page:
        text = compare_page.render(c, after.header, before.header, fail_on, programs)
        _write(options.page, text.encode())
    print(summary(c, after.header, fail_on, shutil.get_terminal_size().columns, shown=options.show))
    if options.page:
        print(f"Page: {options.page}")
    return 1 if c.regressions(fail_on) else 0


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise Undecided(f"{path}: cannot be written ({error.strerror})") from error


def _programs(c: Comparison, after: Header, before: Header) -> dict[int, str]:
    """id of a change -> its stand-alone program."""
    made: dict[int, str] = {}
    for name in AMOUNTS:
        for n, change in enumerate(getattr(c, name)):
            if isinstance(change, Change):
                make = name in MADE and n < PROGRAMS
                header = after if change.after is not None else before
                made[id(change)] = program(change, header) if make else change.script
    return made


# For machines


def as_data(c: Comparison, header: Header, fail_on: Iterable[str], programs: dict[int, str]) -> dict[str, Any]:
    """A comparison as JSON can hold it."""
    changes = {
        name: [_item(change, header, programs) for change in getattr(c, name)]
        for name in AMOUNTS
        if name not in ("slower", "removed", "deprecated", "refusals")
    }
    rest = {
        name: msgspec.to_builtins(getattr(c, name), str_keys=True)
        for name in ("appeared", "gone", "removed", "added", "deprecated", "undeprecated", "notes", "unjudged")
    }
    return {
        "before": msgspec.to_builtins(c.before),
        "after": msgspec.to_builtins(c.after),
        "drift": c.drift,
        "regressions": list(c.regressions(fail_on)),
        "counts": {name: n for name, n, _ in c.amounts()},
        **changes,
        **rest,
        "refusals": [{**r.key._asdict(), "before": r.before, "after": r.after} for r in c.refusals],
        "speed": [
            {**msgspec.to_builtins(s), "factor": s.factor, "slower": s.slower, "faster": s.faster, "noise": s.noise}
            for s in c.speed
        ],
    }


def _item(change: Change, header: Header, programs: dict[int, str]) -> dict[str, Any]:
    item: dict[str, Any] = {**change.key._asdict(), "area": change.area, "covers": change.covers}
    for name, o in (("before", change.before), ("after", change.after)):
        item[name] = o and {
            "outcome": o.outcome, "score": o.score, "limit": o.limit, "ulps": o.ulps, "reason": o.reason,
            "divergence": o.divergence,
        }  # fmt: skip
    if change.by:
        item |= {"factor": change.factor, "by": change.by}
    if change.why:
        item["why"] = change.why
    return {**item, "command": command(change.observation, header), "script": programs.get(id(change), "")}


# For a terminal


def summary(c: Comparison, header: Header, fail_on: Iterable[str], width: int, *, shown: int = SHOWN) -> str:
    """What changed, what matters most first, and the answer in the last line."""
    buffer = io.StringIO()
    console = Console(file=buffer, width=max(width, 100), force_terminal=False, color_system=None)

    def say(text: str) -> None:
        console.print(text, soft_wrap=True, markup=False, highlight=False)

    for name, side in (("before", c.before), ("after", c.after)):
        counts = ", ".join(f"{n} {outcome}" for outcome, n in side.counts.items())
        say(f"{name:7}{side.path} ({side.created}): {counts}")
    say("changed: " + (", ".join(changed_versions(c)) or "no version"))
    for note in c.notes:
        say(f"note: {note}")
    for name, n, what in c.amounts():
        if not n or (name in ("failing", "fixed", "converged", "new") and not shown):
            continue
        say(f"\n{n} {what}:")
        items = getattr(c, name)
        for line in _lines(name, items, console, header, shown):
            if isinstance(line, Table):
                console.print(line)
            else:
                say(f"  {line}")
    if c.appeared or c.gone:
        say("")
    for what, found in (("now seen", c.appeared), ("no longer seen", c.gone)):
        for d in found:
            say(f"divergence {what}: {d.id} ({d.framework}): {d.reason}")
    judged = f"speed: {len(c.speed)} benchmarks, {len(c.slower)} slower"
    say("\n" + (f"speed: not judged, {c.unjudged}" if not c.speed else judged))
    regressions = c.regressions(fail_on)
    say(f"REGRESSIONS: {', '.join(regressions)}." if regressions else _nothing_worse(c))
    return buffer.getvalue().rstrip()


def _nothing_worse(c: Comparison) -> str:
    judged = sum(n for outcome, n in c.after.counts.items() if outcome != "skipped")
    counted = [f"{n} {what}" for n, what in ((judged, "checks"), (len(c.speed), "benchmarks")) if n]
    return f"NO REGRESSION: {', '.join(counted)} judged." if counted else "NOTHING COMPARED: no check was judged."


def changed_versions(c: Comparison) -> Iterator[str]:
    """Packages that differ: name, version before, version after."""
    for name in sorted({*c.before.versions, *c.after.versions}):
        a, b = (side.versions.get(name, "none") for side in (c.before, c.after))
        if a != b:
            yield f"{name} {a} -> {b}"


def _lines(name: str, items: Sequence[Any], console: Console, header: Header, shown: int) -> Iterator[str | Table]:
    if name in ("vanished", "new"):
        groups = compare_page.grouped(items)
        yield from (f"{n} of {place}{why and f': {why}'}" for (place, why), n in groups[:shown])
        rest = groups[shown:]
        if rest:
            yield f"... and {sum(n for _, n in rest)} more, in {len(rest)} groups"
        return
    if items and isinstance(items[0], Change):
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for column, justify in (("before", "right"), ("after", "right"), ("limit", "right"), ("check", "left")):
            table.add_column(column, justify=justify, no_wrap=column != "check", overflow="fold")  # type: ignore[arg-type]
        for change in items[:shown]:
            k, o = change.key, change.observation
            grown = f"x{change.factor:.3g} in {change.by}; " if change.by else ""
            where = f"{k.case} {k.check}, {k.framework} {k.mode} {k.device}: {k.route}, {k.dtype}, {k.sample}"
            reason = f"\n{_cut(o.reason)}" if o.reason and name != "fixed" else ""
            limit = "" if o.limit is None else f"{o.limit:g}"
            table.add_row(
                value(change.before, change.by), value(change.after, change.by), limit, f"{grown}{where}{reason}"
            )
        if shown:
            yield table
            yield f"reproduce the first: {command(items[0].observation, header)}"
    else:
        yield from map(_said, items[:shown])
    if len(items) > shown:
        yield f"... and {len(items) - shown} more"


def _said(item: Any) -> str:
    """A route, a changed answer, or a benchmark."""
    if hasattr(item, "said"):
        more = f" and {len(item.routes) - 3} more" if len(item.routes) > 3 else ""
        return f"{item.framework}, {', '.join(item.routes[:3])}{more}: {_cut(item.said)}"
    if hasattr(item, "slower"):
        seconds = f"{_best(item.before)} before, {_best(item.after)} after"
        where = " ".join(filter(None, (item.framework, item.mode, item.device if item.device != "cpu" else "")))
        spread = f"; processes of a side differ by up to {item.noise:.0%}"
        return f"{item.benchmark}, {where}: x{item.factor:.2f}, {seconds}{spread}"
    k = item.key
    return f"{k.case}, {k.framework} {k.route}, {k.dtype}, {k.sample}: {item.before} -> {item.after}"


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST].rstrip()} ..."


def _best(seconds: Sequence[float]) -> str:
    return f"{1e3 * min(seconds):.3g} to {1e3 * max(seconds):.3g} ms"


def value(o: Observation | None, by: str = "score") -> str:
    """A score as it is printed, or the outcome where there is none."""
    if o is None:
        return "-"
    number = o.ulps if by == "ulps" else o.score
    if number is None:
        return o.outcome
    return (
        f"{float(number):.3g}" + (" ULP" if by == "ulps" else "") + (f" {o.outcome}" if o.outcome == "diverged" else "")
    )
