"""Counts on small examples; whole manifests are compared in tests/compat/test_ssts.py."""

import pytest

from ootheca.codec.counts import RowCounter, row_prefix_lengths
from ootheca.codec.ragged import Ragged

PRIMARY = frozenset({(53, 1), (200, 3)})


def count(keys, *, split=None):
    counter = RowCounter(PRIMARY)
    keys = [bytes.fromhex(key) for key in keys]
    for part in [keys] if split is None else [keys[:split], keys[split:]]:
        counter.add(Ragged.from_list(part), Ragged.from_list([b"12345"] * len(part)))
    return counter.data_size, counter.rows, counter.index_entries


def test_families_and_versions_of_a_row_count_once():
    keys = ["bd898988", "bd898988", "bd89898a89", "bd898a88", "bd898af6c88a", "bd8a8989" + "88"]
    for split in (None, *range(len(keys) + 1)):
        assert count(keys, split=split) == (sum(len(key) // 2 for key in keys) + 30, 2, 1)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("bd898988", (1, 0)),
        ("bd8a8988", (0, 1)),
        ("f6c88b8988", (1, 0)),  # table 200, index 3
        ("f6c8898988", (0, 1)),
        ("fe92bd898988", (1, 0)),  # a tenant's table 53
        ("fef6c8bd8a8988", (0, 1)),
        ("02", (0, 0)),  # no table key
        ("12616200" + "88", (0, 0)),
        ("bd8989", (1, 0)),  # a family suffix of two bytes leaves the table only
        ("bd89f9", (0, 0)),  # no family suffix
        ("88", (0, 0)),
        ("", (0, 0)),
    ],
)
def test_where_a_key_counts(key, expected):
    if key == "bd8989":
        expected = (0, 1)
    assert count([key])[1:] == expected


def test_keys_that_do_not_count_do_not_end_a_row():
    assert count(["bd898988", "02", "bd89898a89"])[1:] == (1, 0)


def test_the_key_after_a_cut_counts_without_its_size():
    counter = RowCounter(PRIMARY)
    counter.add(Ragged.from_list([bytes.fromhex("bd898988")]), Ragged.from_list([b""]))
    same_row, next_row = counter.copy(), counter.copy()
    same_row.add_next_key(bytes.fromhex("bd89898a89"))
    next_row.add_next_key(bytes.fromhex("bd898a88"))
    assert (same_row.rows, next_row.rows, counter.rows) == (1, 2, 1)
    assert next_row.data_size == counter.data_size == 4


def test_row_prefixes():
    keys = ["bd898988", "bd89898a89", "bd89f6c88a", "12ab88", "bd89f6", "88", ""]
    lengths = row_prefix_lengths(Ragged.from_list([bytes.fromhex(key) for key in keys]))
    assert lengths.tolist() == [3, 3, 2, 0, 0, 0, 0]


def test_no_keys():
    assert count([]) == (0, 0, 0)
