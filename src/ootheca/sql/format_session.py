"""Canonical text of transactions, settings, SHOW, privileges, roles, comments, EXPLAIN and PREPARE."""

from __future__ import annotations

from ootheca.names import format_dotted, format_identifier, format_string, format_unrestricted_identifier
from ootheca.sql import ast
from ootheca.sql.format_core import (
    MASKED,
    REDACTED,
    Style,
    format_node,
    formats,
    if_exists_words,
    if_not_exists_words,
    name_list,
)
from ootheca.sql.format_expr import expression_list

__all__: list[str] = []


# Explain and prepared statements
@formats(ast.Explain)
def explain(node: ast.Explain, style: Style) -> str:
    options = f"({', '.join(node.options)}) " if node.options else ""
    analyze = "ANALYZE " if node.is_analyze else ""
    return f"EXPLAIN {analyze}{options}{format_node(node.statement, style)}"


@formats(ast.Prepare)
def prepare(node: ast.Prepare, style: Style) -> str:
    types = f" ({', '.join(map(str, node.types))})" if node.types else ""
    return f"PREPARE {format_identifier(node.name)}{types} AS {format_node(node.statement, style)}"


@formats(ast.Execute)
def execute(node: ast.Execute, style: Style) -> str:
    arguments = f" ({_arguments(node.arguments, style)})" if node.arguments else ""
    return f"EXECUTE {format_identifier(node.name)}{arguments}"


def _arguments(arguments: tuple[ast.Expr, ...], style: Style) -> str:
    """Only the prepared statement knows which of them are secrets: redacted text shows none that may be one."""
    if not style.redact:
        return expression_list(arguments, style)
    harmless = (ast.NumberLiteral, ast.BoolLiteral, ast.NullLiteral)
    return ", ".join(
        format_node(value, style) if isinstance(value, harmless) else REDACTED for value in arguments
    )


@formats(ast.Deallocate)
def deallocate(node: ast.Deallocate, style: Style) -> str:
    del style
    return "DEALLOCATE " + ("ALL" if node.name is None else format_identifier(node.name))


@formats(ast.Discard)
def discard(node: ast.Discard, style: Style) -> str:
    del node, style
    return "DISCARD ALL"


# Transactions
@formats(ast.Begin)
def begin(node: ast.Begin, style: Style) -> str:
    modes = list(node.modes)
    if node.as_of is not None:
        modes.append(f"AS OF SYSTEM TIME {format_node(node.as_of, style)}")
    return "BEGIN TRANSACTION" + (f" {', '.join(modes)}" if modes else "")


@formats(ast.Commit)
def commit(node: ast.Commit, style: Style) -> str:
    del node, style
    return "COMMIT TRANSACTION"


@formats(ast.Rollback)
def rollback(node: ast.Rollback, style: Style) -> str:
    del node, style
    return "ROLLBACK TRANSACTION"


@formats(ast.Savepoint)
def savepoint(node: ast.Savepoint, style: Style) -> str:
    del style
    return f"SAVEPOINT {format_identifier(node.name)}"


@formats(ast.ReleaseSavepoint)
def release(node: ast.ReleaseSavepoint, style: Style) -> str:
    del style
    return f"RELEASE SAVEPOINT {format_identifier(node.name)}"


@formats(ast.RollbackToSavepoint)
def rollback_to(node: ast.RollbackToSavepoint, style: Style) -> str:
    del style
    return f"ROLLBACK TRANSACTION TO SAVEPOINT {format_identifier(node.name)}"


# Settings
def _setting(name: str) -> str:
    return format_dotted(name.split("."))


@formats(ast.SetVariable)
def set_variable(node: ast.SetVariable, style: Style) -> str:
    if node.name == "transaction":
        return f"SET TRANSACTION {_modes(node)}"
    if node.name == "session characteristics":
        return f"SET SESSION CHARACTERISTICS AS TRANSACTION {_modes(node)}"
    values = expression_list(node.values, style) if node.values else "DEFAULT"
    return f"SET {'LOCAL ' if node.is_local else ''}{_setting(node.name)} = {values}"


