"""EXECUTION LOCALITY: a job runs on the nodes whose locality matches a filter. A store is one node."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ootheca.errors import OothecaError
from ootheca.exec.places import text_of
from ootheca.locality import parse_locality

if TYPE_CHECKING:
    from ootheca.exec.session import Session
    from ootheca.sql.ast import StringOrPlaceholder

__all__ = ["check_execution_locality"]


def check_execution_locality(session: Session, wanted: StringOrPlaceholder | None) -> None:
    """Refuse a job that this node may not run; without a filter every node may.

    Raises:
        InvalidOptionError: the filter is not `key=value`, …
        OothecaError: the node has another locality, or none.
    """
    text = text_of(wanted) if wanted is not None else ""
    if not text:
        return
    missing = [tier for tier in parse_locality(text) if tier not in session.locality]
    if missing:
        raise OothecaError(
            f"no instances found matching locality filter {text}",
            detail=f"the locality of this node is {','.join(session.locality) or 'not set'}",
            hint=f"start ootheca with --locality={text}, or leave the option out",
        )
