"""The verdict as a short table in a terminal or a plain log."""

import io
from collections import Counter
from collections.abc import Iterator, Sequence

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from reports.record import Observation, Run
from reports.verdict import BAD, Verdict, score_of


def summary(run: Run, verdict: Verdict, width: int, *, times: bool = False) -> str:
    """Area by framework with counts and worst score, highest scores by kind, skips by reason, and problems."""
    buffer = io.StringIO()
    console = Console(file=buffer, width=max(width, 100), force_terminal=False, color_system=None)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("area", "framework"):
        table.add_column(column, no_wrap=True)
    for column in ("passed", "diverging", "failed", "skipped"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("nearest to its limit: score / limit, case", overflow="fold")
    for (area, framework), cell in verdict.cells.items():
        worst = ""
        if cell.worst is not None:
            o = cell.worst
            worst = f"{score_of(o):.3g} / {o.limit:g}  {o.case} {o.check}, {o.dtype}, {o.sample}"
        bad = cell.counts["failed"] + cell.counts["crashed"]
        counts = (cell.counts["passed"], cell.counts["diverged"], bad, cell.counts["skipped"])
        table.add_row(area, framework, *(str(n) if n else "-" for n in counts), worst)
    console.print(table)
    if verdict.highest:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for column, justify in (
            ("kind", "left"),
            ("check", "left"),
            ("highest", "right"),
            ("limit", "right"),
            ("seen in", "left"),
        ):
            table.add_column(column, justify=justify, no_wrap=column != "seen in")  # type: ignore[arg-type]
        for h in verdict.highest:
            o = h.observation
            table.add_row(
                h.kind, h.check, f"{h.score:.3g}", f"{h.limit:g}", f"{o.case}: {o.route}, {o.dtype}, {o.sample}"
            )
        console.print(table)
    for reason, n in verdict.skips.most_common():
        console.print(f"skipped: {n} checks {reason}", soft_wrap=True)
    options = run.header.options
    given = [", ".join(options.get(name, [])) for name in ("dtypes", "modes")]
    console.print("; ".join([f"seed {run.header.seed}", *filter(None, given)]), soft_wrap=True)
    unseen = [d.id for d in run.header.divergences if not verdict.divergences[d.id]]
    if verdict.divergences:
        console.print(f"known divergences seen: {len(verdict.divergences)} of {len(verdict.divergences) + len(unseen)}")
    if times:
        for line in _times(run):
            console.print(line, soft_wrap=True)
    for problem in verdict.problems:
        console.print(f"problem: {problem}", soft_wrap=True)
    return buffer.getvalue().rstrip()


def described(o: Observation) -> Iterator[str]:
    """Lines that say what failed, how far it is off, and where."""
    limit = "" if o.limit is None else f", limit {o.limit:g}"
    judged = o.outcome if o.score is None else f"score {o.score}{limit}"
    yield f"  {o.route}, {o.dtype}, sample {o.sample}: {judged}"
    if o.reason:
        yield f"    {o.reason}"
    if o.worst is not None and o.worst.output:
        w = o.worst
        yield f"    worst element {w.output}{list(w.index)}:"
        yield f"    expected {w.expected}, actual {w.actual}, noise floor {w.floor}"
        yield f"    largest error {o.ulps} ULP; norm-wise score {o.norm}"


def failures(run: Run, most: int) -> Iterator[str]:
    """The first ``most`` failures, each with the program that reproduces it."""
    bad = [o for o in run.observations if o.outcome in BAD]
    for o in bad[:most]:
        yield f"\n{o.case}: {o.check} in {o.framework} ({o.mode}, {o.device})"
        yield from described(o)
        if o.script:
            yield f"\n{o.script.rstrip()}"
    if len(bad) > most:
        yield f"{len(bad)} rows failed; --failures {len(bad)} shows each with its program."


def rows(observations: Sequence[Observation]) -> Iterator[str]:
    """A table for each test, with one line for each observation, as wide as it must be."""
    by_test: dict[tuple[str, ...], list[Observation]] = {}
    for o in observations:
        by_test.setdefault((o.check or "all checks", o.framework, o.mode, o.device), []).append(o)
    for (check, framework, mode, device), found in by_test.items():
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for column in ("route", "dtype", "sample"):
            table.add_column(column, no_wrap=True)
        for column in ("score", "limit", "ULP"):
            table.add_column(column, justify="right", no_wrap=True)
        table.add_column("outcome", no_wrap=True)
        for o in found:
            numbers = ("" if n is None else f"{float(n):.3g}" for n in (o.score, o.limit, o.ulps))
            said = o.divergence if o.outcome == "diverged" else o.reason if o.outcome != "passed" else ""
            outcome = f"{o.outcome}: {said}" if said else o.outcome
            table.add_row(*map(escape, (o.route, o.dtype, o.sample, *numbers, outcome)))
        buffer = io.StringIO()
        Console(file=buffer, width=10_000, force_terminal=False, color_system=None).print(table)
        yield f"{check} in {framework} ({', '.join(filter(None, (mode, device)))})"
        yield "\n".join(line.rstrip() for line in buffer.getvalue().splitlines() if line.strip()) + "\n"


def _times(run: Run) -> Iterator[str]:
    """Where the time went, of all processes together, and how fast it was."""
    spent: dict[str, float] = {}
    areas: dict[str, float] = {}
    checks: Counter[str] = Counter()
    area_of = {p.test: p.area for p in run.header.plan}
    for line in run.spent:
        area = area_of[line.test]
        areas[area] = areas.get(area, 0) + sum(line.seconds.values())
        for what, seconds in line.seconds.items():
            spent[what] = spent.get(what, 0) + seconds
    for o in run.observations:
        if o.outcome not in ("skipped", "crashed"):
            checks[o.area] += o.covers
    total = sum(spent.values()) or 1.0
    shares = ", ".join(f"{what} {100 * s / total:.0f}%" for what, s in _largest_first(spent))
    yield f"time of all processes: {total:.0f} s: {shares}"
    if run.footer is not None:
        n = sum(checks.values())
        yield f"{n} checks in {run.footer.seconds:.0f} s: {n / max(run.footer.seconds, 1e-9):.0f} a second"
    if most := max((line.memory for line in run.spent), default=0):
        yield f"most memory of a process: {most / 1e9:.2f} GB"
    for area, seconds in _largest_first(areas):
        yield f"  {area}: {seconds:.1f} s, {1e3 * seconds / max(checks[area], 1):.2f} ms a check"


def _largest_first(seconds: dict[str, float]) -> list[tuple[str, float]]:
    return sorted(seconds.items(), key=lambda item: -item[1])
