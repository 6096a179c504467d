"""When the store last changed: the clock of the next session begins after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ootheca.exec.session import Session

__all__ = ["note_change"]

_KEY = "changed_at"


def note_change(session: Session) -> None:
    """Remember that the running transaction changes rows or descriptors."""
    session.put_meta(_KEY, str(session.now()))
