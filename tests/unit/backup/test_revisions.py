"""Every version of a table's rows, and rows at any time, from layers with and without revision history."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ootheca import pb
from ootheca.backup import revisions
from ootheca.backup.chain import Chain, Layer, cut_at, open_chain
from ootheca.backup.opened import Backup
from ootheca.backup.revisions import catalog_at, descriptors_at
from ootheca.backup.sealed import SealedStorage
from ootheca.catalog.bootstrap import bootstrap
from ootheca.catalog.build import add_database
from ootheca.catalog.catalog import Catalog, wrap_descriptor
from ootheca.catalog.rules import descriptor_rules
from ootheca.catalog.table import Table
from ootheca.clock import Timestamp
from ootheca.codec.entries import IndexEncoder
from ootheca.codec.keys import family_suffix, prefix
from ootheca.codec.ragged import Ragged
from ootheca.errors import InvalidValueError, OothecaError, UndefinedColumnError
from ootheca.profile import profile
from ootheca.storage.memory import MemoryStorage
from tests.support.backups import INT, TEXT, add_table, write_layer

NAME = "bank.public.notes"
Row = tuple[str | None, str | None]  # title, body
Entry = tuple[bytes, int, bytes]  # key, wall time, value
SMALL = pb.T(family=pb.Family.IntFamily, width=16, oid=21)


def make_catalog(*, key: tuple[str, ...] = ("id",), families: Any = None, **columns: pb.T) -> Catalog:
    facts = profile("21.2")
    catalog = bootstrap(facts)
    database = add_database(catalog, "bank", facts, descriptor_rules(facts))
    all_columns = [("id", INT), *(columns or {"title": TEXT, "body": TEXT}).items()]
    add_table(
        catalog, database.id, "notes", all_columns, key=key, families=families or [["id", "title"], ["body"]]
    )
    catalog.commit(Timestamp(1))
    return catalog


CATALOG = make_catalog()
DESCRIPTORS = [
    wrap_descriptor(member)
    for member in CATALOG
    if not isinstance(member, pb.TableDescriptor) or member.name == "notes"
]


def table_of(catalog: Catalog) -> Table:
    return catalog.describe(catalog.resolve_table(("notes",), "bank").id)


TABLE = table_of(CATALOG)
SPAN = (prefix(TABLE.id, 1), prefix(TABLE.id, 2))


def pairs_of(id_: int, row: Row, wall_ns: int) -> dict[bytes, bytes]:
    """The pairs of a row: one for each family that has something."""
    columns = {"id": [id_], "title": pa.array([row[0]], pa.string()), "body": pa.array([row[1]], pa.string())}
    batch = IndexEncoder(TABLE, TABLE.primary_index, TABLE.id).encode(
        pa.record_batch(columns), wall_ns=wall_ns
    )
    return dict(zip(batch.keys.to_list(), batch.values.to_list(), strict=True))


@cache
def keys_of(id_: int) -> tuple[bytes, bytes]:
    """A row's keys: one for each family."""
    first = next(iter(pairs_of(id_, ("x", None), 1)))
    return first, first[: -len(family_suffix(0))] + family_suffix(1)


@dataclass
class History:
    """What happened to a table: the pairs that were written, and what its rows were after each time."""

    now: int = 10
    rows: dict[int, Row] = field(default_factory=dict)
    pairs: dict[int, dict[bytes, bytes]] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    states: dict[int, dict[int, Row]] = field(default_factory=lambda: {0: {}})

    def write(self, id_: int, action: str) -> None:
        """Change one row, writing no more than the families that change."""
        self.now += 3
        before = self.rows.get(id_)
        text = f"{action} {self.now}"
        if action == "delete":
            after = None
        elif before is None or action == "replace":
            after = (text, None if self.now % 2 else text)
        else:
            title, body = before
            after = {"title": (text, body), "body": (title, text), "empty": (title, None)}[action]
        pairs = {} if after is None else pairs_of(id_, after, self.now)
        old = self.pairs.get(id_, {})
        for key in sorted(pairs.keys() | old.keys()):
            if pairs.get(key, b"") != old.get(key, b""):
                self.entries.append((key, self.now, pairs.get(key, b"")))
        self.pairs[id_] = pairs
        self.rows = {**self.rows}
        self.rows.pop(id_, None)
        if after is not None:
            self.rows[id_] = after
        self.states[self.now] = self.rows

    def at(self, time: int) -> dict[int, Row]:
        return self.states[max(t for t in self.states if t <= time)]


