"""Show how the runs below a directory changed from one to the next: in the terminal, and as a page.

Runs are in the order in which they began. What is compared of two runs is what both have: a check with the last run
before that has it as well, so that runs of parts of the suite may stand between.
"""

import argparse
import math
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reports import parquet
from reports.compare import DRIFT, LEAST, RANDOM
from reports.errors import Invalid, Undecided
from reports.record import RecordError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

HIGHEST = 1000.0
"""Of scores as a multiple of their limit: what is larger, infinite ones too, is drawn there."""


@dataclass(frozen=True)
class Cell:
    """One area of one framework in one run."""

    run: int
    area: str
    framework: str
    worst: float | None
    """The highest score / limit of all judged checks, apart from known divergences and random numbers."""
    check: str
    """Which check that is."""
    seconds: float


@dataclass(frozen=True)
class Change:
    """Something that is first seen in a run."""

    run: int
    kind: str
    """versions, outcome, divergence, score"""
    text: str
    where: str = ""
    """The check that shows it most."""
    bad: bool = False
    """Whether it is for the worse."""


@dataclass(frozen=True)
class History:
    runs: tuple[parquet.Info, ...]
    """The earliest first."""
    cells: tuple[Cell, ...]
    changes: tuple[Change, ...]
    factor: float
    left_out: tuple[str, ...]
    """Records that could not be read: each one sentence."""

    def series(self) -> Iterator[tuple[str, str, list[Cell]]]:
        """(area, framework, its cells in the order of the runs)"""
        found: dict[tuple[str, str], list[Cell]] = {}
        for c in self.cells:
            found.setdefault((c.area, c.framework), []).append(c)
        yield from ((*key, cells) for key, cells in sorted(found.items()))

    def first(self, run: int) -> list[Change]:
        """What is first seen in a run."""
        return [c for c in self.changes if c.run == run]


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("directory", type=Path, metavar="DIR", help="with the directories of runs, at any depth")
    parser.add_argument("--output", type=Path, metavar="FILE", help="the page (default: history.html in DIR)")
    parser.add_argument(
        "--factor", type=float, default=DRIFT, help="by which an area's worst score changes (default: %(default)s)"
    )
    parser.add_argument("--cache", type=Path, metavar="DIR", help="of converted records (default: the user's cache)")


def main(options: argparse.Namespace) -> int:
    """0 where there is a history, whatever it shows: to judge a run is for other commands."""
    from reports import history_page

    if not options.factor > 1:
        raise Invalid(f"--factor {options.factor:g}: a factor above 1 is needed")
    if not options.directory.is_dir():
        raise Invalid(f"{options.directory}: not a directory")
    found = history(options.directory, options.cache or parquet.cache(), options.factor)
    for sentence in found.left_out:
        print(f"conform: left out: {sentence}", file=sys.stderr)
    print(history_page.text(found))
    output: Path = options.output or options.directory / "history.html"
    try:
        history_page.write(found, output)
    except OSError as error:
        raise Undecided(f"{output}: cannot be written ({error.strerror})") from error
    print(f"Page: {output}")
    return 0


def history(directory: Path, store: Path, factor: float = DRIFT) -> History:
    """The history of all runs below a directory. Raises `Undecided` if there is none that can be read."""
    parquet.require()
    records = parquet.records(directory)
    if not records:
        raise Undecided(f"{directory}: holds no record of a run")
    files, left_out = [], []
    for record in records:
        try:
            files.append(parquet.converted(record, store))
        except RecordError as error:
            left_out.append(str(error))
        except OSError as error:
            raise Undecided(f"{store}: cannot be written ({error.strerror}); give --cache") from error
    if not files:
        raise Undecided(f"{directory}: none of {len(records)} records can be read; the first: {left_out[0]}")
    files.sort(key=lambda f: (f[1].created, f[1].record))
    runs = tuple(info for _, info in files)
    with tempfile.TemporaryDirectory() as scratch, _database(files, scratch) as database:
        cells = tuple(_cells(database))
        changes = [*_versions(runs), *_outcomes(database), *_divergences(database), *_scores(database, factor)]
    order = {kind: i for i, kind in enumerate(("versions", "outcome", "divergence", "score"))}
    changes.sort(key=lambda c: (c.run, order[c.kind], not c.bad))
    return History(runs, cells, tuple(changes), factor, tuple(left_out))


