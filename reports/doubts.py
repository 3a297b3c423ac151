"""What makes a comparison of two runs doubtful or impossible: each one sentence."""

from collections.abc import Iterator
from typing import Any

from reports.errors import Invalid, Undecided
from reports.record import Header, Run

OPTIONS = ("frameworks", "dtypes", "modes", "mnist", "tweets")
"""What decides which checks there are, and of what."""
MACHINE = ("cpu", "gpu")
UNIMPORTANT = ("TF_CPP_MIN_LOG_LEVEL", "TF_CLI_CONFIG_FILE", "CUDA_VISIBLE_DEVICES")
"""Variables in which runs may differ without a word: no number depends on them."""


def doubts(before: Run, after: Run, *, anyway: bool) -> Iterator[str]:
    """Raises `Invalid` for runs of different suites, seeds or options, and `Undecided` for one that was cut off, unless
    they are to be compared ``anyway``: then that is one sentence more."""
    a, b = before.header, after.header
    apart = list(_apart(a, b))
    if apart and not anyway:
        raise Invalid(f"these runs are {' and '.join(apart)}: give --anyway to compare them nevertheless")
    yield from (f"The runs are {difference}." for difference in apart)
    for run in (before, after):
        if run.footer is None or run.footer.interrupted:
            what = "was cut off" if run.footer is None else "was interrupted"
            said = f"{run.path or 'a run'} {what}: {len(run.missing())} planned checks have no observation"
            if not anyway:
                raise Undecided(f"{said}; give --anyway to compare what there is")
            yield f"{said}."
    if a.limits != b.limits:
        yield "The limits of the suites differ: a check may fail now at the score that it had."
    yield from _surroundings(before, after)


def machines(before: Header, after: Header) -> str:
    """How the machines differ, as a phrase; empty if they are of the same kind."""
    a, b = before.fingerprint, after.fingerprint
    facts = [(name, dict(_flat(a.get(name))), dict(_flat(b.get(name)))) for name in MACHINE]
    differing = [
        f"{f'{name} {key}'.strip()}: {old.get(key, 'unknown')} and {new.get(key, 'unknown')}"
        for name, old, new in facts
        for key in {**old, **new}
        if old.get(key) != new.get(key)
    ]
    return "; ".join(differing)


def _apart(a: Header, b: Header) -> Iterator[str]:
    if _other_suite(a, b):
        yield f"of different suites ({a.suite} and {b.suite})"
    if a.seed != b.seed:
        yield f"of different seeds ({a.seed} and {b.seed})"
    for name in OPTIONS:
        old, new = a.options.get(name), b.options.get(name)
        if (old or None) != (new or None):
            yield f"of different {name} ({_shown(old)} and {_shown(new)})"


def _other_suite(a: Header, b: Header) -> bool:
    """By the digest of what decides their numbers; by their revision where a record has none."""
    digests = [header.fingerprint.get("sources") for header in (a, b)]
    return digests[0] != digests[1] if all(digests) else a.suite != b.suite


def _surroundings(before: Run, after: Run) -> Iterator[str]:
    """What results depend on besides versions."""
    a, b = before.header.fingerprint, after.header.fingerprint
    if apart := machines(before.header, after.header):
        yield f"The machines differ ({apart}): scores may change with no change of version."
    for name, what in (("platform", "operating systems"), ("numpy_blas", "NumPy's BLAS libraries")):
        if a.get(name) != b.get(name):
            yield f"The {what} differ: {_shown(a.get(name))} and {_shown(b.get(name))}."
    old, new = (dict(_flat(f.get("environment"))) for f in (a, b))
    for name in sorted({*old, *new}.difference(UNIMPORTANT)):
        if old.get(name) != new.get(name):
            yield f"{name} differs: {old.get(name, 'not set')} and {new.get(name, 'not set')}."
    for name, framework in before.frameworks.items():
        if name not in after.frameworks:
            continue
        old, new = (dict(_flat(f.build)) for f in (framework, after.frameworks[name]))
        for key in old.keys() & new.keys():
            if "thread" in key and old[key] != new[key]:
                yield f"{name} ran with other threads ({key}): {old[key]} and {new[key]}."


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(inner, f"{name} {key}".strip())
    elif value not in (None, ""):
        yield name, str(value)


def _shown(value: object) -> str:
    return (
        ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value if value is not None else "none")
    )
