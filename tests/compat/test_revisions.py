"""Backups with revision history that a real CockroachDB wrote: every time inside them, every version of every row."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from ootheca import pb
from ootheca.backup.chain import Chain, Layer, cut_at, read_layer
from ootheca.backup.opened import Backup, open_backup
from ootheca.backup.revisions import VERSION_FIELDS, descriptors_at
from ootheca.backup.sealed import SealedStorage
from ootheca.catalog.catalog import descriptor_of
from ootheca.clock import FixedClock, Timestamp, parse_timestamp
from ootheca.codec.manifest import encode_manifest
from ootheca.datum import wire_column
from ootheca.errors import OothecaError, UndefinedTableError
from ootheca.exec.session import Session
from ootheca.storage.memory import MemoryStorage
from ootheca.types import Family
from tests.compat.test_golden_restore import check_rows, run
from tests.support import golden as golden_module
from tests.support.backups import write_layer
from tests.support.golden import PASSPHRASE, VERSIONS, GoldenSet

SHARED = Path(__file__).parents[3] / "shared" / "fixtures" / "golden"
LATER = Timestamp(1_900_000_000_000_000_000)  # after every mark
MARKS = ("before_full", "full", "between1", "inc1", "between2", "inc2")
CHAINS = {"folders": ("full", "inc1", "inc2"), "appended": ("app",)}
VERSION_COLUMNS = ["_mvcc_timestamp", "_mvcc_wall", "_deleted"]


def golden_set(version: str, name: str, monkeypatch: pytest.MonkeyPatch) -> GoldenSet:
    if not (golden_module.ROOT / version / name).is_dir():
        if not (SHARED / version / name).is_dir():
            pytest.skip(f"the set {name} is not part of this repository")
        monkeypatch.setattr(golden_module, "ROOT", SHARED)
    return GoldenSet(version, name)


def opened(golden: GoldenSet, folders: tuple[str, ...], **options: Any) -> Backup:
    full, *layers = folders
    incremental = [f"nodelocal://1/{layer}" for layer in layers]
    return open_backup(
        f"nodelocal://1/{full}", incremental=incremental, external_io_dir=golden.extern, **options
    )


def mark_of(golden: GoldenSet, name: str) -> dict[str, Any]:
    found: dict[str, Any] = golden._load("expect")["marks"][name]
    return found


def wire_rows(rows: pa.Table, backup: Backup, name: str, version: str) -> list[tuple[str | None, ...]]:
    types = {column.name: column.type for column in backup.table(name).table.columns}
    texts = [
        wire_column(rows[column].combine_chunks(), types[column], version=version)
        for column in rows.schema.names
    ]
    return list(zip(*texts, strict=True))


def check_state(backup: Backup, tables: dict[str, dict[str, Any]], version: str) -> int:
    """Compare every table with what the server held; return how many there were."""
    assert set(backup.tables) == {name for name, table in tables.items() if table["kind"] != "view"}
    compared = 0
    for name, expected in tables.items():
        if expected["kind"] != "table":
            continue
        columns = [column["name"] for column in expected["columns"]]
        rows = backup.table(name).to_arrow(columns)
        assert Counter(wire_rows(rows, backup, name, version)) == Counter(map(tuple, expected["rows"])), name
        compared += 1
    return compared


@pytest.mark.parametrize("mark", MARKS)
@pytest.mark.parametrize("chain", CHAINS)
@pytest.mark.parametrize("version", VERSIONS)
def test_a_backup_opened_as_of_a_mark_shows_the_servers_rows(version: str, chain: str, mark: str) -> None:
    golden = GoldenSet(version, "e_revision")
    expected = mark_of(golden, mark)
    backup = opened(golden, CHAINS[chain], as_of=expected["timestamp"])
    assert check_state(backup, expected["tables"], version) == 10 + (mark == "between2")


@pytest.mark.parametrize("mark", MARKS)
@pytest.mark.parametrize("chain", CHAINS)
@pytest.mark.parametrize("version", VERSIONS)
def test_restore_as_of_a_mark_gives_the_servers_rows(version: str, chain: str, mark: str) -> None:
    golden = GoldenSet(version, "e_revision")
    expected = mark_of(golden, mark)
    folders = ", ".join(f"'nodelocal://0/{folder}'" for folder in CHAINS[chain])
    with new_session(golden) as session:
        run(session, f"RESTORE DATABASE shop FROM {folders} AS OF SYSTEM TIME {expected['timestamp']}")
        assert check_rows(session, expected["tables"]) == 10 + (mark == "between2")
        database = session.catalog.resolve_database("shop")
        restored = {".".join(session.catalog.qualified_name(t)) for t in session.catalog.tables(database.id)}
        assert restored == set(expected["tables"])


def new_session(golden: GoldenSet) -> Session:
    return Session(
        None, external_io_dir=golden.extern, sandbox=True, version=golden.version, clock=FixedClock(LATER)
    )


@pytest.mark.parametrize("version", VERSIONS)
def test_restore_as_of_answers_what_the_server_answered(version: str) -> None:
    """The last statements of the set: tables that were there at a time, were not, or never were."""
    golden = GoldenSet(version, "e_revision")
    answers = Counter[str]()
    with new_session(golden) as session:
        # There was a database before: new ids, and so keys and sizes, are as long as they were there.
        run(session, "RESTORE DATABASE shop FROM 'nodelocal://0/app'")
        for statement in golden.statements()[-9:]:
            sql = statement["sql"].rstrip(";")
            if "error" in statement:
                with pytest.raises(OothecaError) as caught:
                    run(session, sql)
                assert caught.value.message == statement["error"]["message"]
                assert caught.value.sqlstate == statement["error"]["code"]
                answers["errors"] += 1
            elif sql.startswith("RESTORE"):
                assert run(session, sql)[0][1:] == tuple(statement["rows"][0][1:])
                answers["restores"] += 1
            else:
                assert run(session, sql) == [tuple(row) for row in statement["rows"]]
                answers["rows"] += 1
    assert answers == {"errors": 3, "restores": 3, "rows": 3}


@pytest.mark.parametrize("version", VERSIONS)
def test_a_database_before_its_time_does_not_exist(version: str) -> None:
    """The words of conformance/*/scenarios/06_revision_history.json."""
    words = {
        "20.2": 'unknown database "shop"',
        "21.2": 'database "shop" does not exist, or invalid RESTORE timestamp: '
        "supplied backups do not cover requested time",
    }
    with new_session(GoldenSet(version, "e_revision")) as session, pytest.raises(OothecaError) as caught:
        run(session, "RESTORE DATABASE shop FROM 'nodelocal://0/app' AS OF SYSTEM TIME '2010-01-01'")
    assert caught.value.message == (
        "failed to resolve targets in the BACKUP location specified by the RESTORE stmt, "
        f"use SHOW BACKUP to find correct targets: {words[version]}"
    )


@pytest.mark.parametrize("version", VERSIONS)
def test_layers_without_history_open_at_their_ends_alone(version: str) -> None:
    golden = GoldenSet(version, "d_chain")
    whole = opened(golden, CHAINS["folders"])
    compared = 0
    for mark, layer in zip(("full", "inc1", "inc2"), whole.chain.layers, strict=True):
        tables = mark_of(golden, mark)["tables"]
        for folders in CHAINS.values():
            # The appended layers end at other times than those in folders of their own.
            ends = [each.end for each in opened(golden, folders).chain.layers]
            end = ends[whole.chain.layers.index(layer)]
            compared += check_state(opened(golden, folders, as_of=end), tables, version)
        with pytest.raises(OothecaError, match=r"nearest (backup time is|BACKUP times are) 2026-11-21 "):
            opened(golden, CHAINS["folders"], as_of=Timestamp(layer.end.wall_ns - 1))
    assert compared == 60
    with pytest.raises(OothecaError, match="supplied backups do not cover requested time"):
        opened(golden, CHAINS["folders"], as_of=whole.until.next())


@pytest.mark.parametrize("version", VERSIONS)
def test_the_last_appended_layer_without_history_opens_at_its_end(version: str) -> None:
    golden = GoldenSet(version, "e_revision")
    whole = opened(golden, ("app",))
    assert [layer.has_revision_history for layer in whole.chain.layers] == [True, True, True, False]
    tables = mark_of(golden, "inc2")["tables"]
    assert check_state(opened(golden, ("app",), as_of=whole.chain.end), tables, version) == 10
    with pytest.raises(OothecaError, match="created with 'revision_history' option"):
        opened(golden, ("app",), as_of=Timestamp(whole.chain.end.wall_ns - 1))


@pytest.mark.parametrize("version", VERSIONS)
def test_a_time_may_be_a_text(version: str) -> None:
    golden = GoldenSet(version, "e_revision")
    assert opened(golden, ("app",), as_of="2020-01-01 00:00:00").tables == ()
    time = parse_timestamp(mark_of(golden, "between1")["timestamp"])
    later = Timestamp(
        time.wall_ns - time.wall_ns % 1000 + 1000
    )  # to the microsecond; nothing happened meanwhile
    text = later.to_datetime().isoformat(sep=" ", timespec="microseconds").removesuffix("+00:00")
    backup = opened(golden, ("app",), as_of=text)
    assert backup.until == later
    assert check_state(backup, mark_of(golden, "between1")["tables"], version) == 10
    with pytest.raises(UndefinedTableError, match=r'table "shop\.public\.added1" does not exist'):
        backup.table("shop.public.added1")
    with pytest.raises(OothecaError, match="could not parse"):
        opened(golden, ("app",), as_of="some day")


@pytest.mark.parametrize(
    ("name", "folder", "mark", "options"),
    [
        ("s_split", "rev", "between", {}),
        ("s_split", "enc", "between", {"encryption_passphrase": PASSPHRASE}),
        ("m_small_ssts", "rev", "full", {}),
        ("m_small_ssts", "rev", "inc1", {}),
        ("n_blocks", "rev", "full", {}),
    ],
)
@pytest.mark.parametrize("version", VERSIONS)
def test_states_within_small_large_and_split_files(
    version: str, name: str, folder: str, mark: str, options: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    if name == "s_split" and version == "20.2":
        pytest.skip("there is no such set")
    golden = golden_set(version, name, monkeypatch)
    expected = mark_of(golden, mark)
    backup = opened(golden, (folder,), as_of=expected["timestamp"], **options)
    tables = {n: t for n, t in expected["tables"].items() if n in backup.tables}
    assert check_state(backup, tables, version) >= 1


# Descriptors


def walk(chain: Chain, time: Timestamp) -> dict[int, pb.Descriptor]:
    """The rule of 20.2: in stored order up to the time, the last one of each id; then without orphans."""
    found: dict[int, pb.Descriptor] = {}
    for revision in chain.last.manifest.descriptor_changes:
        if Timestamp(revision.time.wall_time, revision.time.logical) > time:
            break
        if revision.HasField("desc"):
            found[revision.ID] = revision.desc
        else:
            found.pop(revision.ID, None)
    return {
        id_: desc
        for id_, desc in found.items()
        if desc.HasField("database") or getattr(descriptor_of(desc), "parent_id", 0) in found
    }


def newest_first(chain: Chain, time: Timestamp) -> dict[int, pb.Descriptor]:
    """The rule of later versions: by id and time descending, the first one that is not after the time."""
    found: dict[int, pb.Descriptor] = {}
    changes = sorted(chain.last.manifest.descriptor_changes, key=lambda r: (r.time.wall_time, r.time.logical))
    for revision in reversed(changes):
        if Timestamp(revision.time.wall_time, revision.time.logical) <= time:
            found.setdefault(revision.ID, revision.desc)
    tables = {id_ for id_, desc in found.items() if desc.HasField("table")}
    found = {i: d for i, d in found.items() if i not in tables or d.table.state != pb.DescriptorState.DROP}
    return {
        id_: desc
        for id_, desc in found.items()
        if desc.HasField("database") or getattr(descriptor_of(desc), "parent_id", 0) in found
    }


def without_dropped(descriptors: dict[int, pb.Descriptor]) -> list[bytes]:
    return [
        desc.SerializeToString(deterministic=True)
        for _, desc in sorted(descriptors.items())
        if getattr(descriptor_of(desc), "state", 0) != pb.DescriptorState.DROP
    ]


@pytest.mark.parametrize("folders", CHAINS.values(), ids=CHAINS)
@pytest.mark.parametrize("version", VERSIONS)
def test_both_rules_give_the_same_descriptors_at_every_change(version: str, folders: tuple[str, ...]) -> None:
    whole = opened(GoldenSet(version, "e_revision"), folders).chain
    checked = 0
    for layer in whole.layers[:3]:
        for revision in layer.manifest.descriptor_changes:
            changed = Timestamp(revision.time.wall_time, revision.time.logical)
            for time in (changed.prev(), changed, changed.next()):
                if not layer.start < time <= layer.end:
                    continue
                chain = cut_at(whole, time)
                got = [d.SerializeToString(deterministic=True) for d in descriptors_at(chain, time)]
                assert got == without_dropped(walk(chain, time)) == without_dropped(newest_first(chain, time))
                checked += 1
    assert checked > 100


@pytest.mark.parametrize("folders", CHAINS.values(), ids=CHAINS)
@pytest.mark.parametrize("version", VERSIONS)
def test_a_layers_end_has_the_manifests_descriptors(version: str, folders: tuple[str, ...]) -> None:
    whole = opened(GoldenSet(version, "e_revision"), folders).chain
    for layer in whole.layers:
        manifest = pb.BackupManifest(descriptors=descriptors_at(cut_at(whole, layer.end), layer.end))
        stored = pb.BackupManifest(descriptors=layer.manifest.descriptors)
        assert encode_manifest(manifest, version=version) == encode_manifest(stored, version=version)


# Every version


def stored_versions(golden: GoldenSet, folder: str) -> dict[tuple[int, int], dict[tuple[str, str], bool]]:
    """Read the server's own dump: by table and index, each row and time, and whether nothing was left of the row."""
    families: dict[tuple[int, int], dict[str, dict[str, list[tuple[str, bool]]]]] = {}
    for line in gzip.decompress((golden.path / "dump.jsonl.gz").read_bytes()).splitlines():
        entry = json.loads(line)
        if entry["kind"] != "sst" or f"extern/{folder}/" not in entry["file"]:
            continue
        for key, time, value, pretty in entry["kvs"]:
            table_id, index_id = pretty.split("/")[2:4]
            suffix = 2 * (int(key[-2:], 16) - 0x88 + 1)
            index = families.setdefault((int(table_id), int(index_id)), {})
            index.setdefault(key[:-suffix], {}).setdefault(key[-suffix:], []).append((time, bool(value)))
    found: dict[tuple[int, int], dict[tuple[str, str], bool]] = {}
    for index_key, rows in families.items():
        of_index = found.setdefault(index_key, {})
        for row, of_row in rows.items():
            for time in {time for versions in of_row.values() for time, _ in versions}:
                newest = [
                    max((v for v in versions if v[0] <= time), default=("", False))
                    for versions in of_row.values()
                ]
                of_index[row, time] = not any(is_there for _, is_there in newest)
    return found


@pytest.mark.parametrize("version", VERSIONS)
def test_every_stored_version_is_shown_once(version: str) -> None:
    golden = GoldenSet(version, "e_revision")
    backup = opened(golden, ("app",))
    stored = stored_versions(golden, "app")
    total = deleted = 0
    for name in backup.tables:
        table = backup.table(name).table
        shown = all_versions(backup, name)
        times = zip(shown["_mvcc_timestamp"].to_pylist(), shown["_deleted"].to_pylist(), strict=True)
        expected = stored.get((table.id, table.primary_index.id), {})
        assert Counter(times) == Counter((time, gone) for (_, time), gone in expected.items()), name
        walls = shown["_mvcc_wall"].cast(pa.int64()).to_pylist()
        exact = [text.partition(".")[0] for text in shown["_mvcc_timestamp"].to_pylist()]
        assert [str(wall) for wall in walls] == [nanoseconds[:-3] for nanoseconds in exact]
        total += shown.num_rows
        deleted += sum(shown["_deleted"].to_pylist())
    assert (total, deleted) == (219, 13)


@pytest.mark.parametrize("chain", CHAINS)
@pytest.mark.parametrize("version", VERSIONS)
def test_the_newest_versions_are_the_rows_as_of_every_mark(version: str, chain: str) -> None:
    golden = GoldenSet(version, "e_revision")
    compared = 0
    for mark in MARKS:
        expected = mark_of(golden, mark)
        backup = opened(golden, CHAINS[chain], as_of=expected["timestamp"])
        for name, table in expected["tables"].items():
            if table["kind"] != "table":
                continue
            columns = [column["name"] for column in table["columns"]]
            rows = Counter(wire_rows(newest_rows(backup, name, columns), backup, name, version))
            assert rows == Counter(map(tuple, table["rows"])), (mark, name)
            compared += 1
    assert compared == 61


def all_versions(backup: Backup, name: str) -> pa.Table:
    table = backup.table(name)
    return pa.Table.from_batches(table.revisions(), pa.schema([*table.schema, *VERSION_FIELDS]))


def newest_rows(backup: Backup, name: str, columns: list[str]) -> pa.Table:
    """What is left when of each key's versions all but the last are forgotten."""
    key = [backup.table(name).table.column_by_id[id_].name for id_ in primary_key(backup, name)]
    versions = all_versions(backup, name)
    keys = list(zip(*(versions[column].to_pylist() for column in key), strict=True))
    last = [
        place
        for place, this in enumerate(keys)
        if (place + 1 == len(keys) or keys[place + 1] != this) and not versions["_deleted"][place].as_py()
    ]
    return versions.take(pa.array(last, pa.int64())).select(columns)


def primary_key(backup: Backup, name: str) -> tuple[int, ...]:
    return backup.table(name).table.primary_index.key_column_ids


@pytest.mark.parametrize("version", VERSIONS)
def test_history_of_single_rows(version: str) -> None:
    golden = GoldenSet(version, "e_revision")
    backup = opened(golden, ("app",))
    marks = [parse_timestamp(mark_of(golden, mark)["timestamp"]) for mark in MARKS]

    def history(name: str, id_: int, *columns: str, **times: Any) -> Iterator[tuple[Any, ...]]:
        for batch in backup.table(f"shop.public.{name}").revisions(**times):
            for row in batch.drop_columns("_mvcc_wall").to_pylist():
                if row["id"] == id_:
                    yield tuple(row[column] for column in (*columns, "_deleted"))

    first, again = ("never changed 2", False), ("was changed once", False)
    twice, gone = ("twice", False), (None, True)
    assert list(history("kept", 2, "v")) == [first, again, twice, gone]
    assert list(history("kept", 2, "v", until=marks[2])) == [first, again, twice]
    assert list(history("kept", 2, "v", since=marks[0])) == [again, twice, gone]
    assert list(history("kept", 2, "v", since=str(marks[1]), until=str(marks[2]))) == [twice]
    assert list(history("kept", 10, "v")) == [("never changed 10", False), gone, ("back", False)]
    # Three families: each version shows what the others hold at its time.
    tags = [["t1"]] * 4
    assert list(history("customers", 1, "name", "balance", "tags")) == [
        (name, balance, tag, False)
        for name, balance, tag in zip(
            ("Customer 1", "v2", "v3", None), ("10.5", "10.5", "10.5", "11.5"), tags, strict=True
        )
    ]
    assert list(history("customers", 6, "data", "balance", since=marks[2])) == [
        (None, "63.0", False),
        (None, "-63.0", False),
    ]
    # A column that was added later is NULL before; one that was dropped is not shown.
    assert list(history("evolving", 1, "a", "c")) == [(100, None, False), (100, 5, False), (100, 5, False)]


def test_versions_have_the_tables_columns_first() -> None:
    table = opened(GoldenSet("21.2", "e_revision"), ("app",)).table("shop.public.items")
    for batch in table.revisions():
        assert batch.schema.names == [*table.schema.names, *VERSION_COLUMNS]
        assert batch.schema.field("_mvcc_wall").type == pa.timestamp("us", "UTC")


# Every type and shape of table


@pytest.mark.parametrize("version", VERSIONS)
def test_a_layer_without_history_has_one_version_of_each_row(version: str) -> None:
    backup = opened(GoldenSet(version, "a_full"), ("full",))
    compared = 0
    for name in backup.tables:
        rows, versions = backup.table(name).to_arrow(), all_batches(backup, name)
        assert sum(batch.num_rows for batch in versions) == rows.num_rows, name
        if not versions:
            continue
        shown = pa.Table.from_batches(versions)
        assert not any(shown["_deleted"].to_pylist())
        kept = shown.drop_columns(VERSION_COLUMNS)
        assert wire_rows(kept, backup, name, version) == wire_rows(rows, backup, name, version), name
        compared += 1
    assert compared > 40


def all_batches(backup: Backup, name: str) -> list[pa.RecordBatch]:
    return list(backup.table(name).revisions())


@pytest.mark.parametrize("version", VERSIONS)
def test_deleted_rows_keep_their_keys(version: str) -> None:
    """Every row of every table is deleted, in a layer on top of the server's."""
    full = opened(GoldenSet(version, "a_full"), ("full",))
    backup = Backup(Chain((*full.chain.layers, deleting_layer(full))))
    lossy, compared = 0, 0
    for name in backup.tables:
        batches = all_batches(backup, name)
        if not batches or backup.table(name).table.is_sequence:
            continue
        assert backup.table(name).to_arrow().num_rows == 0
        versions = pa.Table.from_batches(batches)
        # By key, and then by time: each row, and its end.
        assert versions["_deleted"].to_pylist() == [False, True] * (versions.num_rows // 2), name
        live = versions.take(pa.array(range(0, versions.num_rows, 2)))
        gone = versions.take(pa.array(range(1, versions.num_rows, 2)))
        columns = {column.id: column for column in backup.table(name).table.columns if not column.is_virtual}
        for id_, column in columns.items():
            if id_ not in primary_key(backup, name) or column.type.family is Family.COLLATED_STRING:
                assert gone[column.name].null_count == gone.num_rows
                continue
            want, got = (
                [row[0] for row in wire_rows(rows.select([column.name]), backup, name, version)]
                for rows in (live, gone)
            )
            if id_ in backup.catalog.table(backup.table(name).table.id).primary_index.composite_column_ids:
                want, got = ([None if v is None else float(v) for v in values] for values in (want, got))
                want, got = ([repr(v + 0.0) for v in values] for values in (want, got))
                lossy += 1
            assert got == want, (name, column.name)
            compared += 1
    assert lossy > 0
    assert compared > 50


def deleting_layer(backup: Backup) -> Layer:
    manifest, storage = backup.chain.last.manifest, MemoryStorage()
    start, end = backup.chain.end, Timestamp(backup.chain.end.wall_ns + 10)
    reader, files = backup.reader(), []
    for file in manifest.files:
        low, high = file.span.key, file.span.end_key
        keys = [key for batch in reader.visible(low, high) for key in batch.keys.to_list()]
        files.append((low, high, [(key, end.wall_ns, b"") for key in keys]))
    write_layer(
        storage,
        start=start,
        end=end,
        files=files,
        spans=[(span.key, span.end_key) for span in manifest.spans],
        descriptors=manifest.descriptors,
    )
    return read_layer(SealedStorage(storage))
