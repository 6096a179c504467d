"""Bytes -> annotated hex dump: what each range of a file means, so that a layout change is a text diff.

Layout of a line: offset (decimal), up to 16 bytes (hex), what they are. A range of more than `max_size` bytes
shows its first ones and how many follow.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["Note", "annotate"]

_LINE_SIZE = 16


@dataclass(frozen=True, slots=True)
class Note:
    """One range of the bytes and its meaning.

    Args:
        offset, size: the range [offset, offset + size). text: what it is. depth: of the text's indent.
    """

    offset: int
    size: int
    text: str
    depth: int = 0


def annotate(data: bytes | memoryview, notes: Iterable[Note], *, max_size: int = 64) -> str:
    """Return the dump: every note with its bytes; bytes between notes are shown as unexplained."""
    lines: list[str] = []
    position = 0
    for note in notes:
        if note.offset > position:
            lines += _lines(data, Note(position, note.offset - position, "?"), max_size)
        lines += _lines(data, note, max_size)
        position = max(position, note.offset + note.size)
    if position < len(data):
        lines += _lines(data, Note(position, len(data) - position, "?"), max_size)
    return "\n".join(lines) + "\n"


def _lines(data: bytes | memoryview, note: Note, max_size: int) -> list[str]:
    shown = bytes(data[note.offset : note.offset + min(note.size, max_size)])
    text = "  " * note.depth + note.text
    lines = []
    for at in range(0, max(len(shown), 1), _LINE_SIZE):
        piece = shown[at : at + _LINE_SIZE].hex()
        lines.append(f"{note.offset + at:6}  {piece:32}  {text if at == 0 else ''}".rstrip())
    if note.size > max_size:
        lines.append(f"{'':6}  {f'... {note.size - max_size} more bytes':32}")
    return [line.rstrip() for line in lines]
