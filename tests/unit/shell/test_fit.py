"""Texts as wide as the terminal."""

from __future__ import annotations

import io

import pytest

from ootheca.shell.fit import fit
from ootheca.shell.help import format_topics, help_text, topics

TEXT = """# A remark that is longer than forty columns are.
  \\q             leave
  \\e [FILE]      edit the last statement, or a file
  a_very_long_option = 'text'  what it means, in many words
  NOTHING [HERE] HAS A | SECOND | COLUMN [OR] IS SHORT
"""
FITTED = """# A remark that is longer than forty
# columns are.
  \\q             leave
  \\e [FILE]      edit the last
                 statement, or a file
  a_very_long_option = 'text'
      what it means, in many words
  NOTHING [HERE] HAS A | SECOND | COLUMN
      [OR] IS SHORT
"""


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")


def test_what_is_too_long_goes_on_under_its_own_column() -> None:
    assert fit(TEXT, Terminal()) == FITTED
    assert fit(TEXT, io.StringIO()) == TEXT


def test_help_fits_a_narrow_terminal_and_loses_no_word() -> None:
    for text in (format_topics(), *(help_text(name) or "" for name in topics())):
        fitted = fit(text, Terminal())
        assert fitted.split() == text.split()
        assert max(map(len, fitted.splitlines())) <= 50  # words that are longer stay whole
