"""A data file of several chunks, tampered with inside a whole backup: refused, and the kind of damage is told."""

from __future__ import annotations

import hashlib
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ootheca import connect, open_backup
from ootheca.backup.opened import Backup
from ootheca.connection import Connection
from ootheca.errors import (
    ChecksumMismatchError,
    CorruptionError,
    DamagedCiphertextError,
    OothecaError,
    TruncatedError,
    WrongKeyError,
)

HEADER, SEALED = 20, 65552
PASSPHRASE = "p"
NUM_FLIPS = 60


class Taken:
    """Encrypted backups on disk, and what becomes of reading one when a file is changed."""

    def __init__(self, con: Connection) -> None:
        self.con = con
        self.folder = con.session.external_io_dir
        [self.large], [self.small] = ([*(self.folder / name).rglob("*.sst")] for name in ("a", "small"))
        self.backup = self.open("a")
        self.readers: dict[Path, Callable[[], object]] = {
            self.large: self.backup.table("d.public.wide").to_arrow,
            self.small: self.open("small").table("d.public.t").to_arrow,
        }

    def open(self, name: str, passphrase: str = PASSPHRASE) -> Backup:
        return open_backup(
            f"nodelocal://1/{name}", encryption_passphrase=passphrase, external_io_dir=self.folder
        )

    def refused(self, path: Path, content: bytes) -> OothecaError:
        """Read the rows of a file whose bytes are replaced, or open a backup with such a manifest; return the error."""
        sound = path.read_bytes()
        read = self.readers.get(path, lambda: self.open("a"))
        assert content != sound
        path.write_bytes(content)
        try:
            with pytest.raises(OothecaError) as caught:
                read()
        finally:
            path.write_bytes(sound)
        assert caught.value.location is not None
        assert path.name in caught.value.location
        return caught.value


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Taken]:
    with connect(tmp_path_factory.mktemp("store")) as con:
        con.execute("CREATE DATABASE d; CREATE TABLE d.wide (id INT PRIMARY KEY, v STRING)")
        con.execute("CREATE TABLE d.t (id INT PRIMARY KEY); CREATE DATABASE e")
        rng = random.Random(11)
        for number in range(12):  # texts that do not compress below several chunks
            con.execute("INSERT INTO d.wide VALUES ($1, $2)", (number, rng.randbytes(25_000).hex()))
        con.execute("INSERT INTO d.t VALUES (1)")
        for target, name in (("d.wide", "a"), ("d.wide", "b"), ("d.t", "small")):
            con.execute(
                f"BACKUP {target} TO 'nodelocal://1/{name}' WITH encryption_passphrase = '{PASSPHRASE}'"
            )
        yield Taken(con)


def chunks_of(path: Path) -> tuple[bytes, list[bytes]]:
    stored = path.read_bytes()
    return stored[:HEADER], [stored[start : start + SEALED] for start in range(HEADER, len(stored), SEALED)]


def test_the_file_has_several_chunks_and_the_backup_is_sound(taken: Taken) -> None:
    assert len(chunks_of(taken.large)[1]) >= 4
    assert taken.backup.table("d.public.wide").to_arrow().num_rows == 12
    assert taken.backup.verify().is_sound


def test_restore_says_the_same(taken: Taken) -> None:
    head, chunks = chunks_of(taken.large)
    sound = taken.large.read_bytes()
    taken.large.write_bytes(head + b"".join(chunks[1:]))
    try:
        with pytest.raises(DamagedCiphertextError, match="failed to decrypt") as caught:
            taken.con.execute(
                "RESTORE d.wide FROM 'nodelocal://1/a' "
                f"WITH into_db = 'e', encryption_passphrase = '{PASSPHRASE}'"
            )
    finally:
        taken.large.write_bytes(sound)
    assert "It was sealed as chunk 1" in str(caught.value.detail)
    assert taken.con.execute("SHOW TABLES FROM e").fetchall() == []


def test_every_two_chunks_swapped(taken: Taken) -> None:
    head, chunks = chunks_of(taken.large)
    for first in range(len(chunks) - 1):
        for second in range(first + 1, len(chunks) - 1):
            order = list(range(len(chunks)))
            order[first], order[second] = second, first
            error = taken.refused(taken.large, head + b"".join(chunks[i] for i in order))
            assert isinstance(error, DamagedCiphertextError)
            assert f"chunk {first} of the file is damaged. It was sealed as chunk {second}" in str(
                error.detail
            )


