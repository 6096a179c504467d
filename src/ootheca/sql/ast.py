"""The syntax tree: every statement and clause that the parser knows, as frozen dataclasses.

Import nodes from here. They live in eight files by family:

    node            Node, children(), walk() and transform()
    nodes_base      Statement, Expr, names, types, pass-through queries
    nodes_expr      expressions
    nodes_backup    BACKUP, RESTORE, SHOW BACKUP, schedules, jobs, external connections, EXPORT, IMPORT
    nodes_session   transactions, SET, SHOW, GRANT, roles, comments, EXPLAIN, PREPARE
    nodes_table     tables: pieces, CREATE, DROP, TRUNCATE
    nodes_alter     ALTER TABLE, indexes
    nodes_ddl       databases, schemas, types, views, sequences

The last four are loaded when one of their names is first asked for, which keeps a program that only looks at backups
quick to start.

Conventions: names are folded as CockroachDB folds them and carry no quotes; a string position holds a `str` or a
`Placeholder`; a clause that was not written is None, False, '' or (); spans and source texts do not take part in
equality.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ootheca.sql.node import *  # noqa: F403
from ootheca.sql.nodes_backup import *  # noqa: F403
from ootheca.sql.nodes_base import *  # noqa: F403
from ootheca.sql.nodes_expr import *  # noqa: F403

if TYPE_CHECKING:
    from ootheca.sql.nodes_alter import *  # noqa: F403
    from ootheca.sql.nodes_ddl import *  # noqa: F403
    from ootheca.sql.nodes_session import *  # noqa: F403
    from ootheca.sql.nodes_table import *  # noqa: F403

_EAGER = ("node", "nodes_base", "nodes_expr", "nodes_backup")
_LAZY = ("nodes_session", "nodes_table", "nodes_ddl", "nodes_alter")


def _names_of(module: str) -> list[str]:
    names: list[str] = import_module(f"ootheca.sql.{module}").__all__
    return names


def __getattr__(name: str) -> Any:
    if name == "__all__":
        return sorted(name for module in (*_EAGER, *_LAZY) for name in _names_of(module))
    if not name.startswith("_"):
        for module in _LAZY:
            if name in _names_of(module):
                value = globals()[name] = getattr(import_module(f"ootheca.sql.{module}"), name)
                return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
