"""Statements parse in the way the documentation prints them. (Every example: tests/conformance/documented.py.)"""

from __future__ import annotations

import pytest

from ootheca.errors import ParseError
from ootheca.sql.parser import parse, parse_one

SEEDS = (
    "> BACKUP TO 's3://test/backups/test_kms?A=1'\n    WITH kms = 'aws:///<cmk>?A=123456&REGION=us-east-1';",
    (
        "> BACKUP TO 's3://test/backups/test_explicit_kms_2?A=1'\n    WITH KMS=(\n"
        "      'aws:///<cmk>?AUTH=implicit&REGION=us-east-1',\n"
        "      'aws:///<cmk>?AUTH=implict&REGION=us-west-1'\n    );"
    ),
    "> RESTORE FROM 's3://test/backups/test_kms?A=1'\n    WITH kms = 'aws:///<cmk>?A=123456&REGION=us-east-1';",
    "> BACKUP TO \\\n'gs://acme-co-backup/test-cluster' \\\nWITH encryption_passphrase = 'password123';",
    "> RESTORE FROM \\\n'gs://acme-co-backup/test-cluster' \\\nWITH encryption_passphrase = 'password123';",
)


@pytest.mark.parametrize("text", SEEDS)
def test_documentation_pastes_as_it_stands(text: str) -> None:
    plain = text.removeprefix("> ").replace("\\\n", "\n")
    assert parse_one(text) == parse_one(plain)


@pytest.mark.parametrize(
    ("text", "token"),
    [
        ("BACKUP TO (${uri_1}, ${uri_2}, ...) INCREMENTAL FROM ${full}", "$"),
        ("BACKUP INTO {subdirectory} IN 'external://bucket'", "{"),
        ("GRANT USAGE ON EXTERNAL CONNECTION bucket TO user", "user"),
        ("BACKUP DATABASE bank INTO 'gs://a'; AS OF SYSTEM TIME '-10s'", "as"),
    ],
)
def test_documented_sketches_are_syntax_errors(text: str, token: str) -> None:
    with pytest.raises(ParseError, match="syntax error") as caught:
        parse(text)
    assert caught.value.message == f'at or near "{token}": syntax error'
