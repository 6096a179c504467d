"""Zone configurations: the rows of `system.zones`, by the id of a range of the system's, a database or a table.

A configuration says only what was set on its object; the rest comes from the one above: a table's from its database's,
and that from `RANGE default`. Of all settings one means something in a store: `gc.ttlseconds`, how long history lasts.
The zones of single indexes and partitions, and constraints, are kept as a backup brings them, and not read.

Source: fixtures/golden/*/h_cluster (`zones` of the marks, ALTER … CONFIGURE ZONE in make.sql).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from ootheca import pb
from ootheca.exec.system_tables import SystemTable

if TYPE_CHECKING:
    from ootheca.exec.session import Session

__all__ = ["NAMED_ZONES", "Zones"]

NAMED_ZONES: Final = {"default": 0, "meta": 16, "system": 17, "timeseries": 18, "liveness": 22, "tenants": 45}
"""Zones that are spelled `RANGE name`, with their ids."""
_DEFAULT_TTL: Final = 90000  # 25 hours, in both proven versions


class Zones:
    """The zone configurations of a store, read once."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._stored = SystemTable(session, "zones")
        self._configs = {
            id_: pb.ZoneConfig.FromString(config)
            for id_, config in self._stored.rows("id", "config")
            if config is not None
        }

    def ids(self) -> list[int]:
        """Return the ids of everything that has a configuration of its own."""
        return list(self._configs)

    def own(self, id_: int) -> pb.ZoneConfig | None:
        """Return what was set on an object; not to be changed."""
        return self._configs.get(id_)

    def owner(self, id_: int) -> int:
        """Return the id of the nearest configuration: the object's own, its database's, or that of `RANGE default`."""
        return next((each for each in self._above(id_) if each in self._configs), NAMED_ZONES["default"])

    def effective(self, id_: int) -> pb.ZoneConfig:
        """Return an object's configuration, completed from those above it."""
        return self._merged(self._above(id_))

    def gc_ttl_seconds(self, id_: int) -> int:
        """Return for how many seconds replaced versions of an object's rows are kept."""
        return self.effective(id_).gc.ttl_seconds or _DEFAULT_TTL

    def inherited(self, id_: int) -> pb.ZoneConfig:
        """Return the configuration that an object has of those above it."""
        return self._merged(self._above(id_)[1:])

    def put(self, id_: int, config: pb.ZoneConfig) -> None:
        """Write a configuration."""
        self._stored.put({"id": id_, "config": config.SerializeToString()})
        self._configs[id_] = config

    def drop(self, id_: int) -> bool:
        """Remove a configuration; tell whether there was one."""
        if self._configs.pop(id_, None) is None:
            return False
        self._stored.delete(id=id_)
        return True

    def _merged(self, ids: Sequence[int]) -> pb.ZoneConfig:
        complete = pb.ZoneConfig()
        for each in reversed(ids):
            if each in self._configs:
                complete.MergeFrom(self._configs[each])
        return complete

    def _above(self, id_: int) -> list[int]:
        """Return an object's id and those of the configurations above it, the nearest first."""
        member = self._session.catalog.get(id_)
        parents = [member.parent_id] if isinstance(member, pb.TableDescriptor) else []
        return list(dict.fromkeys([id_, *parents, NAMED_ZONES["default"]]))
