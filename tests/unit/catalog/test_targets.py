"""Targets against any set of descriptors: the ids and complete databases that real backups hold."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from ootheca import pb
from ootheca.catalog.catalog import Catalog, descriptor_of
from ootheca.catalog.rules import descriptor_rules
from ootheca.catalog.targets import resolve_targets
from ootheca.errors import OothecaError, UndefinedDatabaseError
from ootheca.profile import profile
from ootheca.sql.ast import Backup, DatabaseTargets, TableTargets
from ootheca.sql.parser import parse_one

GOLDEN = Path(__file__).parents[3] / "fixtures" / "golden"
SHARED = Path(__file__).parents[4] / "shared" / "fixtures" / "golden"


def _manifest(folder: Path) -> pb.BackupManifest:
    raw = (folder / "BACKUP_MANIFEST").read_bytes()
    manifest = pb.BackupManifest()
    manifest.ParseFromString(gzip.decompress(raw) if raw.startswith(b"\x1f\x8b") else raw)
    return manifest


@pytest.fixture(params=["20.2", "21.2"])
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def catalog(version: str) -> Catalog:
    """The databases kinds and shapes."""
    return Catalog(_manifest(GOLDEN / version / "a_full" / "extern" / "full").descriptors)


def test_a_database_is_everything_in_it(version: str, catalog: Catalog) -> None:
    found = resolve_targets(catalog, databases=["kinds", "shapes"], rules=descriptor_rules(profile(version)))
    assert found.ids == tuple(member.id for member in catalog)
    assert [catalog.database(id_).name for id_ in found.complete_database_ids] == ["kinds", "shapes"]
    assert found.requested_table_ids == ()


def test_a_table_brings_its_database_schema_and_types(version: str, catalog: Catalog) -> None:
    rules = descriptor_rules(profile(version))
    found = resolve_targets(
        catalog, tables=[(("sch", "colored"), False)], current_database="shapes", rules=rules
    )
    names = {getattr(catalog.get(id_), "name", "") for id_ in found.ids}
    assert names == {"shapes", "sch", "color", "_color", "colored"}
    assert found.complete_database_ids == ()
    assert [catalog.table(id_).name for id_ in found.table_ids] == ["colored"]


def test_a_wildcard_of_a_schema_is_that_schema_alone_only_where_it_was(
    version: str, catalog: Catalog
) -> None:
    rules = descriptor_rules(profile(version))
    found = resolve_targets(catalog, tables=[(("shapes", "sch"), True)], rules=rules)
    names = {catalog.table(id_).name for id_ in found.table_ids}
    assert ("parents" in names) == (version == "20.2")
    assert {"t", "colored", "seq", "v"} <= names
    assert bool(found.complete_database_ids) == (version == "20.2")


def test_missing_targets_are_worded_by_the_profile(version: str, catalog: Catalog) -> None:
    rules = descriptor_rules(profile(version))
    wanted = 'unknown database "nope"' if version == "20.2" else 'database "nope" does not exist'
    with pytest.raises(OothecaError, match=f"^{wanted}$"):
        resolve_targets(catalog, databases=["nope"], rules=rules)
    with pytest.raises(OothecaError, match=r'^table "shapes\.nope" does not exist$'):
        resolve_targets(catalog, tables=[(("shapes", "nope"), False)], rules=rules)
    with pytest.raises(
        UndefinedDatabaseError, match=r'^"nope\.\*" does not match any valid database or schema$'
    ):
        resolve_targets(catalog, tables=[(("nope",), True)], rules=rules)


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="the other golden sets are not here")
def test_the_same_targets_as_in_real_backups(version: str) -> None:
    folder = SHARED / version / "j_targets"
    manifests = {path.parent.name: _manifest(path.parent) for path in folder.glob("extern/*/BACKUP_MANIFEST")}
    known = {}
    for name in ("nothing", "two_databases"):
        for descriptor in manifests[name].descriptors:
            member = descriptor_of(descriptor)
            assert member is not None
            known[member.id] = descriptor
    catalog, num_compared = Catalog(known.values()), 0
    for line in (folder / "make.sql").read_text().splitlines():
        if not line.startswith("BACKUP") or "${" in line:
            continue
        statement = parse_one(line.rstrip(";"))
        assert isinstance(statement, Backup)
        name = str(statement.to[0]).rsplit("/", 1)[-1]
        if name not in manifests or "only_types" in line:
            continue
        databases = statement.targets.names if isinstance(statement.targets, DatabaseTargets) else ()
        patterns = statement.targets.patterns if isinstance(statement.targets, TableTargets) else ()
        found = resolve_targets(
            catalog,
            databases=databases,
            tables=[(pattern.parts, pattern.is_wildcard) for pattern in patterns],
            rules=descriptor_rules(profile(version)),
        )
        real = manifests[name]
        ids = tuple(member.id for d in real.descriptors if (member := descriptor_of(d)) is not None)
        assert (found.ids, found.complete_database_ids) == (ids, tuple(real.complete_dbs)), line
        num_compared += 1
    assert num_compared >= 13