def _database(files: Sequence[tuple[Path, parquet.Info]], scratch: str) -> "DuckDBPyConnection":
    """A table ``checks``: every check of every run, with what it was in the last run before that had it."""
    import duckdb

    database = duckdb.connect(config={"temp_directory": scratch, "autoinstall_known_extensions": "false"})
    database.execute("CREATE TABLE runs (run INTEGER, filename VARCHAR)")
    database.executemany("INSERT INTO runs VALUES (?, ?)", [(n, str(path)) for n, (path, _) in enumerate(files)])
    random = ", ".join(f"'{name}'" for name in RANDOM)
    database.execute(
        f"""
        CREATE TABLE checks AS
        WITH rows AS (
            SELECT run, key, area, framework, outcome, divergence, covers, seconds,
                CASE
                    WHEN outcome IN ('failed', 'crashed') AND (score IS NULL OR isnan(score)) THEN 'inf'::DOUBLE
                    WHEN "check" IN ({random}) OR outcome IN ('skipped', 'diverged') THEN NULL
                    WHEN outcome = 'passed' AND divergence <> '' THEN NULL
                    WHEN "limit" > 0 AND NOT isnan(score) THEN score / "limit"
                END AS size,
                {LEAST} / "limit" AS least
            FROM read_parquet(?, filename = true) JOIN runs USING (filename)
        )
        SELECT *,
            lag(outcome) OVER previous AS was,
            lag(divergence) OVER previous AS was_divergence,
            lag(size IGNORE NULLS) OVER previous AS was_size
        FROM rows
        WINDOW previous AS (PARTITION BY key ORDER BY run)
        """,
        [[str(path) for path, _ in files]],
    )
    return database


def _named(database: "DuckDBPyConnection", pairs: Sequence[tuple[int, int]]) -> dict[tuple[int, int], str]:
    """(run, key of a check) -> the check as a reader knows it. Looked up of the few that are shown."""
    if not pairs:
        return {}
    database.execute("CREATE OR REPLACE TEMP TABLE asked (run INTEGER, key UBIGINT)")
    runs, keys = zip(*set(pairs), strict=True)
    database.execute("INSERT INTO asked SELECT unnest(?::INTEGER[]), unnest(?::UBIGINT[])", [list(runs), list(keys)])
    files = [f for (f,) in database.execute("SELECT filename FROM runs SEMI JOIN asked USING (run)").fetchall()]
    rows = database.execute(
        """
        SELECT run, key, "case", "check", mode, route, dtype, sample
        FROM read_parquet(?, filename = true) JOIN runs USING (filename) JOIN asked USING (run, key)
        """,
        [files],
    ).fetchall()
    named = {}
    for run, key, case, check, mode, route, dtype, sample in rows:
        how = [part for part in (mode if mode != "eager" else "", route, dtype, sample) if part and part != "*"]
        named[run, key] = ", ".join([f"{case} {check}".strip(), *how])
    return named


def _cells(database: "DuckDBPyConnection") -> Iterator[Cell]:
    rows = database.execute(
        """
        SELECT run, area, framework, max(size), arg_max(key, size), sum(seconds)
        FROM checks WHERE outcome <> 'skipped' GROUP BY ALL ORDER BY run, area, framework
        """
    ).fetchall()
    named = _named(database, [(run, key) for run, _, _, _, key, _ in rows if key is not None])
    for run, area, framework, worst, key, seconds in rows:
        yield Cell(run, area, framework, worst, named.get((run, key), ""), seconds)


def _versions(runs: Sequence[parquet.Info]) -> Iterator[Change]:
    for n, (a, b) in enumerate(pairwise(runs), 1):
        before, after = ({**r.versions, "suite": r.suite, "machine": r.machine} for r in (a, b))
        for name in dict.fromkeys([*before, *after]):
            old, new = before.get(name, ""), after.get(name, "")
            if old != new:
                yield Change(n, "versions", f"{name} {old or '(none)'} \u2192 {new or '(none)'}")


