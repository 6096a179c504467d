"""Every statement that made the golden backups parses, into the node that its first words promise."""

from __future__ import annotations

from pathlib import Path

import pytest

from ootheca.sql import ast
from ootheca.sql.format import format_statement
from ootheca.sql.parser import parse

GOLDEN = Path(__file__).parents[3] / "fixtures" / "golden"
SCRIPTS = sorted(path for path in GOLDEN.glob("*/*/make.sql") if "${" not in path.read_text(encoding="utf-8"))
NODES: dict[str, type[ast.Statement]] = {
    "CREATE DATABASE": ast.CreateDatabase,
    "CREATE TABLE": ast.CreateTable,
    "CREATE TYPE": ast.CreateType,
    "CREATE SEQUENCE": ast.CreateSequence,
    "CREATE VIEW": ast.CreateView,
    "CREATE MATERIALIZED": ast.CreateView,
    "CREATE INDEX": ast.CreateIndex,
    "CREATE SCHEMA": ast.CreateSchema,
    "CREATE USER": ast.CreateRole,
    "CREATE ROLE": ast.CreateRole,
    "CREATE STATISTICS": ast.CreateStatistics,
    "CREATE SCHEDULE": ast.CreateScheduleForBackup,
    "ALTER TABLE": ast.AlterTable,
    "ALTER TYPE": ast.AlterType,
    "COMMENT ON": ast.CommentOn,
    "DROP TABLE": ast.DropTable,
    "BACKUP DATABASE": ast.Backup,
    "RESTORE DATABASE": ast.Restore,
    "SHOW BACKUP": ast.ShowBackup,
    "SET DATABASE": ast.SetVariable,
    "SET CLUSTER": ast.SetClusterSetting,
}
PASSED_ON = {"INSERT", "UPDATE", "DELETE", "UPSERT", "SELECT", "WITH"}


def test_there_are_scripts() -> None:
    assert {path.parent.name for path in SCRIPTS} >= {"a_full", "b_passphrase"}


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: "/".join(path.parts[-3:-1]))
def test_script_parses_into_the_right_nodes(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    statements = parse(text)
    assert len(statements) > 5
    for statement in statements:
        assert statement.span is not None
        assert text[slice(*statement.span)] == statement.source
        words = statement.source.split()
        if words[0] in PASSED_ON:
            assert type(statement) is ast.Query
            assert statement.verb == words[0]
        else:
            zone = ast.ConfigureZone if " CONFIGURE ZONE " in statement.source else None
            expected = zone or NODES.get(" ".join(words[:2]))
            assert type(statement) is expected if expected else not isinstance(statement, ast.Query)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: "/".join(path.parts[-3:-1]))
def test_printed_script_prints_the_same_again(path: Path) -> None:
    for statement in parse(path.read_text(encoding="utf-8")):
        printed = format_statement(statement, reveal=True)
        (again,) = parse(printed)
        assert format_statement(again, reveal=True) == printed
        assert type(again) is type(statement)
