"""The accuracy atlas: every number is visited, faults are seen, and what they are measured against is certified."""

import json
from pathlib import Path
from typing import Any

import flint
import numpy as np
import pytest

from conformance import atlas, catalogue
from conformance.case import Case
from conformance.frameworks import chosen, load
from fixtures.samples import normal


def case(name: str) -> Case:
    return next(c for area in atlas.AREAS for c in catalogue.area(area) if c.name == name)


def truth(name: str, dtype: str, *, quick: bool = True) -> atlas.Truth:
    return atlas.Truth(case(name), {}, dtype, atlas.arguments(dtype, quick=quick))


def judged(t: atlas.Truth, actual: np.ndarray) -> atlas.Row:
    return t.judge(atlas.Row("", "", "", "", t.dtype), actual)


@pytest.mark.parametrize(("dtype", "count"), [("float16", 63488), ("bfloat16", 65280)])
def test_every_finite_number_is_visited(dtype: str, count: int) -> None:
    x = atlas.arguments(dtype)
    assert len(set(x.view(np.uint16).tolist())) == x.size == count
    assert np.isfinite(x.astype(float)).all()


@pytest.mark.parametrize(("dtype", "least"), [("float32", 100_000), ("float64", 2_000)])
def test_long_formats_are_stratified(dtype: str, least: int) -> None:
    x = atlas.arguments(dtype)
    assert np.isfinite(x).all()
    assert np.unique(x).size >= least
    assert (x > 0).any()
    assert (x < 0).any()
    assert np.max(np.abs(x)) > np.finfo(dtype).max / 16
    assert 0 < np.min(np.abs(x[x != 0])) < np.finfo(dtype).smallest_normal * 16
    if dtype == "float32":
        binades = (x.view(np.uint32) >> 23) & 0xFF
        assert set(binades.tolist()) == set(range(255))


def test_rounding_correctly_is_half_an_ulp_at_most() -> None:
    t = truth("sigmoid", "float16")
    row = judged(t, t.exact.astype(np.float64).astype(np.float16))
    assert row.mismatches == 0
    assert row.worst is not None
    assert 0.45 < row.worst.ulps <= 0.5 + 1e-6
    assert row.mean < 0.3
    assert row.values == 63488


def test_three_ulps_in_one_value_of_float16_are_seen() -> None:
    t = truth("sigmoid", "float16")
    right = t.exact.astype(np.float64).astype(np.float16)
    i = int(np.flatnonzero(t.x == np.float16(0.75))[0])
    wrong = right.copy()
    wrong.view(np.uint16)[i] += 3
    row = judged(t, wrong)
    assert row.worst is not None
    assert row.normal == row.worst
    assert abs(row.worst.ulps - 3) <= 0.5
    assert (row.worst.argument, row.worst.hexadecimal) == ("0.75", (0.75).hex())
    assert t.known[i]  # the reference was certified there
    assert row.mean > judged(t, right).mean


def test_nan_and_infinity_are_counted_apart() -> None:
    t = truth("sigmoid", "float16")
    wrong = t.exact.astype(np.float64).astype(np.float16)
    wrong[[5, 6]], wrong[7] = np.nan, np.inf
    row = judged(t, wrong)
    assert row.mismatches == 3
    assert row.mismatch is not None
    assert row.worst is not None
    assert row.worst.ulps < 1


def test_outside_the_domain_nan_is_right() -> None:
    t = truth("log", "float16")
    right = t.exact.astype(np.float64).astype(np.float16)
    assert judged(t, right).mismatches == 0
    zeros = np.where(np.isnan(right), np.float16(0), right)
    assert judged(t, zeros).mismatches == int(np.isnan(right).sum()) > 30000


