"""Comments on databases, schemas, tables, columns, indexes and constraints: the rows of `system.comments`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ootheca.exec.system_tables import SystemTable

if TYPE_CHECKING:
    from ootheca.exec.session import Session

__all__ = ["COLUMN", "CONSTRAINT", "DATABASE", "INDEX", "SCHEMA", "TABLE", "Comments"]

# The values of the column `type`.
DATABASE: Final = 0
TABLE: Final = 1
COLUMN: Final = 2
INDEX: Final = 3
SCHEMA: Final = 4
CONSTRAINT: Final = 5


class Comments:
    """The comments of a store: (kind, object id, sub id) → text, where the sub id is a column's or index's, else 0."""

    def __init__(self, session: Session) -> None:
        self._stored = SystemTable(session, "comments")

    def all(self) -> dict[tuple[int, int, int], str]:
        """Return every comment."""
        rows = self._stored.rows("type", "object_id", "sub_id", "comment")
        return {(kind, id_, sub_id): text for kind, id_, sub_id, text in rows}

    def get(self, kind: int, id_: int, sub_id: int = 0) -> str | None:
        """Return one comment."""
        return self.all().get((kind, id_, sub_id))

    def put(self, kind: int, id_: int, sub_id: int, text: str | None) -> None:
        """Write one comment, or remove it with None."""
        if text is None:
            self._stored.delete(type=kind, object_id=id_, sub_id=sub_id)
        else:
            self._stored.put({"type": kind, "object_id": id_, "sub_id": sub_id, "comment": text})

    def drop_object(self, id_: int) -> None:
        """Remove what was said about an object and its parts."""
        if any(key[1] == id_ for key in self.all()):
            self._stored.delete(object_id=id_)
