"""Comparing answers with recorded ones, whose volatile parts are masked or belong to the recording.

* `<job_id>`, `<timestamp>` … stand for any text of their shape.
* A moment of the day of the recording stands for any moment; the same one for the same one throughout a file.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["Matcher"]

_MASKS = {
    "job_id": r"\d{15,20}",
    "timestamp": r"\d[^<>\[\])]*?",
    "date": r"/?\d{4}/\d\d/\d\d-\d{6}\.\d\d",
    "id": r"\d+",
    "n": r"\d+",
    "names": r".*?",
    "path": r"\S*?",
    "detail of the storage error": r".*?",
}
_RECORDED_DAY = "2026-11-21"
_MOMENT = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,6})?"
_VOLATILE = re.compile(
    rf"<(?P<mask>{'|'.join(_MASKS)})>"
    rf"|(?P<moment>{_RECORDED_DAY} \d\d:\d\d:\d\d(?:\.\d{{1,6}})?)"
    r"|(?P<number>\b(?:1795|1229)\d{14,15}\b)"  # nanoseconds of that day, and ids made from them
    r"|(?P<uuid>\b[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}\b)"
)


class Matcher:
    """Compares texts and rows; remembers what each recorded moment stood for."""

    def __init__(self) -> None:
        self._meanings: dict[str, str] = {}

    def is_text(self, expected: str | None, got: str | None) -> bool:
        """Tell whether a text answers to the recorded one."""
        if expected is None or got is None:
            return expected is got
        if expected == got:
            return True
        moments: list[str] = []
        match = re.fullmatch(_pattern(expected, moments), got, re.DOTALL)
        if match is None:
            return False
        meant = list(zip(moments, match.groups(), strict=True))
        if any(self._meanings.get(recorded, now) != now for recorded, now in meant):
            return False
        self._meanings.update(meant)
        return True

    def is_row(self, expected: Sequence[str | None], got: Sequence[str | None]) -> bool:
        """Tell whether a row answers to the recorded one."""
        if len(expected) != len(got):
            return False
        saved = dict(self._meanings)
        if all(self.is_text(*pair) for pair in zip(expected, got, strict=True)):
            return True
        self._meanings = saved
        return False

    def is_rows(
        self,
        expected: Sequence[Sequence[str | None]],
        got: Sequence[Sequence[str | None]],
        *,
        is_ordered: bool,
    ) -> bool:
        """Tell whether rows answer to the recorded ones, in their order or in any."""
        if len(expected) != len(got):
            return False
        saved = dict(self._meanings)
        if all(self.is_row(*pair) for pair in zip(expected, got, strict=True)):
            return True
        self._meanings = saved
        if is_ordered:
            return False
        left = list(got)
        for row in expected:
            found = next((index for index, other in enumerate(left) if self.is_row(row, other)), None)
            if found is None:
                self._meanings = saved
                return False
            del left[found]
        return True


def _pattern(expected: str, moments: list[str]) -> str:
    pieces = []
    end = 0
    for match in _VOLATILE.finditer(expected):
        pieces.append(re.escape(expected[end : match.start()]))
        end = match.end()
        if match["mask"]:
            pieces.append(_MASKS[match["mask"]])
        elif match["moment"]:
            moments.append(match[0])
            pieces.append(f"({_MOMENT})")
        else:
            pieces.append(r"\d{15,20}" if match["number"] else r"[0-9a-f-]{36}")
    return "".join(pieces) + re.escape(expected[end:])
