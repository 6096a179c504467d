"""ALTER … CONFIGURE ZONE."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ootheca import pb
from ootheca.catalog.system_tables import default_zone
from ootheca.errors import InvalidOptionError, OothecaError, UndefinedError
from ootheca.exec.quantities import parse_int
from ootheca.exec.result import Result
from ootheca.exec.statements.set_var import constant_text
from ootheca.exec.zones import NAMED_ZONES, Zones
from ootheca.sql import ast

if TYPE_CHECKING:
    from ootheca.exec.session import Session

__all__ = ["run", "target_id"]

_BITS: Final = {
    "range_min_bytes": 64,
    "range_max_bytes": 64,
    "gc.ttlseconds": 32,
    "num_replicas": 32,
    "num_voters": 32,
}
_NOT_KEPT: Final = ("constraints", "voter_constraints", "lease_preferences", "global_reads")
_SMALLEST_MAX: Final = 64 << 20


def run(statement: ast.ConfigureZone, session: Session) -> Result:
    """Change, or take back, the zone configuration of a range, database or table."""
    id_ = target_id(statement.kind, statement.name, session)
    if statement.index is not None or statement.partition is not None:
        session.notice(
            "zone configurations of indexes and partitions are not kept: a store has no ranges to place"
        )
        return Result.command("CONFIGURE ZONE 1")
    zones = Zones(session)
    if statement.is_discard:
        if id_ == NAMED_ZONES["default"]:
            raise OothecaError("cannot remove default zone", sqlstate="42601")
        return Result.command(f"CONFIGURE ZONE {int(zones.drop(id_))}")
    own = zones.own(id_) if statement.settings else None
    config = _copy(own) if own is not None else _first(session, id_)
    above = zones.inherited(id_)
    for name, value in statement.settings:
        _set(session, above, config, name.lower(), value)
    above.MergeFrom(config)
    _check(above)
    zones.put(id_, config)
    return Result.command("CONFIGURE ZONE 1")


def target_id(kind: str, name: ast.ObjectName, session: Session) -> int:
    """Return the id that the zone of a target has: its descriptor's, or that of a named range.

    Raises:
        OothecaError: there is no such target.
    """
    match kind:
        case "RANGE":
            if name.object not in NAMED_ZONES:
                raise UndefinedError(f'"{name.object}" is not a built-in zone', sqlstate="XXUUU")
            return NAMED_ZONES[name.object]
        case "DATABASE":
            return session.catalog.resolve_database(name.object).id
        case _:
            return session.catalog.resolve_table(name.parts, session.database).id


def _first(session: Session, id_: int) -> pb.ZoneConfig:
    """Return a configuration that sets nothing; of `RANGE default` the one that a new cluster has."""
    if id_ == NAMED_ZONES["default"]:
        return pb.ZoneConfig.FromString(default_zone(session.profile))
    config = pb.ZoneConfig(inherited_constraints=True, inherited_lease_preferences=True)
    if session.profile.has_voter_zones:
        config.null_voter_constraints_is_empty = False
    return config


def _copy(config: pb.ZoneConfig) -> pb.ZoneConfig:
    copy = pb.ZoneConfig()
    copy.CopyFrom(config)
    return copy


def _set(
    session: Session, above: pb.ZoneConfig, config: pb.ZoneConfig, name: str, value: ast.Expr | None
) -> None:
    if name in _NOT_KEPT:
        session.notice(f"{name} is not kept: a store has no nodes to choose from")
        return
    if name not in _BITS:
        raise InvalidOptionError(f'unsupported zone config parameter: "{name}"')
    source, target, field = (
        (above.gc, config.gc, "ttl_seconds") if name == "gc.ttlseconds" else (above, config, name)
    )
    setattr(target, field, getattr(source, field) if value is None else _number(name, value))


def _number(name: str, value: ast.Expr) -> int:
    text = constant_text(value)
    number = parse_int(text, bits=_BITS[name])
    if number is None:
        raise InvalidOptionError(f"{name} takes a whole number, not {text!r}", sqlstate="42804")
    return number


def _check(zone: pb.ZoneConfig) -> None:
    """Refuse what no cluster could have, in CockroachDB's words."""
    low, high = zone.range_min_bytes, zone.range_max_bytes
    problem = ""
    if zone.HasField("num_replicas") and zone.num_replicas < 1:
        problem = "at least one replica is required"
    elif zone.num_replicas == 2:
        problem = "at least 3 replicas are required for multi-replica configurations"
    elif zone.HasField("range_max_bytes") and high < _SMALLEST_MAX:
        problem = f"RangeMaxBytes {high} less than minimum allowed {_SMALLEST_MAX}"
    elif low < 0:
        problem = f"RangeMinBytes {low} less than minimum allowed 0"
    elif zone.HasField("range_max_bytes") and low >= high:
        problem = f"RangeMinBytes {low} is greater than or equal to RangeMaxBytes {high}"
    elif zone.HasField("gc") and zone.gc.ttl_seconds < 1:
        problem = f"GC.TTLSeconds {zone.gc.ttl_seconds} less than minimum allowed 1"
    if problem:
        raise OothecaError(f"could not validate zone config: {problem}", sqlstate="23514")
