"""Every encrypted file of the golden backups opens, is what CockroachDB read, and seals to the same bytes."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from ootheca.crypto import (
    DataKey,
    EncryptionOptions,
    KMSEnvironment,
    MemoryKeyring,
    SealedReader,
    decode_encryption_info,
    encode_encryption_info,
    is_sealed,
    open_data_key,
    seal,
    unseal,
)
from ootheca.errors import WrongKeyError

GOLDEN = Path(__file__).parents[3] / "fixtures/golden"
SHARED = Path(__file__).parents[4] / "shared/fixtures/golden"
ENV = KMSEnvironment(keyring=MemoryKeyring())
SST_MAGIC = {
    1: bytes.fromhex("57fb808b247547db"),
    2: bytes.fromhex("f7cff485b741e288"),
}  # LevelDB's, RocksDB's
BACKUPS = {
    "b_passphrase/extern/enc": [EncryptionOptions("correct horse ž battery")],
    "c_kms/extern/kms2": [
        EncryptionOptions(kms=("testkms:///keyA",)),
        EncryptionOptions(kms=("testkms:///keyB?AUTH=implicit",)),
        EncryptionOptions(kms=("testkms:///keyB", "testkms:///keyA?REGION=x")),
    ],
    "c_kms/extern/kms1": [EncryptionOptions(kms=("testkms:///only/key-1",))],
}
EACH_BACKUP = pytest.mark.parametrize(
    ("version", "file_version", "backup"),
    [
        pytest.param(version, file_version, backup, id=f"{version}/{backup}")
        for version, file_version in (("20.2", 1), ("21.2", 2))
        for backup in BACKUPS
    ],
)


@cache
def dump(version: str, name: str) -> list[dict[str, Any]]:
    """What CockroachDB read from the files of one set; `file` is made relative to the set."""
    lines = (GOLDEN / version / name / "dump.jsonl").read_text("utf-8").splitlines()
    entries = [json.loads(line) for line in lines]
    return [{**entry, "file": entry["file"].removeprefix(f"{name}/")} for entry in entries]


@EACH_BACKUP
def test_encryption_info_and_data_key(version: str, file_version: int, backup: str) -> None:
    name, _, folder = backup.partition("/")
    (entry,) = [e for e in dump(version, name) if e["file"] == f"{folder}/ENCRYPTION-INFO"]
    stored = (GOLDEN / version / backup / "ENCRYPTION-INFO").read_bytes()
    info = decode_encryption_info(stored, location="ENCRYPTION-INFO")
    assert info.salt.hex() == entry["salt"]
    wrapped = {key.hex(): blob.hex() for key, blob in info.wrapped_keys.items()}
    assert wrapped == entry["data_keys_by_sha256_of_master_key_id"]
    assert encode_encryption_info(info) == stored
    for options in BACKUPS[backup]:
        assert open_data_key([info], options, ENV) == DataKey(bytes.fromhex(entry["data_key"]))


@EACH_BACKUP
def test_every_file_opens_and_seals_to_the_same_bytes(version: str, file_version: int, backup: str) -> None:
    name, _, folder = backup.partition("/")
    info = decode_encryption_info((GOLDEN / version / backup / "ENCRYPTION-INFO").read_bytes(), location="i")
    key = open_data_key([info], BACKUPS[backup][0], ENV)
    entries = [e for e in dump(version, name) if e["file"].startswith(f"{folder}/") and e.get("encrypted")]
    sealed_files = {
        p for p in (GOLDEN / version / backup).rglob("*") if p.is_file() and is_sealed(p.read_bytes())
    }
    assert {GOLDEN / version / name / e["file"] for e in entries} == sealed_files
    sha512s = {
        f["path"]: f["sha512"]
        for e in entries
        for f in e.get("message", {}).get("files", [])
        if "sha512" in f
    }
    for entry in entries:
        stored = (GOLDEN / version / name / entry["file"]).read_bytes()
        opened = unseal(stored, key, location=entry["file"])
        assert stored[7] == file_version
        assert seal(opened, key, version=file_version, iv=stored[8:20]) == stored
        assert SealedReader(stored, key, location=entry["file"]).read_all() == opened
        if entry["kind"] == "sst":
            assert len(opened) == entry["plain_bytes"]
            assert opened.endswith(SST_MAGIC[file_version])
            if file_version == 1:
                digest = base64.b64decode(sha512s[Path(entry["file"]).name])
                assert hashlib.sha512(opened).digest() == digest
        else:
            message = gzip.decompress(opened) if opened[:2] == b"\x1f\x8b" else opened
            assert len(message) == entry["plain_bytes"]
        with pytest.raises(WrongKeyError):
            unseal(stored, bytes(32), location=entry["file"])


def test_number_of_golden_files() -> None:
    kinds = [
        e["kind"]
        for v in ("20.2", "21.2")
        for n in ("b_passphrase", "c_kms")
        for e in dump(v, n)
        if e.get("encrypted")
    ]
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {"manifest": 10, "statistics": 10, "sst": 89}


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="the further golden sets are not here")
@pytest.mark.parametrize("version", ["20.2", "21.2"])
def test_further_golden_sets_open(version: str) -> None:
    options = [EncryptionOptions(p) for p in ("correct horse ž battery", "x", "")]
    options += [EncryptionOptions(kms=(f"testkms:///{key}",)) for key in ("keyA", "keyB", "only/key-1", "k")]
    num_opened = 0
    for folder in sorted((SHARED / version).iterdir()):
        files = [path for path in (folder / "extern").rglob("*") if path.is_file()]
        keys: set[DataKey] = set()
        for path in files:
            if path.name == "ENCRYPTION-INFO":
                info = decode_encryption_info(path.read_bytes(), location=str(path))
                assert encode_encryption_info(info) == path.read_bytes()
                for option in options:
                    if bool(info.salt) == (option.passphrase is not None):
                        try:
                            keys.add(open_data_key([info], option, ENV))
                        except WrongKeyError:
                            continue
        for path in files:
            stored = path.read_bytes()
            if is_sealed(stored):
                num_opened += sum(_opens(stored, key) for key in keys)
                assert any(_opens(stored, key) for key in keys), path
    assert num_opened > 100


def _opens(stored: bytes, key: DataKey) -> bool:
    try:
        unseal(stored, key, location="f")
    except WrongKeyError:
        return False
    return True
