"""BACKUP of a table, beside what nobody can leave out: sealing and storing as many bytes, copying the rows once."""

from __future__ import annotations

import os

import numpy as np
import pyarrow as pa

from ootheca.crypto.aead import seal_view
from ootheca.storage.base import StorageEnv
from ootheca.storage.registry import open_storage
from tests.bench.macro.place import Place
from tests.bench.measure import Measurement, fastest

__all__ = ["measure"]


def measure(place: Place) -> list[Measurement]:
    """Measure encrypted and plain backups of the whole table."""
    name = place.backup()
    stored = [path.read_bytes() for path in place.data_files(name)]
    key = os.urandom(32)
    storage = open_storage("nodelocal://1/floor", StorageEnv(place.session.external_io_dir))
    every_row = pa.array(np.arange(place.num_rows))
    encrypted, plain, sealing, storing, copying = fastest(
        place.backup,
        lambda: place.backup(encrypted=False),
        lambda: [seal_view(content, key, version=2) for content in stored],
        lambda: [storage.write(f"{number}", content) for number, content in enumerate(stored)],
        lambda: place.rides.take(every_row),
    )
    work = f"{place.work}, {sum(map(len, stored)) / 1e6:.1f} MB stored"
    return [
        Measurement("BACKUP, encrypted", encrypted, "BACKUP, plain", plain, work=work),
        Measurement("BACKUP, encrypted", encrypted, "AES-256-GCM of the stored bytes", sealing, work=work),
        Measurement("BACKUP, encrypted", encrypted, "durable write of the stored bytes", storing, work=work),
        Measurement("BACKUP, encrypted", encrypted, "Arrow copy of the rows", copying, work=work),
    ]
