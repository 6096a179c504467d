"""Every manifest, partition and statistics file that a real CockroachDB wrote, decoded and encoded again.

The sets in `fixtures/golden` are always read; further ones, and older public backups, where they lie beside
the repository. Sealed files are covered only by their checksums.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from google.protobuf.json_format import ParseDict
from google.protobuf.unknown_fields import UnknownFieldSet

from ootheca import pb
from ootheca.codec.filenames import (
    MANIFEST,
    MANIFESTS,
    OLD_MANIFEST,
    STATISTICS,
    checksum_name,
    parse_partition_name,
)
from ootheca.codec.manifest import (
    complete,
    decode_manifest,
    decode_partition,
    decode_statistics,
    encode_manifest,
    encode_partition,
    encode_statistics,
    verify_checksum,
)
from ootheca.codec.wire import encode

REPOSITORY = Path(__file__).parents[2]
SHARED = REPOSITORY.parent / "shared" / "fixtures"
PUBLIC = SHARED / "public"
SEALED = b"encrypt"

# Message fields that CockroachDB holds as pointers: their absence says something, so stripping leaves them.
NULLABLE = {"default_privileges", "geo_metadata", "interval_duration_field"}

UUIDS = {"backup_id", "cluster_id", "id"}  # printed as text

# CockroachDB's names where a later version renamed a field.
NAMES = {
    "20.2": {"tenants": "tenants_deprecated"},
    "21.2": {
        "key_column_directions": "column_directions",
        "key_column_ids": "column_ids",
        "key_column_names": "column_names",
        "key_suffix_column_ids": "extra_column_ids",
    },
}


def golden_sets() -> list[Any]:
    """Every set once, those that only the neighbouring folder holds marked as such."""
    own = {f"{path.parent.name}/{path.name}": path for path in REPOSITORY.glob("fixtures/golden/*.*/*")}
    other = {f"{path.parent.name}/{path.name}": path for path in SHARED.glob("golden/*.*/*")}
    found = [pytest.param(path, id=name) for name, path in sorted(own.items())]
    found += [
        pytest.param(path, id=name, marks=pytest.mark.shared)
        for name, path in sorted(other.items())
        if name not in own
    ]
    return [param for param in found if any(files(param.values[0]))]


def files(folder: Path) -> Iterator[Path]:
    """The files of a set that are protobuf messages, in a fixed order."""
    for path in sorted(folder.rglob("BACKUP*")):
        if path.name in (*MANIFESTS, STATISTICS) or parse_partition_name(path.name):
            yield path


def plain(path: Path) -> bytes | None:
    """A file's message bytes; None when it is sealed."""
    stored = path.read_bytes()
    if stored.startswith(SEALED):
        return None
    return gzip.decompress(stored) if stored.startswith(b"\x1f\x8b\x08") else stored


def decode(path: Path) -> Any:
    stored = path.read_bytes()
    if path.name in MANIFESTS:
        return decode_manifest(stored, location=path.name)
    if path.name == STATISTICS:
        return decode_statistics(stored, location=path.name)
    return decode_partition(stored, location=path.name)


def readable(folder: Path) -> list[Path]:
    """The files of a set that are not sealed."""
    return [path for path in files(folder) if plain(path) is not None]


def parts(message: Any) -> Iterator[Any]:
    """The message and every message inside it."""
    yield message
    for field, value in message.ListFields():
        if field.message_type is None or field.message_type.file.package != "ootheca.pb":
            continue
        if field.message_type.GetOptions().map_entry:
            held = value.values() if field.message_type.fields_by_name["value"].message_type else ()
        else:
            held = value if field.is_repeated else [value]
        for part in held:
            yield from parts(part)


def strip(message: Any) -> None:
    """Take every zero scalar and, from the inside out, every empty message away."""
    for part in reversed(list(parts(message))):
        for field, value in part.ListFields():
            if field.is_repeated or field.containing_oneof:
                continue
            if field.message_type is None:
                if not value:
                    part.ClearField(field.name)
            elif value.ByteSize() == 0 and field.name not in NULLABLE:
                part.ClearField(field.name)