def stored_entries(
    history: History, start: int, end: int, *, is_full: bool, has_history: bool
) -> list[Entry]:
    """What a layer holds: every version of its time, or the newest one of each key."""
    chosen = sorted((e for e in history.entries if start < e[1] <= end), key=lambda e: (e[0], -e[1]))
    if has_history:
        return chosen
    newest = {key: (key, time, value) for key, time, value in reversed(chosen)}
    return [e for _, e in sorted(newest.items()) if e[2] or not is_full]


def make_chain(history: History, ends: list[int], kinds: list[bool], num_files: int) -> Chain:
    """Write the layers; each in several files, which may begin between two families of a row."""
    folders = []
    for (start, end), has_history in zip(pairwise([0, *ends]), kinds, strict=True):
        stored = stored_entries(history, start, end, is_full=not start, has_history=has_history)
        keys = sorted({key for key, _, _ in stored})
        cuts = [SPAN[0], *keys[1 :: max(len(keys) // num_files, 1)], SPAN[1]]
        files = [
            (low, high, [e for e in stored if low <= e[0] < high])
            for low, high in pairwise(cuts)
            if any(low <= key < high for key in keys)
        ]
        storage = MemoryStorage()
        write_layer(
            storage,
            start=Timestamp(start),
            end=Timestamp(end),
            files=files,
            spans=[SPAN],
            descriptors=DESCRIPTORS,
            has_history=has_history,
        )
        folders.append(SealedStorage(storage))
    return open_chain(folders[0], folders[1:])


def expected_versions(
    history: History, ends: list[int], kinds: list[bool], until: int
) -> list[tuple[Any, ...]]:
    """(id, time, row or None if deleted) of every version that the layers can tell of."""
    found: dict[tuple[int, int], Row | None] = {}
    ids = {key: id_ for id_ in range(8) for key in keys_of(id_)}
    for (start, end), has_history in zip(pairwise([0, *ends]), kinds, strict=True):
        stored = stored_entries(history, start, end, is_full=not start, has_history=has_history)
        written = {(ids[key], time) for key, time, _ in stored if time <= until}
        for id_, time in written:
            newest = max(t for other, t in written if other == id_)
            if has_history or time == newest:
                found[id_, time] = history.at(time).get(id_)
    return [(id_, time, row) for (id_, time), row in sorted(found.items())]


def shown_versions(backup: Backup, **times: Any) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = []
    for batch in backup.table(NAME).revisions(**times):
        assert batch.num_rows
        for row in batch.drop_columns("_mvcc_wall").to_pylist():
            wall, _, logical = row["_mvcc_timestamp"].partition(".")
            assert logical == "0000000000"
            if row["_deleted"]:
                assert row["title"] is row["body"] is None
            found.append((row["id"], int(wall), None if row["_deleted"] else (row["title"], row["body"])))
    return found


def shown_rows(backup: Backup) -> dict[int, Row]:
    rows = backup.table(NAME).to_arrow().to_pylist()
    return {row["id"]: (row["title"], row["body"]) for row in rows}


ACTIONS = st.tuples(st.integers(0, 4), st.sampled_from(["replace", "title", "body", "empty", "delete"]))


@settings(max_examples=50)
@given(
    st.lists(ACTIONS, min_size=1, max_size=30),
    st.lists(st.tuples(st.floats(0.1, 1), st.booleans()), min_size=1, max_size=4),
    st.integers(1, 12),
    st.sampled_from([1, 100, 32 << 20]),
    st.data(),
)
def test_every_time_and_version_is_as_a_model_says(
    actions: list[tuple[int, str]],
    layers: list[tuple[float, bool]],
    num_files: int,
    decoded_size: int,
    data: st.DataObject,
) -> None:
    history = History()
    for id_, action in actions:
        history.write(id_, action)
    ends = sorted({10 + round((history.now - 9) * part) for part, _ in layers})
    kinds = [has_history for _, has_history in layers][: len(ends)]
    chain = make_chain(history, ends, kinds, num_files)
    times = data.draw(st.lists(st.integers(1, ends[-1]), min_size=1, max_size=6)) + ends
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(revisions, "_DECODED_SIZE", decoded_size)
        for time in times:
            at = Timestamp(time)
            try:
                cut = cut_at(chain, at)
            except OothecaError:
                assert not kinds[next(i for i, end in enumerate(ends) if time <= end)]
            else:
                assert shown_rows(Backup(cut, at)) == history.at(time)
        since, until = sorted(data.draw(st.tuples(st.integers(0, ends[-1]), st.integers(0, ends[-1]))))
        backup = Backup(chain)
        expected = expected_versions(history, ends, kinds, ends[-1])
        assert shown_versions(backup) == expected
        assert shown_versions(backup, since=Timestamp(since)) == [v for v in expected if v[1] > since]
        between = [v for v in expected_versions(history, ends, kinds, until) if v[1] > since]
        assert shown_versions(backup, since=Timestamp(since), until=Timestamp(until)) == between


def one_layer(
    *entries: Entry, has_history: bool = True, descriptors: list[pb.Descriptor] = DESCRIPTORS
) -> Chain:
    storage = MemoryStorage()
    files = [(*SPAN, sorted(entries, key=lambda e: (e[0], -e[1])))]
    write_layer(
        storage,
        end=Timestamp(100),
        files=files,
        descriptors=descriptors,
        spans=[SPAN],
        has_history=has_history,
    )
    return open_chain(SealedStorage(storage))


def test_versions_of_a_row_without_its_first_family_stay_apart() -> None:
    """Rows may lack family 0: some that a server writes as it starts do."""
    (first, title), (second, body) = pairs_of(1, ("a", "b"), 1).items()
    chain = one_layer((first, 5, title), (first, 7, b""), (second, 7, body), (second, 9, b""))
    assert shown_versions(Backup(chain)) == [(1, 5, ("a", None)), (1, 7, (None, "b")), (1, 9, None)]


def test_a_layer_without_history_tells_how_it_ends() -> None:
    (first, title), (second, body) = pairs_of(1, ("a", "b"), 1).items()
    entries = ((first, 5, title), (second, 9, body))
    assert shown_versions(Backup(one_layer(*entries, has_history=False))) == [(1, 9, ("a", "b"))]
    assert shown_versions(Backup(one_layer(*entries))) == [(1, 5, ("a", None)), (1, 9, ("a", "b"))]


def test_no_versions_give_no_batches() -> None:
    (key, value), *_ = pairs_of(1, ("a", None), 1).items()
    backup = Backup(one_layer((key, 5, value)))
    assert shown_versions(backup, since=Timestamp(5)) == []
    assert shown_versions(backup, until=Timestamp(4)) == []
    assert shown_versions(backup, since="4", until="5.0") == [(1, 5, ("a", None))]
    with pytest.raises(InvalidValueError):
        list(backup.table(NAME).revisions(since="never"))


def test_an_open_time_bounds_the_versions() -> None:
    (key, value), *_ = pairs_of(1, ("a", None), 1).items()
    chain = one_layer((key, 5, value), (key, 8, b""))
    backup = Backup(cut_at(chain, Timestamp(6)), Timestamp(6))
    assert shown_versions(backup, until=Timestamp(9)) == [(1, 5, ("a", None))]


def test_times_within_one_nanosecond_are_in_order() -> None:
    """The logical part counts, and is in the text."""
    versions = revisions._decimal_texts(*(pa.array(v).to_numpy() for v in ([7, 7, 12], [0, 21, 2**31 - 1])))
    assert versions.to_pylist() == ["7.0000000000", "7.0000000021", "12.2147483647"]
    assert [str(Timestamp(7)), str(Timestamp(7, 21)), str(Timestamp(12, 2**31 - 1))] == versions.to_pylist()


def test_a_column_that_needs_text_has_it_in_every_version() -> None:
    """The value that does not fit is one that was overwritten."""
    catalog = make_catalog(families=[["id", "n"]], n=SMALL)
    table = table_of(catalog)
    encoder = IndexEncoder(table, table.primary_index, table.id)

    def entry(time: int, number: int) -> Entry:
        batch = encoder.encode(pa.record_batch({"id": [1], "n": pa.array([str(number)])}), wall_ns=time)
        return batch.keys.row(0), time, batch.values.row(0)

    descriptors = [
        wrap_descriptor(m) for m in catalog if not isinstance(m, pb.TableDescriptor) or m.name == "notes"
    ]
    chain = one_layer(entry(5, 40_000), entry(6, 7), descriptors=descriptors)
    versions = pa.Table.from_batches(Backup(chain).table(NAME).revisions())
    assert versions["n"].to_pylist() == ["40000", "7"]
    assert Backup(chain).table(NAME).to_arrow()["n"].to_pylist() == [7]


# Descriptors


def revision(time: int, member: pb.DatabaseDescriptor | pb.TableDescriptor | int) -> pb.DescriptorRevision:
    if isinstance(member, int):
        return pb.DescriptorRevision(time=pb.Timestamp(wall_time=time), ID=member)
    return pb.DescriptorRevision(
        time=pb.Timestamp(wall_time=time), ID=member.id, desc=wrap_descriptor(member)
    )


def database(id_: int, name: str, state: int = 0) -> pb.DatabaseDescriptor:
    return pb.DatabaseDescriptor(id=id_, name=name, version=1, state=state)


def table(id_: int, parent_id: int, name: str, state: int = 0) -> pb.TableDescriptor:
    return pb.TableDescriptor(id=id_, parent_id=parent_id, name=name, version=1, state=state)


def history_chain(*changes: pb.DescriptorRevision) -> Chain:
    manifest = pb.BackupManifest(
        end_time=pb.Timestamp(wall_time=100),
        mvcc_filter=pb.MVCCFilter.All,
        descriptors=[wrap_descriptor(database(50, "end"))],
        descriptor_changes=changes,
    )
    return Chain((Layer(SealedStorage(MemoryStorage()), manifest),))


def names_at(chain: Chain, time: int) -> list[str]:
    found = descriptors_at(chain, Timestamp(time))
    return [(d.table if d.HasField("table") else d.database).name for d in found]


DROPPED = pb.DescriptorState.DROP


def test_the_newest_revision_up_to_the_time_counts() -> None:
    chain = history_chain(
        revision(5, database(50, "db")),
        revision(7, table(60, 50, "old")),
        revision(9, table(60, 50, "new")),
        revision(9, table(55, 50, "other")),
    )
    assert names_at(chain, 4) == []
    assert names_at(chain, 6) == ["db"]
    assert names_at(chain, 8) == ["db", "old"]
    assert names_at(chain, 9) == ["db", "other", "new"]  # in the order of ids


def test_dropped_and_purged_objects_are_gone() -> None:
    chain = history_chain(
        revision(5, database(50, "db")),
        revision(5, table(60, 50, "t")),
        revision(5, table(61, 50, "u")),
        revision(8, table(60, 50, "t", DROPPED)),
        revision(9, 61),
    )
    assert names_at(chain, 7) == ["db", "t", "u"]
    assert names_at(chain, 8) == ["db", "u"]
    assert names_at(chain, 9) == ["db"]


def test_objects_of_a_database_that_is_gone_are_gone() -> None:
    chain = history_chain(
        revision(5, database(50, "db")),
        revision(5, table(60, 50, "t")),
        revision(5, table(70, 51, "of a database that is not backed up")),
        revision(8, database(50, "db", DROPPED)),
        revision(9, database(50, "db")),
        revision(10, 50),
    )
    assert names_at(chain, 5) == ["db", "t"]
    assert names_at(chain, 8) == []
    assert names_at(chain, 9) == ["db", "t"]
    assert names_at(chain, 10) == []


def test_a_layer_that_recorded_no_changes_shows_its_end() -> None:
    assert names_at(history_chain(), 7) == ["end"]


def test_an_unfinished_table_is_not_seen() -> None:
    chain = history_chain(
        revision(5, database(50, "db")), revision(6, table(60, 50, "t", pb.DescriptorState.ADD))
    )
    assert names_at(chain, 7) == ["db", "t"]
    assert [member.id for member in catalog_at(chain, Timestamp(7))] == [50]


# Columns and key ranges


def make_notes(*ids: int) -> Backup:
    entries = [
        (key, 5, value) for id_ in ids for key, value in pairs_of(id_, (f"t{id_}", f"b{id_}"), 5).items()
    ]
    return Backup(one_layer(*entries))


def test_columns_come_in_the_order_asked_for() -> None:
    notes = make_notes(1, 2).table(NAME)
    assert notes.to_arrow(["body", "id"]).to_pylist() == [{"body": "b1", "id": 1}, {"body": "b2", "id": 2}]
    titles = pa.Table.from_batches(notes.to_batches(["title"]))
    assert titles.to_pylist() == [{"title": "t1"}, {"title": "t2"}]
    with pytest.raises(UndefinedColumnError, match='column "none" does not exist'):
        notes.to_arrow(["id", "none"])


def test_a_key_range_has_its_first_bound_and_not_its_second() -> None:
    notes = make_notes(-300, -1, 0, 1, 7, 110, 5000).table(NAME)

    def ids(low: Any, high: Any) -> list[int]:
        return notes.to_arrow(["id"], key_range=(low, high))["id"].to_pylist()

    assert ids(0, 7) == [0, 1]
    assert ids(None, 0) == [-300, -1]
    assert ids("7", None) == [7, 110, 5000]
    assert ids(7, 7) == ids(8, 2) == []
    assert ids(None, None) == [-300, -1, 0, 1, 7, 110, 5000]
    assert sum(batch.num_rows for batch in notes.to_batches(key_range=(-1, 111))) == 5
    for wrong in ("one", datetime.date(2020, 1, 1), 2**70):
        with pytest.raises(InvalidValueError):
            ids(wrong, None)


def test_a_key_range_of_a_descending_key() -> None:
    catalog = make_catalog()
    table_desc = catalog.change_table(TABLE.id)
    table_desc.primary_index.column_directions[:] = [pb.IndexDescriptor.DESC]
    catalog.commit(Timestamp(2))
    descending = table_of(catalog)
    ids = [5000, 110, 7, 1, 0, -1, -300]
    rows = pa.record_batch({"id": ids, "title": [str(i) for i in ids], "body": pa.nulls(7, pa.string())})
    batch = IndexEncoder(descending, descending.primary_index, TABLE.id).encode(rows, wall_ns=5)
    entries = [
        (key, 5, value) for key, value in zip(batch.keys.to_list(), batch.values.to_list(), strict=True)
    ]
    assert Ragged.from_list(sorted(batch.keys.to_list())).equals(batch.keys)
    descriptors = [
        wrap_descriptor(m) for m in catalog if not isinstance(m, pb.TableDescriptor) or m.name == "notes"
    ]
    notes = Backup(one_layer(*entries, descriptors=descriptors)).table(NAME)
    assert notes.to_arrow(["id"], key_range=(0, 110))["id"].to_pylist() == [7, 1, 0]
    assert notes.to_arrow(["id"], key_range=(None, 0))["id"].to_pylist() == [-1, -300]
    assert notes.to_arrow(["id"], key_range=(7, None))["id"].to_pylist() == [5000, 110, 7]
