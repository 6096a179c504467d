"""The catalog of a new store: the databases `system`, with its tables, `defaultdb` and `postgres`."""

from __future__ import annotations

from ootheca import pb
from ootheca.catalog.build import add_database
from ootheca.catalog.catalog import Catalog
from ootheca.catalog.rules import DescriptorRules, descriptor_rules
from ootheca.catalog.system_tables import SYSTEM_DATABASE_ID, system_tables
from ootheca.profile import Profile

__all__ = ["bootstrap"]


def bootstrap(profile: Profile) -> Catalog:
    """Return a catalog with the built-in databases staged; the next id is that of the first object of a user.

    Source: fixtures/golden/{20.2,21.2}/h_cluster, manifests.
    """
    rules = descriptor_rules(profile)
    catalog = Catalog((), next_id=rules.default_database_id)
    catalog.put_system(_system_database(rules))
    for table in system_tables(profile):
        catalog.put_system(table)
    for name in ("defaultdb", "postgres"):
        add_database(catalog, name, profile, rules)
    assert catalog.next_id == profile.first_user_id
    return catalog


def _system_database(rules: DescriptorRules) -> pb.DatabaseDescriptor:
    """Return the database `system`: it grants rights of its own to the administrators, and nothing to anybody else."""
    bits = 48 if not rules.grants_to_public else 2048
    privileges = pb.PrivilegeDescriptor(owner_proto="node", version=rules.privileges_version)
    for user in ("admin", "root"):
        row = privileges.users.add(user_proto=user, privileges=bits)
        if rules.has_grant_options:
            row.with_grant_option = bits
    return pb.DatabaseDescriptor(name="system", id=SYSTEM_DATABASE_ID, version=1, privileges=privileges)
