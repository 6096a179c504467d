"""SHOW ZONE CONFIGURATION."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ootheca import pb
from ootheca.exec.ddl.zones import target_id
from ootheca.exec.result import Result, string
from ootheca.exec.zones import NAMED_ZONES, Zones
from ootheca.names import format_dotted
from ootheca.sql import ast

if TYPE_CHECKING:
    from ootheca.exec.session import Session

__all__ = ["run"]


def run(statement: ast.ShowZoneConfiguration, session: Session) -> Result:
    """Show the configuration that holds for one target, completed, or those of all that have one of their own."""
    zones = Zones(session)
    columns = (string("target"), string("raw_config_sql"))
    if statement.target is not None:
        id_ = target_id(statement.target_kind, statement.target, session)
        target = _target(session, zones.owner(id_))
        complete = zones.effective(id_)
        # What nothing above says is inherited from nobody.
        complete.inherited_constraints = complete.inherited_lease_preferences = False
        rows = [(target, _statement(target or "", complete))]
        return Result.of_rows(columns, rows, tag="SHOW ZONE CONFIGURATION")
    found = [(_target(session, id_), zones.own(id_)) for id_ in zones.ids()]
    rows = [(name, _statement(name, config)) for name, config in found if name and config is not None]
    return Result.of_rows(columns, rows, tag="SHOW ZONE CONFIGURATIONS")


def _target(session: Session, id_: int) -> str | None:
    """Return how ALTER names the owner of a zone; None where nothing has that id."""
    for name, named_id in NAMED_ZONES.items():
        if id_ == named_id:
            return f"RANGE {name}"
    member = session.catalog.get(id_)
    if isinstance(member, pb.DatabaseDescriptor):
        return f"DATABASE {format_dotted([member.name])}"
    if isinstance(member, pb.TableDescriptor):
        return f"TABLE {format_dotted(session.catalog.qualified_name(member))}"
    return None


def _statement(target: str, zone: pb.ZoneConfig) -> str:
    settings: list[tuple[str, object]] = [
        (name, getattr(zone, name)) for name in ("range_min_bytes", "range_max_bytes") if zone.HasField(name)
    ]
    if zone.HasField("gc"):
        settings.append(("gc.ttlseconds", zone.gc.ttl_seconds))
    settings += [
        (name, getattr(zone, name)) for name in ("num_replicas", "num_voters") if zone.HasField(name)
    ]
    settings += [
        (name, "'[]'")
        for name in ("constraints", "lease_preferences")
        if not getattr(zone, f"inherited_{name}") and not getattr(zone, name)  # what is set is not read
    ]
    lines = ",\n".join(f"\t{name} = {value}" for name, value in settings)
    return f"ALTER {target} CONFIGURE ZONE USING\n{lines}"
