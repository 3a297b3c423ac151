"""Judge a run by a policy: one answer, and every reason for it.

Exit status: 0 it passes, 1 it does not, 2 the policy is invalid, 3 no answer: the record is damaged or incomplete.
"""

import argparse
import datetime
import fnmatch
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import InvalidVersion, Version

from reports import baseline, ci, policy
from reports.compare import compare, versions
from reports.comparison import Comparison
from reports.errors import Invalid, Undecided
from reports.exports import badness, one_line
from reports.policy import Acceptance, Policy
from reports.record import Observation, Run, read
from reports.timings import read_all
from reports.verdict import BAD, score_of

JUDGED = ("passed", "diverged", *BAD)
SHOWN = 6
"""So many areas without enough checks are named."""
SPELLED = 20
"""So many divergences have a sentence of their own; the others are named in one."""
ELSEWHERE = "not judged, because the baseline is of another machine or of other settings"


@dataclass(frozen=True)
class Judgement:
    """What a policy says of a run."""

    passed: bool
    sentence: str
    """The answer, and the first reason for it."""
    reasons: tuple[str, ...]
    """Why the run does not pass: each one sentence."""
    notes: tuple[str, ...]
    """What else a reader should know."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", type=Path, metavar="RUN", help="the directory of a run, or its record")
    parser.add_argument(
        "--policy", type=Path, default=policy.DEFAULT, metavar="FILE", help="(default: the one that ships: %(default)s)"
    )
    parser.add_argument(
        "--against",
        type=Path,
        metavar="BASELINE",
        help="a record to compare with, or a directory of baselines, of which the one of the run's versions is taken",
    )
    parser.add_argument(
        "--timings", type=Path, metavar="DIR", help="records of benchmarks: processes of one job, in turns"
    )
    parser.add_argument("--today", type=_date, metavar="DATE", help="by which acceptances expire (default: today)")


def main(options: argparse.Namespace) -> int:
    run = read(options.run)
    rules = _policy(options.policy, run)
    complete(run)
    today = options.today or datetime.datetime.now(datetime.UTC).date()
    against, note = _against(options.against, run)
    timed = read_all(options.timings) if options.timings else []
    if options.timings and not timed:
        raise Invalid(f"--timings {options.timings}: no record with timings was found there")
    if timed and against is None:
        raise Invalid("--timings says what became slower since a baseline: give --against, too")
    found = judge(run, rules, against, today, timed)
    if note:
        found = _with(found, rules, note)
    print(found.sentence)
    for reason in found.reasons:
        print(f"- {reason}")
    for said in found.notes:
        print(f"note: {said}")
    ci.announce_gate(found.passed, found.sentence, found.reasons, found.notes)
    return 0 if found.passed else 1


def judge(run: Run, rules: Policy, against: Run | None, today: datetime.date, timed: Sequence[Run] = ()) -> Judgement:
    """Apply every rule of a policy; speed is judged from the runs in ``timed``. Raises `Invalid` if the runs cannot be
    compared."""
    comparison = _compared(against, run, rules.baseline.drift, timed) if against is not None else None
    reasons, notes = [*_problems(run), *_selection(run, rules, today), *_ran(run, rules)], []
    fails, elsewhere = _failures(run, rules, comparison)
    reasons += fails
    notes += elsewhere
    reasons += _acceptances(run, rules, today)
    apart = baseline.differences(against, run) if against is not None else ()
    unaccepted = list(_divergences(run, rules, against))
    if apart and rules.divergences.accept == "known" and not rules.baseline.elsewhere:
        notes += [f"{said}; {ELSEWHERE}" for said in unaccepted]
    else:
        reasons += unaccepted
    if against is not None and comparison is not None:
        worse, said = _changes(comparison, apart, rules)
        reasons += worse
        notes += said
        if timed and comparison.unjudged:
            notes.append(f"of speed: {comparison.unjudged}")
        if worse and against.header.suite != run.header.suite:
            notes.append(
                f"the baseline is of suite {against.header.suite}, the run of {run.header.suite}: where the suite was "
                "meant to change this, make a new one (conform baseline RUN)"
            )
    counts = _counts(run)
    judged = sum(counts[outcome] for outcome in JUDGED)
    if not judged:
        reasons.insert(0, "nothing was judged")
    frameworks = ", ".join(f"{f.name} {f.version}" for f in run.frameworks.values()) or "no framework"
    if reasons:
        more = f" (and {len(reasons) - 1} more)" if reasons[1:] else ""
        return Judgement(False, f"FAIL: {frameworks}: {reasons[0]}{more}", tuple(reasons), tuple(notes))
    with_what = f", compared with {against.path}" if against is not None else ""
    sentence = f"PASS: {frameworks}: {judged} checks, {counts['diverged']} of them known divergences{with_what}"
    return Judgement(True, sentence, (), tuple(notes))


def complete(run: Run) -> None:
    """Raise `Undecided` if the record does not hold all that was planned."""
    if run.footer is None:
        raise Undecided(f"{run.path}: the run was cut off, its record has no footer")
    if run.footer.interrupted:
        raise Undecided(f"{run.path}: the run was interrupted")
    if run.header.shard is not None and run.header.shard.count > 1:
        raise Undecided(f"{run.path}: this is shard {run.header.shard} of a run: conform merge joins them")
    missing = run.missing()
    if missing:
        first = missing[0][0].test
        raise Undecided(f"{run.path}: {len(missing)} planned checks left no observation; the first is of {first}")


# The rules: each yields a sentence for every reason not to pass


def _problems(run: Run) -> Iterator[str]:
    if run.footer is not None:
        yield from (one_line(p.rstrip(".")) for p in run.footer.problems)


def _selection(run: Run, rules: Policy, today: datetime.date) -> Iterator[str]:
    found = versions(run)
    for wanted in rules.run.versions:
        requirement = Requirement(wanted)
        version = found.get(requirement.name)
        if version is None:
            yield f"the policy asks for {wanted}, and the run has no {requirement.name}"
        elif not requirement.specifier.contains(version, prereleases=True):
            yield f"the policy asks for {wanted}, and the run has {requirement.name} {version}"
    if rules.run.oldest is not None:
        try:
            age = (today - datetime.datetime.fromisoformat(run.header.created).date()).days
        except ValueError:
            yield f"the run says {run.header.created!r} of when it was, and the policy limits its age"
        else:
            if age > rules.run.oldest:
                yield f"the run is {age} days old, and the policy takes none older than {rules.run.oldest}"


def _ran(run: Run, rules: Policy) -> Iterator[str]:
    judged: Counter[tuple[str, str, str]] = Counter()
    skips: dict[tuple[str, str, str], str] = {}
    for o in run.observations:
        for framework in o.framework.split("+"):
            if o.outcome in JUDGED:
                judged[o.area, framework, o.device] += o.covers
            else:
                skips.setdefault((o.area, framework, o.device), one_line(o.reason))
    from conformance.catalogue import GPU_ALONE

    everywhere, frameworks, devices, _ = known()
    for rule in rules.ran:
        for device in _expanded(rule.devices, devices):
            areas = [a for a in everywhere if device != "cpu" or a not in GPU_ALONE]
            for framework in _expanded(rule.frameworks, frameworks):
                few = [a for a in _expanded(rule.areas, areas) if judged[a, framework, device] < rule.minimum]
                if not few:
                    continue
                counted = [f"{a} ({judged[a, framework, device]})" for a in few[:SHOWN]]
                more = f" and {len(few) - SHOWN} more areas" if few[SHOWN:] else ""
                why = dict.fromkeys(skips[a, framework, device] for a in few if (a, framework, device) in skips)
                skipped = f"; skipped: {'; '.join(list(why)[:3])}" if why else ""
                yield (
                    f"{framework} on {device}: fewer than {rule.minimum} checks were judged in "
                    f"{', '.join(counted)}{more}{skipped}"
                )


def _failures(run: Run, rules: Policy, comparison: Comparison | None) -> tuple[list[str], list[str]]:
    """What failed, by area, framework and device: where it must pass, and where not."""
    groups: dict[tuple[str, str, str], list[Observation]] = defaultdict(list)
    for o in run.observations:
        if o.outcome in BAD:
            groups[o.area, o.framework, o.device].append(o)
    reasons: list[str] = []
    notes: list[str] = []
    new = {id(c.after) for c in comparison.failed} if comparison is not None else set()
    for (area, framework, device), rows in groups.items():
        worst = max(rows, key=badness)
        n = sum(o.covers for o in rows)
        newly = sum(o.covers for o in rows if id(o) in new)
        since = f", {newly} of them not in the baseline" if newly else ""
        sentence = f"{area}, {framework} on {device}: {_checks(n)} failed{since}; the worst is {_named(worst)}"
        (reasons if rules.passed.holds(worst) else notes).append(sentence)
    return reasons, [f"{n} (the policy lets it)" for n in notes]


def _divergences(run: Run, rules: Policy, against: Run | None) -> Iterator[str]:
    """Divergences that nobody accepted."""
    listed = rules.divergences.accept == "listed"
    if against is None and not listed:
        return
    known_before = _showed(against, rules) if against is not None else {}
    judged_before = {(o.case, o.check, o.framework) for o in against.observations} if against is not None else set()
    found: dict[str, str] = {}
    for divergence, places in _showed(run, rules).items():
        if any(a.holds(divergence) for a in rules.accept):
            continue
        # A check that the baseline lacks is no change of a framework's.
        new = [p for p in places if p not in known_before.get(divergence, ()) and p in judged_before]
        if listed:
            found[divergence] = f"shows in {_checks(sum(places.values()))} of {_cases(places)}"
        elif new:
            found[divergence] = f"is new since the baseline in {_cases(new)}"
    for divergence in list(found)[:SPELLED]:
        yield f"divergence {divergence} {found[divergence]}, and no [[accept]] names it"
    if more := list(found)[SPELLED:]:
        yield f"{len(more)} more divergences, which no [[accept]] names: {', '.join(more)}"


def _acceptances(run: Run, rules: Policy, today: datetime.date) -> Iterator[str]:
    """Acceptances that have expired, or that nothing needs any more."""
    showed = _showed(run, rules)
    for accepted in rules.accept:
        over = _expired(accepted, versions(run), today)
        if over:
            yield f"the acceptance of {accepted.divergence} by {one_line(accepted.owner)} {over}"
        elif not any(accepted.holds(id) for id in showed):
            yield (
                f"the acceptance of {accepted.divergence} by {one_line(accepted.owner)} is unused: "
                "it does not show in this run; remove it"
            )


def _expired(accepted: Acceptance, found: dict[str, str], today: datetime.date) -> str:
    """How an acceptance has ended; empty while it holds."""
    end = policy.end(accepted.until)
    if isinstance(end, datetime.date):
        return f"expired on {end}" if today > end else ""
    name, version = end
    if name not in found:
        return f"is until {accepted.until}, and the run has no {name}"
    try:  # a release candidate is what the acceptance was to be reviewed for
        over = Version(Version(found[name]).base_version) >= version
    except InvalidVersion:
        return f"is until {accepted.until}, and the run has {name} {found[name]}, which is no version"
    return f"expired with {accepted.until}: the run has {found[name]}" if over else ""


def _changes(comparison: Comparison, apart: Sequence[str], rules: Policy) -> tuple[list[str], list[str]]:
    """Reasons and notes of what changed since the baseline; ``apart`` is what else it was made with."""
    reasons: list[str] = []
    notes = [f"the baseline is of another machine or of other settings: {'; '.join(apart)}"] if apart else []
    allowed = rules.baseline
    vanished = [c for c in comparison.vanished if rules.passed.holds(c.observation)]
    n = sum(c.covers for c in vanished)
    if n > allowed.vanished:
        first = vanished[0]
        why = f" ({one_line(first.why)})" if first.why else ""
        reasons.append(
            f"{_checks(n)} of the baseline {_were(n)} not judged, and {allowed.vanished} may be missing; "
            f"the first is {_named(first.observation, score=False)}{why}"
        )
    # The score of what diverges may be of memory that nobody has written; its entry has a bound.
    worse = [c for c in comparison.worse if rules.passed.holds(c.observation) and c.observation.outcome == "passed"]
    if len(worse) > allowed.drifted:
        first = worse[0]
        sentence = (
            f"{_checks(len(worse))} drifted by more than a factor of {allowed.drift:g}, and {allowed.drifted} may; the "
            f"furthest by {first.factor:.3g} in {first.by}: {_named(first.observation)}"
        )
        if apart and not allowed.elsewhere:
            notes.append(f"{sentence}; {ELSEWHERE}")
        else:
            reasons.append(sentence)
    for speed in comparison.slower:
        what = f"{speed.benchmark} in {speed.framework} ({speed.mode})"
        sentence = f"{what} takes {speed.factor:.2f} times as long as in the baseline"
        if speed.factor > allowed.slowdown:
            reasons.append(f"{sentence}, and {allowed.slowdown:g} times may be")
        else:
            notes.append(sentence)
    for name, n, what in comparison.amounts():
        if n and name in ("fixed", "converged", "removed", "deprecated"):
            notes.append(f"since the baseline: {n} {what}")
    return reasons, notes


# Details


def known() -> tuple[Sequence[str], Sequence[str], Sequence[str], frozenset[str]]:
    """The areas, frameworks, devices and divergences that a policy may name."""
    from conformance.case import FRAMEWORKS
    from conformance.catalogue import AREAS
    from conformance.divergence import divergences
    from conformance.frameworks import DEVICES

    return AREAS, FRAMEWORKS, DEVICES, frozenset(d.id for d in divergences())


def _policy(path: Path, run: Run) -> Policy:
    areas, frameworks, devices, divergences = known()
    ids = divergences | {d.id for d in run.header.divergences}
    return policy.read(path, areas=areas, frameworks=frameworks, devices=devices, divergences=ids)


def _against(path: Path | None, run: Run) -> tuple[Run | None, str]:
    """The baseline, or why there is none."""
    if path is None:
        return None, "no baseline was given"
    if path.is_dir() and not any(path.glob("record.*")):
        found = baseline.find(path, run)
        if found is None:
            return None, f"{path} has no baseline of {baseline.name(run)}, so nothing was compared"
        path = found
    against = read(path)
    complete(against)
    return against, ""


def _with(found: Judgement, rules: Policy, note: str) -> Judgement:
    """A judgement without a baseline, where that is a reason or a note."""
    if not rules.baseline.required:
        return Judgement(found.passed, found.sentence, found.reasons, (*found.notes, note))
    if found.reasons:
        return Judgement(False, found.sentence, (*found.reasons, note), found.notes)
    return Judgement(False, f"FAIL: {note}, and the policy requires one", (note,), found.notes)


def _compared(before: Run, after: Run, drift: float, timed: Iterable[Run]) -> Comparison:
    a, b = before.header, after.header
    inputs = [("seed", a.seed, b.seed)]
    inputs += [(f"--{n}", a.options.get(n, False), b.options.get(n, False)) for n in ("mnist", "tweets")]
    for what, old, new in inputs:
        if old != new:
            raise Invalid(
                f"{before.path}: the baseline's {what} is {old}, the run's {new}: their numbers do not compare"
            )
    # a baseline is of an earlier revision of the suite
    return compare(before, after, drift=drift, anyway=True, timings=timed)


def _showed(run: Run, rules: Policy) -> dict[str, Counter[tuple[str, str, str]]]:
    """Divergence -> (case, check, framework) -> checks in which it shows. An entry is strict at this grain: which of
    its samples exceed their limit may differ between machines."""
    found: dict[str, Counter[tuple[str, str, str]]] = defaultdict(Counter)
    for o in run.observations:
        if o.outcome == "diverged" and rules.passed.holds(o):
            found[o.divergence][o.case, o.check, o.framework] += o.covers
    return found


def _counts(run: Run) -> Counter[str]:
    counts: Counter[str] = Counter()
    for o in run.observations:
        counts[o.outcome] += o.covers
    return counts


def _expanded(patterns: Iterable[str], names: Sequence[str]) -> list[str]:
    patterns = tuple(patterns)
    return [n for n in names if any(fnmatch.fnmatchcase(n, p) for p in patterns)]


def _named(o: Observation, *, score: bool = True) -> str:
    parts = [o.route, o.dtype, o.sample] if o.route != "*" else []
    where = f" ({', '.join(map(one_line, parts))})" if parts else ""
    if o.limit is not None and o.score is not None:
        what = f", score {score_of(o):.3g} of {o.limit:g}" if score else ""
    else:
        what = f": {one_line(o.reason)}" if o.reason else ""
    return f"{o.test}{where}{what}"


def _cases(places: Iterable[tuple[str, str, str]]) -> str:
    cases = list(dict.fromkeys(case for case, _, _ in places))
    return ", ".join(cases[:3]) + (f" and {len(cases) - 3} more" if cases[3:] else "")


def _checks(n: int) -> str:
    return "1 check" if n == 1 else f"{n} checks"


def _were(n: int) -> str:
    return "was" if n == 1 else "were"


def _date(text: str) -> datetime.date:
    try:
        return datetime.date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no date such as 2027-03-01") from error
