"""What the script of the page needs, packed: cases, observations by columns, divergences, the numbers of pictures."""

import base64
import gzip
from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any

import msgspec
import numpy as np

from reports.charts import Picture
from reports.record import Run

COLUMNS = (
    "check", "framework", "mode", "device", "route", "dtype", "sample", "outcome", "score", "limit", "norm", "ulps",
    "divergence", "reason",
)  # fmt: skip
"""What the table of a case shows of each observation."""
NUMBERS = ("score", "limit", "norm", "ulps")


def packed(run: Run, pictures: Sequence[Picture], atlas: Mapping[str, Any]) -> str:
    """A JSON object and its length before it, and the bytes of the columns after it; gzipped, in base64."""
    values: dict[str, list[Any]] = {}
    places = {}
    for name in ("case", "covers", *COLUMNS):
        cells = list(map(attrgetter(name), run.observations))
        if name == "reason":
            cells = [o.reason or o.warned for o in run.observations]
        values[name], places[name] = _column(name, cells)
    order = sorted(places, key=lambda name: -places[name].itemsize)  # each column begins where its numbers may
    meta = msgspec.json.encode(
        {
            "cases": run.header.cases,
            "functions": run.header.functions,
            "divergences": {d.id: d for d in run.header.divergences},
            "rows": len(run.observations),
            "columns": [{"name": n, "values": values[n], "size": places[n].itemsize} for n in order],
            "order": COLUMNS,
            "pictures": {p.key: [(s.name, s.x, s.y, s.counts) for s in p.data] for p in pictures},
            "atlas": atlas,
            "timings": run.timings,
        }
    )
    data = len(meta).to_bytes(4, "little") + meta + b"".join(places[name].tobytes() for name in order)
    return base64.b64encode(gzip.compress(data, compresslevel=6, mtime=0)).decode()


def _column(name: str, cells: list[Any]) -> tuple[list[Any], np.ndarray]:
    """The different values of a column, and the place of each row's value among them. Numbers have four digits, of
    which three are shown: the record has them all."""
    shown = {v: float(f"{v:.4g}") if name in NUMBERS and isinstance(v, float) else v for v in dict.fromkeys(cells)}
    places = {v: i for i, v in enumerate(dict.fromkeys(shown.values()))}
    place = {v: places[s] for v, s in shown.items()}
    kind = next(k for k in ("<u1", "<u2", "<u4") if len(places) <= np.iinfo(k).max + 1)
    return list(places), np.array([place[v] for v in cells], kind)
