"""BACKUP to the stores of several localities: what goes where, what is refused, and that it comes back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import ootheca
from ootheca.backup.placement import place
from ootheca.connection import Connection
from ootheca.errors import InvalidOptionError, OothecaError
from ootheca.names import format_string
from ootheca.shell.main import main

STORES = {"def": "default", "eu": "region%3Deu", "us": "region%3Dus"}
Connect = Callable[..., Connection]


def places(name: str, below: str = "") -> str:
    texts = [f"nodelocal://1/{name}/{store}{below}?COCKROACH_LOCALITY={kv}" for store, kv in STORES.items()]
    return f"({', '.join(map(format_string, reversed(texts)))})"


def uris(name: str) -> list[str]:
    return [f"nodelocal://1/{name}/{store}?COCKROACH_LOCALITY={kv}" for store, kv in STORES.items()]


@pytest.fixture
def connect(tmp_path: Path) -> Iterator[Connect]:
    opened: list[Connection] = []

    def open_one(locality: str = "", version: str = "21.2") -> Connection:
        con = ootheca.connect(external_io_dir=tmp_path, sandbox=True, locality=locality, version=version)
        opened.append(con)
        con.execute("CREATE DATABASE bank; CREATE TABLE bank.t (id INT8 PRIMARY KEY, v STRING)")
        con.execute("INSERT INTO bank.t SELECT i, 'v' FROM generate_series(1, 5) AS g(i)")
        return con

    yield open_one
    for con in opened:
        con.close()


def stored(root: Path) -> dict[str, set[str]]:
    """Return the names of the files of each store, numbers of data files left out."""
    return {
        store: {
            "data" if path.suffix == ".sst" else str(path.relative_to(root / store))
            for path in (root / store).rglob("*")
            if path.is_file()
        }
        for store in STORES
    }


OWN = {"BACKUP_MANIFEST", "BACKUP_MANIFEST-CHECKSUM", "BACKUP-STATISTICS"}
EU, US = {"BACKUP_PART_1_region=eu"}, {"BACKUP_PART_2_region=us"}


@pytest.mark.parametrize("version", ["20.2", "21.2"])
@pytest.mark.parametrize(
    ("locality", "expected"),
    [
        ("", {"def": OWN | {"data"}, "eu": EU, "us": US}),
        ("region=asia", {"def": OWN | {"data"}, "eu": EU, "us": US}),
        ("region=us,az=us1", {"def": OWN, "eu": EU, "us": US | {"data"}}),
    ],
)
def test_files_go_to_the_store_of_the_nodes_locality(
    connect: Connect, tmp_path: Path, locality: str, expected: dict[str, set[str]], version: str
) -> None:
    con = connect(locality, version)
    con.execute(f"BACKUP DATABASE bank TO {places('b')}")
    assert stored(tmp_path / "b") == expected
    backup = ootheca.open_backup(uris("b"), external_io_dir=tmp_path)
    assert backup.verify().is_sound, backup.verify().problems
    manifest = backup.chain.full.manifest
    assert list(manifest.locality_kvs) == ["region=eu", "region=us"]
    assert {file.locality_kv for file in manifest.files} == {"region=us" if "us" in locality else ""}
    con.execute(f"DROP DATABASE bank CASCADE; RESTORE DATABASE bank FROM {places('b')}")
    assert con.execute("SELECT count(*) FROM bank.t").fetchall() == [(5,)]


def test_the_narrowest_tier_that_has_a_store_is_chosen() -> None:
    assert place(("az=1", "region=eu"), ("region=eu", "az=1")).chosen == "az=1"
    assert place(("az=2", "region=eu"), ("region=eu", "az=1")).chosen == "region=eu"
    assert place(("az=2",), ("region=eu", "az=1")).chosen == ""


def test_a_sealed_backup_is_sealed_in_all_stores(connect: Connect, tmp_path: Path) -> None:
    con = connect("region=eu")
    con.execute(f"BACKUP DATABASE bank TO {places('b')} WITH encryption_passphrase = 'x'")
    assert stored(tmp_path / "b") == {"def": OWN | {"ENCRYPTION-INFO"}, "eu": EU | {"data"}, "us": US}
    for path in (tmp_path / "b").rglob("BACKUP_PART_*"):
        assert path.read_bytes().startswith(b"encrypt"), path
    with pytest.raises(OothecaError, match="file appears encrypted"):
        con.execute(f"RESTORE TABLE bank.t FROM {places('b')} WITH into_db = 'defaultdb'")
    con.execute(
        f"RESTORE TABLE bank.t FROM {places('b')} WITH into_db = 'defaultdb', encryption_passphrase = 'x'"
    )
    assert con.execute("SELECT count(*) FROM defaultdb.t").fetchall() == [(5,)]


def test_a_collection_has_the_same_folders_in_all_stores(connect: Connect, tmp_path: Path) -> None:
    con = connect("region=eu")
    con.execute(f"BACKUP DATABASE bank INTO {places('c')}")
    latest = (tmp_path / "c" / "def" / "LATEST").read_text()
    assert [path.name for path in (tmp_path / "c").rglob("LATEST")] == ["LATEST"]
    assert all((tmp_path / "c" / f"{store}{latest}").is_dir() for store in STORES)
    assert con.execute(f"SHOW BACKUPS IN {places('c')}").fetchall() == [(latest,)]
    con.execute(f"RESTORE TABLE bank.t FROM LATEST IN {places('c')} WITH into_db = 'defaultdb'")
    assert con.execute("SELECT count(*) FROM defaultdb.t").fetchall() == [(5,)]


def test_a_layer_on_top_goes_to_the_same_folders_of_all_stores(tmp_path: Path) -> None:
    """The node has moved meanwhile: its later data lie in another store."""
    store = tmp_path / "store"
    with ootheca.connect(store, external_io_dir=tmp_path, locality="region=eu") as con:
        con.execute("CREATE DATABASE bank; CREATE TABLE bank.t (id INT8 PRIMARY KEY, v STRING)")
        con.execute("INSERT INTO bank.t VALUES (1, 'eu')")
        con.execute(f"BACKUP DATABASE bank TO {places('b')} WITH encryption_passphrase = 'x'")
        con.execute(f"BACKUP DATABASE bank INTO {places('c')}")
    with ootheca.connect(store, external_io_dir=tmp_path, locality="region=us") as con:
        con.execute("INSERT INTO bank.t VALUES (2, 'us')")
        con.execute(f"BACKUP DATABASE bank TO {places('b')} WITH encryption_passphrase = 'x'")
        con.execute(f"BACKUP DATABASE bank INTO LATEST IN {places('c')}")
        base, elsewhere = "nodelocal://1/c/def?COCKROACH_LOCALITY=default", places("own")
        latest = (tmp_path / "c" / "def" / "LATEST").read_text()
        base = base.replace("/def", f"/def{latest}")
        con.execute(f"BACKUP DATABASE bank TO {elsewhere} INCREMENTAL FROM '{base}'")
        for options in ({"encryption_passphrase": "x"}, {"subdirectory": "LATEST"}):
            name = "b" if "encryption_passphrase" in options else "c"
            backup = ootheca.open_backup(uris(name), external_io_dir=tmp_path, **options)
            assert backup.verify().is_sound, backup.verify().problems
            layers = [layer.manifest for layer in backup.chain.layers]
            assert [{file.locality_kv for file in m.files} for m in layers] == [{"region=eu"}, {"region=us"}]
            assert [list(m.locality_kvs) for m in layers] == [["region=eu", "region=us"]] * 2
            assert backup.table("bank.public.t").to_arrow().column("v").to_pylist() == ["eu", "us"]
        con.execute(f"DROP DATABASE bank CASCADE; RESTORE DATABASE bank FROM LATEST IN {places('c')}")
        assert con.execute("SELECT v FROM bank.t ORDER BY id").fetchall() == [("eu",), ("us",)]
        full = places("c", latest)
        con.execute(f"DROP DATABASE bank CASCADE; RESTORE DATABASE bank FROM {full}, {elsewhere}")
        assert con.execute("SELECT v FROM bank.t ORDER BY id").fetchall() == [("eu",), ("us",)]


def test_layers_can_lie_in_other_stores(connect: Connect, tmp_path: Path) -> None:
    con = connect("region=eu")
    con.execute(f"BACKUP DATABASE bank INTO {places('c')} WITH incremental_location = {places('ignored')}")
    latest = (tmp_path / "c" / "def" / "LATEST").read_text()
    for n, elsewhere in ((6, places("i")), (7, "'nodelocal://1/one'"), (8, places("i"))):
        con.execute(f"INSERT INTO bank.t VALUES ({n}, 'x')")
        con.execute(f"BACKUP DATABASE bank INTO '{latest}' IN {places('c')} "
                    f"WITH incremental_location = {elsewhere}")  # fmt: skip
    assert not (tmp_path / "ignored").exists()
    assert not list((tmp_path / "c").glob(f"*{latest}/2*"))
    for elsewhere, ids in ((places("i"), {*range(1, 9)}), ("'nodelocal://1/one'", {*range(1, 8)})):
        con.execute(f"DROP DATABASE bank CASCADE; RESTORE DATABASE bank FROM LATEST IN {places('c')} "
                    f"WITH incremental_location = {elsewhere}")  # fmt: skip
        assert {row[0] for row in con.execute("SELECT id FROM bank.t").fetchall()} == ids
    assert len(list((tmp_path / "i").rglob("BACKUP_PART_*"))) == 4


def test_layers_elsewhere_need_a_collection(connect: Connect) -> None:
    with pytest.raises(OothecaError) as caught:
        connect().execute(
            "BACKUP DATABASE bank TO 'nodelocal://1/a' WITH incremental_location = 'nodelocal://1/b'"
        )
    assert caught.value.message == "incremental_location option not supported with `BACKUP TO` syntax"


def test_an_empty_backup_still_has_its_parts(connect: Connect, tmp_path: Path) -> None:
    con = connect("region=eu")
    con.execute(f"CREATE DATABASE empty; BACKUP DATABASE empty TO {places('b')}")
    assert stored(tmp_path / "b") == {"def": OWN, "eu": EU, "us": US}
    assert ootheca.open_backup(uris("b"), external_io_dir=tmp_path).verify().is_sound


@pytest.mark.parametrize(
    ("localities", "message"),
    [
        (("default", ""), "multiple URLs are provided for partitioned BACKUP, but COCKROACH_LOCALITY is not specified"),
        (("default", "default"), "multiple default URLs provided for partition backup"),
        (("a%3Db", "c%3Dd"), "no default URL provided for partitioned backup"),
        (("default", "a%3Db", "a%3Db"), "duplicate URIs for locality a=b"),
        (("a%3Db",), "COCKROACH_LOCALITY a=b is invalid for a single BACKUP location"),
        (("default", "a"), 'failed to parse backup locality: tier must be in the form "key=value" not "a"'),
        (
            ("default", "a%3Db%2Cc%3Dd"),
            'failed to parse backup locality: tier must be in the form "key=value" not "a=b,c=d"',
        ),
    ],
)  # fmt: skip
def test_localities_that_do_not_fit_are_refused(
    connect: Connect, tmp_path: Path, localities: tuple[str, ...], message: str
) -> None:
    con = connect()
    texts = [
        format_string(f"nodelocal://1/b/{n}" + (f"?COCKROACH_LOCALITY={kv}" if kv else ""))
        for n, kv in enumerate(localities)
    ]
    for words in ("TO", "INTO"):
        with pytest.raises(OothecaError) as caught:
            con.execute(f"BACKUP DATABASE bank {words} ({', '.join(texts)})")
        assert caught.value.message == message
    assert not list(tmp_path.iterdir())


def test_the_target_is_looked_for_before_the_localities(connect: Connect) -> None:
    with pytest.raises(OothecaError, match="nowhere"):
        connect().execute("BACKUP DATABASE nowhere TO ('nodelocal://1/a', 'nodelocal://1/b')")


def test_a_store_with_the_part_of_another_backup_is_left_alone(connect: Connect, tmp_path: Path) -> None:
    con = connect("region=eu")
    con.execute(f"BACKUP DATABASE bank TO {places('b')}")
    before = {path: path.read_bytes() for path in (tmp_path / "b").rglob("*") if path.is_file()}
    other = places("b").replace("/b/def", "/other")
    with pytest.raises(OothecaError, match="already contains a BACKUP_PART_1_region=eu file"):
        con.execute(f"BACKUP DATABASE bank TO {other}")
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


# The node's locality


def test_show_locality_says_what_the_node_plays(connect: Connect) -> None:
    assert connect("region=eu,az=eu1").execute("SHOW LOCALITY").fetchall() == [("region=eu,az=eu1",)]
    assert connect().execute("SHOW LOCALITY").fetchall() == [("",)]


@pytest.mark.parametrize("text", ["region", "region=", "=eu", "region=eu,", "a=b=c"])
def test_a_locality_that_is_none_is_refused(text: str, capsys: Any) -> None:
    with pytest.raises(InvalidOptionError, match='tier must be in the form "key=value"'):
        ootheca.connect(locality=text)
    assert main(["--store", ":memory:", "--locality", text, "-e", "SHOW LOCALITY"]) == 4
    assert 'tier must be in the form "key=value"' in capsys.readouterr().err


def test_the_flag_gives_the_node_its_locality(capsys: Any) -> None:
    flags = ["--store", ":memory:", "--format", "csv", "--locality", "region=eu,az=eu1"]
    assert main([*flags, "-e", "SHOW LOCALITY"]) == 0
    assert capsys.readouterr().out == 'locality\n"region=eu,az=eu1"\n'
