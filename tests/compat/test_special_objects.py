"""What backups hold besides tables: sequences, tenants, and the regions of a database."""

from __future__ import annotations

from pathlib import Path

import pytest

from ootheca import pb
from ootheca.backup.opened import open_backup
from ootheca.backup.read import ChainReader
from ootheca.backup.tenants import TenantReader
from ootheca.codec.filenames import MANIFEST, checksum_name
from ootheca.codec.keys import prefix, tenant_prefix
from ootheca.codec.manifest import checksum, decode_manifest, encode_manifest
from ootheca.errors import ChecksumMismatchError, OothecaError, UnsupportedError
from ootheca.exec.session import Session
from ootheca.sql.parser import parse_one
from tests.compat.test_golden_restore import run as rows_of
from tests.compat.test_show_backup import run_quietly
from tests.support.golden import GoldenSet, sets_at_hand

TENANTS = sets_at_hand("o_tenant")
REGIONS = """
CREATE DATABASE d;
CREATE TYPE d.crdb_internal_region AS ENUM ('us-east1', 'us-west1');
CREATE TABLE d.t (id INT8 PRIMARY KEY, r d.crdb_internal_region NOT NULL DEFAULT 'us-east1', INDEX (r));
INSERT INTO d.t VALUES (1, 'us-west1'), (2, DEFAULT);
BACKUP DATABASE d TO 'nodelocal://1/d'
"""


def session_of(golden: GoldenSet) -> Session:
    return Session(None, external_io_dir=golden.extern, sandbox=True, version=golden.version)


@pytest.mark.parametrize("golden", sets_at_hand("d_chain", "e_revision"))
def test_a_sequence_goes_on_where_its_layer_ended(golden: GoldenSet) -> None:
    last = golden.tables()["shop.public.numbers"]["rows"][0][0]
    for folder, value in (("full", "1"), ("app", last)):
        with session_of(golden) as session:
            rows_of(session, f"RESTORE DATABASE shop FROM 'nodelocal://0/{folder}'")
            assert rows_of(session, "SELECT last_value FROM shop.numbers") == [(value,)], folder
            assert rows_of(session, "SELECT nextval('shop.numbers')") == [(str(int(value) + 1),)], folder


@pytest.mark.parametrize("golden", TENANTS)
def test_a_tenants_keys_are_verified_and_counted(golden: GoldenSet) -> None:
    backup = open_backup("nodelocal://1/tenant10", external_io_dir=golden.extern)
    assert backup.tables == ()
    manifest, report = backup.chain.full.manifest, backup.verify()
    assert report.is_sound, report.problems
    assert (report.rows, report.files) == (0, 1)
    assert report.entries == manifest.entry_counts.index_entries > 50


@pytest.mark.parametrize("place", ["tenant10", "cluster"])
@pytest.mark.parametrize("golden", TENANTS)
def test_a_tenants_tables_are_read(golden: GoldenSet, place: str) -> None:
    opened = open_backup(f"nodelocal://1/{place}", external_io_dir=golden.extern, tenant=10)
    names = opened.table("system.public.descriptor").to_arrow(["id"]).column("id").to_pylist()
    assert sorted(names) == sorted(member.id for member in opened.catalog)
    num_rows = 0
    for name in opened.tables:
        if name != "system.public.settings":
            num_rows += opened.table(name).to_arrow().num_rows
    # 21.2 wrote a time of day into a TIMESTAMP of the tenant's settings; the other columns are read.
    settings = ["name", "value", "valueType"] if golden.version == "21.2" else None
    rows = opened.table("system.public.settings").to_arrow(settings).to_pylist()
    assert [row["name"] for row in rows] == (["version"] if golden.version == "21.2" else [])
    lone = open_backup("nodelocal://1/tenant10", external_io_dir=golden.extern).chain.full.manifest
    assert (
        num_rows + len(rows) == lone.entry_counts.index_entries
    )  # a key is a row in all that a new tenant has


