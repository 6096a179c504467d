"""What docs/security.md says of an attacker who can write to the bucket, tried on real backups."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import ootheca
from tests.support.golden import PASSPHRASE, GoldenSet

ENCRYPTED = GoldenSet("21.2", "p_new22").extern / "enc" / "2026" / "11" / "21-184304.74"
CHAIN = GoldenSet("21.2", "d_chain").extern / "app"


def problems(folder: Path, passphrase: str | None = PASSPHRASE) -> int:
    """How many things `verify` finds wrong with a backup."""
    backup = ootheca.open_backup(
        f"nodelocal://1/{folder.name}", encryption_passphrase=passphrase, external_io_dir=folder.parent
    )
    return len(backup.verify().problems)


@pytest.fixture
def encrypted(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ENCRYPTED, tmp_path / "enc"))


@pytest.fixture
def chain(tmp_path: Path) -> Path:
    return Path(shutil.copytree(CHAIN, tmp_path / "app"))


def test_what_was_not_touched_is_whole(encrypted: Path, chain: Path) -> None:
    assert (problems(encrypted), problems(chain, None)) == (0, 0)


def test_exchanged_files_are_found(encrypted: Path) -> None:
    one, two = sorted((encrypted / "data").glob("*.sst"))[:2]
    content = one.read_bytes()
    one.write_bytes(two.read_bytes())
    two.write_bytes(content)
    assert problems(encrypted) > 0


def test_a_changed_byte_is_found_in_every_sealed_file(encrypted: Path) -> None:
    for path in sorted((encrypted / "data").glob("*.sst")):
        content = path.read_bytes()
        path.write_bytes(content[:50] + bytes([content[50] ^ 1]) + content[51:])
        assert problems(encrypted) > 0, path.name
        path.write_bytes(content)
    manifest = encrypted / "BACKUP_MANIFEST"
    (encrypted / "BACKUP_MANIFEST-CHECKSUM").unlink()  # no key is needed to make it fit
    manifest.write_bytes(manifest.read_bytes()[:-1] + b"\0")
    with pytest.raises(ootheca.Error):
        problems(encrypted)


def test_changed_key_information_does_not_open(encrypted: Path) -> None:
    info = encrypted / "ENCRYPTION-INFO"
    info.write_bytes(info.read_bytes()[:-1] + b"\0")
    with pytest.raises(ootheca.Error):
        problems(encrypted)


def test_a_layer_missing_in_the_middle_is_found(chain: Path) -> None:
    shutil.rmtree(sorted(chain.glob("2026*/*"))[0])
    backup = ootheca.open_backup("nodelocal://1/app", external_io_dir=chain.parent)
    assert not backup.verify().is_sound
    with pytest.raises(ootheca.Error):
        backup.table("shop.public.orders")


def test_missing_newest_layers_are_not_found(encrypted: Path) -> None:
    shutil.rmtree(next(encrypted.glob("2026*")))
    assert problems(encrypted) == 0


def test_an_older_backup_in_the_place_of_a_newer_one_is_not_found(tmp_path: Path) -> None:
    with ootheca.connect(external_io_dir=tmp_path) as con:
        con.execute("CREATE TABLE t (a INT PRIMARY KEY); INSERT INTO t VALUES (1)")
        con.execute("BACKUP TABLE t TO 'nodelocal://1/old' WITH encryption_passphrase = $1", [PASSPHRASE])
        con.execute("INSERT INTO t VALUES (2)")
        con.execute("BACKUP TABLE t TO 'nodelocal://1/new' WITH encryption_passphrase = $1", [PASSPHRASE])
    shutil.rmtree(tmp_path / "new")
    (tmp_path / "old").rename(tmp_path / "new")
    assert problems(tmp_path / "new") == 0


def test_secrets_of_connections_are_in_the_stores_file_and_not_in_its_backup(tmp_path: Path) -> None:
    secret = b"c2VjcmV0IG9mIGEgY29ubmVjdGlvbg"
    with ootheca.connect(tmp_path / "store", sandbox=True) as con:
        con.execute(
            f"CREATE EXTERNAL CONNECTION c AS 's3://b/p?AWS_ACCESS_KEY_ID=i&AWS_SECRET_ACCESS_KEY={secret.decode()}'"
        )
        con.execute("BACKUP INTO 'nodelocal://1/all'")
    kept = [
        path for path in (tmp_path / "store").rglob("*") if path.is_file() and secret in path.read_bytes()
    ]
    assert [path.suffix for path in kept] == [".duckdb"]
