"""The history of the prompt: what was typed, with its secrets left out, in a file that only its owner may read."""

from __future__ import annotations

import os
from pathlib import Path

from prompt_toolkit.history import FileHistory

from ootheca.errors import OothecaError
from ootheca.sql.parser import parse
from ootheca.sql.secrets import MaskedText

__all__ = ["SafeHistory", "history_path", "safe_text"]


def history_path() -> Path:
    """Return where the history is kept, in the user's state directory."""
    home = os.environ.get("XDG_STATE_HOME")
    base = Path(home) if home else Path.home() / ".local" / "state"
    return base / "ootheca" / "history"


class SafeHistory(FileHistory):
    """Keeps what was typed for this run, and writes it without its secrets."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.chmod(0o600)
        super().__init__(str(path))

    def store_string(self, string: str) -> None:
        """Write an entry that may be written."""
        text = safe_text(string)
        if text is not None:
            super().store_string(text)


def safe_text(text: str) -> str | None:
    """Return a text as it may be kept: its secrets masked, or None where they cannot be told from the rest for sure."""
    masked = MaskedText(text)
    if masked.text == text:
        return text
    try:
        parse(text)
    except OothecaError:
        return None
    return masked.text
