"""Statements parsed per second, beside sqlglot on the same ones.

Run: python -m tests.bench.micro.bench_parse [seconds]. The statements are those of the documentation that sqlglot reads
too, as a statement of its own or as a command that it passes over; and the queries among them, which it reads in full.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Sequence

import sqlglot
from sqlglot.errors import SqlglotError

from ootheca.errors import ParseError
from ootheca.sql.parser import parse
from tests.conformance.documented import examples

QUERY = "INSERT INTO bank.accounts (id, customer, balance) VALUES (1, 2, 100.50), (2, 3, -1) ON CONFLICT DO NOTHING"
TABLE = """CREATE TABLE bank.accounts (id UUID PRIMARY KEY DEFAULT gen_random_uuid(), name STRING NOT NULL,
    balance DECIMAL(10, 2) CHECK (balance > 0), opened TIMESTAMPTZ DEFAULT now(), UNIQUE (name))"""


def ours(text: str) -> object:
    return parse(text)


def theirs(text: str) -> object:
    return sqlglot.parse(text, dialect="postgres")


def is_read(read: Callable[[str], object], text: str) -> bool:
    try:
        read(text)
    except (ParseError, SqlglotError):
        return False
    return True


def rate(read: Callable[[str], object], texts: Sequence[str], seconds: float) -> float:
    """Return statements per second: the best of rounds over all texts that fill the time."""
    best, until = 0.0, time.perf_counter() + seconds
    while time.perf_counter() < until:
        start = time.perf_counter()
        for text in texts:
            read(text)
        best = max(best, len(texts) / (time.perf_counter() - start))
    return best


def report(name: str, texts: Sequence[str], seconds: float) -> None:
    mine, other = rate(ours, texts, seconds), rate(theirs, texts, seconds)
    print(f"{name:34} {len(texts):4}  {mine:9.0f}/s  sqlglot {other:9.0f}/s  ratio {mine / other:5.2f}")


def main() -> None:
    logging.getLogger("sqlglot").setLevel(logging.ERROR)  # it warns of each command that it passes over
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 2.0
    texts = [example.filled.replace("{id}", "1") for example in examples() if example.sql]
    both = [text for text in texts if is_read(ours, text) and is_read(theirs, text)]
    report("documented statements", both, seconds)
    report("queries", [text for text in both if text.startswith(("SELECT", "INSERT"))] + [QUERY], seconds)
    report("CREATE TABLE", [TABLE], seconds)


if __name__ == "__main__":
    main()