def _modes(node: ast.SetVariable) -> str:
    (modes,) = node.values
    assert isinstance(modes, ast.StringLiteral)
    return modes.value


@formats(ast.ResetVariable)
def reset_variable(node: ast.ResetVariable, style: Style) -> str:
    del style
    return "RESET " + ("ALL" if node.name == "ALL" else _setting(node.name))


@formats(ast.ShowVariable)
def show_variable(node: ast.ShowVariable, style: Style) -> str:
    del style
    return "SHOW " + ("ALL" if node.name == "all" else _setting(node.name))


@formats(ast.SetClusterSetting)
def set_cluster_setting(node: ast.SetClusterSetting, style: Style) -> str:
    value = format_node(node.value, style) if node.value is not None else "DEFAULT"
    return f"SET CLUSTER SETTING {_setting(node.name)} = {value}"


@formats(ast.ResetClusterSetting)
def reset_cluster_setting(node: ast.ResetClusterSetting, style: Style) -> str:
    del style
    return f"SET CLUSTER SETTING {_setting(node.name)} = DEFAULT"


@formats(ast.ShowClusterSetting)
def show_cluster_setting(node: ast.ShowClusterSetting, style: Style) -> str:
    del style
    if node.name is not None:
        return f"SHOW CLUSTER SETTING {_setting(node.name)}"
    return f"SHOW {node.which or 'PUBLIC'} CLUSTER SETTINGS"


# SHOW
def _with_comment(flag: bool) -> str:
    return " WITH COMMENT" if flag else ""


def _from(prefix: tuple[str, ...] | str | None) -> str:
    if not prefix:
        return ""
    return f" FROM {format_dotted((prefix,) if isinstance(prefix, str) else prefix)}"


@formats(ast.ShowDatabases)
def show_databases(node: ast.ShowDatabases, style: Style) -> str:
    del style
    return f"SHOW DATABASES{_with_comment(node.with_comment)}"


@formats(ast.ShowSchemas)
def show_schemas(node: ast.ShowSchemas, style: Style) -> str:
    del style
    return f"SHOW SCHEMAS{_from(node.database)}"


@formats(ast.ShowTables)
def show_tables(node: ast.ShowTables, style: Style) -> str:
    del style
    return f"SHOW TABLES{_from(node.prefix)}{_with_comment(node.with_comment)}"


@formats(ast.ShowEnums)
def show_enums(node: ast.ShowEnums, style: Style) -> str:
    del style
    return f"SHOW ENUMS{_from(node.prefix)}"


@formats(ast.ShowSequences)
def show_sequences(node: ast.ShowSequences, style: Style) -> str:
    del style
    return f"SHOW SEQUENCES{_from(node.database)}"


@formats(ast.ShowTypes)
def show_types(node: ast.ShowTypes, style: Style) -> str:
    del node, style
    return "SHOW TYPES"


@formats(ast.ShowUsers)
def show_users(node: ast.ShowUsers, style: Style) -> str:
    del node, style
    return "SHOW USERS"


@formats(ast.ShowRoles)
def show_roles(node: ast.ShowRoles, style: Style) -> str:
    del node, style
    return "SHOW ROLES"


@formats(ast.ShowLocality)
def show_locality(node: ast.ShowLocality, style: Style) -> str:
    del node, style
    return "SHOW LOCALITY"


@formats(ast.ShowSimple)
def show_simple(node: ast.ShowSimple, style: Style) -> str:
    del style
    return f"SHOW {node.what}"


@formats(ast.ShowCreate)
def show_create(node: ast.ShowCreate, style: Style) -> str:
    del style
    if node.name is None:
        return f"SHOW CREATE {node.kind}"
    kind = f"{node.kind} " if node.kind else ""
    return f"SHOW CREATE {kind}{node.name}"


