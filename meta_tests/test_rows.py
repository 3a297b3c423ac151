"""docs/rows.toml: what it names exists, and it says how far it is."""

import tomllib
from pathlib import Path
from typing import Any

from conformance.catalogue import catalogue
from conformance.divergence import divergences

ROWS: list[dict[str, Any]] = tomllib.loads(
    Path(__file__).parents[1].joinpath("docs", "rows.toml").read_text(encoding="utf-8")
)["row"]


def test_what_a_row_names_exists() -> None:
    ids = {d.id for d in divergences()}
    samples = {f"{c.name}: {s.name}" for cases in catalogue().values() for c in cases for s in c.samples}
    for row in ROWS:
        assert set(row["divergences"]) <= ids, row["id"]
        assert set(row["samples"]) <= samples, row["id"]


def test_a_row_that_is_executed_says_where_and_another_why_not() -> None:
    assert len({row["id"] for row in ROWS}) == len(ROWS)
    for row in ROWS:
        assert row["status"] in ("executed", "agrees", "partly", "not yet")
        if row["status"] in ("executed", "agrees"):
            assert row["divergences"] or row["samples"], row["id"]
        else:
            assert row["note"], row["id"]
