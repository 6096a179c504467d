"""Actions for transactions, settings, SHOW, privileges, roles, comments, EXPLAIN and PREPARE."""

from __future__ import annotations

from typing import Any

from ootheca.sql import ast
from ootheca.sql.build_core import Children, action, actions, as_tuple, constants

__all__: list[str] = []


# Explain and prepared statements
def _explain(is_analyze: bool, has_options: bool, c: Children) -> ast.Explain:
    rest = c[1:] if is_analyze else c
    options = tuple(word.upper() for word in rest[0]) if has_options else ()
    return ast.Explain(rest[-1], options, is_analyze)


actions(
    _explain,
    explain=(False, False),
    explain_with=(False, True),
    explain_analyze=(True, False),
    explain_analyze_with=(True, True),
)
constants(__name__, analyze=True)


@action
def prepare(c: Children) -> ast.Prepare:
    return ast.Prepare(c[0], c[1])


@action
def prepare_typed(c: Children) -> ast.Prepare:
    return ast.Prepare(c[0], c[2], tuple(c[1]))


@action
def execute(c: Children) -> ast.Execute:
    return ast.Execute(c[0], as_tuple(c[1] if len(c) > 1 else None))


@action
def deallocate(c: Children) -> ast.Deallocate:
    return ast.Deallocate(c[0] if c else None)


@action
def discard(c: Children) -> ast.Discard:
    del c
    return ast.Discard()


# Transactions
@action
def begin(c: Children) -> ast.Begin:
    modes = c[-1] or []
    words = tuple(mode for mode in modes if isinstance(mode, str))
    times = [mode for mode in modes if not isinstance(mode, str)]
    return ast.Begin(words, times[0] if times else None)


@action
def commit(c: Children) -> ast.Commit:
    del c
    return ast.Commit()


@action
def rollback(c: Children) -> ast.Rollback:
    del c
    return ast.Rollback()


@action
def rollback_to(c: Children) -> ast.RollbackToSavepoint:
    return ast.RollbackToSavepoint(c[-1])


@action
def savepoint(c: Children) -> ast.Savepoint:
    return ast.Savepoint(c[0])


@action
def release(c: Children) -> ast.ReleaseSavepoint:
    return ast.ReleaseSavepoint(c[0])


constants(
    __name__,
    priority_low="PRIORITY LOW",
    priority_normal="PRIORITY NORMAL",
    priority_high="PRIORITY HIGH",
    read_only="READ ONLY",
    read_write="READ WRITE",
    deferrable="DEFERRABLE",
    not_deferrable="NOT DEFERRABLE",
)


@action
def isolation_level(c: Children) -> str:
    return " ".join(str(token.value).upper() for token in c)


@action
def isolation(c: Children) -> str:
    return f"ISOLATION LEVEL {c[0]}"


# Settings
def _values(values: list[ast.Expr]) -> tuple[ast.Expr, ...]:
    return () if values == [ast.DefaultValue()] else tuple(values)


def _set_variable(is_local: bool, c: Children) -> ast.SetVariable:
    return ast.SetVariable(c[0], _values(c[-1]), is_local)


actions(_set_variable, set_variable=(False,), set_local=(True,))


@action
def set_time_zone(c: Children) -> ast.SetVariable:
    return ast.SetVariable("timezone", _values([c[0]]))


@action
def set_schema_path(c: Children) -> ast.SetVariable:
    value = c[0] if isinstance(c[0], ast.Placeholder) else ast.StringLiteral(c[0])
    return ast.SetVariable("search_path", (value,))


@action
def use(c: Children) -> ast.SetVariable:
    return ast.SetVariable("database", _values([c[0]]))


def _set_modes(name: str, c: Children) -> ast.SetVariable:
    text = ", ".join(mode if isinstance(mode, str) else f"AS OF SYSTEM TIME {mode}" for mode in c[0])
    return ast.SetVariable(name, (ast.StringLiteral(text),))