@pytest.mark.parametrize("golden", TENANTS)
def test_a_tenant_that_is_not_there_is_told(golden: GoldenSet) -> None:
    for place, tenant, hint in (("tenant10", 11, "it holds 10"), ("cluster", 1, "it holds 10")):
        with pytest.raises(OothecaError) as caught:
            open_backup(f"nodelocal://1/{place}", external_io_dir=golden.extern, tenant=tenant)
        assert (caught.value.message, caught.value.hint) == (f"tenant {tenant} not in backup", hint)


@pytest.mark.parametrize("golden", TENANTS)
def test_a_changed_value_of_a_tenant_is_found(golden: GoldenSet) -> None:
    """Its checksum goes over the key with the tenant's prefix."""
    backup = open_backup("nodelocal://1/tenant10", external_io_dir=golden.extern, tenant=10)
    start, end = prefix(3, 1), prefix(3, 2)
    (whole,) = ChainReader(backup.chain).visible(tenant_prefix(10) + start, tenant_prefix(10) + end)
    (seen,) = backup.reader().visible(start, end)
    assert seen.keys.to_list() == [key[2:] for key in whole.keys.to_list()]
    assert [value[4:] for value in seen.values.to_list()] == [value[4:] for value in whole.values.to_list()]
    whole.values.data[whole.values.starts[0] + 9] ^= 1
    with pytest.raises(ChecksumMismatchError, match="/Tenant/10/Table/3/1/"):
        list(TenantReader(backup.chain, 10)._without_prefix(iter([whole])))


@pytest.mark.parametrize("golden", TENANTS)
def test_a_tenant_is_not_restored_and_what_lies_beside_it_is(golden: GoldenSet) -> None:
    with session_of(golden) as session:
        for place in ("tenant10", "cluster"):
            with pytest.raises(UnsupportedError) as refused:
                rows_of(session, f"RESTORE TENANT 10 FROM 'nodelocal://1/{place}'")
            assert refused.value.message == "RESTORE TENANT is not supported: a store has no tenants"
            assert refused.value.hint
            with pytest.raises(OothecaError) as missing:
                rows_of(session, f"RESTORE TENANT 11 FROM 'nodelocal://1/{place}'")
            assert missing.value.message.endswith(": tenant 11 not in backup")
        restored = session.run(parse_one("RESTORE FROM 'nodelocal://1/cluster'"))
        assert restored.notices == ("tenants are not restored, for a store has none: 10",)
        assert rows_of(session, "SELECT id FROM d.t ORDER BY id") == [("1",), ("2",)]


def test_regions_of_a_database_are_read(tmp_path: Path) -> None:
    """No backup at hand has them: a descriptor of ours is given what 21.1 and later write."""
    with Session(None, external_io_dir=tmp_path, sandbox=True, version="21.2") as session:
        run_quietly(session, REGIONS)
        give_regions(tmp_path / "d" / MANIFEST)
        table = open_backup("nodelocal://1/d", external_io_dir=tmp_path).table("d.public.t")
        assert table.to_arrow().to_pydict() == {"id": [1, 2], "r": ["us-west1", "us-east1"]}
        kinds = rows_of(session, "SELECT object_type FROM [SHOW BACKUP 'nodelocal://1/d'] WHERE rows IS NULL")
        assert kinds.count(("type",)) == 2
        run_quietly(session, "DROP DATABASE d CASCADE; RESTORE DATABASE d FROM 'nodelocal://1/d'")
        assert rows_of(session, "SELECT r FROM d.t ORDER BY id") == [("us-west1",), ("us-east1",)]
        assert rows_of(session, "SELECT id FROM d.t WHERE r = 'us-west1'") == [("1",)]


def give_regions(path: Path) -> None:
    manifest = decode_manifest(path.read_bytes(), location=str(path))
    types = {desc.type.name: desc.type for desc in manifest.descriptors if desc.HasField("type")}
    regions = types["crdb_internal_region"]
    regions.kind = pb.TypeDescriptor.MULTIREGION_ENUM
    regions.region_config.primary_region = "us-east1"
    (database,) = [desc.database for desc in manifest.descriptors if desc.HasField("database")]
    database.region_config.primary_region = "us-east1"
    database.region_config.region_enum_id = regions.id
    stored = encode_manifest(manifest, version="21.2")
    path.write_bytes(stored)
    path.with_name(checksum_name(MANIFEST)).write_bytes(checksum(stored))