def renamed(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {names.get(key, key): renamed(inner, names) for key, inner in value.items()}
    return [renamed(inner, names) for inner in value] if isinstance(value, list) else value


@pytest.mark.parametrize("folder", golden_sets())
def test_checksum_of_the_stored_file(folder: Path) -> None:
    manifests = sorted(folder.rglob(MANIFEST))
    assert manifests
    for path in manifests:
        expected = path.with_name(checksum_name(MANIFEST)).read_bytes()
        verify_checksum(path.read_bytes(), expected, location=path.name)


@pytest.mark.parametrize("folder", [param for param in golden_sets() if readable(param.values[0])])
class TestGolden:
    def test_encodes_to_the_same_bytes(self, folder: Path) -> None:
        version = folder.parent.name
        for path in readable(folder):
            assert encode(decode(path), version=version) == plain(path), path

    def test_file_codecs_round_trip(self, folder: Path) -> None:
        version = folder.parent.name
        for path in readable(folder):
            message = decode(path)
            if isinstance(message, pb.BackupManifest):
                again: Any = decode_manifest(encode_manifest(message, version=version), location="")
                assert encode_manifest(message, version=version, compress=False) == plain(path)
            elif isinstance(message, pb.StatsTable):
                again = decode_statistics(encode_statistics(message, version=version), location="")
                assert encode_statistics(message, version=version) == path.read_bytes()
            else:
                again = decode_partition(encode_partition(message, version=version), location="")
            assert again == message

    def test_names_every_field(self, folder: Path) -> None:
        for path in readable(folder):
            for part in parts(decode(path)):
                assert len(UnknownFieldSet(part)) == 0, (path, part.DESCRIPTOR.name)

    def test_complete_restores_what_was_stripped(self, folder: Path) -> None:
        version = folder.parent.name
        for path in readable(folder):
            message = decode(path)
            strip(message)
            if path.name == MANIFEST:
                assert encode(message, version=version) != plain(path)
            assert encode(complete(message, version), version=version) == plain(path), path

    def test_complete_takes_zeros_away_that_are_not_written(self, folder: Path) -> None:
        version = folder.parent.name
        for path in readable(folder):
            message = decode(path)
            for part in parts(message):
                if part.DESCRIPTOR.name in {"File", "RowCount", "Timestamp", "BackupManifest"}:
                    for field in part.DESCRIPTOR.fields:
                        if not field.is_repeated and not field.message_type and not part.HasField(field.name):
                            setattr(part, field.name, field.default_value)
            assert encode(complete(message, version), version=version) == plain(path), path

    def test_built_from_cockroachdbs_own_reading(self, folder: Path) -> None:
        """Values as CockroachDB prints them, without its zeros, give the bytes that it wrote."""
        version = folder.parent.name
        num_compared = 0
        for record in dump(folder):
            path = folder / record["file"].removeprefix(f"{folder.name}/")
            if record["kind"] not in {"manifest", "partition", "statistics"} or record["encrypted"]:
                continue
            message = type(decode(path))()
            ParseDict(renamed(record["message"], NAMES[version]), message)
            for name in UUIDS & record["message"].keys():
                setattr(message, name, UUID(record["message"][name]).bytes)
            if version == "20.2":
                take_types_over(decode(path), message)
            assert encode(complete(message, version), version=version) == plain(path), path
            num_compared += 1
        assert num_compared > 0


def take_types_over(source: Any, target: Any) -> None:
    """Copy every SQL type: the 20.2 build prints none."""
    for field, value in source.ListFields():
        if field.message_type is None or field.message_type.file.package != "ootheca.pb":
            continue
        if field.message_type.GetOptions().map_entry:
            continue
        if field.message_type.name == "T":
            getattr(target, field.name).CopyFrom(value)
        elif field.is_repeated:
            for inner, built in zip(value, getattr(target, field.name), strict=True):
                take_types_over(inner, built)
        elif target.HasField(field.name):
            take_types_over(value, getattr(target, field.name))


def dump(folder: Path) -> Iterator[dict[str, Any]]:
    path = folder / "dump.jsonl"
    text = (
        path.read_text()
        if path.exists()
        else gzip.decompress(path.with_suffix(".jsonl.gz").read_bytes()).decode()
    )
    return map(json.loads, text.splitlines())


@pytest.mark.shared
@pytest.mark.skipif(not PUBLIC.exists(), reason="the older public backups are not beside the repository")
class TestPublic:
    def test_decodes_and_encodes_to_the_same_bytes(self) -> None:
        paths = list(files(PUBLIC))
        assert {path.name for path in paths} >= {MANIFEST, OLD_MANIFEST, STATISTICS}
        for path in paths:
            assert encode(decode(path), version="20.2") == plain(path), path

    def test_complete_knows_unfinished_schema_changes(self) -> None:
        paths = sorted(PUBLIC.glob(f"mid-schema-change/*/20.2/*/{MANIFEST}"))
        mutations = [
            mutation.WhichOneof("descriptor")
            for path in paths
            for descriptor in decode(path).descriptors
            for mutation in descriptor.table.mutations
        ]
        assert {"column", "index", "constraint", "primaryKeySwap"} <= set(mutations)
        for path in paths:
            message = decode(path)
            strip(message)
            assert encode(complete(message, "20.2"), version="20.2") == plain(path), path
