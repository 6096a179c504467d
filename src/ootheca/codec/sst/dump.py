"""Table file -> annotated hex dump: every block, entry, property and handle with its bytes.

For tests and for people who look at one file; goes through it entry by entry.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from ootheca.codec.annotate import Note, annotate
from ootheca.codec.mvcc import decode_timestamp
from ootheca.codec.sst.compression import NONE, open_block
from ootheca.codec.sst.footer import TRAILER_SIZE, BlockHandle
from ootheca.codec.sst.reader import KIND_TRAILER_SIZE, SSTReader
from ootheca.codec.uvarint import decode_uvarint
from ootheca.errors import UnsupportedError

__all__ = ["dump_sst"]

_Describe = Callable[[bytes, bytes], str]


def dump_sst(data: bytes, *, location: str) -> str:
    """Return the dump of a whole, unsealed file; errors as for `SSTReader`.

    Raises:
        UnsupportedError: a file with columnar blocks. Value blocks and range keys are left out of a dump.
    """
    reader = SSTReader.open(data, location=location)
    footer = reader.footer
    if footer.format.is_columnar:
        raise UnsupportedError(f"files of format {footer.format} are not dumped", location=location)
    blocks: list[tuple[BlockHandle, str, _Describe]] = [
        (handle, f"data block {index}", _describe_row) for index, handle in enumerate(reader.handles)
    ]
    blocks.append((footer.index, "index block", _describe_separator))
    blocks.append((footer.metaindex, "metaindex block", _describe_handle))
    for name, value in reader.metaindex.items():
        if name.startswith(b"rocksdb."):
            handle, _ = BlockHandle.decode(value, 0, location=location, base=0)
            blocks.append((handle, f"block {name.decode()}", _describe_property))
    parts = [f"{location}: {footer.format}, {len(data)} bytes, {reader.properties.num_entries} entries\n"]
    for handle, title, describe in sorted(blocks, key=lambda block: block[0].offset):
        parts.append(_dump_block(data, reader, handle, title, describe))
    parts.append(f"footer @{footer.offset}\n")
    parts.append(annotate(data[footer.offset :], _footer_notes(reader)))
    return "".join(parts)


def _dump_block(data: bytes, reader: SSTReader, handle: BlockHandle, title: str, describe: _Describe) -> str:
    """Show one block; offsets within it count from the start of its plain contents."""
    contents = open_block(
        reader.data, handle, location=reader.location, checksum_kind=reader.footer.checksum_kind
    ).tobytes()
    kind = data[handle.offset + handle.size]
    checksum = data[handle.end - TRAILER_SIZE + 1 : handle.end].hex()
    how = "plain" if kind == NONE else f"compressed from {len(contents)}"
    head = f"{title} @{handle.offset}: {handle.size} bytes {how}, type {kind}, checksum {checksum}\n"
    return head + annotate(contents, _block_notes(contents, describe, reader.location))


def _block_notes(contents: bytes, describe: _Describe, location: str) -> Iterator[Note]:
    num_restarts = int.from_bytes(contents[-4:], "little")
    restarts_at = len(contents) - 4 * (num_restarts + 1)
    position, key = 0, b""
    while position < restarts_at:
        begin = position
        shared, position = decode_uvarint(contents, position, location=location)
        unshared, position = decode_uvarint(contents, position, location=location)
        value_size, position = decode_uvarint(contents, position, location=location)
        key = key[:shared] + contents[position : position + unshared]
        value = contents[position + unshared : position + unshared + value_size]
        text = f"shared {shared}, unshared {unshared}, value {value_size}"
        yield Note(begin, position - begin, text)
        yield Note(position, unshared, f"key {describe(key, value)}", depth=1)
        if value_size:
            yield Note(position + unshared, value_size, "value", depth=1)
        position += unshared + value_size
    offsets = np.frombuffer(contents, "<u4", num_restarts, restarts_at).tolist()
    yield Note(restarts_at, 4 * num_restarts, f"restart points {', '.join(map(str, offsets))}")
    yield Note(len(contents) - 4, 4, f"{num_restarts} restart points")


def _describe_row(key: bytes, value: bytes) -> str:
    user_key = key[:-KIND_TRAILER_SIZE]
    size = user_key[-1]
    roach_key = user_key[: len(user_key) - 1 - size]
    if size == 0:
        return f"{roach_key.hex()}, no timestamp"
    wall_ns, logical = decode_timestamp(user_key[-size:-1], location="")
    return f"{roach_key.hex()} at {wall_ns}.{logical:010}{'' if value else ', deleted'}"


def _describe_separator(key: bytes, value: bytes) -> str:
    return f"<= {key[:-KIND_TRAILER_SIZE].hex()}: {_handle_text(value)}"


def _describe_handle(key: bytes, value: bytes) -> str:
    return f"{key.decode()}: {_handle_text(value)}"


def _describe_property(key: bytes, _value: bytes) -> str:
    return key.decode("utf-8", "backslashreplace")


def _handle_text(value: bytes) -> str:
    handle, _ = BlockHandle.decode(value, 0, location="", base=0)
    return f"offset {handle.offset}, size {handle.size}"


def _footer_notes(reader: SSTReader) -> Iterator[Note]:
    footer = reader.footer
    size = footer.format.footer_size
    position = 0
    if size > 48:
        yield Note(0, 1, "checksum kind")
        position = 1
    for name, handle in (("metaindex", footer.metaindex), ("index", footer.index)):
        encoded = len(handle.encode())
        yield Note(position, encoded, f"{name} block: offset {handle.offset}, size {handle.size}")
        position += encoded
    fields = 8 if size == 48 else 12
    yield Note(position, size - fields - position, "padding")
    if fields == 12:
        yield Note(size - 12, 4, "version")
    yield Note(size - 8, 8, "magic")
