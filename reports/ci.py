"""Hand a run to a continuous integration system: JUnit XML, CTRF, a badge; on GitHub a job summary and annotations.

Without options, and inside a job of GitHub Actions, the job summary and the annotations are written.
"""

import argparse
import ast
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

from reports import exports
from reports.errors import Invalid, Undecided
from reports.exports import Tested, one_line
from reports.record import Run, read
from reports.verdict import Verdict, verdict

ROOT = Path(__file__).parents[1]
LARGEST = 1_000_000
"""Bytes of a job summary. GitHub drops one of more than 1024 kB whole."""
ANNOTATIONS = 10
"""So many of a kind GitHub shows for each step."""
LONGEST = 3_000
"""Characters of an annotation."""
SPELLED = 50
"""Failing tests that a job summary spells out."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", type=Path, metavar="RUN", help="the directory of a run, or its record")
    parser.add_argument("--junit", type=Path, metavar="FILE", help="JUnit XML")
    parser.add_argument("--ctrf", type=Path, metavar="FILE", help="CTRF (https://ctrf.io), JSON")
    parser.add_argument("--badge", type=Path, metavar="FILE", help="for https://shields.io/badges/endpoint-badge, JSON")
    parser.add_argument(
        "--summary", type=Path, metavar="FILE", help="Markdown, appended (default on GitHub: the job's)"
    )
    parser.add_argument("--annotations", action="store_true", help="print GitHub's annotations (default there)")


def main(options: argparse.Namespace) -> int:
    run = read(options.run)
    found = verdict(run)
    summary = options.summary or (Path(in_github()) if in_github() else None)
    annotated = options.annotations or os.environ.get("GITHUB_ACTIONS") == "true"
    if not any((options.junit, options.ctrf, options.badge, summary, annotated)):
        raise Invalid("nothing to write: give --junit, --ctrf, --badge, --summary or --annotations")
    if options.junit:
        _write(options.junit, exports.junit(run))
    if options.ctrf:
        _write(options.ctrf, json.dumps(exports.ctrf(run), allow_nan=False, indent=1).encode())
    if options.badge:
        _write(options.badge, json.dumps(badge(found)).encode())
    if summary:
        append(summary, markdown(run, found))
    if annotated:
        print("\n".join(annotations(run, found)))
    return 0


def in_github() -> str:
    """The file of the job summary, inside a job of GitHub Actions; otherwise empty."""
    return os.environ.get("GITHUB_STEP_SUMMARY", "") if os.environ.get("GITHUB_ACTIONS") == "true" else ""


def announce(run: Run, found: Verdict) -> str:
    """At the end of a run inside a job of GitHub Actions: write the job summary, and return the annotations to print.
    Elsewhere do nothing. What cannot be written is said, and is no reason to fail."""
    if os.environ.get("GITHUB_ACTIONS") != "true":
        return ""
    lines = list(annotations(run, found))
    if in_github():
        try:
            append(Path(in_github()), markdown(run, found))
        except (OSError, Undecided) as error:
            lines.append(command("warning", f"the job summary could not be written: {error}"))
    return "\n".join(lines)


def announce_gate(passed: bool, sentence: str, reasons: Sequence[str], notes: Sequence[str]) -> None:
    """What a gate says, inside a job of GitHub Actions, to its job summary and as annotations."""
    if os.environ.get("GITHUB_ACTIONS") != "true":
        return
    if in_github():
        items = [*(f"- {_text(r)}\n" for r in reasons), *(f"- note: {_text(n)}\n" for n in notes)]
        append(Path(in_github()), f"## {'✅' if passed else '❌'} Gate\n\n{_text(sentence)}\n\n{''.join(items)}\n")
    print("\n".join(command("error", reason, title="gate") for reason in capped(reasons, "reasons")))


# Badge


def badge(found: Verdict) -> dict[str, object]:
    """A badge as https://shields.io/badges/endpoint-badge reads it."""
    judged = sum(found.counts[k] for k in ("passed", "diverged", "failed", "crashed"))
    if not judged:
        message, color = "nothing judged", "lightgrey"
    elif found.conformant:
        message, color = f"{judged} checks", "brightgreen"
    else:
        bad = found.counts["failed"] + found.counts["crashed"]
        message, color = (f"{bad} of {judged} checks failed" if bad else "incomplete"), "red"
    return {
        "schemaVersion": 1, "label": "conformance", "message": message, "color": color,
        "isError": color == "red",
    }  # fmt: skip


