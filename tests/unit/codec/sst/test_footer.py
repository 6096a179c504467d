"""Footers: the known bytes, every format, and what is refused."""

import pytest

from ootheca.codec.checksum import block_checksum
from ootheca.codec.sst.footer import BlockHandle, TableFormat, decode_footer, encode_footer
from ootheca.errors import (
    BadMagicError,
    ChecksumMismatchError,
    CorruptionError,
    TruncatedError,
    UnsupportedError,
)

METAINDEX, INDEX = BlockHandle(841, 32), BlockHandle(45, 23)
KNOWN = "c906202d17" + "00" * 35 + "57fb808b247547db"  # reference 04 section 10
BODY = bytes(900)


def newer_footer(version, *, kind=1, magic="f09faab3f09faab3"):
    """A footer of one of Pebble's formats, as reference 04 section 2 lays it out."""
    head = (bytes([kind]) + METAINDEX.encode() + INDEX.encode()).ljust(41, b"\x00")
    head += bytes(4) if version >= 7 else b""
    tail = version.to_bytes(4, "little") + bytes.fromhex(magic)
    checksum = block_checksum(head + tail).to_bytes(4, "little") if version >= 6 else b""
    return head + checksum + tail


def test_a_leveldb_footer_is_the_known_bytes():
    assert encode_footer(METAINDEX, INDEX).hex() == KNOWN
    footer = decode_footer(BODY + bytes.fromhex(KNOWN), location="f")
    assert (footer.format, footer.metaindex, footer.index) == (TableFormat.LEVELDB, METAINDEX, INDEX)
    assert footer.offset == 900


def test_a_rocksdb_footer_comes_back():
    raw = encode_footer(METAINDEX, INDEX, table_format=TableFormat.ROCKSDB_V2)
    assert raw == newer_footer(2, magic="f7cff485b741e288")
    assert decode_footer(BODY + raw, location="f").format is TableFormat.ROCKSDB_V2


@pytest.mark.parametrize("version", range(1, 9))
def test_every_pebble_format_is_told(version):
    footer = decode_footer(BODY + newer_footer(version), location="f")
    assert str(footer.format) == f"(Pebble,v{version})"
    assert footer.format.is_columnar == (version >= 5)
    assert (footer.metaindex, footer.index, footer.offset) == (METAINDEX, INDEX, 900)


@pytest.mark.parametrize("version", [6, 7, 8])
def test_a_damaged_footer_of_a_newer_format_is_found(version):
    raw = bytearray(newer_footer(version))
    raw[20] ^= 1
    with pytest.raises(ChecksumMismatchError) as caught:
        decode_footer(BODY + raw, location="f")
    assert caught.value.location == "f @900"


def test_unknown_versions_and_checksum_kinds():
    with pytest.raises(UnsupportedError, match="format version 9"):
        decode_footer(BODY + newer_footer(9), location="f")
    assert decode_footer(BODY + newer_footer(2, kind=3), location="f").checksum_kind == 3
    with pytest.raises(CorruptionError, match="checksum type: 9"):
        decode_footer(BODY + newer_footer(2, kind=9), location="f")
    with pytest.raises(UnsupportedError, match="not written"):
        encode_footer(METAINDEX, INDEX, table_format=TableFormat.PEBBLE_V4)


def test_a_file_of_another_kind_has_a_bad_magic_number():
    with pytest.raises(BadMagicError) as caught:
        decode_footer(bytes(100), location="f")
    assert caught.value.location == "f @92"
    assert caught.value.hint is None


def test_a_sealed_file_is_told_with_a_hint():
    with pytest.raises(BadMagicError) as caught:
        decode_footer(b"encrypt\x02" + bytes(100), location="f")
    assert "encryption_passphrase" in caught.value.hint


def test_short_files():
    with pytest.raises(TruncatedError):
        decode_footer(b"", location="f")
    with pytest.raises(TruncatedError, match="footer too short"):
        decode_footer(newer_footer(7)[-50:], location="f")


def test_handles_beyond_the_file_are_refused():
    far = encode_footer(BlockHandle(890, 6), INDEX)
    with pytest.raises(CorruptionError, match="bad metaindex block handle"):
        decode_footer(BODY + far, location="f")
    with pytest.raises(CorruptionError, match="bad index block handle"):
        decode_footer(BODY + encode_footer(METAINDEX, BlockHandle(0, 1 << 60)), location="f")
    with pytest.raises(CorruptionError, match="exceeds 64 bits"):
        decode_footer(BODY + b"\xff" * 40 + bytes.fromhex(KNOWN)[40:], location="f")
