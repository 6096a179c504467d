"""SHOW BACKUPS: full backups by their paths, restore points by ids and times; ids name backups elsewhere too."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from ootheca import connect
from ootheca.backup.restore_points import find_restore_point, list_restore_points
from ootheca.connection import Connection
from ootheca.errors import InvalidOptionError, ObjectNotFoundError, UnsupportedError
from ootheca.storage.memory import MemoryStorage
from tests.support.golden import ROOT

# A full backup and one layer, from a real server.
EXTERN = ROOT / "21.2" / "p_new22" / "extern"
PLAIN, SEALED = "'nodelocal://1/plain'", "'nodelocal://1/enc'"
FULL_END = datetime(2026, 11, 21, 18, 43, 4, 690_000, UTC)
LAYER_END = datetime(2026, 11, 21, 18, 43, 5, 530_000, UTC)


@pytest.fixture
def con() -> Iterator[Connection]:
    with connect(external_io_dir=EXTERN) as opened:
        yield opened


def rows(con: Connection, sql: str) -> list[tuple[object, ...]]:
    return con.execute(sql).fetchall()


def names(con: Connection, sql: str) -> list[str]:
    return [name for name, *_ in con.execute(sql).description or []]


def test_points_of_both_layouts_the_newest_first() -> None:
    collection = MemoryStorage()
    for folder in (
        "2026/11/21-100000.00",
        "2026/11/21-100000.00/20261121/110000.10",
        "incrementals/2026/11/22-100000.00/20261122/110000.10",
        "incrementals/2026/11/22-100000.00/20261122/120000.10-20261122-110000.10",
        "2026/11/22-100000.00",
        "deep/er/sub",
        "incrementals/2026/11/22-100000.00",
    ):
        collection.write(f"{folder}/BACKUP_MANIFEST", b"")
        collection.write(f"{folder}/data/1.sst", b"")
    points = list_restore_points(collection)
    assert [point.folder.rpartition("/")[2] for point in points] == [
        "120000.10-20261122-110000.10",
        "110000.10",
        "22-100000.00",
        "110000.10",
        "21-100000.00",
    ]
    assert [point.subdirectory[8:10] for point in points] == ["22", "22", "22", "21", "21"]
    assert len({point.id for point in points}) == 5
    assert [find_restore_point(collection, point.id) for point in points] == points
    assert find_restore_point(collection, "AAAAAAAA") is None
    assert find_restore_point(collection, "no id") is None


def test_an_id_says_when() -> None:
    """Both times in ms, the full backup's XOR the point's before it, reversed, zeros cut off."""
    collection = MemoryStorage()
    for folder in ("1970/01/01-000000.01", "1970/01/01-000000.01/19700101/000000.25"):
        collection.write(f"{folder}/BACKUP_MANIFEST", b"")
    # 250 = fa; 10 XOR 250 = f0
    assert [point.id for point in list_restore_points(collection)] == ["-gAAAAAAAADw", "Cg=="]


def test_paths_unless_ids_are_asked_for(con: Connection) -> None:
    assert rows(con, f"SHOW BACKUPS IN {PLAIN}") == [("/2026/11/21-184304.69",)]
    con.execute("SET use_backups_with_ids = true")
    assert names(con, f"SHOW BACKUPS IN {PLAIN}") == ["id", "backup_time"]
    assert [row[1] for row in rows(con, f"SHOW BACKUPS IN {PLAIN}")] == [LAYER_END, FULL_END]
    con.execute("RESET use_backups_with_ids")
    assert names(con, f"SHOW BACKUPS IN {PLAIN}") == ["path"]


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ("NEWER THAN '2026-11-21 18:43:05'", [LAYER_END]),
        ("OLDER THAN '2026-11-21 18:43:05'", [FULL_END]),
        ("NEWER THAN '2026-11-21 18:43:00' OLDER THAN '2026-11-21 18:43:06'", [LAYER_END, FULL_END]),
        ("OLDER THAN '2026-11-21 18:43:06' NEWER THAN '2026-11-21 18:43:05.53'", []),
        ("OLDER THAN '2026-11-21 18:43:04.69'", []),
    ],
)
def test_bounds(con: Connection, bounds: str, expected: list[datetime]) -> None:
    assert [row[1] for row in rows(con, f"SHOW BACKUPS IN {PLAIN} {bounds}")] == expected


def test_revision_start_is_unknown_without_history_or_key(con: Connection) -> None:
    for place in (PLAIN, SEALED):
        sql = f"SHOW BACKUPS IN {place} WITH REVISION START TIME"
        assert names(con, sql) == ["id", "backup_time", "revision_start_time"]
        assert [row[2] for row in rows(con, sql)] == [None, None]


def test_a_page_of_fifty(tmp_path_factory: pytest.TempPathFactory) -> None:
    extern = tmp_path_factory.mktemp("extern")
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for number in range(60):
        folder = extern / "c" / f"{start + timedelta(days=number):%Y/%m/%d-%H%M%S}.00"
        folder.mkdir(parents=True)
        (folder / "BACKUP_MANIFEST").touch()
    with connect(external_io_dir=extern) as con:
        con.execute("SET use_backups_with_ids = true")
        (result,) = con.session.execute("SHOW BACKUPS IN 'nodelocal://1/c'")
        assert sum(batch.num_rows for batch in result.batches) == 50
        (notice,) = result.notices
        assert notice == (
            "only showing 50 most recent backups. To see more, please run `SHOW BACKUPS IN ... OLDER THAN "
            "'2026-01-11 00:00:00.000000'` or specify both OLDER THAN and NEWER THAN."
        )
        rest = rows(con, "SHOW BACKUPS IN 'nodelocal://1/c' OLDER THAN '2026-01-11'")
        assert [row[1] for row in rest] == [start + timedelta(days=n) for n in range(9, -1, -1)]
        both = "NEWER THAN '2025-01-01' OLDER THAN '2026-11-01'"
        assert len(rows(con, f"SHOW BACKUPS IN 'nodelocal://1/c' {both}")) == 60


def test_an_id_names_a_backup(con: Connection) -> None:
    con.execute("SET use_backups_with_ids = true")
    (layer, _), (full, _) = rows(con, f"SHOW BACKUPS IN {PLAIN}")
    kinds = "SELECT DISTINCT backup_type FROM [SHOW BACKUP FROM '{}' IN {}] ORDER BY 1"
    assert rows(con, kinds.format(full, PLAIN)) == [("full",)]
    assert rows(con, kinds.format(layer, PLAIN)) == [("full",), ("incremental",)]
    with pytest.raises(ObjectNotFoundError):
        con.execute(f"SHOW BACKUP FROM 'AAAA' IN {PLAIN}")


def test_restoring_what_an_id_names(con: Connection) -> None:
    con.execute("SET use_backups_with_ids = true")
    counts = []
    for id_, _ in rows(con, f"SHOW BACKUPS IN {PLAIN}"):
        (database,) = {row[0] for row in rows(con, f"SHOW BACKUP LATEST IN {PLAIN}") if row[3] == "schema"}
        restored = rows(con, f"RESTORE DATABASE {database} FROM '{id_}' IN {PLAIN}")
        counts.append(restored[0][3])
        con.execute(f"DROP DATABASE {database} CASCADE")
    with_layer, without = counts
    assert with_layer != without


def test_with_index_lists_what_the_index_tells_of(tmp_path_factory: pytest.TempPathFactory) -> None:
    extern = tmp_path_factory.mktemp("extern")
    for name in (
        "2025/08/12-120000.00/BACKUP_MANIFEST",  # of an older version: not in the index
        "2025/08/13-120000.00/BACKUP_MANIFEST",
        "index/2025-08-13-120000.00/82fe675cb2d5ff_0_20250813-120000.00_metadata.pb",
        "index/2025-08-13-120000.00/82fe675cb2d5f0_20250813-120000.00_20250813-130000.00_metadata.pb",
        "metadata/index/82fe675cb2d5ff_20260114-030405.67/82_0_20260114-030405.67_metadata.pb",
        "metadata/index/something-else/file",
    ):
        (extern / "c" / name).parent.mkdir(parents=True, exist_ok=True)
        (extern / "c" / name).touch()
    with connect(external_io_dir=extern) as con:
        expected = [("/2025/08/13-120000.00",), ("/2026/01/14-030405.67",)]
        for ids in ("off", "on"):
            con.execute(f"SET use_backups_with_ids = {ids}")
            assert rows(con, "SHOW BACKUPS IN 'nodelocal://1/c' WITH INDEX") == expected
        assert names(con, "SHOW BACKUPS IN 'nodelocal://1/c' WITH INDEX") == ["path"]


def test_a_collection_without_index_says_so(con: Connection) -> None:
    (result,) = con.session.execute(f"SHOW BACKUPS IN {PLAIN} WITH INDEX")
    assert sum(batch.num_rows for batch in result.batches) == 0
    (notice,) = result.notices
    assert notice.startswith("the collection has no index")


@pytest.mark.parametrize("bound", ["OLDER THAN '-1h'", "NEWER THAN '-1h'"])
def test_an_index_has_no_bounds(con: Connection, bound: str) -> None:
    with pytest.raises(InvalidOptionError, match="WITH INDEX") as caught:
        con.execute(f"SHOW BACKUPS IN {PLAIN} {bound} WITH INDEX")
    assert caught.value.hint


def test_a_place_that_is_none(con: Connection) -> None:
    # reference/sql/09
    with pytest.raises(UnsupportedError) as caught:
        con.execute("SHOW BACKUPS IN 'ftp://host/path'")
    assert caught.value.message == (
        'connect to external storage: unsupported storage scheme: "ftp" - refer to docs to find supported storage '
        "schemes"
    )
