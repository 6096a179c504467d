"""BACKUP of a table, beside what nobody can leave out: sealing and storing as many bytes, copying the rows once."""

from __future__ import annotations

import os

from ootheca.crypto.aead import seal_view
from ootheca.storage.base import StorageEnv
from ootheca.storage.registry import open_storage
from tests.bench.macro.place import Place
from tests.bench.measure import Measurement, best_of

__all__ = ["measure"]


def measure(place: Place) -> list[Measurement]:
    """Measure encrypted and plain backups of the whole table."""
    encrypted = best_of(place.backup)
    plain = best_of(lambda: place.backup(encrypted=False))
    name = place.backup()
    stored = [path.read_bytes() for path in place.data_files(name)]
    key = os.urandom(32)
    sealing = best_of(lambda: [seal_view(content, key, version=2) for content in stored])
    storage = open_storage("nodelocal://1/floor", StorageEnv(place.session.external_io_dir))
    storing = best_of(lambda: [storage.write(f"{i}", content) for i, content in enumerate(stored)])
    copying = best_of(lambda: place.rides.take(list(range(place.num_rows))))
    work = f"{place.work}, {sum(map(len, stored)) / 1e6:.1f} MB stored"
    return [
        Measurement("BACKUP, encrypted", encrypted, "BACKUP, plain", plain, work=work),
        Measurement("BACKUP, encrypted", encrypted, "AES-256-GCM of the stored bytes", sealing, work=work),
        Measurement("BACKUP, encrypted", encrypted, "durable write of the stored bytes", storing, work=work),
        Measurement("BACKUP, encrypted", encrypted, "Arrow copy of the rows", copying, work=work),
    ]