# Annotations


def annotations(run: Run, found: Verdict) -> Iterator[str]:
    """Workflow commands, no more than GitHub shows: the problems of the run, then failing tests, each at its case in
    the catalogue."""
    bad = [t for t in exports.tests(run) if t.outcome in ("failed", "crashed", "missing")]
    problems = [command("error", p, title="conformance") for p in found.problems]
    failures = [_annotation(t) for t in bad]
    if len(problems) + len(failures) <= ANNOTATIONS:
        yield from problems + failures
        return
    shown = problems[: ANNOTATIONS // 2]
    shown += failures[: ANNOTATIONS - 1 - len(shown)]
    yield from shown
    left = len(problems) + len(failures) - len(shown)
    yield command("error", f"{left} more, which are in the job summary and in the record", title="conformance")


def _annotation(test: Tested) -> str:
    file, line = located(test.planned.area, test.planned.case)
    message = "\n".join(filter(None, (test.message, test.script)))
    return command("error", message, file=file, line=line, title=test.planned.test)


def command(kind: str, message: str, *, file: str = "", line: int = 0, title: str = "") -> str:
    """A workflow command of GitHub's, in one line whatever the message is."""
    properties = {"file": file, "line": str(line or ""), "title": title}
    given = ",".join(f"{k}={_property(v)}" for k, v in properties.items() if v)
    return f"::{kind} {given}::{_data(message[:LONGEST])}" if given else f"::{kind}::{_data(message[:LONGEST])}"


def _data(text: str) -> str:
    """What GitHub's runner unescapes; other line separators would end the line in a log."""
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return re.sub("[\x00-\x08\x0b-\x1f\x7f\x85\u2028\u2029\ud800-\udfff]", " ", text)


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def capped(items: Sequence[str], what: str) -> list[str]:
    """No more than GitHub shows; the last one says how many are left."""
    if len(items) <= ANNOTATIONS:
        return list(items)
    return [*items[: ANNOTATIONS - 1], f"{len(items) - ANNOTATIONS + 1} more {what}"]


@cache
def _entries() -> Mapping[str, tuple[tuple[str, int], ...]]:
    """Where the catalogue's sources name what: the first argument of a call, if it is a text, with file and line."""
    found: dict[str, list[tuple[bool, str, int]]] = {}
    for path in sorted((ROOT / "conformance" / "catalogue").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                name = node.args[0].value
                # entries are made by Case, or by a function of the catalogue's; not by a framework's or a sample's
                if isinstance(name, str) and isinstance(node.func, ast.Name) and node.func.id != "sample":
                    made = node.func.id != "Case"
                    found.setdefault(name, []).append((made, str(path.relative_to(ROOT)), node.args[0].lineno))
    return {name: tuple((file, line) for _, file, line in sorted(places)) for name, places in found.items()}


def located(area: str, case: str) -> tuple[str, int]:
    """File and line of a case in the catalogue, from the root of the repository; ("", 0) if it is not there (a record
    of another version). Of several entries the one in a file of the area."""
    places = _entries().get(case, ())
    return next((p for p in places if Path(p[0]).stem.startswith(area)), places[0] if places else ("", 0))


# Job summary


def markdown(run: Run, found: Verdict) -> str:
    """A job summary: the verdict, areas, failures with the programs that reproduce them, and what did not run."""
    return "".join(_sections(run, found))


def append(path: Path, text: str) -> None:
    """Append to a job summary no more than GitHub takes, whole sections only; say so if some are left out."""
    try:
        size = path.stat().st_size if path.exists() else 0
        kept, said = text, "\n*Cut off here: a job summary takes 1024 kB. The record has all of it.*\n"
        if size + len(text.encode()) > LARGEST:
            kept = ""
            for part in re.split(r"(?m)^(?=## |<details>)", text):
                if size + len((kept + part + said).encode()) > LARGEST:
                    break
                kept += part
            kept += said if size + len((kept + said).encode()) <= LARGEST else ""
        with path.open("a", encoding="utf-8") as file:
            file.write(kept)
    except OSError as error:
        raise Undecided(f"{path}: cannot be written ({error.strerror})") from error


def _sections(run: Run, found: Verdict) -> Iterator[str]:
    yield f"## {'✅' if found.conformant else '❌'} Conformance\n\n{_text(found.sentence)}\n\n"
    for problem in found.problems:
        yield f"- {_text(problem)}\n"
    yield "\n| area | framework | passed | diverging | failed | skipped |\n| --- | --- | ---: | ---: | ---: | ---: |\n"
    for (area, framework), cell in found.cells.items():
        n = cell.counts
        counts = (n["passed"], n["diverged"], n["failed"] + n["crashed"], n["skipped"])
        yield f"| {_text(area)} | {_text(framework)} | {' | '.join(str(c or '') for c in counts)} |\n"
    bad = [t for t in exports.tests(run) if t.outcome in ("failed", "crashed", "missing")]
    if bad:
        yield f"\n## Failures\n\n{len(bad)} tests failed.\n\n"
    for test in bad[:SPELLED]:
        file, line = located(test.planned.area, test.planned.case)
        where = f"\n\n{_code(f'{file}:{line}')}" if file else ""
        details = f"\n\n{_fenced(test.details)}" if test.outcome != "missing" else ""
        title = f"{_text(test.planned.test)}: {_text(test.message)}"
        yield f"<details><summary>{title}</summary>{where}{details}\n\n</details>\n\n"
    if bad[SPELLED:]:
        yield f"<details><summary>{len(bad) - SPELLED} more tests</summary>\n\n"
        yield from (f"- {_text(t.planned.test)}: {_text(t.message)}\n" for t in bad[SPELLED:])
        yield "\n</details>\n\n"
    if found.skips:
        yield "\n## Skipped\n\n"
        yield from (f"- {n} checks {_text(one_line(reason))}\n" for reason, n in found.skips.most_common())
    if found.divergences:
        total = sum(found.divergences.values())
        yield f"\n## Known divergences\n\n{len(found.divergences)}, in {total} checks.\n\n"
    if run.footer is not None:
        yield f"\n{run.footer.seconds:.0f} s, seed {run.header.seed}, suite {_text(run.header.suite)}.\n\n"


def _text(text: str) -> str:
    """Text that Markdown shows as it is, in one line: also in a table, in a list and within HTML."""
    text = re.sub(r"[\\`*_{}\[\]<>|~&#@$^]|^[-+=]", _entity, " ".join(text.split()))
    return re.sub(r"^(\d{1,9})([.)])(?= |$)", lambda m: f"{m[1]}&#{ord(m[2])};", text)


def _entity(found: re.Match[str]) -> str:
    return f"&#{ord(found[0])};"


def _code(text: str) -> str:
    return f"<code>{_text(text)}</code>"


def _fenced(text: str) -> str:
    """A block of code, whatever is in it."""
    longest = max((len(m) for m in re.findall("`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}text\n{text}\n{fence}"


def _write(path: Path, data: bytes) -> None:
    """Raises `Undecided` if it cannot be written."""
    try:
        path.write_bytes(data)
    except OSError as error:
        raise Undecided(f"{path}: cannot be written ({error.strerror})") from error
    print(path)
