"""docs/record.md: the format of a record, from the structs that read it. ``python -m meta_tests.record_page``."""

import ast
import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from reports import record

PAGE = Path(__file__).parents[1] / "docs" / "record.md"
INTRODUCTION = f"""\
# The record of a run

This is format {record.FORMAT}. `python -m meta_tests.record_page` writes this page from `reports/record.py`; a test
compares the two.

A run's directory holds `{record.NAME}` while the run goes on, and `{record.NAME}.gz` when it is finished: text in
UTF-8, one JSON object a line, written as things happen. A process that is killed leaves every line that it wrote,
perhaps half of one more, which readers drop, and no footer. The compressed file takes the place of the plain one when
it is whole.

`reports.record.read(path)` reads either, checks every line against the tables below, and refuses with one sentence what
does not fit. Other programs can read the lines directly, for instance DuckDB:

```sql
SELECT framework, count(*), max(TRY_CAST(score AS DOUBLE) / "limit")
FROM read_json('{record.NAME}.gz', format = 'newline_delimited', maximum_object_size = 100000000)
WHERE type = 'observation' AND outcome = 'passed' GROUP BY framework;
```

- The header comes first, the footer last. A record without a footer is of a run that was cut off.
- A field that is absent has its default. A field that is unknown is to be ignored: fields may be added within a format.
  The number in the header changes when a reader of today would misread a record; other formats are refused.
- Numbers that JSON lacks are the strings "nan", "inf" and "-inf".
- What is the same check in two runs has the same case, check, framework, mode, device, route, dtype and sample.
- Every `test` of an observation is in the plan of the header. What is in the plan and left no observation is missing,
  and the run is not conformant.
- A **shard** (`pytest --shard 2/5`) holds in its header the number of tests of all shards, and the SHA-256 of their
  sorted names, one a line. `conform merge` refuses shards that are not those tests, each once.
"""


def text() -> str:
    """The whole page."""
    _, components = msgspec.json.schema_components([record.Line], ref_template="{name}")
    meanings = {node.name: dict(_meanings(node)) for node in _classes()}
    lines = [s for s in components if "type" in components[s]["properties"]]
    parts = [s for s in components if s not in lines]
    sections = [INTRODUCTION, "## Lines\n", *(_section(components[s], meanings[s]) for s in lines)]
    return "\n".join([*sections, "## What lines hold\n", *(_section(components[s], meanings[s]) for s in parts)])


def _classes() -> Iterator[ast.ClassDef]:
    return (n for n in ast.parse(inspect.getsource(record)).body if isinstance(n, ast.ClassDef))


def _meanings(node: ast.ClassDef) -> Iterator[tuple[str, str]]:
    """Fields with the text that follows them."""
    for field, after in zip(node.body, node.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            yield ast.unparse(field.target), str(after.value.value)


def _section(schema: dict[str, Any], meanings: dict[str, str]) -> str:
    fields = dict(schema["properties"])
    tag = fields.pop("type", None)
    title = f'{schema["title"]}: `"type": "{tag["enum"][0]}"`' if tag else schema["title"]
    rows = [
        f"| {name} | {_kind(f)} | {_default(name, schema, f)} | {_plain(meanings.get(name, ''))} |"
        for name, f in fields.items()
    ]
    return "\n".join([f"### {title}", "", _plain(schema["description"]), "", "| field | is | if absent | |",
                      "| --- | --- | --- | --- |", *rows, ""])  # fmt: skip


def _kind(schema: dict[str, Any]) -> str:
    """A JSON schema in words."""
    if "$ref" in schema:
        return str(schema["$ref"])
    if "anyOf" in schema:
        return " or ".join(map(_kind, schema["anyOf"]))
    if "pattern" in schema:
        return ", ".join(f'"{word}"' for word in re.findall(r"[\w-]+", schema["pattern"]))
    match schema.get("type"):
        case "array":
            return f"array of {_kind(schema['items'])}"
        case "object" if schema.get("additionalProperties"):
            return f"object of {_kind(schema['additionalProperties'])}"
        case "integer" if "minimum" in schema:
            return f"integer from {schema['minimum']}"
        case kind:
            return str(kind or "anything")


def _default(name: str, schema: dict[str, Any], field: dict[str, Any]) -> str:
    return "never" if name in schema["required"] else f"`{json.dumps(field['default'])}`"


def _plain(text: str) -> str:
    return " ".join(text.replace("``", "`").split()).replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(text(), encoding="utf-8")
