"""Table files as newer versions of Pebble lay them out, put together by hand from reference 04; for tests alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ootheca.codec.checksum import block_checksum
from ootheca.codec.mvcc import encode_timestamp
from ootheca.codec.ragged import Ragged
from ootheca.codec.sst.block_builder import encode_single_block
from ootheca.codec.uvarint import encode_uvarint

__all__ = [
    "COMPARATOR",
    "Entry",
    "RangeDelete",
    "TableWriter",
    "bool_column",
    "bytes_column",
    "columnar_block",
    "prefix_bytes_column",
    "uint_column",
    "user_key",
    "xxh64",
]

Column = tuple[int, Callable[[int], bytes]]

COMPARATOR = b"cockroach_comparator"
_MASK64 = (1 << 64) - 1
_P1, _P2, _P3, _P4, _P5 = (
    0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5,
)  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """One version of a key; `where` its value lies: "inline", "block" (a value block) or "blob"."""

    key: bytes
    wall_ns: int
    value: bytes
    logical: int = 0
    where: str = "inline"
    kind: int = 1


@dataclass(frozen=True)
class RangeDelete:
    """A range key of [start, end)."""

    start: bytes
    end: bytes
    wall_ns: int
    logical: int = 0
    value: bytes = b""
    kind: int = 21


def user_key(key: bytes, wall_ns: int, logical: int = 0) -> bytes:
    return key + b"\x00" + suffix(wall_ns, logical)


def suffix(wall_ns: int, logical: int) -> bytes:
    if not wall_ns and not logical:
        return b""
    timestamp = encode_timestamp(wall_ns, logical)
    return timestamp + bytes([len(timestamp) + 1])


def trailer(kind: int) -> bytes:
    return kind.to_bytes(8, "little")


# Columns: what each gives is laid out for the place it gets, for integers are aligned.


def uint_column(values: Sequence[int], *, width: int = 8, base: int | None = None) -> Column:
    """`base` makes a delta encoding; with a width of 0 all values are equal to it."""

    def lay_out(at: int) -> bytes:
        if not values:
            return b""
        head = bytes([width | (0x80 if base is not None else 0)])
        head += b"" if base is None else base.to_bytes(8, "little")
        padding = -(at + len(head)) % width if width else 0
        body = b"".join((value - (base or 0)).to_bytes(width, "little") for value in values) if width else b""
        return head + bytes(padding) + body

    return 2, lay_out


def bool_column(values: Sequence[bool]) -> Column:
    def lay_out(at: int) -> bytes:
        if not values:
            return b""
        if not any(values):
            return b"\x01"
        num_words = -(-len(values) // 64)
        bits = sum(1 << i for i, value in enumerate(values) if value)
        words = bits.to_bytes(num_words * 8, "little")
        summary = bytes(8 * -(-num_words // 64))
        return b"\x00" + bytes(-(at + 1) % 8) + words + summary

    return 1, lay_out


def bytes_column(values: Sequence[bytes], *, width: int = 4) -> Column:
    def lay_out(at: int) -> bytes:
        if not values:
            return b""
        ends = [sum(map(len, values[:i])) for i in range(len(values) + 1)]
        table = uint_column(ends, width=0, base=0) if not any(ends) else uint_column(ends, width=width)
        return table[1](at) + b"".join(values)

    return 3, lay_out


def prefix_bytes_column(keys: Sequence[bytes], *, bundle_shift: int = 2) -> Column:
    """Keys in order; equal neighbours in a bundle get an empty slice."""

    def lay_out(at: int) -> bytes:
        if not keys:
            return b""
        size = 1 << bundle_shift
        bundles = [keys[i : i + size] for i in range(0, len(keys), size)]
        shared = common_prefix(keys)
        slices = []
        for bundle in bundles:
            prefix = common_prefix(bundle)
            slices.append(prefix[len(shared) :])
            for i, key in enumerate(bundle):
                slices.append(b"" if i and key == bundle[i - 1] else key[len(prefix) :])
        ends, end = [len(shared)], len(shared)
        for each in slices:
            end += len(each)
            ends.append(end)
        table = uint_column(ends, width=2)[1](at + 1)
        return bytes([bundle_shift]) + table + shared + b"".join(slices)

    return 4, lay_out


def common_prefix(keys: Sequence[bytes]) -> bytes:
    first, last = min(keys), max(keys)
    size = 0
    while size < min(len(first), len(last)) and first[size] == last[size]:
        size += 1
    return first[:size]


def columnar_block(num_rows: int, columns: Sequence[Column], *, custom_header: bytes = b"") -> bytes:
    header = custom_header + b"\x01" + len(columns).to_bytes(2, "little") + num_rows.to_bytes(4, "little")
    at = len(header) + 5 * len(columns)
    table, body = b"", b""
    for kind, lay_out in columns:
        table += bytes([kind]) + (at + len(body)).to_bytes(4, "little")
        body += lay_out(at + len(body))
    return header + table + body + b"\x00"


class TableWriter:
    """A file of one of Pebble's formats v1 to v8: `add` data blocks, then `finish`."""

    def __init__(self, version: int, *, checksum_kind: int = 1, is_two_level: bool = False) -> None:
        self.version = version
        self.checksum_kind = checksum_kind
        self.is_two_level = is_two_level
        self.file = b""
        self.index: list[tuple[bytes, bytes]] = []
        self.value_block = b""
        self.num_value_blocks = 0
        self.value_index: list[tuple[int, int, int]] = []
        self.num_entries = 0

    @property
    def is_columnar(self) -> bool:
        return self.version >= 5

    def block(self, contents: bytes, *, kind: int = 0) -> bytes:
        """Append a block whose contents are stored as they are, and return its handle."""
        stored = contents + bytes([kind])
        checksum = block_checksum(stored) if self.checksum_kind == 1 else xxh64(stored) & 0xFFFFFFFF
        handle = encode_uvarint(len(self.file)) + encode_uvarint(len(contents))
        self.file += stored + checksum.to_bytes(4, "little")
        return handle

    def rows_block(self, rows: Sequence[tuple[bytes, bytes]], *, restart_interval: int = 1) -> bytes:
        keys, values = (
            Ragged.from_list([key for key, _ in rows]),
            Ragged.from_list([value for _, value in rows]),
        )
        return self.block(encode_single_block(keys, values, restart_interval=restart_interval))

    def add(self, entries: Sequence[Entry]) -> None:
        """Append one data block."""
        stored = [self._stored_value(entry) for entry in entries]
        if self.is_columnar:
            handle = self.block(self.columnar_data(entries, stored))
        else:
            rows = [
                (user_key(e.key, e.wall_ns, e.logical) + trailer(e.kind), value)
                for e, value in zip(entries, stored, strict=True)
            ]
            handle = self.rows_block(rows, restart_interval=2)
        last = entries[-1]
        self.index.append((user_key(last.key, last.wall_ns, last.logical), handle))
        self.num_entries += len(entries)

    def columnar_data(self, entries: Sequence[Entry], stored: Sequence[bytes]) -> bytes:
        keys = [entry.key for entry in entries]
        columns = [
            prefix_bytes_column(keys),
            uint_column([e.wall_ns for e in entries]),
            uint_column([e.logical for e in entries], width=4),
            bytes_column([b""] * len(entries)),
            uint_column([e.kind for e in entries], width=1),
            bool_column([not i or key != keys[i - 1] for i, key in enumerate(keys)]),
            bytes_column(stored),
            bool_column([e.where != "inline" for e in entries]),
            bool_column([False] * len(entries)),
        ]
        if self.version >= 8:
            columns += [uint_column([0] * len(entries), width=0, base=0)] * 2 + [
                bytes_column([b""] * len(entries))
            ]
        return columnar_block(len(entries), columns, custom_header=b"\x01" + (99).to_bytes(4, "little"))

    def _stored_value(self, entry: Entry) -> bytes:
        if entry.where == "blob":
            return b"\x40\x00\x01\x00\x00"
        if entry.where == "block":
            handle = [len(entry.value), self.num_value_blocks, len(self.value_block)]
            self.value_block += entry.value
            return b"\x80" + b"".join(map(encode_uvarint, handle))
        is_prefixed = self.version in (3, 4) and entry.kind & ~0x40 == 1
        return b"\x20" + entry.value if is_prefixed else entry.value

    def close_value_block(self) -> None:
        offset = len(self.file)
        self.block(self.value_block)
        self.value_index.append((self.num_value_blocks, offset, len(self.value_block)))
        self.num_value_blocks, self.value_block = self.num_value_blocks + 1, b""

    def finish(
        self,
        *,
        range_deletes: Sequence[RangeDelete] = (),
        metaindex: Sequence[tuple[bytes, bytes]] = (),
        schema: bytes = b"crdb1",
    ) -> bytes:
        if self.value_block:
            self.close_value_block()
        named = dict(metaindex)
        if self.value_index:
            widths = (1, 4, 3)
            raw = b"".join(
                value.to_bytes(width, "little")
                for row in self.value_index
                for value, width in zip(row, widths, strict=True)
            )
            named[b"pebble.value_index"] = self.block(raw) + bytes(widths)
        if range_deletes:
            named[b"pebble.range_key"] = self._range_keys(range_deletes)
        index = self._index()
        properties = {
            b"rocksdb.comparator": COMPARATOR,
            b"rocksdb.num.entries": encode_uvarint(self.num_entries),
            b"rocksdb.block.based.table.index.type": (2 if self.is_two_level else 0).to_bytes(4, "little"),
        }
        if self.is_columnar:
            properties[b"pebble.colblk.schema"] = schema
        named[b"rocksdb.properties"] = self._named(properties, is_columnar=self.version >= 7)
        return self._footer(self._named(named, is_columnar=self.version >= 6), index)

    def _range_keys(self, deletes: Sequence[RangeDelete]) -> bytes:
        if not self.is_columnar:
            rows = []
            for each in deletes:
                parts = [each.end + b"\x00", suffix(each.wall_ns, each.logical), each.value]
                value = b"".join(encode_uvarint(len(part)) + part for part in parts)
                rows.append((each.start + b"\x00" + trailer(each.kind), value))
            return self.rows_block(rows)
        bounds = sorted({each.start for each in deletes} | {each.end for each in deletes})
        firsts = [sum(each.start < bound for each in deletes) for bound in bounds]
        columns = [
            bytes_column([bound + b"\x00" for bound in bounds]),
            uint_column(firsts, width=1),
            uint_column([each.kind for each in deletes], width=1),
            bytes_column([suffix(each.wall_ns, each.logical) for each in deletes]),
            bytes_column([each.value for each in deletes]),
        ]
        return self.block(
            columnar_block(len(deletes), columns, custom_header=len(bounds).to_bytes(4, "little"))
        )

    def _index(self) -> bytes:
        if not self.is_two_level:
            return self._index_block(self.index)
        upper = []
        for i in range(0, len(self.index), 2):
            part = self.index[i : i + 2]
            upper.append((part[-1][0], self._index_block(part)))
        return self._index_block(upper)

    def _index_block(self, rows: Sequence[tuple[bytes, bytes]]) -> bytes:
        if not self.is_columnar:
            return self.rows_block([(key + trailer(1), handle + b"props") for key, handle in rows])
        offsets, sizes = [], []
        for _, handle in rows:
            numbers = list(uvarints(handle))
            offsets.append(numbers[0])
            sizes.append(numbers[1])
        columns = [
            bytes_column([key for key, _ in rows]),
            uint_column(offsets, width=4),
            uint_column(sizes, width=2, base=min(sizes, default=0)),
            bytes_column([b""] * len(rows)),
        ]
        return self.block(columnar_block(len(rows), columns))

    def _named(self, named: dict[bytes, bytes], *, is_columnar: bool) -> bytes:
        rows = sorted(named.items())
        if not is_columnar:
            return self.rows_block(rows)
        columns = [bytes_column([name for name, _ in rows]), bytes_column([value for _, value in rows])]
        return self.block(columnar_block(len(rows), columns))

    def _footer(self, metaindex: bytes, index: bytes) -> bytes:
        head = (bytes([self.checksum_kind]) + metaindex + index).ljust(41, b"\x00")
        head += bytes(4) if self.version >= 7 else b""
        tail = self.version.to_bytes(4, "little") + bytes.fromhex("f09faab3f09faab3")
        checksum = block_checksum(head + tail).to_bytes(4, "little")
        return self.file + head + (checksum if self.version >= 6 else b"") + tail


