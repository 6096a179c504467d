"""Backups that real servers spread over several stores: every form of statement reads them, from URIs in any order."""

from __future__ import annotations

import itertools
import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from ootheca import pb
from ootheca.backup.opened import Backup, open_backup
from ootheca.backup.verify import check_partitions
from ootheca.datum import wire_column
from ootheca.errors import OothecaError
from ootheca.exec.session import Session
from ootheca.names import format_string
from ootheca.sql.parser import parse_one
from ootheca.types import SQLType
from tests.compat.test_golden_restore import check_rows
from tests.compat.test_golden_restore import run as rows_of
from tests.compat.test_show_backup import run_quietly
from tests.support.golden import PASSPHRASE, GoldenSet, sets_at_hand

LOCALITIES = {"default": "default", "east": "region%3Deast", "west": "region%3Dwest"}
ORDERS = [list(order) for order in itertools.permutations(LOCALITIES)]
WITH_PASSPHRASE = f" WITH encryption_passphrase = '{PASSPHRASE}'"
THREE = sets_at_hand("i_locality_three")


ONE = sets_at_hand("i_locality_one")


def uris(place: str, order: Sequence[str] = tuple(LOCALITIES), *, below: str = "") -> list[str]:
    return [f"nodelocal://0/{place}/{name}{below}?COCKROACH_LOCALITY={LOCALITIES[name]}" for name in order]


def sql_list(texts: Sequence[str]) -> str:
    return f"({', '.join(map(format_string, texts))})"


def session_of(golden: GoldenSet, extern: Path | None = None) -> Session:
    return Session(None, external_io_dir=extern or golden.extern, sandbox=True, version=golden.version)


def restore(golden: GoldenSet, source: str, options: str = "", *, extern: Path | None = None) -> int:
    """Restore the database on a new store; compare all rows with the server's, and count the tables."""
    with session_of(golden, extern) as session:
        rows_of(session, f"RESTORE DATABASE shop FROM {source}{options}")
        return check_rows(session, golden.tables())


def layer_folders(golden: GoldenSet, place: str) -> list[str]:
    """Return the appended layers of a backup, below its folder."""
    root = golden.extern / place / "default"
    found = root.glob("2*/*/BACKUP_MANIFEST")
    return [f"/{manifest.parent.relative_to(root)}" for manifest in sorted(found)]


@pytest.mark.parametrize("order", ORDERS, ids="-".join)
@pytest.mark.parametrize("golden", THREE)
def test_spread_backup_restores_with_its_appended_layer(golden: GoldenSet, order: list[str]) -> None:
    assert restore(golden, sql_list(uris("bk", order))) == 10


@pytest.mark.parametrize("golden", ONE)
def test_spread_backup_of_one_node_restores(golden: GoldenSet) -> None:
    assert restore(golden, sql_list(uris("bk"))) == 10


@pytest.mark.parametrize("order", [ORDERS[0], ORDERS[-1]], ids="-".join)
@pytest.mark.parametrize("golden", THREE)
def test_sealed_spread_backup_restores(golden: GoldenSet, order: list[str]) -> None:
    assert restore(golden, sql_list(uris("enc", order)), WITH_PASSPHRASE) == 10


@pytest.mark.parametrize("golden", THREE)
def test_layers_of_a_spread_backup_can_be_listed(golden: GoldenSet) -> None:
    (layer,) = layer_folders(golden, "bk")
    order = ORDERS[-1]
    assert restore(golden, f"{sql_list(uris('bk'))}, {sql_list(uris('bk', order, below=layer))}") == 10


@pytest.mark.parametrize("golden", THREE)
def test_spread_collection_restores_by_latest_and_by_name(golden: GoldenSet) -> None:
    latest = (golden.extern / "coll" / "default" / "LATEST").read_text()
    for source in ("LATEST", format_string(latest)):
        assert restore(golden, f"{source} IN {sql_list(uris('coll', ORDERS[-1]))}") == 10


