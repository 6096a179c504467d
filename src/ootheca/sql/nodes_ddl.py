"""Databases, schemas, types, views and sequences."""

from __future__ import annotations

from typing import Literal

from ootheca.sql.node import node
from ootheca.sql.nodes_base import Expr, ObjectName, Query, Statement
from ootheca.sql.nodes_table import NO_SEQUENCE_OPTIONS, SequenceOptions

__all__ = [
    "AlterDatabase",
    "AlterDefaultPrivileges",
    "AlterSchema",
    "AlterSequence",
    "AlterType",
    "AlterView",
    "CreateDatabase",
    "CreateSchema",
    "CreateSequence",
    "CreateType",
    "CreateView",
    "DropDatabase",
    "DropSchema",
    "DropSequence",
    "DropType",
    "DropView",
    "RefreshMaterializedView",
]


@node
class CreateDatabase(Statement):
    """CREATE DATABASE [IF NOT EXISTS] name [options]; ENCODING and locale options are in `options` as text."""

    name: str
    if_not_exists: bool = False
    options: tuple[tuple[str, str], ...] = ()
    primary_region: str | None = None
    regions: tuple[str, ...] = ()
    survival_goal: str | None = None


@node
class DropDatabase(Statement):
    """DROP DATABASE [IF EXISTS] name [CASCADE | RESTRICT]; `behavior` is '' or that word."""

    name: str
    if_exists: bool = False
    behavior: Literal["", "CASCADE", "RESTRICT"] = ""


@node
class AlterDatabase(Statement):
    """ALTER DATABASE name action.

    `action` → `value`: RENAME TO → new name; OWNER TO → role; SET PRIMARY REGION, ADD REGION, DROP REGION → region;
    SURVIVE → goal (`ZONE FAILURE`); SET → `setting` and `setting_values`; RESET → `setting`;
    CONVERT TO SCHEMA → parent database.
    """

    name: str
    action: str
    value: str = ""
    setting: str = ""
    setting_values: tuple[Expr, ...] = ()
    if_exists: bool = False


@node
class CreateSchema(Statement):
    """CREATE SCHEMA [IF NOT EXISTS] [name] [AUTHORIZATION role]; the name may be `database.schema`."""

    name: ObjectName | None
    if_not_exists: bool = False
    owner: str | None = None


@node
class DropSchema(Statement):
    """DROP SCHEMA [IF EXISTS] names [CASCADE | RESTRICT]."""

    names: tuple[ObjectName, ...]
    if_exists: bool = False
    behavior: Literal["", "CASCADE", "RESTRICT"] = ""


@node
class AlterSchema(Statement):
    """ALTER SCHEMA name RENAME TO name, or OWNER TO role."""

    name: ObjectName
    action: Literal["RENAME TO", "OWNER TO"]
    value: str


@node
class CreateType(Statement):
    """CREATE TYPE [IF NOT EXISTS] name AS ENUM (labels)."""

    name: ObjectName
    labels: tuple[str, ...]
    if_not_exists: bool = False


@node
class DropType(Statement):
    """DROP TYPE [IF EXISTS] names [CASCADE | RESTRICT]."""

    names: tuple[ObjectName, ...]
    if_exists: bool = False
    behavior: Literal["", "CASCADE", "RESTRICT"] = ""


@node
class AlterType(Statement):
    """ALTER TYPE name action.

    `action` → fields: ADD VALUE → `value`, `if_not_exists`, and `placement` (BEFORE or AFTER) `neighbor`;
    DROP VALUE → `value`; RENAME VALUE → `value`, `new_value`; RENAME TO, SET SCHEMA, OWNER TO → `new_value`.
    """

    name: ObjectName
    action: Literal["ADD VALUE", "DROP VALUE", "RENAME VALUE", "RENAME TO", "SET SCHEMA", "OWNER TO"]
    value: str = ""
    new_value: str = ""
    if_not_exists: bool = False
    placement: Literal["", "BEFORE", "AFTER"] = ""
    neighbor: str = ""


@node
class CreateView(Statement):
    """CREATE [OR REPLACE] [TEMP] [MATERIALIZED] VIEW [IF NOT EXISTS] name [(columns)] AS query [WITH [NO] DATA]."""

    name: ObjectName
    query: Query
    columns: tuple[str, ...] = ()
    is_materialized: bool = False
    if_not_exists: bool = False
    or_replace: bool = False
    is_temporary: bool = False
    with_data: bool = True


@node
class DropView(Statement):
    """DROP [MATERIALIZED] VIEW [IF EXISTS] names [CASCADE | RESTRICT]."""

    names: tuple[ObjectName, ...]
    is_materialized: bool = False
    if_exists: bool = False
    behavior: Literal["", "CASCADE", "RESTRICT"] = ""


@node
class AlterView(Statement):
    """ALTER [MATERIALIZED] VIEW [IF EXISTS] name RENAME TO name, SET SCHEMA name, or OWNER TO role."""

    name: ObjectName
    action: Literal["RENAME TO", "SET SCHEMA", "OWNER TO"]
    value: ObjectName
    is_materialized: bool = False
    if_exists: bool = False


@node
class RefreshMaterializedView(Statement):
    """REFRESH MATERIALIZED VIEW [CONCURRENTLY] name [WITH [NO] DATA]."""

    name: ObjectName
    is_concurrent: bool = False
    with_data: bool | None = None


@node
class CreateSequence(Statement):
    """CREATE [TEMP] SEQUENCE [IF NOT EXISTS] name [options]."""

    name: ObjectName
    options: SequenceOptions = NO_SEQUENCE_OPTIONS
    if_not_exists: bool = False
    is_temporary: bool = False


@node
class AlterSequence(Statement):
    """ALTER SEQUENCE [IF EXISTS] name options, or RENAME TO / SET SCHEMA / OWNER TO (then `action` and `value`)."""

    name: ObjectName
    options: SequenceOptions = NO_SEQUENCE_OPTIONS
    action: Literal["", "RENAME TO", "SET SCHEMA", "OWNER TO"] = ""
    value: ObjectName | None = None
    if_exists: bool = False


@node
class DropSequence(Statement):
    """DROP SEQUENCE [IF EXISTS] names [CASCADE | RESTRICT]."""

    names: tuple[ObjectName, ...]
    if_exists: bool = False
    behavior: Literal["", "CASCADE", "RESTRICT"] = ""


@node
class AlterDefaultPrivileges(Statement):
    """ALTER DEFAULT PRIVILEGES [FOR roles] [IN SCHEMA names] GRANT | REVOKE … ON kind TO | FROM roles."""

    is_grant: bool
    privileges: tuple[str, ...]
    object_kind: Literal["TABLES", "SEQUENCES", "TYPES", "SCHEMAS"]
    grantees: tuple[str, ...]
    for_roles: tuple[str, ...] = ()
    for_all_roles: bool = False
    schemas: tuple[ObjectName, ...] = ()
    with_option: bool = False