actions(_set_modes, set_transaction=("transaction",), set_characteristics=("session characteristics",))


@action
def reset_variable(c: Children) -> ast.ResetVariable:
    return ast.ResetVariable("ALL" if c[0] == "all" else c[0])


@action
def show_variable(c: Children) -> ast.ShowVariable:
    return ast.ShowVariable(c[0])


@action
def set_cluster_setting(c: Children) -> ast.SetClusterSetting:
    value = None if c[-1] == ast.DefaultValue() else c[-1]
    return ast.SetClusterSetting(c[0], value)


@action
def reset_cluster_setting(c: Children) -> ast.ResetClusterSetting:
    return ast.ResetClusterSetting(c[0])


@action
def show_cluster_setting(c: Children) -> ast.ShowClusterSetting:
    return ast.ShowClusterSetting(c[0])


constants(
    __name__,
    show_cluster_settings=ast.ShowClusterSetting(),
    show_cluster_settings_all=ast.ShowClusterSetting(which="ALL"),
    show_cluster_settings_public=ast.ShowClusterSetting(which="PUBLIC"),
)


# SHOW
def _show(node: Any, c: Children) -> Any:
    return node(*c)


def _show_flag(node: Any, c: Children) -> Any:
    return node(bool(c[0]))


actions(_show_flag, show_databases=(ast.ShowDatabases,))
actions(
    _show,
    show_schemas=(ast.ShowSchemas,),
    show_sequences=(ast.ShowSequences,),
    show_statistics=(ast.ShowStatistics,),
)
constants(
    __name__,
    show_types=ast.ShowTypes(),
    show_users=ast.ShowUsers(),
    show_roles=ast.ShowRoles(),
    show_locality=ast.ShowLocality(),
    show_regions=ast.ShowRegions(),
    show_regions_cluster=ast.ShowRegions("CLUSTER"),
    show_regions_databases=ast.ShowRegions("ALL DATABASES"),
    show_savepoint_status=ast.ShowSimple("SAVEPOINT STATUS"),
    show_transaction_status=ast.ShowSimple("TRANSACTION STATUS"),
    show_transaction_isolation=ast.ShowVariable("transaction_isolation"),
    show_zones=ast.ShowZoneConfiguration(),
)


@action
def show_tables(c: Children) -> ast.ShowTables:
    return ast.ShowTables((), bool(c[0]))


@action
def show_tables_from(c: Children) -> ast.ShowTables:
    return ast.ShowTables(c[0], bool(c[1]))


@action
def show_enums(c: Children) -> ast.ShowEnums:
    return ast.ShowEnums(c[0] or ())


@action
def show_columns(c: Children) -> ast.ShowColumns:
    return ast.ShowColumns(c[0], bool(c[1]))


@action
def show_indexes(c: Children) -> ast.ShowIndexes:
    return ast.ShowIndexes(c[0], with_comment=bool(c[1]))


@action
def show_indexes_of_database(c: Children) -> ast.ShowIndexes:
    return ast.ShowIndexes(None, c[0], bool(c[1]))


@action
def show_constraints(c: Children) -> ast.ShowConstraints:
    return ast.ShowConstraints(c[0])


@action
def show_regions_database(c: Children) -> ast.ShowRegions:
    return ast.ShowRegions("DATABASE", c[0])


def _show_create(kind: str, c: Children) -> ast.ShowCreate:
    return ast.ShowCreate(kind, c[0] if c else None)


actions(
    _show_create,
    show_create=("",),
    show_create_schema=("SCHEMA",),
    show_create_database=("DATABASE",),
    show_create_all_tables=("ALL TABLES",),
    show_create_all_schemas=("ALL SCHEMAS",),
    show_create_all_types=("ALL TYPES",),
)


@action
def show_grants(c: Children) -> ast.ShowGrants:
    return ast.ShowGrants(c[0], as_tuple(c[1]))


