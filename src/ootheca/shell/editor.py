"""`\\e`: a statement in the user's own editor. Its secrets stay out of the file, and come back for their masks."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from pathlib import Path
from shutil import which

from ootheca.errors import OothecaError
from ootheca.sql.secrets import MaskedText

__all__ = ["edit_file", "edit_text"]

_FALLBACKS = ("editor", "vim", "vi", "nano")


def edit_text(text: str) -> str:
    """Open the editor on a text; return what was saved.

    Raises:
        OothecaError: there is no editor, or it failed.
    """
    masked = MaskedText(text)
    handle, name = tempfile.mkstemp(prefix="ootheca-", suffix=".sql")  # which only its owner may read
    path = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(masked.text + "\n")
        return masked.restore(edit_file(path))
    finally:
        path.unlink(missing_ok=True)


def edit_file(path: Path) -> str:
    """Open the editor on a file; return what it holds afterwards, without the blank end.

    Raises:
        OothecaError: there is no editor, it failed, or the file cannot be read.
    """
    words = _editor()
    try:
        done = subprocess.run([*words, str(path)], check=False)  # noqa: S603  the user's own editor
        if done.returncode:
            raise OothecaError(f"the editor {words[0]} ended with exit status {done.returncode}")
        return path.read_text(encoding="utf-8", errors="surrogateescape").rstrip()
    except OSError as exc:
        raise OothecaError(f"cannot edit {path}: {exc.strerror}") from exc


def _editor() -> list[str]:
    for variable in ("OOTHECA_EDITOR", "VISUAL", "EDITOR"):
        words = shlex.split(os.environ.get(variable, ""))
        if words:
            return words
    for name in _FALLBACKS:
        found = which(name)
        if found:
            return [found]
    raise OothecaError(
        "there is no editor", hint="set the environment variable EDITOR to the one that you use"
    )