@pytest.mark.parametrize("golden", sets_at_hand("q_incremental_location"))
def test_spread_collection_with_its_layers_elsewhere_restores(golden: GoldenSet) -> None:
    places = (
        "('nodelocal://1/b{0}?COCKROACH_LOCALITY=x%3Dy', 'nodelocal://1/a{0}?COCKROACH_LOCALITY=default')"
    )
    with session_of(golden) as session:
        rows_of(
            session,
            f"RESTORE DATABASE depot FROM LATEST IN {places.format('')} "
            f"WITH incremental_location = {places.format('i')}",
        )
        assert check_rows(session, golden.tables()) == 2


@pytest.mark.parametrize("golden", [*THREE, *ONE])
def test_restore_of_one_table_answers_what_the_server_answered(golden: GoldenSet) -> None:
    (statement,) = [each for each in golden.statements() if each["sql"].startswith("RESTORE")]
    (queried,) = [each for each in golden.statements() if each["sql"].startswith("SELECT * FROM defaultdb")]
    with session_of(golden) as session:
        ((_, *got, _),) = rows_of(session, statement["sql"])
        ((_, *want, _),) = statement[
            "rows"
        ]  # other ids: the job's, and the table's, which count in the bytes
        assert got == want
        assert rows_of(session, queried["sql"]) == [tuple(row) for row in queried["rows"]]


@pytest.mark.parametrize("golden", THREE)
def test_show_backup_takes_the_stores_of_all_localities(golden: GoldenSet) -> None:
    with session_of(golden) as session:
        lone = session.run(parse_one("SHOW BACKUP FROM LATEST IN 'nodelocal://0/coll/default'"))
        assert "3 localities; however, the SHOW BACKUP command contains only 1 URIs" in lone.notices[0]
        places = sql_list(uris("coll", ORDERS[-1]))
        all_named = session.run(parse_one(f"SHOW BACKUP FROM LATEST IN {places}"))
        assert not all_named.notices
        assert list(all_named.batches) == list(lone.batches)
        assert rows_of(session, f"SHOW BACKUPS IN {places}") == rows_of(
            session, "SHOW BACKUPS IN 'nodelocal://0/coll/default'"
        )
        files = rows_of(session, f"SHOW BACKUP FILES FROM LATEST IN {places} WITH check_files")
        stored = {path.name: path.stat().st_size for path in (golden.extern / "coll").rglob("*.sst")}
        assert {Path(str(row[0])).name: int(str(row[-1])) for row in files} == stored
        ((report,),) = rows_of(session, f"SHOW BACKUP VALIDATE FROM LATEST IN {places}")
        assert str(report).endswith("No problems found!")


# As a Python object


def wire_rows(backup: Backup, name: str) -> Counter[tuple[str | None, ...]]:
    table = backup.table(name)
    types: list[SQLType] = [column.type for column in table.table.columns if not column.is_virtual]
    rows: Counter[tuple[str | None, ...]] = Counter()
    for batch in table.to_batches():
        texts = [wire_column(batch.column(i), type_) for i, type_ in enumerate(types)]
        rows.update(zip(*texts, strict=True))
    return rows


@pytest.mark.parametrize("order", [ORDERS[0], ORDERS[-1]], ids="-".join)
@pytest.mark.parametrize("place", ["bk", "enc", "coll"])
@pytest.mark.parametrize("golden", THREE)
def test_open_backup_takes_a_list_of_uris(golden: GoldenSet, place: str, order: list[str]) -> None:
    options: dict[str, Any] = {"encryption_passphrase": PASSPHRASE} if place == "enc" else {}
    if place == "coll":
        options["subdirectory"] = "LATEST"
    backup = open_backup(uris(place, order), external_io_dir=golden.extern, **options)
    assert len(backup.chain.layers) == 2
    for name, table in golden.tables().items():
        if table["kind"] == "table":
            assert wire_rows(backup, name) == Counter(map(tuple, table["rows"])), name
    report = backup.verify()
    assert report.is_sound, report.problems
    assert report.files == len({file.path for layer in backup.chain.layers for file in layer.manifest.files})


