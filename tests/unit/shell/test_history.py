"""The history file holds no secret, and only its owner may read it."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from ootheca.shell.history import SafeHistory, safe_text

SECRETS = ["hunter2hunter2", "wJalrXUtnFEMI"]


@pytest.mark.parametrize(
    "text",
    [
        "BACKUP TO 's3://b/p?AWS_ACCESS_KEY_ID=a&AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI'",
        "BACKUP TO 'nodelocal://1/x' WITH encryption_passphrase = 'hunter2hunter2'",
        "RESTORE FROM 'nodelocal://1/x' WITH encryption_passphrase = 'hunter2hunter2';",
        "SHOW BACKUP 'nodelocal://1/x' WITH encryption_passphrase = 'hunter2hunter2'",
        "SELECT * FROM [SHOW BACKUP 'x' WITH encryption_passphrase = 'hunter2hunter2']",
        "BACKUP TO 'x' WITH kms = 'aws:///k?AWS_ACCESS_KEY_ID=a&AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI&REGION=r'",
        "CREATE USER u WITH PASSWORD 'hunter2hunter2'",
        "BACKUP TO 'x' WITH encryption_passphrase = 'hunter2hunter2",
        "BAKCUP TO 'x' WITH encryption_passphrase = 'hunter2hunter2'",
        "BAKCUP TO 's3://b/p?AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI'",
        "CREATE EXTERNAL CONNECTION c AS 'aws-kms:///hunter2hunter2?AUTH=implicit&REGION=r'",
        "BACKUP TO 'x' WITH kms = ('gs:///hunter2hunter2/k?AUTH=implicit', 'azure-kms:///hunter2hunter2/v1')",
        "ALTER BACKUP 'x' ADD NEW_KMS = 'aws:///hunter2hunter2' WITH OLD_KMS = 'testkms:///hunter2hunter2'",
        "CREATE EXTERNAL CONNECTION c AS 's3://b/p?AWS_ACCESS_KEY_ID=a&AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI'",
    ],
)
def test_secrets_are_left_out(text: str) -> None:
    kept = safe_text(text)
    assert kept is None or not any(secret in kept for secret in SECRETS)


@pytest.mark.parametrize("text", ["SELECT 1;", "SELECT\n  'x' -- note\n;", "\\dt", "this is no statement"])
def test_plain_texts_are_kept_as_they_were_typed(text: str) -> None:
    assert safe_text(text) == text


def test_statement_is_kept_as_it_was_typed_but_for_its_secrets() -> None:
    kept = safe_text("backup into 'nodelocal://1/c'\n  with encryption_passphrase = 'hunter2hunter2';")
    assert kept == "backup into 'nodelocal://1/c'\n  with encryption_passphrase = '*****';"


def test_file_is_private_and_this_run_remembers_what_was_typed(tmp_path: Path) -> None:
    path = tmp_path / "state" / "history"
    history = SafeHistory(path)
    secret = "BACKUP TO 'x' WITH encryption_passphrase = 'hunter2hunter2';"
    history.append_string(secret)
    history.append_string("SELECT 1;")
    assert list(history.get_strings())[-1] == "SELECT 1;"
    assert secret in history.get_strings()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "hunter2" not in path.read_text()
    assert "SELECT 1;" in path.read_text()
