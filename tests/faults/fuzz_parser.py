"""Any text is a statement or a ParseError: what is checked, and a coverage-guided search for a text that is neither.

python -m tests.faults.fuzz_parser [CORPUS] [-runs=N]      needs `atheris` (pip install "ootheca[fuzz]")
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Sequence
from pathlib import Path

from ootheca.errors import ParseError
from ootheca.sql.format import format_statement
from ootheca.sql.parser import is_complete, parse
from ootheca.sql.secrets import MaskedText
from ootheca.sql.split import split

__all__ = ["check", "main", "seeds", "varied"]


def check(text: str) -> bool:
    """Parse a text and whatever is printed of it; return whether it is a script.

    Raises:
        AssertionError: an error says nothing, or the printed text means something else.
    """
    assert all(part.text for part in split(text))
    is_complete(text)
    masked = MaskedText(text)
    assert masked.place(len(text)) == len(masked.text)
    try:
        statements = parse(text)
    except ParseError as error:
        if not error.message or not (error.detail or "").startswith("source SQL:\n"):
            raise AssertionError("an error that says nothing") from error
        return False
    for statement in statements:
        for version in ("20.2", "21.2"):
            printed = format_statement(statement, version=version, reveal=True)
            (again,) = parse(printed)
            assert format_statement(again, version=version, reveal=True) == printed
            assert statement.redacted(version=version)
        assert repr(statement)
        assert statement.anonymized()
    return True


def seeds() -> list[str]:
    """Return texts to begin with: recorded statements, right and wrong ones, and the documented examples."""
    from tests.conformance.documented import examples  # the search does without it

    folder = Path(__file__).parents[2] / "fixtures" / "conformance"
    recorded = [
        json.loads(line)["sql"]
        for path in sorted(folder.glob("*/parse.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    return recorded + [example.filled for example in examples() if example.sql]


def varied(source: random.Random, texts: Sequence[str]) -> str:
    """Return a text with some words of others in it, some of its words gone, and perhaps a character changed."""
    words = source.choice(texts).split(" ")
    for _ in range(source.randrange(4)):
        place = source.randrange(len(words) + 1)
        other = source.choice(texts).split(" ")
        start = source.randrange(len(other))
        words[place : place + source.randrange(3)] = other[start : start + source.randrange(3)]
    text = " ".join(words)
    if text and source.random() < 0.3:
        place = source.randrange(len(text))
        text = text[:place] + source.choice("'\"$;()[]\\-/*,. =x0") + text[place + source.randrange(2) :]
    return text


def main(argv: list[str]) -> None:
    """Search until `-runs` texts were tried; a text that fails is written to a file and ends the process."""
    import atheris

    def one(data: bytes) -> None:
        check(data.decode("utf-8", "surrogateescape"))

    atheris.instrument_all()
    atheris.Setup(argv, one)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv)
