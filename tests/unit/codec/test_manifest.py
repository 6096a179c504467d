"""The manifest codec at its edges; whole files are compared in tests/compat/test_manifests.py."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from ootheca import pb
from ootheca.codec.manifest import (
    checksum,
    complete,
    decode_manifest,
    decode_partition,
    decode_statistics,
    encode_manifest,
    encode_partition,
    encode_statistics,
    verify_checksum,
)
from ootheca.codec.wire import decode, encode
from ootheca.errors import (
    ChecksumMismatchError,
    CorruptionError,
    InvalidOptionError,
    KeyRequiredError,
)

GOLDEN = Path(__file__).parents[3] / "fixtures" / "golden"
MANIFEST = GOLDEN / "21.2" / "a_full" / "extern" / "full" / "BACKUP_MANIFEST"


def test_sealed_manifest_asks_for_a_key() -> None:
    (sealed,) = (GOLDEN / "20.2" / "b_passphrase" / "extern").rglob("BACKUP_MANIFEST")
    with pytest.raises(KeyRequiredError) as caught:
        decode_manifest(sealed.read_bytes(), location="enc/BACKUP_MANIFEST")
    # Source: fixtures/conformance/20.2/scenarios/01_passphrase.json
    assert caught.value.message == (
        'file appears encrypted -- try specifying one of "encryption_passphrase" or "kms"'
    )
    assert caught.value.location == "enc/BACKUP_MANIFEST"


def test_manifest_that_is_not_gzipped_is_read() -> None:
    stored = MANIFEST.read_bytes()
    manifest = decode_manifest(stored, location="")
    assert decode_manifest(gzip.decompress(stored), location="") == manifest
    assert [d.database.name for d in manifest.descriptors if d.HasField("database")] == ["kinds", "shapes"]


def test_every_damaged_byte_and_every_cut_of_a_gzipped_manifest_is_found() -> None:
    manifest = complete(pb.BackupManifest(id=bytes(16), complete_dbs=[52]), "20.2")
    stored = encode_manifest(manifest, version="20.2")
    for length in range(1, len(stored)):
        with pytest.raises(CorruptionError):
            decode_manifest(stored[:length], location="m")
    # The flags, time and system of the gzip header are not protected; the magic bytes decide how to read.
    for offset in range(10, len(stored)):
        damaged = bytearray(stored)
        damaged[offset] ^= 0x10
        with pytest.raises(CorruptionError) as caught:
            decode_manifest(bytes(damaged), location="m")
        assert caught.value.location is not None


def test_bytes_after_the_gzip_stream_are_damage() -> None:
    stored = encode_partition(pb.BackupPartitionDescriptor(locality_kv="region=east"), version="20.2")
    with pytest.raises(CorruptionError, match="trailing data") as caught:
        decode_partition(stored + b"x", location="p")
    assert caught.value.location == f"p@{len(stored)}"


def test_bytes_that_are_no_message_are_damage() -> None:
    with pytest.raises(CorruptionError, match="BackupManifest") as caught:
        decode_manifest(b"\x0a\x05\x00", location="full/BACKUP")
    assert caught.value.location == "full/BACKUP"


def test_gzip_header_is_that_of_a_real_manifest() -> None:
    real = MANIFEST.read_bytes()
    stored = encode_manifest(decode_manifest(real, location=""), version="21.2")
    assert stored[:10] == real[:10]
    assert gzip.decompress(stored) == gzip.decompress(real)
    assert stored == encode_manifest(decode_manifest(real, location=""), version="21.2")


def test_checksum_of_other_bytes_is_refused_in_cockroachdbs_words() -> None:
    verify_checksum(b"abc", bytes.fromhex("ba7816bf"), location="m")
    with pytest.raises(ChecksumMismatchError) as caught:
        verify_checksum(b"abd", checksum(b"abc"), location="m")
    assert caught.value.message == "checksum mismatch; expected ba7816bf, got a52d159f"


def test_no_statistics_are_no_bytes() -> None:
    assert encode_statistics(pb.StatsTable(), version="20.2") == b""
    assert decode_statistics(b"", location="s") == pb.StatsTable()


def test_smallest_full_manifest() -> None:
    """What is written although nobody set it; the bytes are read off reference 03 §1.1."""
    manifest = complete(pb.BackupManifest(end_time=pb.Timestamp(wall_time=1)), "20.2")
    assert encode_manifest(manifest, version="20.2", compress=False).hex(" ") == (
        "0a 00 12 02 08 01 3a 06 12 00 1a 00 42 00 "
        "5a 16 0a 00 12 00 1a 00 22 00 2a 00 32 00 3a 00 42 00 4a 00 52 00 5a 00 62 00 8a 01 00"
    )


def test_zero_of_a_proto3_message_is_not_written() -> None:
    zero = pb.File(path="", locality_kv="", entry_counts=pb.RowCount(data_size=0, rows=1))
    assert encode(complete(zero, "21.2"), version="21.2").hex(" ") == "0a 00 32 02 10 01 3a 00 42 00"


def test_number_keys_of_maps_ascend() -> None:
    manifest = pb.BackupManifest()
    for table_id in (300, 53, 129, 52):
        manifest.statistics_filenames[table_id] = "s"
    assert encode(manifest, version="20.2").hex() == (
        "ba0105083412 0173 ba0105083512 0173 ba010608810112 0173 ba010608ac0212 0173".replace(" ", "")
    )


def test_place_of_a_oneof_depends_on_the_version() -> None:
    mutation = pb.DescriptorMutation(state="DELETE_ONLY", direction="ADD")
    mutation.primaryKeySwap.SetInParent()
    assert encode(mutation, version="20.2").hex(" ") == "4a 00 18 01 20 01"
    assert encode(mutation, version="21.2").hex(" ") == "18 01 20 01 4a 00"
    mutation.column.SetInParent()
    assert encode(mutation, version="20.2").hex(" ") == "0a 00 18 01 20 01"
    assert encode(mutation, version="21.2").hex(" ") == "18 01 20 01 0a 00"


def test_unknown_fields_survive_at_every_level() -> None:
    unknown = bytes.fromhex("fa3f 03 6e6577")  # field 1023: "new"
    table = encode(
        pb.TableDescriptor(name="t", id=7, mutations=[pb.DescriptorMutation(mutation_id=1)]), version="21.2"
    )
    descriptor = bytes([0x0A, len(table + unknown)]) + table + unknown
    raw = bytes([0x2A, len(descriptor)]) + descriptor + unknown
    manifest = decode(pb.BackupManifest, raw, location="")
    assert manifest.descriptors[0].table.mutations[0].mutation_id == 1
    assert encode(manifest, version="21.2") == raw
    assert encode(complete(manifest, "21.2"), version="21.2").count(unknown) == 2


def test_version_without_a_profile_is_refused() -> None:
    with pytest.raises(InvalidOptionError):
        encode_manifest(pb.BackupManifest(), version="19.2")
    with pytest.raises(InvalidOptionError):
        complete(pb.BackupManifest(), "19.2")