@formats(ast.ShowColumns)
def show_columns(node: ast.ShowColumns, style: Style) -> str:
    del style
    return f"SHOW COLUMNS FROM {node.table}{_with_comment(node.with_comment)}"


@formats(ast.ShowIndexes)
def show_indexes(node: ast.ShowIndexes, style: Style) -> str:
    del style
    where = (
        str(node.table) if node.table is not None else f"DATABASE {format_identifier(node.database or '')}"
    )
    return f"SHOW INDEXES FROM {where}{_with_comment(node.with_comment)}"


@formats(ast.ShowConstraints)
def show_constraints(node: ast.ShowConstraints, style: Style) -> str:
    del style
    return f"SHOW CONSTRAINTS FROM {node.table}"


@formats(ast.ShowStatistics)
def show_statistics(node: ast.ShowStatistics, style: Style) -> str:
    del style
    return f"SHOW STATISTICS FOR TABLE {node.table}"


@formats(ast.ShowGrants)
def show_grants(node: ast.ShowGrants, style: Style) -> str:
    text = "SHOW GRANTS"
    if node.is_role:
        text += " ON ROLE" + (f" {name_list(node.roles)}" if node.roles else "")
    elif node.target is not None:
        text += f" ON {format_node(node.target, style)}"
    return text + (f" FOR {name_list(node.grantees)}" if node.grantees else "")


@formats(ast.ShowRegions)
def show_regions(node: ast.ShowRegions, style: Style) -> str:
    del style
    source = f" FROM {node.source}" if node.source else ""
    return f"SHOW REGIONS{source}" + (f" {format_identifier(node.database)}" if node.database else "")


# Zones
def _zone_target(kind: str, name: ast.ObjectName, index: str | None, partition: str | None) -> str:
    if kind == "RANGE":
        return f"RANGE {_word(name.object)}"
    where = str(name) if index is None or index == name.object else f"{name}@{_word(index)}"
    if partition is not None:
        return f"PARTITION {_word(partition)} OF {'TABLE' if index is None else 'INDEX'} {where}"
    return f"{kind} {where}"


def _word(name: str) -> str:
    return format_unrestricted_identifier(name)


@formats(ast.ConfigureZone)
def configure_zone(node: ast.ConfigureZone, style: Style) -> str:
    target = _zone_target(node.kind, node.name, node.index, node.partition)
    if node.is_discard:
        return f"ALTER {target} CONFIGURE ZONE DISCARD"
    settings = [
        f"{_setting(key)} = {format_node(value, style) if value is not None else 'COPY FROM PARENT'}"
        for key, value in node.settings
    ]
    return f"ALTER {target} CONFIGURE ZONE USING {', '.join(settings) or 'DEFAULT'}"


@formats(ast.ShowZoneConfiguration)
def show_zone(node: ast.ShowZoneConfiguration, style: Style) -> str:
    del style
    if node.target is None:
        return "SHOW ALL ZONE CONFIGURATIONS"
    target = _zone_target(node.target_kind, node.target, node.index, node.partition)
    return f"SHOW ZONE CONFIGURATION FROM {target}"


# Privileges and roles
@formats(ast.GrantOnTarget)
def grant_target(node: ast.GrantOnTarget, style: Style) -> str:
    del style
    return f"{node.kind} " + ", ".join(map(str, node.patterns or node.names))


def _what(node: ast.Grant | ast.Revoke, style: Style) -> str:
    if node.is_system:
        return f"SYSTEM {', '.join(node.privileges)}"
    if node.target is None:
        return name_list(node.roles)
    return f"{', '.join(node.privileges)} ON {format_node(node.target, style)}"


@formats(ast.Grant)
def grant(node: ast.Grant, style: Style) -> str:
    option = ""
    if node.with_option:
        option = " WITH ADMIN OPTION" if node.roles else " WITH GRANT OPTION"
    return f"GRANT {_what(node, style)} TO {name_list(node.grantees)}{option}"


