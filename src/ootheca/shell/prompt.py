"""The prompt: `root@ootheca/defaultdb> `, with the transaction's state before the last character.

Source: reference/sql/08 §4.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ootheca.exec.session import Session

__all__ = ["continuation", "format_prompt"]

_HOST = "ootheca"
_STATES = {"none": "", "open": "  OPEN", "aborted": " ERROR"}
_CODE = re.compile(r"%(.)")


def format_prompt(pattern: str, session: Session) -> str:
    """Return the prompt with its codes replaced, and a blank after it."""
    values = {
        "n": session.user,
        "M": _HOST,
        "m": _HOST,
        ">": "",
        "/": session.database or "?",
        "x": _STATES.get(session.transaction_state, " ?"),
        "%": "%",
    }
    return _CODE.sub(lambda match: values.get(match[1], match[0]), pattern) + " "


def continuation(prompt: str) -> str:
    """Return the prompt of a statement's further lines, as wide as the first."""
    return "> " if len(prompt) < 3 else " " * (len(prompt) - 3) + "-> "