def uvarints(raw: bytes) -> list[int]:
    values, value, shift = [], 0, 0
    for byte in raw:
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            values.append(value)
            value, shift = 0, 0
    return values


def xxh64(data: bytes) -> int:
    """XXH64 with seed 0, from its public specification."""

    def rotate(x: int, bits: int) -> int:
        return (x << bits | x >> (64 - bits)) & _MASK64

    def mix(accumulator: int, lane: int) -> int:
        return rotate((accumulator + lane * _P2) & _MASK64, 31) * _P1 & _MASK64

    at, size = 0, len(data)
    if size >= 32:
        lanes = [(_P1 + _P2) & _MASK64, _P2, 0, -_P1 & _MASK64]
        while at + 32 <= size:
            lanes = [
                mix(lane, int.from_bytes(data[at + 8 * i : at + 8 * i + 8], "little"))
                for i, lane in enumerate(lanes)
            ]
            at += 32
        value = sum(rotate(lane, bits) for lane, bits in zip(lanes, (1, 7, 12, 18), strict=True)) & _MASK64
        for lane in lanes:
            value = ((value ^ mix(0, lane)) * _P1 + _P4) & _MASK64
    else:
        value = _P5
    value = (value + size) & _MASK64
    while at + 8 <= size:
        value = rotate(value ^ mix(0, int.from_bytes(data[at : at + 8], "little")), 27) * _P1 + _P4 & _MASK64
        at += 8
    if at + 4 <= size:
        value = (
            rotate(value ^ int.from_bytes(data[at : at + 4], "little") * _P1 & _MASK64, 23) * _P2 + _P3
            & _MASK64
        )
        at += 4
    for byte in data[at:]:
        value = rotate(value ^ byte * _P5 & _MASK64, 11) * _P1 & _MASK64
    for shift, prime in ((33, _P2), (29, _P3)):
        value = (value ^ value >> shift) * prime & _MASK64
    return value ^ value >> 32
