"""Table files of real backups: read as CockroachDB's own code reads them, rebuilt byte for byte, counted.

The sets inside the repository always; the other golden sets and the public ones where they lie beside it.
"""

import base64
import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from ootheca.codec.checksum import crc32_rows, stored_checksums
from ootheca.codec.counts import RowCounter
from ootheca.codec.ragged import Ragged
from ootheca.codec.sst.builder import OPTIONS, build_sst
from ootheca.codec.sst.reader import SSTReader

REPOSITORY = Path(__file__).parents[2]
HERE, SHARED = REPOSITORY / "fixtures/golden", REPOSITORY.parent / "shared/fixtures"
VERSIONS = ("20.2", "21.2")

# Files that several cuts at the target size were merged into: each cut may have counted one row too many.
MERGED_CUTS = {
    "1229508356025090049.sst": (0, 1),
    "1229508356255842305.sst": (1, 3),
    "1229508356253581313.sst": (2, 0),
}


def golden_sets():
    inside = {
        (v, path.parent.name): path.parent for v in VERSIONS for path in (HERE / v).glob("*/dump.jsonl*")
    }
    beside = {
        (v, path.parent.name): path.parent
        for v in VERSIONS
        for path in (SHARED / "golden" / v).glob("*/dump.jsonl*")
    }
    sets = {**beside, **inside}
    return [pytest.param(key[0], sets[key], id="/".join(key)) for key in sorted(sets)]


def records(folder, kind):
    """The dump's records of one kind, for files that are not sealed, with the file's path."""
    plain = folder / "dump.jsonl"
    raw = plain.read_bytes() if plain.exists() else gzip.decompress((folder / "dump.jsonl.gz").read_bytes())
    for line in raw.splitlines():
        record = json.loads(line)
        if record["kind"] == kind and not record["encrypted"]:
            yield folder / record["file"].removeprefix(folder.name + "/"), record


@pytest.mark.parametrize(("version", "folder"), golden_sets())
def test_entries_are_read_and_files_rebuilt(version, folder):
    for path, record in records(folder, "sst"):
        raw = path.read_bytes()
        reader = SSTReader.open(raw, location=path.name)
        assert reader.verify() == record["entries"], path
        batch = reader.read_all()
        found = [
            [key.hex(), f"{wall_ns}.{logical:010}", value.hex()]
            for key, wall_ns, logical, value in zip(
                batch.keys.to_list(),
                batch.wall_ns.tolist(),
                batch.logical.tolist(),
                batch.values.to_list(),
                strict=True,
            )
        ]
        assert found == [entry[:3] for entry in record["kvs"]], path
        assert build_sst(batch, options=OPTIONS[version]) == raw, path


@pytest.mark.parametrize(("version", "folder"), golden_sets())
def test_value_checksums_are_those_of_key_and_value(version, folder):
    for path, _ in records(folder, "sst"):
        batch = SSTReader.open(path.read_bytes(), location=path.name).read_all()
        some = np.flatnonzero(batch.values.lengths >= 5)
        keys, values = batch.keys.take(some), batch.values.take(some)
        stored = np.array([int.from_bytes(value[:4], "big") for value in values.to_list()], np.uint32)
        computed = stored_checksums(
            crc32_rows(keys, Ragged.from_list([value[4:] for value in values.to_list()]))
        )
        assert np.array_equal(stored[stored != 0], computed[stored != 0]), path


@pytest.mark.parametrize(("version", "folder"), golden_sets())
def test_counts_are_those_of_the_manifests(version, folder):
    for manifest, record in records(folder, "manifest"):
        message = record["message"]
        tables = [entry["table"] for entry in message.get("descriptors", []) if "table" in entry]
        primary = {
            (int(t["id"]), int(t["primary_index"]["id"])) for t in tables if "id" in t["primary_index"]
        }
        for file in message.get("files", []):
            path = manifest.parent / file["path"]
            if not path.exists():  # of another locality
                continue
            start, end = (base64.b64decode(file["span"][name]) for name in ("key", "end_key"))
            counter = RowCounter(primary)
            for batch in SSTReader.open(path.read_bytes(), location=path.name).batches(start=start, end=end):
                counter.add(batch.keys, batch.values)
            stored = {name: int(count) for name, count in file["entry_counts"].items()}
            rows, index_entries = stored.get("rows", 0), stored.get("index_entries", 0)
            assert counter.data_size == stored.get("data_size", 0), path
            surplus = (rows - counter.rows, index_entries - counter.index_entries)
            if surplus != (0, 0) and path.name not in MERGED_CUTS:
                counter.add_next_key(end)  # a file cut at the target size
                assert (counter.rows, counter.index_entries) == (rows, index_entries), path
            elif surplus != (0, 0):
                assert surplus == MERGED_CUTS[path.name]


@pytest.mark.shared
@pytest.mark.skipif(not (SHARED / "public").exists(), reason="the public backups are not here")
def test_files_of_older_versions_are_read():
    formats = {}
    for path in sorted((SHARED / "public").rglob("*.sst")):
        raw = path.read_bytes()
        if raw.startswith(b"encrypt"):
            continue
        reader = SSTReader.open(raw, location=path.name)
        assert reader.verify() == reader.properties.num_entries
        batch = reader.read_all()
        if reader.properties.ts_min is not None:
            assert reader.properties.ts_min[0] == batch.wall_ns.min()
            assert reader.properties.ts_max[0] == batch.wall_ns.max()
        formats[str(reader.footer.format)] = formats.get(str(reader.footer.format), 0) + 1
    assert sorted(formats) == ["(LevelDB)", "(RocksDB,v2)"]