@pytest.mark.parametrize("golden", THREE)
def test_layers_given_to_open_backup_are_lists_too(golden: GoldenSet) -> None:
    (layer,) = layer_folders(golden, "bk")
    backup = open_backup(
        uris("bk"), incremental=[uris("bk", ORDERS[-1], below=layer)], external_io_dir=golden.extern
    )
    assert backup.table("shop.public.kept").to_arrow().num_rows == 10
    assert backup.verify().is_sound


@pytest.mark.parametrize("golden", THREE)
def test_the_default_store_alone_gives_what_lies_there(golden: GoldenSet) -> None:
    backup = open_backup("nodelocal://1/bk/default", external_io_dir=golden.extern)
    assert "shop.public.kept" in backup.tables
    problems: dict[str, OothecaError] = {}
    for name in backup.tables:
        try:
            backup.table(name).to_arrow()
        except OothecaError as exc:
            problems[name] = exc
    assert "shop.public.to_truncate" not in problems
    told = problems["shop.public.kept"]
    assert told.message.startswith("expected manifest BACKUP_PART_1_region=")
    assert told.hint == "name the locations of all localities of this backup"
    assert {problem.message for problem in problems.values()} == {told.message}
    assert backup.verify().problems[0].message.startswith("expected manifest BACKUP_PART_1_region=")


# What RESTORE refuses


def copied(golden: GoldenSet, tmp_path: Path) -> Path:
    shutil.copytree(golden.extern, tmp_path / "extern")
    return tmp_path / "extern"


def part_files(extern: Path, place: str, name: str) -> list[Path]:
    return sorted(extern.glob(f"{place}/{name}/BACKUP_PART_*"))


def refusal(golden: GoldenSet, extern: Path, source: str, options: str = "") -> OothecaError:
    with pytest.raises(OothecaError) as caught:
        restore(golden, source, options, extern=extern)
    return caught.value


@pytest.mark.parametrize("golden", THREE)
def test_a_store_that_is_not_named_is_missed(golden: GoldenSet) -> None:
    for source in ("'nodelocal://0/bk/default'", sql_list(uris("bk", ["default", "east"]))):
        told = refusal(golden, golden.extern, source)
        assert told.message.startswith("expected manifest BACKUP_PART_"), source
        assert told.message.endswith(" not found in backup locations")


@pytest.mark.parametrize("golden", THREE)
def test_a_layer_without_its_part_is_missed(golden: GoldenSet, tmp_path: Path) -> None:
    extern = copied(golden, tmp_path)
    (layer,) = layer_folders(golden, "bk")
    (part,) = part_files(extern, "bk", f"west{layer}")
    part.unlink()
    told = refusal(golden, extern, sql_list(uris("bk")))
    assert told.message == f"expected manifest {part.name} not found in backup locations"


@pytest.mark.parametrize("golden", THREE)
def test_a_store_of_another_backup_is_told(golden: GoldenSet, tmp_path: Path) -> None:
    extern = copied(golden, tmp_path)
    (own,), (other,) = part_files(extern, "bk", "west"), part_files(extern, "coll", "west/2026/11/*")
    own.write_bytes(other.read_bytes())
    told = refusal(golden, extern, sql_list(uris("bk")))
    ids = [
        str(backup_id(open_backup(uri, external_io_dir=extern, **options)))
        for uri, options in (
            ("nodelocal://0/bk/default", {}),
            ("nodelocal://0/coll/default", {"subdirectory": "LATEST"}),
        )
    ]
    assert told.message == f"expected backup part to have backup ID {ids[0]}, found {ids[1]}"


def backup_id(backup: Backup) -> UUID:
    return UUID(bytes=bytes(backup.chain.full.manifest.id))


