"""The tree itself: equality, walking, changing, and what may not leak out of it."""

from __future__ import annotations

import copy
import pickle
from dataclasses import FrozenInstanceError, fields, is_dataclass

import pytest

from ootheca.sql import ast
from ootheca.sql.format_core import FORMATTERS, format_node
from ootheca.sql.parser import parse, parse_expression, parse_one


def test_equality_ignores_places_and_sources() -> None:
    first, second = parse("BACKUP TO 'x'; backup   to ('x')")
    assert first == second
    assert hash(first) == hash(second)
    assert first.span != second.span
    assert second.source == "backup   to ('x')"
    assert first != parse_one("BACKUP TO 'y'")
    assert first != "BACKUP TO 'x'"


def test_nodes_are_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        parse_one("BACKUP TO 'x'").source = ""  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        del parse_one("BACKUP TO 'x'").source


def test_nodes_are_made_as_dataclasses_are() -> None:
    for _ in range(2):  # the first one of its class is made differently
        pattern = ast.TablePattern(("a",), is_wildcard=True)
        assert (pattern.parts, pattern.is_wildcard) == (("a",), True)
        assert ast.Begin(source="BEGIN") == ast.Begin()
        with pytest.raises(TypeError, match="no_field"):
            ast.TablePattern(("a",), no_field=1)  # type: ignore[call-arg]
        with pytest.raises(TypeError, match="parts"):
            ast.TablePattern()  # type: ignore[call-arg]
        with pytest.raises(TypeError):
            ast.TablePattern((), True, "source")  # type: ignore[call-arg]


def test_nodes_are_copied_and_pickled() -> None:
    statement = parse_one("BACKUP TABLE a.b INTO 'x' WITH kms = 'y', detached")
    for other in (copy.deepcopy(statement), pickle.loads(pickle.dumps(statement))):
        assert (other, other.source, other.span) == (statement, statement.source, statement.span)


def test_walk_visits_parents_first_and_in_order() -> None:
    names = [
        node.parts[0]
        for node in ast.walk(parse_expression("a + f(b, c) > 2 AND d"))
        if isinstance(node, ast.ColumnRef)
    ]
    assert names == ["a", "b", "c", "d"]


def test_transform_changes_and_shares() -> None:
    def rename(node: ast.Node) -> ast.Node:
        return ast.ColumnRef(("z",)) if node == ast.ColumnRef(("a",)) else node

    before = parse_expression("a > 1 AND b = 2")
    after = ast.transform(before, rename)
    assert str(after) == "(z > 1) AND (b = 2)"
    assert isinstance(before, ast.And)
    assert isinstance(after, ast.And)
    assert after.right is before.right
    assert ast.transform(before, lambda node: node) is before


def test_every_node_class_has_a_formatter() -> None:
    plain = {"Node", "Expr", "Statement", "BackupOptions", "RestoreOptions", "KeyValue", "BracketedStatement"}
    parts = {"SequenceOptions", "ComputedColumn", "Identity"}
    for text in (
        "SHOW JOBS",
        "CREATE TABLE t (a INT)",
        "SHOW TABLES",
        "SELECT 1",
        "SET a = 1",
        "DROP TABLE t",
    ):
        str(parse_one(text))
    missing = {
        name
        for name in ast.__all__
        if isinstance(value := getattr(ast, name), type)
        and issubclass(value, ast.Node)
        and value not in FORMATTERS
        and name not in plain | parts
    }
    assert not missing


def test_statements_hold_only_plain_values() -> None:
    for node in ast.walk(parse_one("CREATE TABLE t (a INT PRIMARY KEY, INDEX (a) STORING (b) WHERE a > 1)")):
        assert is_dataclass(node)
        for item in fields(node):
            assert isinstance(getattr(node, item.name), str | int | bool | tuple | ast.Node | None)


def test_latest_is_recognised_in_any_spelling() -> None:
    for word in ("LATEST", "latest", "'LATEST'", "'latest'"):
        restore = parse_one(f"RESTORE FROM {word} IN 'c'")
        show = parse_one(f"SHOW BACKUP {word} IN 'c'")
        assert isinstance(restore, ast.Restore)
        assert isinstance(show, ast.ShowBackup)
        assert restore.is_latest
        assert show.is_latest
    named = parse_one("BACKUP INTO 'LATEST' IN 'c'")
    assert isinstance(named, ast.Backup)
    assert not named.is_latest
    assert named.subdirectory == "LATEST"


def test_unknown_name_in_the_tree_module() -> None:
    with pytest.raises(AttributeError):
        _ = ast.NoSuchNode  # type: ignore[attr-defined]


def test_format_node_prints_clauses() -> None:
    from ootheca.profile import profile
    from ootheca.sql.format_core import Style

    assert format_node(ast.DatabaseTargets(("a", "Select")), Style(profile("21.2"))) == 'DATABASE a, "Select"'
