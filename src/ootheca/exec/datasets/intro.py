"""The intro database: one table of lines and noise. Its even rows, in order, are a picture of an ootheca.

SELECT v FROM mytable WHERE (l % 2) = 0 ORDER BY l
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

__all__ = ["ABOUT", "DATABASE", "SCHEMA", "tables"]

ABOUT = "one table; SELECT v FROM mytable WHERE (l % 2) = 0 ORDER BY l draws a picture"

DATABASE = "intro"

SCHEMA = """
CREATE DATABASE intro;
CREATE TABLE intro.mytable (l INT8 NOT NULL, v STRING, PRIMARY KEY (l));
"""

_PICTURE = r"""
        _.-=-=-=-=-=-=-=-=-=-._
      .'|  |  |  |  |  |  |  | '.
     /  |  |  |  |  |  |  |  |   \
    |   |  |  |  |  |  |  |  |    |
    |  o|  o  o  o  o  o  o  o |  |
    |   |  |  |  |  |  |  |  |    |
     \  |  |  |  |  |  |  |  |   /
      '.|__|__|__|__|__|__|__|_.'
        '-=-=-=-=-=-=-=-=-=-=-'
      sealed, and kept till it is needed
""".strip("\n")
_NOISE = "!#$%&*+-/0123456789=?@ABCDEFGHIJKLMNOPQRSTUVWXYZ^abcdefghijklmnopqrstuvwxyz~"


def tables() -> Iterator[tuple[str, pa.RecordBatch]]:
    """Yield the table's name and its rows; columns as in `SCHEMA`."""
    rng = np.random.default_rng(2)
    noise = np.array(list(_NOISE))
    texts = []
    for line in _PICTURE.splitlines():
        texts += [line, "".join(rng.choice(noise, 40))]
    numbers = pa.array(np.arange(len(texts)), type=pa.int64())
    yield "mytable", pa.RecordBatch.from_pydict({"l": numbers, "v": pa.array(texts)})