@action
def show_role_grants(c: Children) -> ast.ShowGrants:
    return ast.ShowGrants(None, as_tuple(c[1]), is_role=True, roles=as_tuple(c[0]))


# Zones
def _zone(kind: str, c: Children) -> ast.ConfigureZone:
    name = c[-1] if isinstance(c[-1], ast.ObjectName) else ast.ObjectName((c[-1],))
    return ast.ConfigureZone(kind, name, partition=c[0] if kind == "PARTITION" else None)  # type: ignore[arg-type]


actions(
    _zone,
    zone_database=("DATABASE",),
    zone_table=("TABLE",),
    zone_range=("RANGE",),
    zone_partition_table=("PARTITION",),
)


@action
def zone_table_partition(c: Children) -> ast.ConfigureZone:
    return ast.ConfigureZone("PARTITION", c[0], partition=c[1])


@action
def zone_index(c: Children) -> ast.ConfigureZone:
    table, index = _table_and_index(c[0])
    return ast.ConfigureZone("INDEX", table, index=index)


@action
def zone_partition_index(c: Children) -> ast.ConfigureZone:
    table, index = _table_and_index(c[1])
    return ast.ConfigureZone("PARTITION", table, index=index, partition=c[0])


def _table_and_index(name: ast.IndexName) -> tuple[ast.ObjectName, str]:
    return name.table or ast.ObjectName((*name.prefix, name.index)), name.index


@action
def zone_value_set(c: Children) -> tuple[str, ast.Expr]:
    return c[0], c[1]


@action
def zone_value_copy(c: Children) -> tuple[str, None]:
    return c[0], None


@action
def zone_using(c: Children) -> tuple[bool, tuple[Any, ...]]:
    return False, tuple(c[0])


constants(__name__, zone_default=(False, ()), zone_discard=(True, ()), zone_default_name="default")


@action
def configure_zone(c: Children) -> ast.ConfigureZone:
    target, (is_discard, settings) = c
    return ast.ConfigureZone(
        target.kind, target.name, settings, target.index, target.partition, is_discard=is_discard
    )


@action
def show_zone(c: Children) -> ast.ShowZoneConfiguration:
    target = c[-1]
    return ast.ShowZoneConfiguration(target.kind, target.name, target.index, target.partition)


# Privileges
@action
def all_privileges(c: Children) -> str:
    del c
    return "all"


def _on_tables(kind: str, c: Children) -> ast.GrantOnTarget:
    return ast.GrantOnTarget(kind, patterns=tuple(c[0]))


def _on_names(kind: str, c: Children) -> ast.GrantOnTarget:
    names = tuple(name if isinstance(name, ast.ObjectName) else ast.ObjectName((name,)) for name in c[0])
    return ast.GrantOnTarget(kind, names=names)


actions(_on_tables, on_tables=("TABLE",), on_sequences=("SEQUENCE",))
actions(
    _on_names,
    on_databases=("DATABASE",),
    on_schemas=("SCHEMA",),
    on_types=("TYPE",),
    on_connections=("EXTERNAL CONNECTION",),
    on_all_tables=("ALL TABLES IN SCHEMA",),
    on_all_sequences=("ALL SEQUENCES IN SCHEMA",),
)


def _privileges(words: list[str]) -> tuple[str, ...]:
    return tuple(word.upper() for word in words)


@action
def grant_on(c: Children) -> ast.Grant:
    return ast.Grant(_privileges(c[0]), c[1], tuple(c[2]), with_option=bool(c[3]))


@action
def grant_roles(c: Children) -> ast.Grant:
    return ast.Grant((), None, tuple(c[1]), roles=tuple(c[0]), with_option=bool(c[2]))


@action
def grant_system(c: Children) -> ast.Grant:
    return ast.Grant(_privileges(c[0]), None, tuple(c[1]), is_system=True, with_option=bool(c[2]))


