"""What goes wrong, at the command line: CockroachDB's words, exit status 1, no traceback, nothing half done."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

import pytest

from ootheca.shell.main import main

SCRIPT = """
CREATE DATABASE bank;
CREATE TABLE bank.t (id INT PRIMARY KEY, v STRING, INDEX (v));
INSERT INTO bank.t SELECT i, 'value ' || i::STRING FROM generate_series(1, 50) AS g(i);
BACKUP DATABASE bank TO 'nodelocal://1/plain';
BACKUP DATABASE bank TO 'nodelocal://1/secret' WITH encryption_passphrase = 'right';
BACKUP DATABASE bank TO 'nodelocal://1/kms' WITH kms = 'aws:///key?AUTH=implicit&REGION=r';
DROP DATABASE bank CASCADE;
"""


def run(store: Path, sql: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main(["--store", str(store), "--sandbox", "--format", "csv", "-e", sql])
    return status, out.getvalue(), err.getvalue()


@pytest.fixture(scope="module")
def backups(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = tmp_path_factory.mktemp("bad-input") / "store"
    status, _, err = run(store, SCRIPT)
    assert status == 0, err
    return store


def refused(store: Path, sql: str) -> str:
    status, _, err = run(store, sql)
    assert status == 1
    assert err.startswith("ERROR: ")
    assert "Traceback" not in err
    _, databases, _ = run(store, "SELECT database_name FROM [SHOW DATABASES] ORDER BY 1")
    assert databases.split() == ["database_name", "defaultdb", "postgres", "system"]
    return err


RESTORE = "RESTORE DATABASE bank FROM 'nodelocal://1/"


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        (RESTORE + "secret' WITH encryption_passphrase = 'wrong'",
         "failed to decrypt — maybe incorrect key: cipher: message authentication failed"),
        (RESTORE + "secret'",
         'file appears encrypted -- try specifying one of "encryption_passphrase" or "kms"'),
        (RESTORE + "kms'",
         'file appears encrypted -- try specifying one of "encryption_passphrase" or "kms"'),
        (RESTORE + "kms' WITH kms = 'aws:///other?AUTH=implicit&REGION=r'",
         ("one of the provided URIs was not used when encrypting the base BACKUP: "
          "could not find an entry in the encryptedDataKeyMap")),
        (RESTORE + "kms' WITH kms = 'not a uri'", "invalid URI for request"),
        (RESTORE + "secret' WITH encryption_passphrase = 'a', kms = 'aws:///k?AUTH=implicit&REGION=r'",
         "cannot have both encryption_passphrase and kms option set"),
        (RESTORE + "plain' WITH encryption_passphrase = 'p'",
         "could not find or read encryption information"),
        (RESTORE + "nowhere'", "external_storage: file doesn't exist"),
        ("RESTORE DATABASE bank FROM 'nope://1/x'",
         'unsupported storage scheme: "nope" - refer to docs to find supported storage schemes'),
        ("RESTORE DATABASE bank FROM 'nodelocal://1/../../etc'", "local file access to paths outside of"),
        ("BACKUP DATABASE bank TO 'nodelocal://1/y' WITH kms = 'aws:///k?AUTH=implict&REGION=r'",
         'database "bank" does not exist'),
        ("RESTORE DATABASE bank FORM 'nodelocal://1/plain'", 'at or near "form": syntax error'),
    ],
)  # fmt: skip
def test_mistake_is_named_and_harmless(backups: Path, sql: str, message: str) -> None:
    assert message in refused(backups, sql)


def data_files(backups: Path, name: str) -> list[Path]:
    return sorted((backups / "extern" / name).rglob("*.sst"))


@pytest.mark.parametrize(
    ("name", "options"), [("plain", ""), ("secret", " WITH encryption_passphrase = 'right'")]
)
@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "gone"])
@pytest.mark.parametrize("which", ["data", "BACKUP_MANIFEST", "BACKUP_MANIFEST-CHECKSUM"])
def test_damaged_backup_is_refused_whole(
    backups: Path, name: str, options: str, damage: str, which: str
) -> None:
    path = data_files(backups, name)[0] if which == "data" else backups / "extern" / name / which
    whole = path.read_bytes()
    damaged = {
        "flip": bytes([*whole[: len(whole) // 2], whole[len(whole) // 2] ^ 1, *whole[len(whole) // 2 + 1 :]]),
        "cut": whole[:-1],
        "empty": b"",
    }
    try:
        if damage == "gone":
            path.unlink()
        else:
            path.write_bytes(damaged[damage])
        if damage == "gone" and which == "BACKUP_MANIFEST-CHECKSUM":
            return  # versions up to 20.1 write none, so a missing one is no mistake
        refused(backups, f"{RESTORE}{name}'{options}")
    finally:
        path.write_bytes(whole)


@pytest.mark.parametrize("damage", ["flip", "gone"])
def test_statistics_that_do_not_open_are_refused(backups: Path, damage: str) -> None:
    path = backups / "extern" / "secret" / "BACKUP-STATISTICS"
    whole = path.read_bytes()
    try:
        path.unlink()
        if damage == "flip":
            path.write_bytes(bytes([*whole[:-1], whole[-1] ^ 1]))
        refused(backups, f"{RESTORE}secret' WITH encryption_passphrase = 'right'")
    finally:
        path.write_bytes(whole)


def test_after_every_mistake_the_backups_still_restore(backups: Path) -> None:
    for name, options in (("plain", ""), ("secret", " WITH encryption_passphrase = 'right'"),
                          ("kms", " WITH kms = 'aws:///key?AUTH=implicit&REGION=r'")):  # fmt: skip
        status, out, err = run(
            backups, f"{RESTORE}{name}'{options}; SELECT count(*) FROM bank.t; DROP DATABASE bank CASCADE"
        )
        assert status == 0, err
        assert "\n50\n" in out


def test_failed_backup_leaves_nothing_that_lists(backups: Path) -> None:
    refused(backups, "BACKUP DATABASE bank TO 'nodelocal://1/half' WITH encryption_passphrase = 'x'")
    assert not list((backups / "extern").glob("half/**/*"))


@pytest.mark.parametrize("kind", ["file", "below a file", "no store"])
def test_a_store_that_cannot_be_made_is_told(tmp_path: Path, kind: str) -> None:
    place = tmp_path / "taken"
    if kind == "no store":
        place.mkdir()
        (place / "store.duckdb").write_bytes(b"something else")
    else:
        place.write_text("a file")
    status, _, err = run(place / "store" if kind == "below a file" else place, "SELECT 1")
    assert status == 1
    assert err.startswith("ERROR: ")
    assert "Traceback" not in err
