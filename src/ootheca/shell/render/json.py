r"""ndjson and json: an object for each row, keys sorted, every value a string. ndjson streams, json too.

`<`, `>` and `&` are written as `\u003c` and so on, as Go's encoder does it.

Source: reference/sql/08 §2.1 (later clients; not in the evidence of 20.2 and 21.2).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from ootheca.shell.render.values import TextRows

__all__ = ["render_json", "render_ndjson"]

_ESCAPES = str.maketrans({
    "<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029",
})  # fmt: skip


def render_ndjson(rows: TextRows, write: Callable[[str], object]) -> int:
    """Write one object a line."""
    num_rows = 0
    for text in _objects(rows):
        num_rows += 1
        write(f"{text}\n")
    return num_rows


def render_json(rows: TextRows, write: Callable[[str], object]) -> int:
    """Write one array of objects, each on a line."""
    num_rows = 0
    write("[")
    for text in _objects(rows):
        write(f"{',' if num_rows else ''}\n  {text}")
        num_rows += 1
    write("\n]\n")
    return num_rows


def _objects(rows: TextRows) -> Iterator[str]:
    last = {
        name: index for index, name in enumerate(rows.names)
    }  # of columns that share a name, the last counts
    keys = [(f"{_encoded(name)}:", last[name]) for name in sorted(last)]
    for batch in rows.batches:
        columns = batch.lists
        for row in range(batch.num_rows):
            yield "{" + ",".join(f"{key}{_encoded(columns[index][row])}" for key, index in keys) + "}"


def _encoded(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).translate(_ESCAPES)
