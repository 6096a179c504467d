"""Table keys: prefixes, families, and the order-preserving encodings, against bytes written down by hand."""

import numpy as np
import pytest

from ootheca import types
from ootheca.codec import decimals, ordered
from ootheca.codec.datums import Blobs, Durations, Ints
from ootheca.codec.decimaltext import format_decimals, parse_decimals
from ootheca.codec.keycolumns import decode_column, encode_column
from ootheca.codec.keys import decode_prefixes, family_suffix, prefix, pretty_key, row_starts, split_families
from ootheca.codec.ragged import Ragged
from ootheca.errors import CorruptionError, InvalidValueError, UnsupportedError
from ootheca.types import Family, SQLType


def ragged(*rows: str) -> Ragged:
    return Ragged.from_list([bytes.fromhex(row) for row in rows])


@pytest.mark.parametrize(
    ("table_id", "index_id", "expected"),
    [(53, 1, "bd89"), (109, 2, "f58a"), (110, 1, "f66e89"), (300, 200, "f7012cf6c8")],
)
def test_prefix(table_id: int, index_id: int, expected: str) -> None:
    assert prefix(table_id, index_id).hex() == expected


def test_prefixes_of_tenants_are_longer() -> None:
    table_ids, index_ids, sizes = decode_prefixes(ragged("bd898988", "fe92bd8a89", "f66e89"))
    assert table_ids.tolist() == [53, 53, 110]
    assert index_ids.tolist() == [1, 2, 1]
    assert sizes.tolist() == [2, 4, 3]


@pytest.mark.parametrize("key", ["", "bd", "12616263", "fe", "f7"])
def test_prefix_of_no_table(key: str) -> None:
    with pytest.raises(CorruptionError):
        decode_prefixes(ragged("bd898988", key))


@pytest.mark.parametrize(("family_id", "expected"), [(0, "88"), (2, "8a89"), (109, "f589"), (200, "f6c88a")])
def test_family_suffix_comes_back(family_id: int, expected: str) -> None:
    assert family_suffix(family_id).hex() == expected
    families, suffixes = split_families(ragged("bd8989" + expected))
    assert families.tolist() == [family_id]
    assert suffixes.tolist() == [3]


@pytest.mark.parametrize("key", ["", "8a", "bd898999", "bd897f", "bd8a8a8a8a"])
def test_key_without_family(key: str) -> None:
    with pytest.raises(CorruptionError):
        split_families(ragged(key))


def test_row_starts_compare_the_bytes_before_the_suffix() -> None:
    keys = ragged("bd898988", "bd89898989", "bd89898a89", "bd898a88", "bd898b8989", "bd898c8a89")
    assert row_starts(keys, *split_families(keys)).tolist() == [True, False, False, True, True, True]


@pytest.mark.parametrize(
    ("value", "ascending", "descending"),
    [
        (0, "88", "87ff"),
        (109, "f5", "8792"),
        (110, "f66e", "8791"),
        (-1, "87ff", "88"),
        (-255, "8701", "f6fe"),
        (-256, "86ff00", "f6ff"),
        (256, "f70100", "86feff"),
        (-9222246136947933184, "808004000000000000", "fd7ffbffffffffffff"),
        (2**63 - 1, "fd7fffffffffffffff", "808000000000000000"),
        (-(2**63), "808000000000000000", "fd7fffffffffffffff"),
    ],
)
def test_integers(value: int, ascending: str, descending: str) -> None:
    for expected, is_descending in ((ascending, False), (descending, True)):
        encoded = ordered.encode_varint(np.array([value], np.int64), is_descending=is_descending)
        assert encoded.row(0).hex() == expected
        decoded, after = ordered.decode_varint(encoded.data, encoded.starts, is_descending=is_descending)
        assert (decoded.tolist(), after.tolist()) == ([value], [len(encoded.row(0))])


