"""Join the shards of one run (pytest --shard I/N) into the record of the whole.

Shards may come from different machines, whose facts the merged header keeps. All else must be the same in all of them:
the suite, the options, the seed, what was selected, and every version.
"""

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from reports import html, storage
from reports.errors import Invalid, Undecided
from reports.record import Footer, Header, Part, Planned, Run, Shard, Writer, digest, lines, read
from reports.verdict import verdict

MACHINE = ("platform", "cpu", "numpy_blas", "gpu")
"""Facts that may differ between shards."""
PLACES = ("CUDA_", "NVIDIA_")
"""Variables of these names, and those of folders, say where something is: they may differ too."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN", help="every shard's directory, or its record")
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="of the merged run; must not exist")
    parser.add_argument(
        "--incomplete",
        action="store_true",
        help="also if shards are missing, cut off or interrupted: the merged run says so and is not conformant",
    )


def main(options: argparse.Namespace) -> int:
    """0 if the merged run is conformant, 1 if not; 2 if these are not the shards of one run, 3 if some are missing."""
    run = merge(options.runs, options.output, incomplete=options.incomplete)
    v = verdict(run)
    machines = len({repr([part.fingerprint.get(fact) for fact in MACHINE]) for part in run.header.parts})
    print(f"{options.output}: {len(run.observations)} observations of {len(run.header.parts)} shards, "
          f"{machines} machine{'s' * (machines > 1)}")  # fmt: skip
    print(v.sentence)
    return 0 if v.conformant else 1


def merge(paths: Sequence[Path], output: Path, *, incomplete: bool = False) -> Run:
    """Write the run of which ``paths`` are the shards to the directory ``output``, with its page, and return it.

    Raises `Invalid` if they are not the shards of one run or ``output`` exists, and unless ``incomplete``, `Undecided`
    if some are missing, cut off or interrupted. ``output`` appears when its record is whole.
    """
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise Invalid(f"--output {output}: exists and is not overwritten")
    shards = _sorted([read(path) for path in paths])
    plan = _plan(shards)
    lacking = list(_lacking(shards, plan))
    if lacking and not incomplete:
        raise Undecided(f"{'; '.join(lacking)}; --incomplete merges what there is")
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=f".{output.name}-") as place:
        made = Path(place, output.name)
        writer = Writer(made)
        writer.write(_header(shards, plan))
        for run in shards:
            for line in lines(_path(run)):
                if not isinstance(line, Header | Footer):
                    writer.write(line)
        writer.write(_footer(shards, lacking))
        writer.close()
        storage.compress(writer.path)
        made.rename(output)
    storage.sync(output.parent)
    run = read(output)
    html.write(run, output / "index.html")
    return run


# Are they the shards of one run?


def _sorted(runs: Sequence[Run]) -> list[Run]:
    """By number. Raises `Invalid` for one that is no shard, is there twice, or is of another run than the first."""
    first = runs[0]
    by_number: dict[int, Run] = {}
    for run in runs:
        shard = _shard(run)
        for what, here, there in _facts(run, first):
            if here != there:
                raise Invalid(
                    f"{_path(run)}: shard {shard} has {what} {here}, and shard {_shard(first)} ({_path(first)}) {there}"
                )
        if shard.index in by_number:
            raise Invalid(f"shard {shard} is there twice: {_path(by_number[shard.index])} and {_path(run)}")
        by_number[shard.index] = run
    return [by_number[i] for i in sorted(by_number)]


def _facts(run: Run, first: Run) -> Iterator[tuple[str, Any, Any]]:
    """What two shards of a run have in common: its name, and its value in both, where both have it."""
    a, b = run.header, first.header
    yield "the suite", a.suite, b.suite
    yield "the seed", a.seed, b.seed
    yield "the number of shards", _shard(run).count, _shard(first).count
    for name in sorted({*a.options, *b.options} - {"selection"}):  # which names the shard, and its directory
        yield f"the option {name}", a.options.get(name), b.options.get(name)
    yield "the selection of", f"{_shard(run).tests} tests", f"{_shard(first).tests} tests"
    yield "a selection with the digest", _shard(run).digest[:12], _shard(first).digest[:12]
    yield from _same("limit", a.limits, b.limits)
    yield from _same("", a.fingerprint, b.fingerprint)
    for name in sorted({*run.frameworks} & {*first.frameworks}):
        yield f"the version of {name}", run.frameworks[name].version, first.frameworks[name].version


def _same(inside: str, a: dict[str, Any], b: dict[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Facts of two fingerprints that do not depend on the machine."""
    for name in sorted({*a, *b}):
        if not inside and name in MACHINE:
            continue
        if inside == "environment" and (name.startswith(PLACES) or name.endswith(("_HOME", "_DIR", "_PATH"))):
            continue
        here, there, full = a.get(name), b.get(name), f"{inside} {name}".strip()
        if isinstance(here, dict) or isinstance(there, dict):
            yield from _same(full, here or {}, there or {})
        else:
            yield full, here or "none", there or "none"