def _revoke_on(with_option: bool, c: Children) -> ast.Revoke:
    return ast.Revoke(_privileges(c[0]), c[1], tuple(c[2]), with_option=with_option)


actions(_revoke_on, revoke_on=(False,), revoke_option_on=(True,))


def _revoke_roles(with_option: bool, c: Children) -> ast.Revoke:
    return ast.Revoke((), None, tuple(c[1]), roles=tuple(c[0]), with_option=with_option)


actions(_revoke_roles, revoke_roles=(False,), revoke_admin=(True,))


@action
def revoke_system(c: Children) -> ast.Revoke:
    return ast.Revoke(_privileges(c[0]), None, tuple(c[1]), is_system=True)


@action
def default_grant(c: Children) -> ast.AlterDefaultPrivileges:
    return _default_privileges(True, c[:5], bool(c[5]))


@action
def default_revoke(c: Children) -> ast.AlterDefaultPrivileges:
    return _default_privileges(False, c, False)


constants(__name__, all_roles="*")


def _default_privileges(is_grant: bool, c: Children, with_option: bool) -> ast.AlterDefaultPrivileges:
    roles, schemas, words, kind, grantees = c
    return ast.AlterDefaultPrivileges(
        is_grant,
        _privileges(words),
        kind.upper(),
        tuple(grantees),
        () if roles == "*" else as_tuple(roles),
        roles == "*",
        as_tuple(schemas),
        with_option,
    )


# Roles
def _create_role(is_user: bool, c: Children) -> ast.CreateRole:
    return ast.CreateRole(c[1], is_user, bool(c[0]), as_tuple(c[2]))


def _alter_role(is_user: bool, c: Children) -> ast.AlterRole:
    return ast.AlterRole(c[1], is_user, bool(c[0]), as_tuple(c[2]))


def _drop_role(is_user: bool, c: Children) -> ast.DropRole:
    return ast.DropRole(tuple(c[1]), is_user, bool(c[0]))


actions(_create_role, create_user=(True,), create_role=(False,))
actions(_alter_role, alter_user=(True,), alter_role=(False,))
actions(_drop_role, drop_user=(True,), drop_role=(False,))


@action
def role_flag(c: Children) -> ast.KeyValue:
    return ast.KeyValue(c[0] if isinstance(c[0], str) else c[0].key)


def _role_option(key: str, c: Children) -> ast.KeyValue:
    return ast.KeyValue(key, c[0] if c else ())


actions(_role_option, role_password=("password",), role_valid_until=("valid until",))


# Comments and statistics
def _comment(kind: Any, c: Children) -> ast.CommentOn:
    name = c[0] if isinstance(c[0], ast.ObjectName) else ast.ObjectName((c[0],))
    return ast.CommentOn(kind, name, c[1])


actions(
    _comment,
    comment_database=("DATABASE",),
    comment_schema=("SCHEMA",),
    comment_table=("TABLE",),
    comment_type=("TYPE",),
)


@action
def column_path(c: Children) -> tuple[str, ...]:
    return tuple(c)


@action
def comment_column(c: Children) -> ast.CommentOn:
    *table, column = c[0]
    return ast.CommentOn("COLUMN", ast.ObjectName(tuple(table)) if table else None, c[1], column)


@action
def comment_index(c: Children) -> ast.CommentOn:
    name = c[0]
    table = name.table or (ast.ObjectName(name.prefix) if name.prefix else None)
    return ast.CommentOn("INDEX", table, c[1], name.index)


@action
def comment_constraint(c: Children) -> ast.CommentOn:
    return ast.CommentOn("CONSTRAINT", c[1], c[2], c[0])


@action
def create_statistics(c: Children) -> ast.CreateStatistics:
    name, columns, table, as_of = c
    return ast.CreateStatistics(name, table, as_tuple(columns), as_of)


@action
def analyze_stmt(c: Children) -> ast.CreateStatistics:
    return ast.CreateStatistics(None, c[1], is_analyze=True)