def _outcomes(database: "DuckDBPyConnection") -> Iterator[Change]:
    rows = database.execute(
        """
        SELECT run, area, framework, was, outcome, sum(covers)::BIGINT AS n, arg_max(key, coalesce(size, 0)) AS key
        FROM checks WHERE was <> outcome GROUP BY ALL ORDER BY run, n DESC, area, framework, was, outcome
        """
    ).fetchall()
    named = _named(database, [(r[0], r[-1]) for r in rows])
    for run, area, framework, was, outcome, n, key in rows:
        counted = "1 check" if n == 1 else f"{n} checks"
        bad = outcome in ("failed", "crashed") or (was == "passed")
        yield Change(run, "outcome", f"{area}, {framework}: {counted} {was} \u2192 {outcome}", named[run, key], bad)


def _divergences(database: "DuckDBPyConnection") -> Iterator[Change]:
    """A divergence appears where checks show it that were run before, when none showed it; it vanishes where checks
    that showed it were judged again, and none shows it."""
    rows = database.execute(
        """
        SELECT run, divergence, count(was), arg_min(key, key) FILTER (was IS NOT NULL), 'seen' FROM checks
        WHERE outcome = 'diverged' GROUP BY ALL
        UNION ALL
        SELECT run, was_divergence, count(*), arg_min(key, key), 'judged' FROM checks
        WHERE was = 'diverged' AND outcome <> 'skipped' GROUP BY ALL
        """
    ).fetchall()
    seen = {(run, name): (n, key) for run, name, n, key, what in rows if what == "seen"}
    judged = {(run, name): (n, key) for run, name, n, key, what in rows if what == "judged"}
    present = {name for run, name in seen if run == 0}
    found: list[tuple[int, str, int, int, bool]] = []
    for run, name in sorted({*seen, *judged}):
        if (run, name) in seen and name not in present:
            present.add(name)
            if seen[run, name][0]:
                found.append((run, name, *seen[run, name], True))
        elif (run, name) not in seen and name in present:
            present.discard(name)
            found.append((run, name, *judged[run, name], False))
    named = _named(database, [(run, key) for run, _, _, key, _ in found])
    for run, name, n, key, appeared in found:
        what = f"appeared, in {n} checks" if appeared else f"vanished from {n} checks"
        yield Change(run, "divergence", f"{name} {what}", named[run, key], appeared)


def _scores(database: "DuckDBPyConnection", factor: float) -> Iterator[Change]:
    rows = database.execute(
        """
        SELECT run, area, framework, max(greatest(was_size, least)) AS old, max(greatest(size, least)) AS new,
            arg_max(key, size) AS key, arg_max(key, was_size) AS was_key
        FROM checks WHERE size IS NOT NULL AND was_size IS NOT NULL GROUP BY ALL ORDER BY run, area, framework
        """
    ).fetchall()
    changed = [r for r in rows if r[3] != r[4] and not 1 / factor <= _ratio(r[3], r[4]) <= factor]
    named = _named(database, [(r[0], r[5] if r[4] > r[3] else r[6]) for r in changed])
    for run, area, framework, old, new, key, was_key in changed:
        worse = new > old
        text = f"{area}, {framework}: worst score {share(old)} \u2192 {share(new)} of its limit"
        yield Change(run, "score", text, named[run, key if worse else was_key], worse)


def _ratio(old: float, new: float) -> float:
    return 0.0 if math.isinf(old) else new / old


def share(value: float | None) -> str:
    """A score as a multiple of its limit."""
    return "" if value is None else f"{value:.2g}" if value < HIGHEST else f"{value:.0e}"


def version_of(run: parquet.Info, framework: str) -> dict[str, str]:
    """Versions of a framework, or of the several that a joint check compares."""
    return {name: v for name in framework.split("+") if (v := run.versions.get(name, ""))}


def moves(runs: Sequence[parquet.Info], framework: str) -> list[tuple[int, str]]:
    """(run, what a framework is from then on), where its version changed."""
    found: list[tuple[int, str]] = []
    before: dict[str, Any] = {}
    for n, run in enumerate(runs):
        now = version_of(run, framework)
        if n and now and before and now != before:
            one = len(now) == 1
            new = [v if one else f"{name} {v}" for name, v in now.items() if before.get(name) != v]
            found.append((n, ", ".join(new)))
        before = now or before
    return found