def _plan(shards: Sequence[Run]) -> tuple[Planned, ...]:
    """Of all shards. Raises `Invalid` if two of them planned the same test, or together they hold other tests."""
    where: dict[str, Run] = {}
    for run in shards:
        for p in run.header.plan:
            if p.test in where:
                raise Invalid(f"{p.test} is in shard {_shard(where[p.test])} ({_path(where[p.test])}) "
                              f"and in shard {_shard(run)} ({_path(run)})")  # fmt: skip
            where[p.test] = run
    shard = _shard(shards[0])
    if len(shards) == shard.count and digest(where) != shard.digest:
        raise Invalid(f"the {shard.count} shards hold {len(where)} tests, which are not the {shard.tests} selected")
    return tuple(p for run in shards for p in run.header.plan)


def _lacking(shards: Sequence[Run], plan: Sequence[Planned]) -> Iterator[str]:
    """What keeps the shards from being the whole run, each half a sentence."""
    there = {_shard(run).index: run for run in shards}
    whole = _shard(shards[0])
    for i in range(1, whole.count + 1):
        if i not in there:
            yield f"shard {i}/{whole.count} is missing"
        elif there[i].footer is None:
            yield f"shard {i}/{whole.count} was cut off: {_path(there[i])} has no footer"
        elif there[i].footer.interrupted:  # type: ignore[union-attr]
            yield f"shard {i}/{whole.count} was interrupted ({_path(there[i])})"
    if len(there) < whole.count:
        yield f"{whole.tests - len(plan)} of {whole.tests} selected tests are in no shard"


# The merged run


def _header(shards: Sequence[Run], plan: tuple[Planned, ...]) -> Header:
    headers = [run.header for run in shards]
    selections = dict.fromkeys(h.options.get("selection", "") for h in headers)
    return replace(
        headers[0],
        created=min(h.created for h in headers),
        options={**headers[0].options, "selection": " | ".join(selections)},
        fingerprint=_joined([h.fingerprint for h in headers]),
        plan=plan,
        cases=tuple({c.name: c for h in headers for c in h.cases}.values()),
        divergences=tuple({d.id: d for h in headers for d in h.divergences}.values()),
        functions=dict(chain.from_iterable(h.functions.items() for h in headers)),
        shard=None,
        parts=tuple(
            Part(_shard(run).index, run.header.created, run.header.fingerprint, run.footer.seconds if run.footer else 0)
            for run in shards
        ),
    )


def _joined(facts: Sequence[Any]) -> Any:
    """A fact of several machines: what differs, one after the other."""
    if all(isinstance(f, dict) for f in facts):
        return {name: _joined([f.get(name, "none") for f in facts]) for name in dict.fromkeys(chain(*facts))}
    different = list(dict.fromkeys(map(str, facts)))
    return " | ".join(different) if different[1:] else facts[0]


def _footer(shards: Sequence[Run], lacking: Sequence[str]) -> Footer:
    footers = [run.footer for run in shards if run.footer is not None]
    problems = [*(f"{half[0].upper()}{half[1:]}." for half in lacking), *chain(*(f.problems for f in footers))]
    return Footer(
        max((f.finished for f in footers), default=""),
        round(sum(f.seconds for f in footers), 2),
        tuple(dict.fromkeys(problems)),
        any(f.interrupted for f in footers),
    )


def _shard(run: Run) -> Shard:
    if run.header.shard is None:
        raise Invalid(f"{_path(run)}: is not a shard of a run (pytest --shard I/N)")
    return run.header.shard


def _path(run: Run) -> Path:
    assert run.path is not None
    return run.path