@formats(ast.Revoke)
def revoke(node: ast.Revoke, style: Style) -> str:
    option = ""
    if node.with_option:
        option = "ADMIN OPTION FOR " if node.roles else "GRANT OPTION FOR "
    return f"REVOKE {option}{_what(node, style)} FROM {name_list(node.grantees)}"


@formats(ast.AlterDefaultPrivileges)
def alter_default_privileges(node: ast.AlterDefaultPrivileges, style: Style) -> str:
    del style
    parts = ["ALTER DEFAULT PRIVILEGES"]
    if node.for_all_roles:
        parts.append("FOR ALL ROLES")
    elif node.for_roles:
        parts.append(f"FOR ROLE {name_list(node.for_roles)}")
    if node.schemas:
        parts.append("IN SCHEMA " + ", ".join(map(str, node.schemas)))
    parts += ["GRANT" if node.is_grant else "REVOKE", ", ".join(node.privileges), "ON", node.object_kind]
    parts += ["TO" if node.is_grant else "FROM", name_list(node.grantees)]
    if node.with_option:
        parts.append("WITH GRANT OPTION")
    return " ".join(parts)


def _role_name(name: ast.StringOrPlaceholder) -> str:
    return format_identifier(name) if isinstance(name, str) else str(name)


def _role_options(options: tuple[ast.KeyValue, ...], style: Style) -> str:
    texts = []
    for option in options:
        text = option.key.upper()
        if option.value == ():
            text += " NULL"
        elif isinstance(option.value, (str, ast.Placeholder)):
            is_secret = option.key == "password" and not style.reveal
            text += f" {MASKED if is_secret else style.string(option.value)}"
        texts.append(text)
    return f" WITH {' '.join(texts)}" if texts else ""


@formats(ast.CreateRole)
def create_role(node: ast.CreateRole, style: Style) -> str:
    kind = "USER" if node.is_user else "ROLE"
    condition = if_not_exists_words(node.if_not_exists)
    return f"CREATE {kind} {condition}{_role_name(node.name)}{_role_options(node.options, style)}"


@formats(ast.AlterRole)
def alter_role(node: ast.AlterRole, style: Style) -> str:
    kind = "USER" if node.is_user else "ROLE"
    condition = if_exists_words(node.if_exists)
    return f"ALTER {kind} {condition}{_role_name(node.name)}{_role_options(node.options, style)}"


@formats(ast.DropRole)
def drop_role(node: ast.DropRole, style: Style) -> str:
    del style
    kind = "USER" if node.is_user else "ROLE"
    return f"DROP {kind} {if_exists_words(node.if_exists)}{', '.join(map(_role_name, node.names))}"


# Comments and statistics
@formats(ast.CommentOn)
def comment_on(node: ast.CommentOn, style: Style) -> str:
    del style
    comment = "NULL" if node.comment is None else format_string(node.comment)
    match node.kind:
        case "COLUMN":
            what = format_dotted((*(node.name.parts if node.name else ()), node.detail or ""))
        case "INDEX":
            what = (
                f"{node.name}@{_word(node.detail or '')}"
                if node.name
                else format_identifier(node.detail or "")
            )
        case "CONSTRAINT":
            what = f"{format_identifier(node.detail or '')} ON {node.name}"
        case _:
            what = str(node.name)
    return f"COMMENT ON {node.kind} {what} IS {comment}"


@formats(ast.CreateStatistics)
def create_statistics(node: ast.CreateStatistics, style: Style) -> str:
    if node.is_analyze:
        return f"ANALYZE {node.table}"
    columns = f" ON {name_list(node.columns)}" if node.columns else ""
    as_of = f" AS OF SYSTEM TIME {format_node(node.as_of, style)}" if node.as_of is not None else ""
    return f"CREATE STATISTICS {format_identifier(node.name or '')}{columns} FROM {node.table}{as_of}"
