"""The catalog: every descriptor of a store or of a backup, the names that they make, and changes not yet committed.

A catalog starts from descriptors and derives the namespace from them. Changes are staged: lookups see them at once,
`commit` gives them their versions and times and hands out what must be stored, `rollback` forgets them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from ootheca import pb
from ootheca.catalog.system_tables import is_system
from ootheca.catalog.table import Table, describe
from ootheca.clock import Timestamp
from ootheca.errors import (
    InternalError,
    OothecaError,
    UndefinedDatabaseError,
    UndefinedError,
    UndefinedTableError,
)
from ootheca.names import format_dotted

__all__ = [
    "PUBLIC_SCHEMA_ID",
    "Catalog",
    "Changes",
    "Schema",
    "SomeDescriptor",
    "descriptor_of",
    "refuse_system_change",
    "wrap_descriptor",
]

_NO_PRIVILEGE = "user root does not have {} privilege on {}"
PUBLIC_SCHEMA_ID = 29  # the `public` schema of databases that have no descriptor for it

SomeDescriptor = pb.TableDescriptor | pb.DatabaseDescriptor | pb.TypeDescriptor | pb.SchemaDescriptor
_D = TypeVar("_D", pb.TableDescriptor, pb.DatabaseDescriptor, pb.TypeDescriptor, pb.SchemaDescriptor)
_Key = tuple[int, int, str]  # database id (0 for databases), schema id (0 for databases and schemas), name


@dataclass(frozen=True, slots=True)
class Schema:
    """A schema by name, whether or not a descriptor stands for it."""

    database_id: int
    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Changes:
    """What a commit changed: descriptors to write, and dropped ones in their last version."""

    put: tuple[pb.Descriptor, ...]
    dropped: tuple[pb.Descriptor, ...]


def descriptor_of(descriptor: pb.Descriptor) -> SomeDescriptor | None:
    """Return the member of the union; None for functions, which have no place here."""
    match descriptor.WhichOneof("union"):
        case "table":
            return descriptor.table
        case "database":
            return descriptor.database
        case "type":
            return descriptor.type
        case "schema":
            return descriptor.schema
        case _:
            return None


def wrap_descriptor(member: SomeDescriptor) -> pb.Descriptor:
    """Return the union that holds a copy of `member`."""
    match member:
        case pb.TableDescriptor():
            return pb.Descriptor(table=member)
        case pb.DatabaseDescriptor():
            return pb.Descriptor(database=member)
        case pb.TypeDescriptor():
            return pb.Descriptor(type=member)
        case _:
            return pb.Descriptor(schema=member)


def _key_of(member: SomeDescriptor) -> _Key | None:
    match member:
        case _ if member.state == pb.DescriptorState.DROP:
            return None
        case pb.TableDescriptor():
            return member.parent_id, member.unexposed_parent_schema_id or PUBLIC_SCHEMA_ID, member.name
        case pb.DatabaseDescriptor():
            return 0, 0, member.name
        case pb.TypeDescriptor():
            return member.parent_id, member.parent_schema_id or PUBLIC_SCHEMA_ID, member.name
        case _:
            return member.parent_id, 0, member.name


class Catalog:
    """Descriptors by id and by name.

    Args:
        descriptors: of a store, or of a backup's manifest.
        next_id: the first id to give away; at least one more than the largest known.
    """

    def __init__(self, descriptors: Iterable[pb.Descriptor], *, next_id: int = 1) -> None:
        self._committed: dict[int, SomeDescriptor] = {}
        self._names: dict[_Key, int] = {}
        self._staged: dict[int, SomeDescriptor | None] = {}
        self._steps: dict[int, int] = {}
        self._added: set[int] = set()  # staged ones that are new, though something had their id before
        self._described: dict[int, Table] = {}
        for descriptor in descriptors:
            member = descriptor_of(descriptor)
            if member is not None:
                self._install(member)
        self._next_id = self._committed_next_id = max(next_id, max(self._committed, default=0) + 1)

    # Lookups

    def __iter__(self) -> Iterator[SomeDescriptor]:
        """Yield every descriptor in the order of ids, with staged changes."""
        for id_ in sorted(self._committed.keys() | self._staged.keys()):
            member = self.get(id_)
            if member is not None:
                yield member

    def get(self, id_: int) -> SomeDescriptor | None:
        """Return the descriptor of an id; not to be changed, see `change`."""
        return self._staged[id_] if id_ in self._staged else self._committed.get(id_)

    def table(self, id_: int) -> pb.TableDescriptor:
        """Return a table, view or sequence by id.

        Raises:
            UndefinedTableError: no such relation.
        """
        member = self.get(id_)
        if not isinstance(member, pb.TableDescriptor):
            raise UndefinedTableError(f"relation [{id_}] does not exist")
        return member

    def database(self, id_: int) -> pb.DatabaseDescriptor:
        """Return a database by id.

        Raises:
            UndefinedDatabaseError: no such database.
        """
        member = self.get(id_)
        if not isinstance(member, pb.DatabaseDescriptor):
            raise UndefinedDatabaseError(f"database [{id_}] does not exist")
        return member

    def type(self, id_: int) -> pb.TypeDescriptor:
        """Return a user-defined type by id.

        Raises:
            UndefinedError: no such type.
        """
        member = self.get(id_)
        if not isinstance(member, pb.TypeDescriptor):
            raise UndefinedError(f"type with ID {id_} does not exist")
        return member

    def databases(self) -> list[pb.DatabaseDescriptor]:
        """Return all databases, sorted by name."""
        found = [member for member in self if isinstance(member, pb.DatabaseDescriptor)]
        return sorted(found, key=lambda member: member.name)

    def tables(self, database_id: int, schema_id: int | None = None) -> list[pb.TableDescriptor]:
        """Return the tables, views and sequences of a database, or of one of its schemas, sorted by id."""
        return [
            member
            for member in self
            if isinstance(member, pb.TableDescriptor)
            and member.parent_id == database_id
            and schema_id in (None, member.unexposed_parent_schema_id or PUBLIC_SCHEMA_ID)
        ]

    def types(self, database_id: int) -> list[pb.TypeDescriptor]:
        """Return the user-defined types of a database, array aliases too, sorted by id."""
        return [m for m in self if isinstance(m, pb.TypeDescriptor) and m.parent_id == database_id]

    def types_by_id(self) -> dict[int, pb.TypeDescriptor]:
        """Return every user-defined type by id."""
        members = self._committed | self._staged
        types = (member for member in members.values() if isinstance(member, pb.TypeDescriptor))
        return {member.id: member for member in sorted(types, key=lambda member: member.id)}

    def schemas(self, database_id: int) -> list[Schema]:
        """Return the schemas of a database, sorted by name; `public` always is one of them."""
        found = [
            Schema(database_id, member.id, member.name)
            for member in self
            if isinstance(member, pb.SchemaDescriptor) and member.parent_id == database_id
        ]
        if all(schema.name != "public" for schema in found):
            found.append(Schema(database_id, PUBLIC_SCHEMA_ID, "public"))
        return sorted(found, key=lambda schema: schema.name)

    def find_database(self, name: str) -> pb.DatabaseDescriptor | None:
        """Return a database by name."""
        member = self._find((0, 0, name))
        return member if isinstance(member, pb.DatabaseDescriptor) else None

    def find_schema(self, database_id: int, name: str) -> Schema | None:
        """Return a schema by name."""
        member = self._find((database_id, 0, name))
        if member is not None:
            return Schema(database_id, member.id, member.name)
        return Schema(database_id, PUBLIC_SCHEMA_ID, "public") if name == "public" else None

    def find_object(self, schema: Schema, name: str) -> pb.TableDescriptor | pb.TypeDescriptor | None:
        """Return the relation or type of that name in a schema."""
        member = self._find((schema.database_id, schema.id, name))
        return member if isinstance(member, (pb.TableDescriptor, pb.TypeDescriptor)) else None

    def schema_name(self, database_id: int, schema_id: int) -> str:
        """Return the name of a schema by id."""
        member = self.get(schema_id)
        if isinstance(member, pb.SchemaDescriptor) and member.parent_id == database_id:
            return member.name
        return "public"

    def qualified_name(self, member: pb.TableDescriptor | pb.TypeDescriptor) -> tuple[str, str, str]:
        """Return database, schema and name."""
        if isinstance(member, pb.TableDescriptor):
            schema_id = member.unexposed_parent_schema_id
        else:
            schema_id = member.parent_schema_id
        schema = self.schema_name(member.parent_id, schema_id or PUBLIC_SCHEMA_ID)
        database = self.get(member.parent_id)
        # A backup by an alpha of 20.2 may hold a type whose database is not in it.
        name = database.name if isinstance(database, pb.DatabaseDescriptor) else f"[{member.parent_id}]"
        return name, schema, member.name

    # Names

    def resolve_database(self, name: str) -> pb.DatabaseDescriptor:
        """Return a database by name.

        Raises:
            UndefinedDatabaseError: there is none.
        """
        found = self.find_database(name)
        if found is None:
            raise UndefinedDatabaseError(f'database "{name}" does not exist')
        return found

    def resolve_schema(self, prefix: Sequence[str], current_database: str) -> Schema | None:
        """Return the schema that the part of a name before its last dot means: `()`, `(s,)`, `(d,)` or `(d, s)`.

        A lone part is a schema of the current database if there is one, else a database, whose `public` is meant.
        """
        current = self.find_database(current_database) if current_database else None
        if not prefix:
            return self.find_schema(current.id, "public") if current is not None else None
        if len(prefix) == 1:
            schema = self.find_schema(current.id, prefix[0]) if current is not None else None
            if schema is not None:
                return schema
            database = self.find_database(prefix[0])
            return self.find_schema(database.id, "public") if database is not None else None
        database = self.find_database(prefix[0])
        return self.find_schema(database.id, prefix[1]) if database is not None and len(prefix) == 2 else None

    def find_relation(
        self, parts: Sequence[str], current_database: str
    ) -> pb.TableDescriptor | pb.TypeDescriptor | None:
        """Return what a name of one to three parts means, or None."""
        candidates = [self.resolve_schema(parts[:-1], current_database)]
        if len(parts) == 2:  # `x.t` is `<current>.x.t`, or `x.public.t` where the former is not there
            database = self.find_database(parts[0])
            candidates.append(self.find_schema(database.id, "public") if database is not None else None)
        for schema in candidates:
            found = self.find_object(schema, parts[-1]) if schema is not None else None
            if found is not None:
                return found
        return None

    def find_table(self, parts: Sequence[str], current_database: str) -> pb.TableDescriptor | None:
        """Return the table, view or sequence that a name means, or None."""
        found = self.find_relation(parts, current_database)
        return found if isinstance(found, pb.TableDescriptor) else None

    def resolve_table(self, parts: Sequence[str], current_database: str) -> pb.TableDescriptor:
        """Return the table, view or sequence that a name means.

        Raises:
            UndefinedTableError: there is none.
        """
        found = self.find_table(parts, current_database)
        if found is None:
            raise UndefinedTableError(f'relation "{format_dotted(parts)}" does not exist')
        return found

    def resolve_type(self, parts: Sequence[str], current_database: str) -> pb.TypeDescriptor:
        """Return the user-defined type that a name means.

        Raises:
            UndefinedError: there is none.
        """
        found = self.find_relation(parts, current_database)
        if not isinstance(found, pb.TypeDescriptor):
            raise UndefinedError(f'type "{format_dotted(parts)}" does not exist')
        return found

    def describe(self, id_: int) -> Table:
        """Return the `Table` of a relation, as staged."""
        if self._staged:  # it may be a type of the table that changed
            return describe(self.table(id_), self.types_by_id())
        if id_ not in self._described:
            self._described[id_] = describe(self.table(id_), self.types_by_id())
        return self._described[id_]

    # Changes

    @property
    def next_id(self) -> int:
        """The id that the next object gets; to be stored with the descriptors."""
        return self._next_id

    @property
    def is_changed(self) -> bool:
        """Tell whether changes wait for a commit."""
        return bool(self._staged) or self._next_id != self._committed_next_id

    def changed_tables(self) -> list[pb.TableDescriptor]:
        """Return the tables, views and sequences with staged changes."""
        return [member for member in self._staged.values() if isinstance(member, pb.TableDescriptor)]

    def new_id(self) -> int:
        """Return an id that nothing has had."""
        self._next_id += 1
        return self._next_id - 1

    def keep_id(self, id_: int) -> int:
        """Return an id that an object had elsewhere; ids given away from now on are larger."""
        self._next_id = max(self._next_id, id_ + 1)
        return id_

    def add(self, member: SomeDescriptor) -> None:
        """Stage a new descriptor; its version stays as it is (1 where it has none).

        Raises:
            InternalError: the id is taken.
            OothecaError: it would be one of the database `system`.
        """
        if is_system(member):
            raise OothecaError(_NO_PRIVILEGE.format("CREATE", "database system"), sqlstate="42501")
        if self.get(member.id) is not None:
            raise InternalError(f"descriptor {member.id} exists")
        if not member.version:
            member.version = 1
        self._staged[member.id] = member
        self._added.add(member.id)

    def change_table(self, id_: int, steps: int = 1) -> pb.TableDescriptor:
        """Return the staged copy of a relation, to be changed in place.

        Args:
            steps: by how much its version grows at the commit; the largest of one transaction counts.
        """
        return self._change(self.table(id_), steps)

    def change_database(self, id_: int, steps: int = 1) -> pb.DatabaseDescriptor:
        """Return the staged copy of a database, see `change_table`."""
        return self._change(self.database(id_), steps)

    def change_type(self, id_: int, steps: int = 1) -> pb.TypeDescriptor:
        """Return the staged copy of a type, see `change_table`."""
        return self._change(self.type(id_), steps)

    def change_schema(self, id_: int, steps: int = 1) -> pb.SchemaDescriptor:
        """Return the staged copy of a schema that has a descriptor, see `change_table`."""
        member = self.get(id_)
        if not isinstance(member, pb.SchemaDescriptor):
            raise InternalError(f"schema {id_} has no descriptor")
        return self._change(member, steps)

    def drop(self, id_: int) -> None:
        """Stage the removal of a descriptor.

        Raises:
            OothecaError: it is one of the database `system`.
        """
        refuse_system_change(self.get(id_), "DROP")
        self._staged[id_] = None
        self._added.discard(id_)

    def put_system(self, member: pb.TableDescriptor | pb.DatabaseDescriptor) -> None:
        """Stage the database `system` or a table of it, in place of what has its id."""
        self._staged[member.id] = member

    def drop_system(self, id_: int) -> None:
        """Stage the removal of a table of the database `system`."""
        self._staged[id_] = None

    def commit(self, now: Timestamp) -> Changes:
        """Give staged changes their versions and times and make them the state to start from.

        Returns:
            what must be stored.
        """
        put: list[pb.Descriptor] = []
        dropped: list[pb.Descriptor] = []
        for id_, member in sorted(self._staged.items()):
            before = self._committed.pop(id_, None)
            if before is not None:
                self._forget(before)
            if member is None:
                if before is not None:
                    dropped.append(wrap_descriptor(_dropped(before, now)))
                continue
            if before is not None and id_ not in self._added:
                member.version = before.version + self._steps.get(id_, 1)
            _stamp(member, now)
            self._install(member)
            put.append(wrap_descriptor(member))
        self._staged.clear()
        self._steps.clear()
        self._added.clear()
        # A table's description holds its enums' members, which may be what changed.
        self._described.clear()
        self._committed_next_id = self._next_id
        return Changes(tuple(put), tuple(dropped))

    def rollback(self) -> None:
        """Forget staged changes, and the ids given away."""
        self._staged.clear()
        self._steps.clear()
        self._added.clear()
        self._next_id = self._committed_next_id

    # Inner parts

    def _change(self, member: _D, steps: int) -> _D:
        refuse_system_change(member, "CREATE")
        if member.id in self._committed:
            self._steps[member.id] = max(self._steps.get(member.id, 0), steps)
        if member.id in self._staged:
            return member
        copy = type(member)()
        copy.CopyFrom(member)
        self._staged[member.id] = copy
        return copy

    def _install(self, member: SomeDescriptor) -> None:
        self._committed[member.id] = member
        key = _key_of(member)
        if key is not None:
            self._names[key] = member.id

    def _forget(self, member: SomeDescriptor) -> None:
        key = _key_of(member)
        if key is not None and self._names.get(key) == member.id:
            del self._names[key]

    def _find(self, key: _Key) -> SomeDescriptor | None:
        for member in self._staged.values():
            if member is not None and _key_of(member) == key:
                return member
        id_ = self._names.get(key)
        return None if id_ is None or id_ in self._staged else self._committed[id_]


def _dropped(member: SomeDescriptor, now: Timestamp) -> SomeDescriptor:
    """Return the version of a descriptor that says it was dropped."""
    last = descriptor_of(wrap_descriptor(member))
    assert last is not None
    last.state = pb.DescriptorState.DROP
    last.version += 1
    if isinstance(last, pb.TableDescriptor):
        last.drop_time = now.wall_ns
    _stamp(last, now)
    return last


def refuse_system_change(member: SomeDescriptor | None, privilege: str) -> None:
    """Refuse a change of the database `system` or its tables, whose rows alone may change, as in CockroachDB.

    Raises:
        OothecaError: the member is one of them.
    """
    if member is not None and is_system(member):
        kind = "database" if isinstance(member, pb.DatabaseDescriptor) else "relation"
        raise OothecaError(_NO_PRIVILEGE.format(privilege, f"{kind} {member.name}"), sqlstate="42501")


def _stamp(member: SomeDescriptor, now: Timestamp) -> None:
    """Set the time of the last change, and of the creation where it has none yet."""
    stamp = pb.Timestamp(wall_time=now.wall_ns)
    if now.logical:
        stamp.logical = now.logical
    member.modification_time.CopyFrom(stamp)
    if isinstance(member, pb.TableDescriptor) and not member.create_as_of_time.wall_time:
        member.create_as_of_time.CopyFrom(stamp)
