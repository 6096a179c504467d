"""Actions for databases, schemas, types, views, sequences, and the dropping of all of them."""

from __future__ import annotations

from typing import Any

from ootheca.sql import ast
from ootheca.sql.build_core import Children, action, actions, as_tuple, constants

__all__: list[str] = []


# Databases and schemas
def _database_option(key: str, c: Children) -> tuple[str, Any]:
    return key, c[-1]


actions(
    _database_option,
    encoding=("ENCODING",),
    lc_collate=("LC_COLLATE",),
    lc_ctype=("LC_CTYPE",),
    connection_limit=("CONNECTION LIMIT",),
    primary_region=("PRIMARY REGION",),
    regions=("REGIONS",),
    survive=("SURVIVE",),
)


@action
def goal(c: Children) -> str:
    return " ".join(token.value.upper() for token in c)


@action
def create_database(c: Children) -> ast.CreateDatabase:
    if_not_exists, name, *pairs = c
    found = dict(pairs)
    plain = tuple(
        (key, str(found[key]))
        for key in ("ENCODING", "LC_COLLATE", "LC_CTYPE", "CONNECTION LIMIT")
        if key in found
    )
    return ast.CreateDatabase(
        name,
        bool(if_not_exists),
        plain,
        found.get("PRIMARY REGION"),
        as_tuple(found.get("REGIONS")),
        found.get("SURVIVE"),
    )


def _alter_database(what: str, c: Children) -> ast.AlterDatabase:
    return ast.AlterDatabase(c[0], what, c[-1])


actions(
    _alter_database,
    database_rename=("RENAME TO",),
    database_owner=("OWNER TO",),
    database_primary_region=("SET PRIMARY REGION",),
    database_survive=("SURVIVE",),
    database_to_schema=("CONVERT TO SCHEMA",),
)


def _database_region(what: str, c: Children) -> ast.AlterDatabase:
    return ast.AlterDatabase(c[0], what, c[2], if_exists=bool(c[1]))


actions(_database_region, database_add_region=("ADD REGION",), database_drop_region=("DROP REGION",))


@action
def database_set(c: Children) -> ast.AlterDatabase:
    return ast.AlterDatabase(c[0], "SET", setting=c[1], setting_values=tuple(c[-1]))


@action
def database_reset(c: Children) -> ast.AlterDatabase:
    return ast.AlterDatabase(c[0], "RESET", setting=c[1])


@action
def create_schema(c: Children) -> ast.CreateSchema:
    return ast.CreateSchema(c[1], bool(c[0]))


@action
def create_schema_for(c: Children) -> ast.CreateSchema:
    return ast.CreateSchema(c[1], bool(c[0]), c[2])


def _alter_schema(what: Any, c: Children) -> ast.AlterSchema:
    return ast.AlterSchema(c[0], what, c[1])


actions(_alter_schema, schema_rename=("RENAME TO",), schema_owner=("OWNER TO",))


# Types
@action
def create_type(c: Children) -> ast.CreateType:
    return ast.CreateType(c[1], tuple(token.value for token in c[2] or ()), bool(c[0]))


def _placement(word: str, c: Children) -> tuple[str, str]:
    return word, c[0].value


actions(_placement, before=("BEFORE",), after=("AFTER",))


@action
def type_add_value(c: Children) -> ast.AlterType:
    name, if_not_exists, value, place = c
    where: Any
    where, neighbor = place or ("", "")
    return ast.AlterType(
        name,
        "ADD VALUE",
        value.value,
        if_not_exists=bool(if_not_exists),
        placement=where,
        neighbor=neighbor,
    )


@action
def type_drop_value(c: Children) -> ast.AlterType:
    return ast.AlterType(c[0], "DROP VALUE", c[1].value)


@action
def type_rename_value(c: Children) -> ast.AlterType:
    return ast.AlterType(c[0], "RENAME VALUE", c[1].value, c[2].value)


def _alter_type(what: Any, c: Children) -> ast.AlterType:
    return ast.AlterType(c[0], what, new_value=c[1])


actions(_alter_type, type_rename=("RENAME TO",), type_set_schema=("SET SCHEMA",), type_owner=("OWNER TO",))


# Dropping and emptying
@action
def drop_database(c: Children) -> ast.DropDatabase:
    return ast.DropDatabase(c[1], bool(c[0]), c[2] or "")


def _drop(node: Any, c: Children) -> Any:
    return node(tuple(c[1]), if_exists=bool(c[0]), behavior=c[2] or "")