@pytest.mark.parametrize("golden", THREE)
def test_two_parts_of_one_locality_are_told(golden: GoldenSet, tmp_path: Path) -> None:
    extern = copied(golden, tmp_path)
    (east,), (west,) = part_files(extern, "bk", "east"), part_files(extern, "bk", "west")
    second = max(east, west, key=lambda path: path.name)
    first = min(east, west, key=lambda path: path.name)
    second.write_bytes(first.read_bytes())
    locality = first.name.split("_")[-1]
    told = refusal(golden, extern, sql_list(uris("bk")))
    assert told.message == f"duplicate locality {locality} found in backup"
    report = open_backup(uris("bk"), external_io_dir=extern).verify()
    assert told.message in [problem.message for problem in report.problems]


@pytest.mark.parametrize("golden", THREE)
def test_a_sealed_spread_backup_needs_its_key(golden: GoldenSet) -> None:
    told = refusal(golden, golden.extern, sql_list(uris("enc")))
    assert told.message.startswith("file appears encrypted -- try specifying one of")
    told = refusal(golden, golden.extern, sql_list(uris("enc")), " WITH encryption_passphrase = 'wrong'")
    assert told.message.startswith("failed to decrypt")


@pytest.mark.parametrize("golden", THREE)
def test_a_damaged_file_is_told_with_the_store_it_lies_in(golden: GoldenSet, tmp_path: Path) -> None:
    extern = copied(golden, tmp_path)
    stored = sorted(extern.glob("bk/west/**/*.sst"))[0]
    content = bytearray(stored.read_bytes())
    content[len(content) // 2] ^= 1
    stored.write_bytes(content)
    told = open_backup(uris("bk"), external_io_dir=extern).verify().problems
    assert told
    assert all("nodelocal://0/bk/west/" in str(problem.location) for problem in told)


@pytest.mark.parametrize("place", ["bk", "enc"])
@pytest.mark.parametrize("golden", THREE)
def test_any_changed_byte_of_a_part_is_found(golden: GoldenSet, place: str, tmp_path: Path) -> None:
    """But for the header that gzip has in a plain one, which says nothing of the content."""
    extern = copied(golden, tmp_path)
    options: dict[str, Any] = {"encryption_passphrase": PASSPHRASE} if place == "enc" else {}
    backup = open_backup(uris(place), external_io_dir=extern, **options)
    (part,) = part_files(extern, place, "east")
    stored = part.read_bytes()
    for at in range(0 if place == "enc" else 10, len(stored), 7):
        part.write_bytes(stored[:at] + bytes([stored[at] ^ 1]) + stored[at + 1 :])
        assert_not_found_sound(backup, at)
    part.write_bytes(stored[:-1])
    assert_not_found_sound(backup, len(stored))


def assert_not_found_sound(backup: Backup, at: int) -> None:
    layer = backup.chain.full
    problems: list[OothecaError] = []
    check_partitions(layer, problems.append)
    assert problems, at


# Writing


@pytest.mark.parametrize("golden", ONE)
def test_layers_taken_here_are_spread_as_the_servers(golden: GoldenSet, tmp_path: Path) -> None:
    """The same statements on a node of the same locality: the same spans and counts in the same stores."""
    lines = (golden.path / "make.sql").read_text().splitlines()
    script = "\n".join(line for line in lines if not line.startswith("--"))
    last = script.rindex("BACKUP DATABASE")
    with Session(
        None, external_io_dir=tmp_path, sandbox=True, version=golden.version, locality="region=east,dc=e1"
    ) as session:
        run_quietly(session, script[: script.index(";", last)])
    taken, served = (open_backup(uris("bk"), external_io_dir=root) for root in (tmp_path, golden.extern))
    assert taken.verify().is_sound
    assert len(taken.chain.layers) == len(served.chain.layers) == 2
    for got, want in zip(taken.chain.layers, served.chain.layers, strict=True):
        assert facts_of_layer(got.manifest) == facts_of_layer(want.manifest)
        assert len(got.manifest.files) > 5


def facts_of_layer(manifest: pb.BackupManifest) -> tuple[object, ...]:
    files = [
        (file.span.key, file.span.end_key, file.locality_kv, file.entry_counts.SerializeToString())
        for file in manifest.files
    ]
    spans = [(span.key, span.end_key) for span in manifest.spans]
    return spans, sorted(manifest.locality_kvs), files  # which 21.2 writes in any order
