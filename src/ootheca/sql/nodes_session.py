"""Statements about the session and the cluster: transactions, settings, SHOW, grants, users, comments."""

from __future__ import annotations

from typing import Literal

from ootheca.sql.node import Node, node
from ootheca.sql.nodes_backup import KeyValue
from ootheca.sql.nodes_base import (
    Expr,
    ObjectName,
    Statement,
    StringOrPlaceholder,
    TablePattern,
    TypeName,
)

__all__ = [
    "AlterRole",
    "Begin",
    "CommentOn",
    "Commit",
    "ConfigureZone",
    "CreateRole",
    "CreateStatistics",
    "Deallocate",
    "Discard",
    "DropRole",
    "Execute",
    "Explain",
    "Grant",
    "GrantOnTarget",
    "Prepare",
    "ReleaseSavepoint",
    "ResetClusterSetting",
    "ResetVariable",
    "Revoke",
    "Rollback",
    "RollbackToSavepoint",
    "Savepoint",
    "SetClusterSetting",
    "SetVariable",
    "ShowClusterSetting",
    "ShowColumns",
    "ShowConstraints",
    "ShowCreate",
    "ShowDatabases",
    "ShowEnums",
    "ShowGrants",
    "ShowIndexes",
    "ShowLocality",
    "ShowRegions",
    "ShowRoles",
    "ShowSchemas",
    "ShowSequences",
    "ShowSimple",
    "ShowStatistics",
    "ShowTables",
    "ShowTypes",
    "ShowUsers",
    "ShowVariable",
    "ShowZoneConfiguration",
]


# -- transactions ------------------------------------------------------------------------------------------------------
@node
class Begin(Statement):
    """BEGIN or START TRANSACTION; `modes` as canonical text (`READ ONLY`, `AS OF SYSTEM TIME …`)."""

    modes: tuple[str, ...] = ()
    as_of: Expr | None = None


@node
class Commit(Statement):
    """COMMIT or END."""


@node
class Rollback(Statement):
    """ROLLBACK or ABORT."""


@node
class Savepoint(Statement):
    """SAVEPOINT name."""

    name: str


@node
class ReleaseSavepoint(Statement):
    """RELEASE [SAVEPOINT] name."""

    name: str


@node
class RollbackToSavepoint(Statement):
    """ROLLBACK TO [SAVEPOINT] name."""

    name: str


# -- explain and prepared statements -----------------------------------------------------------------------------------
@node
class Explain(Statement):
    """EXPLAIN [ANALYZE] [(options)] statement."""

    statement: Statement
    options: tuple[str, ...] = ()
    is_analyze: bool = False


@node
class Prepare(Statement):
    """PREPARE name [(types)] AS statement."""

    name: str
    statement: Statement
    types: tuple[TypeName, ...] = ()


@node
class Execute(Statement):
    """EXECUTE name [(arguments)]."""

    name: str
    arguments: tuple[Expr, ...] = ()


@node
class Deallocate(Statement):
    """DEALLOCATE name, or ALL (then `name` is None)."""

    name: str | None


@node
class Discard(Statement):
    """DISCARD ALL."""


# -- settings ----------------------------------------------------------------------------------------------------------
@node
class SetVariable(Statement):
    """SET [SESSION | LOCAL] name = values, SET DATABASE, USE, SET TIME ZONE, SET search_path ….

    `name` is folded, dotted names are joined (`tracing.x`); `values` is empty for `= DEFAULT`.
    """

    name: str
    values: tuple[Expr, ...]
    is_local: bool = False


@node
class ResetVariable(Statement):
    """RESET [SESSION] name; `ALL` resets everything."""

    name: str


@node
class ShowVariable(Statement):
    """SHOW [SESSION] name; the name `all` means SHOW ALL."""

    name: str


@node
class SetClusterSetting(Statement):
    """SET CLUSTER SETTING name = value; `value` is None for DEFAULT."""

    name: str
    value: Expr | None


@node
class ResetClusterSetting(Statement):
    """RESET CLUSTER SETTING name."""

    name: str


@node
class ShowClusterSetting(Statement):
    """SHOW CLUSTER SETTING name, or SHOW [PUBLIC | ALL] CLUSTER SETTINGS (then `name` is None)."""

    name: str | None = None
    which: Literal["", "ALL", "PUBLIC"] = ""


# -- show --------------------------------------------------------------------------------------------------------------
@node
class ShowDatabases(Statement):
    """SHOW DATABASES [WITH COMMENT]."""

    with_comment: bool = False


@node
class ShowSchemas(Statement):
    """SHOW SCHEMAS [FROM database]."""

    database: str | None = None


@node
class ShowTables(Statement):
    """SHOW TABLES [FROM database[.schema]] [WITH COMMENT]; `prefix` has no, one or two parts."""

    prefix: tuple[str, ...] = ()
    with_comment: bool = False


@node
class ShowTypes(Statement):
    """SHOW TYPES."""


@node
class ShowEnums(Statement):
    """SHOW ENUMS [FROM database[.schema]]."""

    prefix: tuple[str, ...] = ()


@node
class ShowSequences(Statement):
    """SHOW SEQUENCES [FROM database]."""

    database: str | None = None


@node
class ShowCreate(Statement):
    """SHOW CREATE [SCHEMA | DATABASE] name; `kind` is '' for any other object.

    TABLE, VIEW and SEQUENCE may be written and say nothing, as in CockroachDB. `kind` may be `ALL TABLES`,
    `ALL SCHEMAS`, `ALL TYPES`; then there is no name.
    """

    kind: str
    name: ObjectName | None