@pytest.mark.parametrize("name", ["exp", "tanhshrink", "gelu"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_worst_arguments_are_certified(name: str, dtype: str) -> None:
    """Against balls asked for here, at twice the precision."""
    t = truth(name, dtype)
    wrong = (t.exact * (1 + np.longdouble(2.0**-10))).astype(dtype)
    row = judged(t, wrong)
    assert row.certified >= (t.x.size if dtype == "float64" else atlas.SPOTS)
    assert row.worst is not None
    x = flint.arb(float.fromhex(row.worst.hexadecimal))
    i = int(np.flatnonzero(t.x == np.dtype(dtype).type(float.fromhex(row.worst.hexadecimal)))[0])
    before, flint.ctx.prec = flint.ctx.prec, 256
    try:
        exact = {
            "exp": lambda: x.exp(),
            "tanhshrink": lambda: x - x.tanh(),
            "gelu": lambda: x * (1 + (x / flint.arb(2).sqrt()).erf()) / 2,
        }[name]()
        assert abs(flint.arb(float(t.exact[i])) - exact) <= abs(exact) * 2.0**-52 + 2.0**-1074
    finally:
        flint.ctx.prec = before


def test_a_wrong_vectorized_reference_is_found_out() -> None:
    """float64 cancels in x - tanh(x): certified values replace it wherever a route seems worst."""

    def cancelling(x: np.ndarray) -> np.ndarray:
        return x - np.tanh(x)

    poor = Case("poor", "elementwise", cancelling, samples=[normal((2,))])
    x = atlas.arguments("float32", quick=True)
    x = x[(np.abs(x) > 1e-6) & (np.abs(x) < 1e3)]
    t, good = atlas.Truth(poor, {}, "float32", x), atlas.Truth(case("tanhshrink"), {}, "float32", x)
    row = judged(t, good.exact.astype(np.float32))
    assert row.worst is not None
    assert row.worst.ulps <= 0.5 + 1e-6
    assert t.error > 1 > 1e-6 > good.error


def test_constants_of_the_ulp() -> None:
    t = truth("exp", "float16")
    spacing = t._ulp(np.array([1.0, 1.999, 2.0, 65504.0, 2.0**-14, 2.0**-20, 0.0], np.longdouble))
    assert spacing.tolist() == [2.0**-10, 2.0**-10, 2.0**-9, 32.0, 2.0**-24, 2.0**-24, 2.0**-24]


def test_the_program_writes_data_and_a_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("tensorflow")
    assert atlas.main(["--quick", "--cases", "softsign", "--output", str(tmp_path)]) == 0
    data: dict[str, Any] = json.loads((tmp_path / "atlas.json").read_text(encoding="utf-8"))
    assert set(data["frameworks"]) == set(chosen())
    rows = data["rows"]
    assert {(r["framework"], r["dtype"]) for r in rows} == {
        (f, d) for f in chosen() for d in ("float64", "float32", "float16", "bfloat16")
    }
    assert {r["values"] for r in rows if r["dtype"] == "float16"} == {63488}
    page = (tmp_path / "atlas.html").read_text(encoding="utf-8")
    assert page.count("<tr data-dtype=") == len(rows)
    assert "http" not in page.replace("https://", "")


def test_a_route_that_raises_is_a_row() -> None:
    pytest.importorskip("torch")

    def refuses(torch: Any, x: Any) -> Any:
        raise NotImplementedError("no such kernel")

    c = Case("refusing", "elementwise", np.exp, samples=[normal((2,))], torch=[refuses], dtypes=("float16",))
    rows = list(atlas.rows_of(c, {}, [load("torch")], quick=True))
    assert [r.problem for r in rows] == ["NotImplementedError: no such kernel"]


def test_functions_of_one_number_are_covered() -> None:
    found = list(atlas.cases())
    names = {c.name for c, _ in found}
    assert {"exp", "log", "tanh", "gelu", "selu", "mish"} <= names
    assert not {"relu", "prelu", "glu"} & names
    assert [o for c, o in found if c.name == "leaky_relu"] == [{"slope": s} for s in (0.25, 0.01, 0.125)]