actions(
    _drop,
    drop_schema=(ast.DropSchema,),
    drop_table=(ast.DropTable,),
    drop_view=(ast.DropView,),
    drop_sequence=(ast.DropSequence,),
    drop_type=(ast.DropType,),
)


@action
def drop_materialized_view(c: Children) -> ast.DropView:
    return ast.DropView(tuple(c[1]), True, bool(c[0]), c[2] or "")


@action
def drop_index(c: Children) -> ast.DropIndex:
    return ast.DropIndex(tuple(c[2]), bool(c[1]), c[3] or "", bool(c[0]))


@action
def truncate(c: Children) -> ast.Truncate:
    return ast.Truncate(tuple(c[0]), c[1] or "")


# Views
constants(__name__, temporary="TEMPORARY", unlogged="UNLOGGED")


@action
def or_replace(c: Children) -> tuple[bool, str]:
    return True, c[0] or ""


@action
def create_view(c: Children) -> ast.CreateView:
    kind, if_not_exists, name, columns, query = c
    replace, persistence = kind if isinstance(kind, tuple) else (False, kind)
    return ast.CreateView(
        name,
        query,
        as_tuple(columns),
        if_not_exists=bool(if_not_exists),
        or_replace=replace,
        is_temporary=persistence == "TEMPORARY",
    )


@action
def create_materialized_view(c: Children) -> ast.CreateView:
    persistence, if_not_exists, name, columns, query, data = c
    return ast.CreateView(
        name,
        query,
        as_tuple(columns),
        is_materialized=True,
        if_not_exists=bool(if_not_exists),
        is_temporary=persistence == "TEMPORARY",
        with_data=data is not False,
    )


def _alter_view(what: Any, c: Children) -> ast.AlterView:
    materialized, if_exists, name, value = c
    new = value if isinstance(value, ast.ObjectName) else ast.ObjectName((value,))
    return ast.AlterView(name, what, new, bool(materialized), bool(if_exists))


actions(_alter_view, view_rename=("RENAME TO",), view_set_schema=("SET SCHEMA",), view_owner=("OWNER TO",))


@action
def refresh_stmt(c: Children) -> ast.RefreshMaterializedView:
    return ast.RefreshMaterializedView(c[1], bool(c[0]), c[2])


# Sequences
def _sequence_option(key: str, value: Any, c: Children) -> tuple[str, Any]:
    return key, c[0] if c else value


actions(
    _sequence_option,
    seq_as=("as_type", None),
    seq_cache=("cache", None),
    seq_increment=("increment", None),
    seq_minvalue=("minvalue", None),
    seq_no_minvalue=("no_minvalue", True),
    seq_maxvalue=("maxvalue", None),
    seq_no_maxvalue=("no_maxvalue", True),
    seq_start=("start", None),
    seq_cycle=("cycle", True),
    seq_no_cycle=("cycle", False),
    seq_owned_by_none=("owned_by_none", True),
    seq_virtual=("virtual", True),
)


@action
def seq_owned_by(c: Children) -> tuple[str, Any]:
    return "owned_by", ast.ObjectName(c[0])


@action
def seq_restart(c: Children) -> tuple[str, Any]:
    return "restart", c[0]


def sequence_options(pairs: Any) -> ast.SequenceOptions:
    """Return the options of a sequence; of a repeated one the last counts."""
    fields: dict[str, Any] = {}
    order: list[str] = []
    for key, value in pairs:
        if key == "restart":
            fields["has_restart"] = True
        fields[key] = value
        if key in order:
            order.remove(key)
        order.append(key)
    return ast.SequenceOptions(**fields, order=tuple(order))


@action
def create_sequence(c: Children) -> ast.CreateSequence:
    persistence, if_not_exists, name, *pairs = c
    return ast.CreateSequence(
        name, sequence_options(pairs), bool(if_not_exists), is_temporary=persistence == "TEMPORARY"
    )


@action
def alter_sequence(c: Children) -> ast.AlterSequence:
    if_exists, name, *pairs = c
    return ast.AlterSequence(name, sequence_options(pairs), if_exists=bool(if_exists))


def _alter_sequence(what: Any, c: Children) -> ast.AlterSequence:
    if_exists, name, value = c
    new = value if isinstance(value, ast.ObjectName) else ast.ObjectName((value,))
    return ast.AlterSequence(name, action=what, value=new, if_exists=bool(if_exists))


actions(
    _alter_sequence,
    sequence_rename=("RENAME TO",),
    sequence_set_schema=("SET SCHEMA",),
    sequence_owner=("OWNER TO",),
)
