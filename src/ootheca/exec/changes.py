"""When the store last changed. Rows have no history yet, so the past can be read back to that moment only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ootheca.clock import Timestamp, parse_timestamp
from ootheca.errors import UnsupportedError

if TYPE_CHECKING:
    from ootheca.exec.session import Session

__all__ = ["note_change", "require_unchanged_since"]

_KEY = "changed_at"


def note_change(session: Session) -> None:
    """Remember that the running transaction changes rows or descriptors."""
    session.put_meta(_KEY, str(session.now()))


def require_unchanged_since(session: Session, time: Timestamp) -> None:
    """Refuse a past time at which the store held something else than now.

    Raises:
        UnsupportedError: the store changed after that time.
    """
    changed_at: str | None = session.meta(_KEY)
    if changed_at is not None and time < parse_timestamp(changed_at):
        raise UnsupportedError(
            f"the store changed at {parse_timestamp(changed_at).format_go()}: earlier states are not kept yet",
            hint="leave out AS OF SYSTEM TIME, or name a later time",
        )
