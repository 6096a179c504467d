"""A second reader: RocksDB takes our data files in and gives back every key and value.

RocksDB opens files of its own comparator alone, so the name of CockroachDB's in the properties is replaced before the
file is built; all else is as BACKUP writes it. Full layers have one version of each key, whose order both agree on.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from rocksdict import Options, Rdict

from ootheca.backup.layer_files import LayerFiles
from ootheca.backup.opened import open_backup
from ootheca.codec.mvcc import encode_user_keys
from ootheca.codec.sst import properties
from ootheca.codec.sst.builder import OPTIONS, SSTBuilder
from tests.support.golden import GoldenSet

BYTEWISE = b"leveldb.BytewiseComparator"


@pytest.mark.parametrize("version", ["20.2", "21.2"])
def test_rocksdb_reads_every_entry(version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(properties._CONSTANTS, "rocksdb.comparator", BYTEWISE)
    backup = open_backup("nodelocal://1/full", external_io_dir=GoldenSet(version, "d_chain").extern)
    (layer,) = backup.chain.layers
    files, builder = LayerFiles(layer), SSTBuilder(OPTIONS[version])
    expected: list[tuple[bytes, bytes]] = []
    for file in sorted(layer.manifest.files, key=lambda each: each.span.key):
        for batch in files.batches(file.span.key, file.span.end_key):
            builder.add(batch)
            expected.extend(zip(encode_user_keys(batch).to_list(), batch.values.to_list(), strict=True))
    (tmp_path / "taken.sst").write_bytes(builder.finish())
    database = Rdict(str(tmp_path / "db"), Options(raw_mode=True))
    try:
        database.ingest_external_file([str(tmp_path / "taken.sst")])
        assert list(database.items()) == expected
    finally:
        database.close()
    assert len(expected) > 200
