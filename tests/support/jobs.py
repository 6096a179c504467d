"""Jobs that stand still where a test wants them to: a gate in front of the n-th data file of a directory."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ootheca.backup import checkpoint, data_files
from ootheca.backup.sealed import open_sealed
from ootheca.codec import filenames
from ootheca.codec.manifest import decode_manifest
from ootheca.connection import Connection
from ootheca.crypto.envelope import EncryptionOptions
from ootheca.storage.base import Buffer
from ootheca.storage.directory import DirectoryStorage
from ootheca.storage.memory import MemoryStorage
from tests.support.backups import KMS_ENV

__all__ = ["SMALL_FILES", "Gate", "ask", "checkpointed", "gate_at", "note_every_file", "state", "wait_for"]

SMALL_FILES = "SET CLUSTER SETTING kv.bulk_sst.target_size = '1KiB'"
_PATIENCE_SECONDS = 60
_IDS_SIZE = 32  # of the cluster and of the backup, before the checkpoint


class Gate:
    """Lets so many data files through, and stops the writer of the next until `open` is called.

    Attributes:
        written: how often each file was written, by its name in its folder.
    """

    def __init__(self, num_files: int) -> None:
        self.written: Counter[str] = Counter()
        self._left = num_files
        self._reached = threading.Event()
        self._opened = threading.Event()
        self._lock = threading.Lock()

    def pass_through(self, name: str) -> None:
        """Count a write; wait if it is the one to stop at."""
        with self._lock:
            is_data = name.endswith(".sst")
            stops = is_data and self._left <= 0 and not self._opened.is_set()
            self._left -= is_data
        if stops:
            self._reached.set()
            assert self._opened.wait(_PATIENCE_SECONDS)
        with self._lock:
            self.written[name] += 1

    def wait(self) -> None:
        """Wait until a writer stands in front of it."""
        assert self._reached.wait(_PATIENCE_SECONDS)

    def open(self) -> None:
        """Let everybody through."""
        self._opened.set()

    def num_written(self) -> Counter[str]:
        """Return how often each data file was written."""
        return Counter({name: count for name, count in self.written.items() if name.endswith(".sst")})


@contextmanager
def gate_at(monkeypatch: pytest.MonkeyPatch, num_files: int) -> Iterator[Gate]:
    """Put a gate in front of all directories; it is open when the context ends."""
    gate = Gate(num_files)
    plain = DirectoryStorage.write

    def write(self: DirectoryStorage, name: str, data: Buffer, *, overwrite: bool = True) -> None:
        gate.pass_through(name)
        plain(self, name, data, overwrite=overwrite)

    monkeypatch.setattr(DirectoryStorage, "write", write)
    try:
        yield gate
    finally:
        gate.open()
        monkeypatch.setattr(DirectoryStorage, "write", plain)


def note_every_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have an SST for each entry of a manifest, and a checkpoint after each."""
    monkeypatch.setattr(data_files, "_SST_SIZE", 1)
    monkeypatch.setattr(checkpoint, "_SHARE", 0)


def ask(con: Connection, sql: str) -> list[tuple[Any, ...]]:
    """Return the rows of the last statement."""
    return con.execute(sql).fetchall()


def wait_for(con: Connection, job_id: int) -> str:
    """Return the status in which a job ends."""
    return str(ask(con, f"SELECT status FROM [SHOW JOB WHEN COMPLETE {job_id}]")[0][0])


def state(con: Connection, job_id: int) -> str:
    """Return the status of a job now."""
    return str(ask(con, f"SELECT status FROM [SHOW JOB {job_id}]")[0][0])


def checkpointed(folder: Path, base: Path, passphrase: str) -> set[str]:
    """Return the data files that the checkpoint in a folder lists; the key is that of the full backup in `base`."""
    path, info = folder / filenames.CHECKPOINT, base / filenames.ENCRYPTION_INFO
    if not path.exists() or not info.exists():
        return set()
    storage = MemoryStorage()
    storage.write(filenames.ENCRYPTION_INFO, info.read_bytes())
    sealed = open_sealed(storage, EncryptionOptions(passphrase=passphrase), KMS_ENV)
    noted = path.read_bytes()[_IDS_SIZE:]
    if not noted:
        return set()
    manifest = decode_manifest(sealed.unseal(noted, filenames.CHECKPOINT), location=str(path))
    return {file.path for file in manifest.files}
