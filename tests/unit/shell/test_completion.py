"""What Tab offers: words by position, names that fit, options with their meaning, places in strings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from prompt_toolkit.completion import CompleteEvent, Completion
from prompt_toolkit.document import Document

from ootheca.exec.session import Session
from ootheca.shell.completion.completer import SQLCompleter
from ootheca.shell.option_help import meanings_of
from ootheca.sql.options import BACKUP_OPTIONS, RESTORE_OPTIONS

_SETUP = """
CREATE DATABASE shop;
CREATE TABLE shop.orders (id INT PRIMARY KEY, total DECIMAL);
CREATE TABLE here (a INT PRIMARY KEY, "b c" STRING);
CREATE EXTERNAL CONNECTION vault AS 's3://b/p?AWS_ACCESS_KEY_ID=a&AWS_SECRET_ACCESS_KEY=hunter2hunter2';
CREATE EXTERNAL CONNECTION hsm AS 'aws-kms:///hunter2hunter2?AUTH=implicit&REGION=r';
BACKUP INTO 'nodelocal://1/col';
BACKUP INTO 's3://bucket/folder?AUTH=implicit';
"""


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with Session(None, sandbox=True) as opened:
        for _ in opened.execute(_SETUP):
            pass
        yield opened


def complete(session: Session, before: str, after: str = "", *, recent: str = "") -> list[Completion]:
    completer = SQLCompleter(session, lambda: [recent])
    document = Document(before + after, len(before))
    return list(completer.get_completions(document, CompleteEvent(completion_requested=True)))


def texts(session: Session, before: str, after: str = "", *, recent: str = "") -> list[str]:
    return [one.text for one in complete(session, before, after, recent=recent)]


def test_hidden_columns_are_not_offered(session: Session) -> None:
    for _ in session.execute("CREATE TABLE keyless (x INT)"):
        pass
    assert "rowid" not in texts(session, "SELECT ", " FROM keyless")


@pytest.mark.parametrize(
    ("before", "offered"),
    [
        ("SHO", ["SHOW"]), ("sho", ["show"]), ("-- note\nSHO", ["SHOW"]), ("SELECT 1; BAC", ["BACKUP"]),
        ("BACKUP INTO 'x' ", ["AS OF SYSTEM TIME", "IN", "WITH"]),
        ("backup into 'x' a", ["as of system time"]),
        ("backup into 'x' ", ["as of system time", "in", "with"]),
        ("BACKUP DATABASE shop ", ["INTO", "TO"]),
        ("SHOW BACKUP ", ["CONNECTION", "FILES", "FROM", "LATEST", "RANGES", "SCHEMAS", "VALIDATE"]),
        ("RESTORE FROM LATEST ", ["AS OF SYSTEM TIME", "IN", "WITH"]),
        ("SELECT * FROM [SHOW BACKUPS ", ["IN"]),
        ("SELECT * FROM [RESTOR", ["RESTORE"]),
        ("SELECT a FROM here WHERE a = 1 ORD", ["ORDER"]),
        ("BACKUP BACKUP BACKUP ", []), ("CREATE DATABASE ", ["IF NOT EXISTS"]), ("\\ec", ["\\echo"]),
    ],
)  # fmt: skip
def test_words_by_position(session: Session, before: str, offered: list[str]) -> None:
    assert texts(session, before) == offered


@pytest.mark.parametrize(
    ("before", "first"),
    [
        ("USE ", ["defaultdb", "postgres", "shop", "system"]),
        ("DROP DATABASE sh", ["shop"]),
        ("BACKUP DATABASE shop, d", ["defaultdb"]),
        ("SHOW TABLES FROM s", ["shop", "system"]),
        ("SHOW COLUMNS FROM he", ["here"]),
        ("BACKUP TABLE shop.", ["shop.orders"]),
        ("SELECT * FROM he", ["here"]),
        ("SELECT * FROM here JOIN sh", ["shop.orders", "shop"]),
        ("DROP EXTERNAL CONNECTION ", ["hsm", "vault"]),
        ("SET CLUSTER SETTING bulkio.backup.file", ["bulkio.backup.file_size"]),
        ("SHOW tim", ["time zone", "timezone"]), ("SET timez", ["timezone"]),
        ("INSERT INTO here (", ["a", '"b c"']), ("UPDATE here SET ", ["a", '"b c"']),
        ("SELECT * FROM shop.orders AS o WHERE o.", ["o.id", "o.total"]),
        ("SELECT * FROM shop.orders WHERE t", ["total"]),
        ("\\c sh", ["shop"]), ("\\d he", ["here"]), ("\\set bor", ["border"]), ("\\h show ba", ["SHOW BACKUP"]),
    ],
)  # fmt: skip
def test_names_come_first_where_they_fit(session: Session, before: str, first: list[str]) -> None:
    assert texts(session, before)[: len(first)] == first


def test_columns_of_a_table_that_is_named_later(session: Session) -> None:
    assert texts(session, "SELECT to", " FROM shop.orders")[0] == "total"


@pytest.mark.parametrize(
    ("before", "offered"),
    [
        ("BACKUP INTO '", "nodelocal://1/"), ("SHOW BACKUPS IN 'ext", "external://vault"),
        ("BACKUP INTO 'nodelocal://1/", "col/"), ("SHOW BACKUP FROM LATEST IN 's3://bucket/fo", "folder/"),
        ("BACKUP INTO 'x' WITH kms = '", "external://hsm"), ("BACKUP INTO 'x' WITH kms = ('a', '", "aws-kms:///"),
        ("BACKUP INTO 'x' AS OF SYSTEM TIME '", "-1d'"),
        ("RESTORE TABLE here FROM LATEST IN 'x' WITH into_db = '", "shop'"),
    ],
)  # fmt: skip
def test_places_and_values_in_strings(session: Session, before: str, offered: str) -> None:
    assert offered in texts(session, before)


def test_a_storage_connection_is_no_key_and_a_key_is_no_storage(session: Session) -> None:
    assert "external://vault" not in texts(session, "BACKUP INTO 'x' WITH kms = '")
    assert "external://hsm" not in texts(session, "BACKUP INTO '")


@pytest.mark.parametrize("recent", ["", "SHOW BACKUPS IN 'nodelocal://1/col';"])
def test_backups_of_the_collection_that_is_meant(session: Session, recent: str) -> None:
    after = "" if recent else "' IN 'nodelocal://1/col'"
    found = complete(session, "RESTORE FROM '/", after, recent=recent)
    subdirectory = next(iter(session.execute("SHOW BACKUPS IN 'nodelocal://1/col'"))).batches
    (name,) = [text for batch in subdirectory for text in batch.column(0).to_pylist()]
    assert [one.text for one in found] == [name + ("" if after else "'")]
    assert found[0].display_meta_text == "in nodelocal://1/col"


def test_options_say_what_they_mean(session: Session) -> None:
    found = {one.text: one.display_meta_text for one in complete(session, "BACKUP INTO 'x' WITH ")}
    meanings = meanings_of("BACKUP")
    assert found["encryption_passphrase = "] == meanings["encryption_passphrase"]
    assert found["kms = "] == meanings["kms"]
    assert found["detached"] == meanings["detached"]
    shown = {one.text: one.display_meta_text for one in complete(session, "SHOW BACKUP 'x' WITH as_")}
    assert shown == {"as_json": meanings_of("SHOW BACKUP")["as_json"]}


def test_every_option_of_the_language_has_a_meaning() -> None:
    names = {option.name for option in (*BACKUP_OPTIONS, *RESTORE_OPTIONS)}
    assert names == meanings_of("BACKUP", "RESTORE").keys()


def test_no_secret_is_offered_and_none_is_guessed(session: Session) -> None:
    everything = [
        one
        for before in ("BACKUP INTO '", "BACKUP INTO 'x' WITH kms = '", "DROP EXTERNAL CONNECTION ")
        for one in complete(session, before)
    ]
    assert everything
    assert not any("hunter2" in one.text + one.display_meta_text for one in everything)
    assert texts(session, "BACKUP INTO 'x' WITH encryption_passphrase = '") == []


def test_without_the_sandbox_no_network_is_asked(tmp_path: Path) -> None:
    with Session(None) as outside:
        assert texts(outside, "BACKUP INTO 's3://bucket/") == []
        assert texts(outside, "RESTORE FROM '/2", "' IN 's3://bucket/folder'") == []


def test_files_after_a_command_that_reads_one(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nightly.sql").write_text("")
    assert texts(session, "\\i nig") == ["htly.sql"]


def test_completion_survives_a_failed_transaction(session: Session) -> None:
    session.begin()
    with pytest.raises(Exception, match="nope"):
        for _ in session.execute("SELECT nope"):
            pass
    assert texts(session, "SHO") == ["SHOW"]
    session.rollback()
