"""A run as other tools read it: JUnit XML and CTRF, with one entry for each test.

A test is a check of a case by a framework in a mode on a device, through all routes, dtypes and samples.
"""

import datetime
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import junitparser

from reports.compare import versions
from reports.record import Observation, Planned, Run
from reports.verdict import BAD, score_of

SHOWN = 5
"""Failing checks of a test that are spelled out."""
LONGEST = 20_000
"""Characters of a failure's text; a program that reproduces it may hold packed inputs."""
CTRF = "0.1.0"
"""The version of CTRF's specification, as its own examples have it."""
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass
class Tested:
    """A test, and what was observed of it."""

    planned: Planned
    rows: list[Observation] = field(default_factory=list)

    @property
    def counts(self) -> Counter[str]:
        """Outcome -> checks."""
        counts: Counter[str] = Counter()
        for o in self.rows:
            counts[o.outcome] += o.covers
        return counts

    @property
    def outcome(self) -> str:
        """passed, failed, crashed, skipped, or missing: what the test came to."""
        counts = self.counts
        if not counts:
            return "missing"
        return next(
            (o for o in ("crashed", "failed") if counts[o]), "skipped" if set(counts) == {"skipped"} else "passed"
        )

    @property
    def seconds(self) -> float:
        return sum(o.seconds for o in self.rows)

    @property
    def message(self) -> str:
        """One sentence on what went wrong, or why it was skipped; or which known divergences show."""
        counts = self.counts
        if self.outcome == "missing":
            return "planned, and left no observation"
        if self.outcome == "skipped":
            return one_line(self.rows[0].reason) or "skipped"
        if self.outcome == "passed":
            ids = dict.fromkeys(o.divergence for o in self.rows if o.outcome == "diverged")
            return f"known divergences: {', '.join(ids)}" if ids else ""
        bad = counts["failed"] + counts["crashed"]
        return f"{bad} of {sum(counts.values())} checks {self.outcome}: {one_line(described(self.worst))}"

    @property
    def worst(self) -> Observation:
        """Of what failed, the furthest beyond its limit."""
        return max((o for o in self.rows if o.outcome in BAD), key=badness)

    @property
    def script(self) -> str:
        """A stand-alone program that reproduces it."""
        return next((o.script for o in self.rows if o.outcome in BAD and o.script), "")

    @property
    def details(self) -> str:
        """What failed, check by check, and a program that reproduces it."""
        bad = sorted((o for o in self.rows if o.outcome in BAD), key=badness, reverse=True)
        lines = [described(o) for o in bad[:SHOWN]]
        if bad[SHOWN:]:
            lines.append(f"... and {len(bad) - SHOWN} more, in the record")
        text = "\n".join([*lines, *(["", self.script] if self.script else [])])
        return text if len(text) <= LONGEST else f"{text[:LONGEST]}\n... cut off; the record has it all"


def tests(run: Run) -> list[Tested]:
    """Every planned test, in the order of the plan."""
    found = {p.test: Tested(p) for p in run.header.plan}
    for o in run.observations:
        found[o.test].rows.append(o)
    return list(found.values())


def described(o: Observation) -> str:
    """A check that failed, in one line."""
    where = f"{o.route}, {o.dtype}, sample {o.sample}" if o.route != "*" else "all that was left of the test"
    score = f"score {score_of(o):.6g} of {o.limit:g}" if o.score is not None and o.limit is not None else ""
    worst = ""
    if o.worst is not None and o.worst.output:
        w = o.worst
        worst = f"{w.output}{list(w.index)} is {w.actual}, expected {w.expected}"
    return f"{where}: {'; '.join(filter(None, (score, one_line(o.reason), worst))) or o.outcome}"