def test_every_chunk_dropped(taken: Taken) -> None:
    head, chunks = chunks_of(taken.large)
    for index in range(len(chunks)):
        error = taken.refused(taken.large, head + b"".join(chunks[:index] + chunks[index + 1 :]))
        if index == len(chunks) - 1:
            assert isinstance(error, TruncatedError)
            assert error.detail == "The file was cut: it ends before its last chunk."
        else:
            assert isinstance(error, DamagedCiphertextError)
            assert f"chunk {index} of the file is damaged. It was sealed as chunk {index + 1}" in str(
                error.detail
            )


def test_every_full_chunk_repeated(taken: Taken) -> None:
    head, chunks = chunks_of(taken.large)
    for index in range(len(chunks) - 1):
        error = taken.refused(taken.large, head + b"".join([*chunks[: index + 1], *chunks[index:]]))
        assert isinstance(error, DamagedCiphertextError)
        assert f"chunk {index + 1} of the file is damaged. It was sealed as chunk {index}:" in str(
            error.detail
        )


def test_every_chunk_taken_from_another_file(taken: Taken) -> None:
    head, chunks = chunks_of(taken.large)
    [same_place] = (taken.folder / "b").rglob("*.sst")
    _, others = chunks_of(same_place)
    for index in range(len(chunks)):
        body = [*chunks[:index], others[index], *chunks[index + 1 :]]
        error = taken.refused(taken.large, head + b"".join(body))
        assert isinstance(error, DamagedCiphertextError)
        assert f"chunk {index} of the file is damaged." in str(error.detail)
        assert "comes from another file" in str(error.detail)


def test_flipped_bytes_of_the_large_file(taken: Taken) -> None:
    stored = taken.large.read_bytes()
    rng = random.Random(5)
    edges = [HEADER + i * SEALED + d for i in range(len(stored) // SEALED + 1) for d in (-1, 0)]
    for offset in sorted(
        {8, 19, len(stored) - 1, *edges[1:], *rng.sample(range(HEADER, len(stored)), NUM_FLIPS)}
    ):
        changed = bytearray(stored)
        changed[offset] ^= 1 << rng.randrange(8)
        error = taken.refused(taken.large, bytes(changed))
        assert isinstance(error, CorruptionError | DamagedCiphertextError)
        assert "The key is right" in str(error.detail)


def test_every_byte_of_a_small_data_file(taken: Taken) -> None:
    """Its one chunk cannot tell damage from a wrong key; the manifest, which opened, can."""
    stored = taken.small.read_bytes()
    kinds = set()
    step = 1 if os.environ.get("OOTHECA_FAULTS") else 3
    for offset in sorted({*range(HEADER + 1), *range(HEADER, len(stored), step)}):
        changed = bytearray(stored)
        changed[offset] ^= 0x20
        error = taken.refused(taken.small, bytes(changed))
        kinds.add(error.message)
        assert not isinstance(error, WrongKeyError)
    assert kinds == {
        "file does not appear to be encrypted",
        "unexpected encryption scheme/config version 34",
        "failed to decrypt — maybe incorrect key: cipher: message authentication failed",
    }


def test_a_wrong_passphrase_is_not_called_damage(taken: Taken) -> None:
    with pytest.raises(WrongKeyError):
        taken.open("a", "q")


def test_a_damaged_manifest_is_told_by_its_checksum_and_without_it_by_the_seal(taken: Taken) -> None:
    manifest, checksum = taken.folder / "a/BACKUP_MANIFEST", taken.folder / "a/BACKUP_MANIFEST-CHECKSUM"
    stored, sums = manifest.read_bytes(), checksum.read_bytes()
    for offset in (25, len(stored) // 2, len(stored) - 1):
        changed = bytearray(stored)
        changed[offset] ^= 1
        assert isinstance(taken.refused(manifest, bytes(changed)), ChecksumMismatchError)
        checksum.write_bytes(hashlib.sha256(changed).digest()[: len(sums)])
        try:
            assert isinstance(taken.refused(manifest, bytes(changed)), WrongKeyError)
        finally:
            checksum.write_bytes(sums)
