"""The verdict as a short table in a terminal or a plain log."""

import io

from rich import box
from rich.console import Console
from rich.table import Table

from reports.record import Run
from reports.verdict import Verdict, score_of


def summary(run: Run, verdict: Verdict, width: int) -> str:
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
    for problem in verdict.problems:
        console.print(f"problem: {problem}", soft_wrap=True)
    return buffer.getvalue().rstrip()
