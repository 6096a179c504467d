"""The database `system` as far as a cluster backup carries it: which tables there are, and what they begin with.

Source: fixtures/golden/{20.2,21.2}/h_cluster, manifests and `system` of the marks; reference/format/07 §6.
"""

from __future__ import annotations

import base64
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from ootheca import pb
from ootheca.catalog._system_descriptors import DESCRIPTORS
from ootheca.profile import Profile

__all__ = ["SYSTEM_DATABASE_ID", "default_zone", "first_rows", "is_system", "system_tables", "version_value"]

SYSTEM_DATABASE_ID: Final = 1

_DEFAULT_ZONE = "108080804018808080800222040890bf05"  # ranges of 128 to 512 MiB, gc.ttlseconds = 90000
_META_ZONE = "1080808040188080808002220308901c"  # gc.ttlseconds = 3600
_LIVENESS_ZONE = "1080808040188080808002220308d804"  # gc.ttlseconds = 600
# Zone configurations by id: 0 is RANGE default, 1 the database system; then two fields that say what is inherited.
_ZONES = {
    0: _DEFAULT_ZONE + "280150005800",
    1: _DEFAULT_ZONE + "280550005800",
    16: _META_ZONE + "280550005800",
    17: _DEFAULT_ZONE + "280550005800",
    22: _LIVENESS_ZONE + "280550005800",
    25: "220308d80450005800",
    27: "220308d80450005800",
}
_TENANT_USAGE_ZONE = {45: "220308a03850005800"}

# Where the clouds' regions are: for maps that a console draws.
_LOCATIONS = (
    ("europe-west1", "50.44816", "3.81886"),
    ("us-central1", "42.032974", "-93.581543"),
    ("us-east1", "33.836082", "-81.163727"),
    ("us-east4", "37.478397", "-76.453077"),
    ("us-west1", "43.804133", "-120.554201"),
)


def system_tables(profile: Profile) -> list[pb.TableDescriptor]:
    """Return the descriptors of a profile's system tables, sorted by id."""
    texts = DESCRIPTORS[profile.version].strip().split("\n\n")
    return [pb.Descriptor.FromString(base64.b64decode(text)).table for text in texts]


def is_system(member: object) -> bool:
    """Tell whether a descriptor is the database `system` or lies in it."""
    if isinstance(member, pb.DatabaseDescriptor):
        return member.id == SYSTEM_DATABASE_ID
    return getattr(member, "parent_id", 0) == SYSTEM_DATABASE_ID


def first_rows(profile: Profile, cluster_secret: UUID) -> dict[str, list[dict[str, Any]]]:
    """Return the rows that a new cluster holds, by table and column; columns with defaults may be missing."""
    settings = [{"name": "cluster.secret", "value": str(cluster_secret), "valueType": "s"}]
    if profile.reports_diagnostics:
        settings.append({"name": "diagnostics.reporting.enabled", "value": "true", "valueType": "b"})
    settings.append({"name": "version", "value": version_value(profile), "valueType": "m"})
    return {
        "users": [
            {"username": "admin", "hashedPassword": b"", "isRole": True},
            {"username": "root", "hashedPassword": b"", "isRole": False},
        ],
        "role_members": [{"role": "admin", "member": "root", "isAdmin": True}],
        "settings": settings,
        "zones": _first_zones(profile),
        "locations": [
            {"localityKey": "region", "localityValue": name, "latitude": Decimal(y), "longitude": Decimal(x)}
            for name, y, x in _LOCATIONS
        ],
    }


def default_zone(profile: Profile) -> bytes:
    """Return the configuration of `RANGE default` in a new cluster."""
    config: bytes = _first_zones(profile)[0]["config"]
    return config


def _first_zones(profile: Profile) -> list[dict[str, Any]]:
    zones = _ZONES
    if profile.has_voter_zones:
        # A zone that sets the number of replicas says too that it has no constraints on voters.
        zones = {
            id_: text + ("7801" if text.startswith("10") else "7800")
            for id_, text in (_ZONES | _TENANT_USAGE_ZONE).items()
        }
    return [{"id": id_, "config": bytes.fromhex(text)} for id_, text in sorted(zones.items())]


def version_value(profile: Profile) -> str:
    """Return what `system.settings` holds for `version`: a message of field 2, the version's four numbers."""
    numbers = (
        number for pair in zip((8, 16, 24, 32), profile.internal_version, strict=True) for number in pair
    )
    return bytes([0x12, 8, *numbers]).decode()
