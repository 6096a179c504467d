"""Stored blocks: each compression, when it is kept, and each kind of damage."""

import numpy as np
import pytest

from ootheca.codec.checksum import block_checksum
from ootheca.codec.sst.compression import NONE, SNAPPY, ZSTD, compress_block, open_block, seal_block
from ootheca.codec.sst.footer import BlockHandle
from ootheca.codec.uvarint import encode_uvarint
from ootheca.errors import ChecksumMismatchError, CorruptionError, TruncatedError, UnsupportedError

TEXT = b"the same words again and again " * 20
NOISE = np.random.default_rng(1).bytes(600)


def opened(stored, *, before=b"", cut=0):
    handle = BlockHandle(len(before), len(stored) - 5)
    data = np.frombuffer(before + stored, np.uint8)
    return open_block(data[: data.size - cut], handle, location="f").tobytes()


def sealed_as(contents, kind):
    block = contents + bytes([kind])
    return block + block_checksum(block).to_bytes(4, "little")


@pytest.mark.parametrize("kind", [NONE, SNAPPY, ZSTD])
@pytest.mark.parametrize("contents", [TEXT, NOISE, b"", b"x"], ids=["text", "noise", "empty", "one byte"])
def test_blocks_come_back(kind, contents):
    assert opened(seal_block(contents, kind=kind), before=b"abc") == contents


def test_compression_is_kept_only_if_it_saves_an_eighth():
    assert compress_block(TEXT, kind=SNAPPY)[0] == SNAPPY
    assert compress_block(NOISE, kind=SNAPPY) == (NONE, NOISE)
    mixed = NOISE[:560] + bytes(64)  # saves less than an eighth
    assert compress_block(mixed, kind=SNAPPY) == (NONE, mixed)
    with pytest.raises(UnsupportedError):
        compress_block(TEXT, kind=8)


def test_a_flipped_bit_fails_the_checksum():
    stored = bytearray(seal_block(TEXT, kind=SNAPPY))
    for at in range(len(stored)):
        stored[at] ^= 4
        with pytest.raises(ChecksumMismatchError) as caught:
            opened(bytes(stored), before=b"abc")
        assert caught.value.location == "f @3"
        stored[at] ^= 4


def test_a_block_beyond_the_file_is_truncated():
    with pytest.raises(TruncatedError):
        opened(seal_block(TEXT, kind=NONE), cut=1)


@pytest.mark.parametrize(
    ("contents", "kind"),
    [
        (b"\x05junk", SNAPPY),
        (b"", SNAPPY),
        (encode_uvarint(1 << 40) + b"abc", SNAPPY),
        (b"\x05junk", ZSTD),
        (encode_uvarint(len(TEXT) + 1) + compress_block(TEXT, kind=ZSTD)[1][2:], ZSTD),
        (encode_uvarint(len(TEXT) - 1) + compress_block(TEXT, kind=ZSTD)[1][2:], ZSTD),
        (b"abc", 77),
    ],
)
def test_contents_that_do_not_decompress(contents, kind):
    with pytest.raises(CorruptionError) as caught:
        opened(sealed_as(contents, kind))
    assert caught.value.location == "f @0"


@pytest.mark.parametrize(("kind", "name"), [(3, "bzip2"), (4, "lz4")])
def test_a_known_compression_that_is_not_read_is_named(kind, name):
    with pytest.raises(UnsupportedError, match=name):
        opened(sealed_as(b"abc", kind))
