"""Comments on databases, schemas, tables, columns, indexes and constraints; kept in the store's metadata."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ootheca.exec.session import Session

__all__ = ["COLUMN", "CONSTRAINT", "DATABASE", "INDEX", "SCHEMA", "TABLE", "Comments"]

# As in system.comments.
DATABASE: Final = 0
TABLE: Final = 1
COLUMN: Final = 2
INDEX: Final = 3
SCHEMA: Final = 4
CONSTRAINT: Final = 5

_KEY = "comments"


class Comments:
    """The comments of a store: (kind, object id, sub id) → text, where the sub id is a column's or index's, else 0."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def all(self) -> dict[tuple[int, int, int], str]:
        """Return every comment."""
        return {(kind, id_, sub_id): text for kind, id_, sub_id, text in self._session.meta(_KEY, [])}

    def get(self, kind: int, id_: int, sub_id: int = 0) -> str | None:
        """Return one comment."""
        return self.all().get((kind, id_, sub_id))

    def put(self, kind: int, id_: int, sub_id: int, text: str | None) -> None:
        """Write one comment, or remove it with None."""
        comments = self.all()
        comments.pop((kind, id_, sub_id), None)
        if text is not None:
            comments[kind, id_, sub_id] = text
        self._write(comments)

    def drop_object(self, id_: int) -> None:
        """Remove what was said about an object and its parts."""
        comments = self.all()
        left = {key: text for key, text in comments.items() if key[1] != id_}
        if len(left) != len(comments):
            self._write(left)

    def _write(self, comments: dict[tuple[int, int, int], str]) -> None:
        self._session.put_meta(_KEY, [[*key, text] for key, text in sorted(comments.items())])