def test_bytes_are_escaped() -> None:
    rows = Ragged.from_list([b"", b"a\x00b", b"\xff"])
    ascending, descending = ordered.encode_bytes(rows), ordered.encode_bytes(rows, is_descending=True)
    assert [row.hex() for row in ascending.to_list()] == ["120001", "126100ff620001", "12ff0001"]
    assert [row.hex() for row in descending.to_list()] == ["13fffe", "139eff009dfffe", "1300fffe"]


@pytest.mark.parametrize("damaged", ["1261", "126100", "1261000201", "13610001", ""])
def test_damaged_bytes(damaged: str) -> None:
    data = ragged(damaged)
    with pytest.raises(CorruptionError):
        ordered.decode_bytes(data.data, data.starts)


@pytest.mark.parametrize(
    ("text", "ascending"),
    [
        ("NaN", "18"),
        ("-Infinity", "19"),
        ("-1E+1000", "1a86fe0afd00"),
        ("-999.9", "23ec384b00"),
        ("-0.01", "25fd00"),
        ("0", "27"),
        ("1", "2a0200"),
        ("1.10", "2a031400"),
        ("12345678901234567890", "331945719db51945719db400"),
        ("Infinity", "35"),
    ],
)
def test_decimals_in_order(text: str, ascending: str) -> None:
    values = parse_decimals(Ragged.from_list([text.encode()]))
    encoded = decimals.encode_ordered(values)
    assert encoded.row(0).hex() == ascending
    decoded, after = decimals.decode_ordered(encoded.data, encoded.starts)
    assert after.tolist() == [len(encoded.row(0))]
    again = format_decimals(decoded).row(0).decode()
    assert again == {"1.10": "1.1", "12345678901234567890": "1.234567890123456789E+19"}.get(text, text)


def test_minus_zero_in_a_descending_column_is_read_as_the_server_reads_it() -> None:
    encoded = ordered.encode_float(np.array([0.0, -0.0]), is_descending=True)
    assert [row.hex() for row in encoded.to_list()] == ["04", "04"]
    values, _ = ordered.decode_float(encoded.data, encoded.starts, is_descending=True)
    assert np.signbit(values).all()


def test_interval_too_long_for_a_key() -> None:
    long = Durations(*(np.array([value], np.int64) for value in (12 * 300, 0, 0)))
    with pytest.raises(InvalidValueError, match="overflow"):
        encode_column(long, types.INTERVAL, is_descending=False)


def test_collated_keys_are_refused_by_name() -> None:
    collated = SQLType(Family.COLLATED_STRING, 25, locale="cs")
    with pytest.raises(UnsupportedError, match="STRING COLLATE cs"):
        encode_column(Blobs(Ragged.from_list([b"a"])), collated, is_descending=False)


def test_null_is_no_value_of_a_primary_key() -> None:
    with pytest.raises(CorruptionError):
        decode_column(np.zeros(1, np.uint8), np.zeros(1, np.int64), types.INT8, is_descending=False)


def test_values_of_different_sizes_decode_together() -> None:
    values = np.array([1, -1, 10**6, -(10**12), 2**62, 0, 109, 110], np.int64)
    encoded = encode_column(Ints(values), types.INT8, is_descending=False)
    decoded, after = decode_column(encoded.data, encoded.starts, types.INT8, is_descending=False)
    assert isinstance(decoded, Ints)
    assert decoded.values.tolist() == values.tolist()
    assert after.tolist() == encoded.offsets[1:].tolist()


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("f589", "/Table/109/1"),
        ("f58a", "/Table/109/2"),
        ("fe92a689", "/Tenant/10/NamespaceTable/30/1"),
        ("bd8912610001135efffe88", '/Table/53/1/"a"/"\\xa1"/0'),
        ("bf8989fec08988", "/Table/55/1/1/#/56/1/0"),
        ("bd8907aa", "/Table/53/1/???07aa"),
        ("", "/Table"),
    ],
)
def test_pretty_keys(key: str, expected: str) -> None:
    assert pretty_key(bytes.fromhex(key)) == expected