@node
class ShowColumns(Statement):
    """SHOW COLUMNS FROM table [WITH COMMENT]."""

    table: ObjectName
    with_comment: bool = False


@node
class ShowIndexes(Statement):
    """SHOW INDEXES FROM table (also INDEX, KEYS), or FROM DATABASE name (then `database` is set)."""

    table: ObjectName | None
    database: str | None = None
    with_comment: bool = False


@node
class ShowConstraints(Statement):
    """SHOW CONSTRAINTS FROM table."""

    table: ObjectName


@node
class ShowStatistics(Statement):
    """SHOW STATISTICS FOR TABLE table."""

    table: ObjectName


@node
class ShowUsers(Statement):
    """SHOW USERS."""


@node
class ShowRoles(Statement):
    """SHOW ROLES."""


@node
class ShowGrants(Statement):
    """SHOW GRANTS [ON target] [FOR roles], or SHOW GRANTS ON ROLE roles (then `is_role`)."""

    target: GrantOnTarget | None = None
    grantees: tuple[str, ...] = ()
    is_role: bool = False
    roles: tuple[str, ...] = ()


@node
class ShowRegions(Statement):
    """SHOW REGIONS [FROM CLUSTER | FROM ALL DATABASES | FROM DATABASE [name]]; `source` is that word or ''."""

    source: Literal["", "CLUSTER", "ALL DATABASES", "DATABASE"] = ""
    database: str | None = None


@node
class ShowLocality(Statement):
    """SHOW LOCALITY."""


@node
class ShowSimple(Statement):
    """A SHOW without arguments of its own node: `SAVEPOINT STATUS`, `TRANSACTION STATUS`, `SYNTAX …`, `RANGES …`."""

    what: str


@node
class ShowZoneConfiguration(Statement):
    """SHOW ZONE CONFIGURATION FROM target, or SHOW ALL ZONE CONFIGURATIONS (then `target` is None)."""

    target_kind: str = ""
    target: ObjectName | None = None
    index: str | None = None
    partition: str | None = None


# -- privileges, roles, comments ---------------------------------------------------------------------------------------
@node
class GrantOnTarget(Node):
    """What privileges are on: `kind` is TABLE, DATABASE, SCHEMA, TYPE, EXTERNAL CONNECTION, ALL TABLES IN SCHEMA, …

    Tables are patterns; databases, schemas, types and connections are names of one or more parts in `names`.
    """

    kind: str
    patterns: tuple[TablePattern, ...] = ()
    names: tuple[ObjectName, ...] = ()


@node
class Grant(Statement):
    """GRANT privileges ON target TO roles, GRANT SYSTEM privileges TO roles, or GRANT roles TO roles.

    `privileges` are upper-case words (`ALL`, `SELECT`, …) and `roles` is empty; in the last form it is the reverse.
    """

    privileges: tuple[str, ...]
    target: GrantOnTarget | None
    grantees: tuple[str, ...]
    roles: tuple[str, ...] = ()
    is_system: bool = False
    with_option: bool = False


@node
class Revoke(Statement):
    """The reverse of `Grant`; `with_option` takes only the GRANT or ADMIN option away."""

    privileges: tuple[str, ...]
    target: GrantOnTarget | None
    grantees: tuple[str, ...]
    roles: tuple[str, ...] = ()
    is_system: bool = False
    with_option: bool = False


@node
class CreateRole(Statement):
    """CREATE USER or CREATE ROLE [IF NOT EXISTS] name [WITH options]."""

    name: StringOrPlaceholder
    is_user: bool
    if_not_exists: bool = False
    options: tuple[KeyValue, ...] = ()


@node
class AlterRole(Statement):
    """ALTER USER or ALTER ROLE name [WITH options]."""

    name: StringOrPlaceholder
    is_user: bool
    if_exists: bool = False
    options: tuple[KeyValue, ...] = ()


@node
class DropRole(Statement):
    """DROP USER or DROP ROLE [IF EXISTS] names."""

    names: tuple[StringOrPlaceholder, ...]
    is_user: bool
    if_exists: bool = False


@node
class CommentOn(Statement):
    """COMMENT ON kind name IS text; `comment` is None for NULL.

    `kind` is DATABASE, SCHEMA, TABLE, COLUMN, INDEX or CONSTRAINT. For a column `name` is the table and `detail` the
    column; for an index `name` is the table (None when only the index was named) and `detail` the index; for a
    constraint `detail` is its name.
    """

    kind: Literal["DATABASE", "SCHEMA", "TABLE", "COLUMN", "INDEX", "CONSTRAINT", "TYPE"]
    name: ObjectName | None
    comment: str | None
    detail: str | None = None


@node
class CreateStatistics(Statement):
    """CREATE STATISTICS name [ON columns] FROM table [AS OF SYSTEM TIME …], and ANALYZE table (then without a name)."""

    name: str | None
    table: ObjectName
    columns: tuple[str, ...] = ()
    as_of: Expr | None = None
    is_analyze: bool = False


@node
class ConfigureZone(Statement):
    """ALTER kind target CONFIGURE ZONE USING settings, or DISCARD (then `is_discard`).

    `kind` is DATABASE, TABLE, INDEX, RANGE or PARTITION; a partition has its name in `partition` and the table (and
    index) it belongs to in the other fields.
    """

    kind: Literal["DATABASE", "TABLE", "INDEX", "RANGE", "PARTITION"]
    name: ObjectName
    settings: tuple[tuple[str, Expr | None], ...] = ()
    index: str | None = None
    partition: str | None = None
    is_discard: bool = False