def junit(run: Run) -> bytes:
    """JUnit XML: one suite for each area. What a record holds may be no XML at all; such characters are replaced."""
    by_area: dict[str, list[junitparser.TestCase]] = {}
    for test in tests(run):
        by_area.setdefault(test.planned.area, []).append(_case(test))
    document = junitparser.JUnitXml("conformance")
    for area, cases in by_area.items():
        suite = junitparser.TestSuite(_xml(area))
        suite.timestamp = _when(run.header.created).strftime("%Y-%m-%dT%H:%M:%S")
        for name, value in {"suite": run.header.suite, "seed": str(run.header.seed), **versions(run)}.items():
            suite.add_property(_xml(name), _xml(value))
        suite.add_testcases(cases)
        document.add_testsuite(suite)
    document.update_statistics()  # type: ignore[no-untyped-call]
    return bytes(document.tostring())  # type: ignore[no-untyped-call]


def _case(test: Tested) -> junitparser.TestCase:
    case = junitparser.TestCase(
        _xml(test.planned.test), _xml(f"{test.planned.area}.{test.planned.case}"), round(test.seconds, 6)
    )
    kinds = {
        "failed": junitparser.Failure, "crashed": junitparser.Error, "missing": junitparser.Error,
        "skipped": junitparser.Skipped,
    }  # fmt: skip
    if test.outcome in kinds:
        result = kinds[test.outcome](_xml(test.message), test.outcome)
        if test.outcome in BAD:
            result.text = _xml(test.details)
        case.result = [result]
    elif test.message:
        case.system_out = _xml(test.message)
    return case


def ctrf(run: Run) -> dict[str, Any]:
    """CTRF, the Common Test Report Format (https://ctrf.io), as plain JSON."""
    found = list(_ctrf_tests(run))
    counts = Counter(test["status"] for test in found)
    start = _when(run.header.created)
    stop = _when(run.footer.finished) if run.footer is not None else start
    return {
        "reportFormat": "CTRF",
        "specVersion": CTRF,
        "generatedBy": "conform",
        "results": {
            "tool": {"name": "tf-torch-conformance", "version": run.header.suite},
            "summary": {
                "tests": len(found),
                **{status: counts[status] for status in ("passed", "failed", "skipped", "pending", "other")},
                "suites": len({test["suite"][0] for test in found}),
                "start": _milliseconds(start),
                "stop": _milliseconds(stop),
            },
            "tests": found,
            "environment": {
                "testEnvironment": ", ".join(f"{n} {v}" for n, v in versions(run).items()),
                "osPlatform": str(run.header.fingerprint.get("platform", "")),
            },
        },
    }


def _ctrf_tests(run: Run) -> Iterator[dict[str, Any]]:
    statuses = {"passed": "passed", "skipped": "skipped", "missing": "other"}
    for test in tests(run):
        p = test.planned
        found: dict[str, Any] = {
            "name": p.test,
            "status": statuses.get(test.outcome, "failed"),
            "duration": round(1000 * test.seconds),
            "suite": [p.area, p.case],
            "rawStatus": test.outcome,
            "tags": [t for t in (*p.framework.split("+"), p.mode, p.check) if t],
            "device": p.device,
            "extra": {"checks": dict(test.counts)},
        }
        if test.message:
            found["message"] = test.message
        if test.outcome in BAD:
            found["trace"] = test.details
        yield found


def one_line(text: str, longest: int = 300) -> str:
    text = " ".join(text.split())
    return text if len(text) <= longest else f"{text[: longest - 3]}..."


def badness(o: Observation) -> float:
    """How far a failing check is beyond its limit: score / limit, infinite without a score."""
    score = score_of(o)
    return float("inf") if o.limit is None or score != score else score / (o.limit or 1)


def _xml(text: str) -> str:
    """Text that XML can hold."""
    return _NOT_XML.sub("\ufffd", text)


def _when(text: str) -> datetime.datetime:
    """A time of a record; the beginning of time where it is none."""
    try:
        found = datetime.datetime.fromisoformat(text)
    except ValueError:
        return datetime.datetime.fromtimestamp(0, datetime.UTC)
    return found if found.tzinfo is not None else found.replace(tzinfo=datetime.UTC)


def _milliseconds(when: datetime.datetime) -> int:
    return round(1000 * when.timestamp())
