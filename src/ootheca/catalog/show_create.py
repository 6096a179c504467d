"""CREATE statements from descriptors, as SHOW CREATE and SHOW BACKUP SCHEMAS print them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ootheca import pb
from ootheca.catalog.catalog import PUBLIC_SCHEMA_ID, Catalog
from ootheca.catalog.display import show_expression, show_type
from ootheca.catalog.rules import DescriptorRules
from ootheca.catalog.show_view import break_query
from ootheca.names import format_dotted, format_identifier, format_string

__all__ = ["CommentKey", "show_create"]

CommentKey = tuple[int, int, int]
"""Kind (1 table, 2 column, 3 index), object id, column or index id."""

_ACTIONS = ("", "RESTRICT", "SET NULL", "SET DEFAULT", "CASCADE")
_TABLE_COMMENT, _COLUMN_COMMENT, _INDEX_COMMENT = 1, 2, 3


def show_create(
    desc: pb.TableDescriptor,
    catalog: Catalog,
    rules: DescriptorRules,
    *,
    is_qualified: bool = True,
    comments: Mapping[CommentKey, str] | None = None,
    current_database: str | None = None,
) -> str:
    """Return the statement that creates a table, view or sequence.

    Args:
        catalog: where the names of types, sequences and referenced tables come from.
        is_qualified: print the schema too, and what only SHOW CREATE adds (comments, a warning under partitions,
            foreign keys to tables that the catalog lacks); SHOW BACKUP SCHEMAS prints none of it.
        comments: those of the store.
        current_database: sequences of another database are printed with its name; None if it is the table's own.

    Source: fixtures/golden/*/*/expect.json `create`, output.txt of a_full; conformance/20.2/ddl.json.
    """
    schema = catalog.schema_name(desc.parent_id, desc.unexposed_parent_schema_id or PUBLIC_SCHEMA_ID)
    name = format_dotted((schema, desc.name)) if is_qualified else format_identifier(desc.name)
    if desc.HasField("sequence_opts"):
        return _sequence(desc, name)
    if desc.view_query:
        return _view(desc, name, rules)
    return _TablePrinter(desc, catalog, rules, is_qualified, current_database).text(name) + (
        _comments(desc, name, comments) if comments and is_qualified else ""
    )


def _sequence(desc: pb.TableDescriptor, name: str) -> str:
    opts = desc.sequence_opts
    text = (
        f"CREATE SEQUENCE {name} MINVALUE {opts.min_value} MAXVALUE {opts.max_value} "
        f"INCREMENT {opts.increment} START {opts.start}"
    )
    if opts.cache_size > 1:
        text += f" CACHE {opts.cache_size}"
    return f"{text} VIRTUAL" if opts.virtual else text


def _view(desc: pb.TableDescriptor, name: str, rules: DescriptorRules) -> str:
    word = "MATERIALIZED VIEW" if desc.is_materialized_view else "VIEW"
    columns = [format_identifier(column.name) for column in desc.columns if not column.hidden]
    if rules.breaks_views:
        body = ",\n\t".join(columns)
        return f"CREATE {word} {name} (\n\t{body}\n) AS {break_query(desc.view_query)}"
    return f"CREATE {word} {name} ({', '.join(columns)}) AS {desc.view_query}"


def _comments(desc: pb.TableDescriptor, name: str, comments: Mapping[CommentKey, str]) -> str:
    pieces = []
    text = comments.get((_TABLE_COMMENT, desc.id, 0))
    if text is not None:
        pieces.append(f"COMMENT ON TABLE {name} IS {format_string(text)}")
    for column in desc.columns:
        text = comments.get((_COLUMN_COMMENT, desc.id, column.id))
        if text is not None:
            pieces.append(
                f"COMMENT ON COLUMN {name}.{format_identifier(column.name)} IS {format_string(text)}"
            )
    for index in (desc.primary_index, *desc.indexes):
        text = comments.get((_INDEX_COMMENT, desc.id, index.id))
        if text is not None:
            pieces.append(f"COMMENT ON INDEX {name}@{format_identifier(index.name)} IS {format_string(text)}")
    return "".join(f";\n{piece}" for piece in pieces)


class _TablePrinter:
    def __init__(
        self,
        desc: pb.TableDescriptor,
        catalog: Catalog,
        rules: DescriptorRules,
        is_qualified: bool,
        current_database: str | None,
    ) -> None:
        self._current_database = current_database
        self._desc = desc
        self._catalog = catalog
        self._rules = rules
        self._is_qualified = is_qualified
        self._columns = {column.name: column for column in desc.columns}

    def text(self, name: str) -> str:
        body = ",\n\t".join(self._lines())
        return (
            f"CREATE TABLE {name} (\n\t{body}\n){self._interleave()}{self._partitions(self._desc.primary_index)}"
            + (" WITH (exclude_data_from_backup = true)" if self._desc.exclude_data_from_backup else "")
            + self._expiry()
            + (
                "\n-- Warning: Partitioned table with no zone configurations."
                if self._is_qualified and self._has_partitions()
                else ""
            )
        )

    def _lines(self) -> Iterator[str]:
        desc, rules = self._desc, self._rules
        for column in desc.columns:
            if not column.inaccessible and (rules.lists_hidden_columns or not column.hidden):
                yield self._column(column)
        if rules.lists_hidden_columns or not self._is_implicit_key():
            primary = desc.primary_index
            name = format_identifier(primary.name)
            yield f"CONSTRAINT {name} PRIMARY KEY ({self._keys(primary)}){self._sharding(primary)}"
        for fk in desc.outbound_fks:
            if self._is_qualified or self._catalog.get(fk.referenced_table_id) is not None:
                yield self._foreign_key(fk)
        for index in desc.indexes:
            yield self._index(index)
        for family in self._families():
            names = ", ".join(map(format_identifier, family.column_names))
            yield f"FAMILY {format_identifier(family.name)} ({names})"
        for unique in desc.unique_without_index_constraints:
            names = ", ".join(format_identifier(self._column_name(id_)) for id_ in unique.column_ids)
            yield f"CONSTRAINT {format_identifier(unique.name)} UNIQUE WITHOUT INDEX ({names})"
        for check in desc.checks:
            if not check.hidden:
                suffix = " NOT VALID" if check.validity == pb.ConstraintValidity.Unvalidated else ""
                yield f"CONSTRAINT {format_identifier(check.name)} CHECK ({self._expr(check.expr)}){suffix}"

    def _expr(self, text: str) -> str:
        return show_expression(text, self._catalog, database=self._current_database)

    def _column(self, column: pb.ColumnDescriptor) -> str:
        pieces = [format_identifier(column.name), show_type(column.type, self._catalog)]
        if column.hidden and self._rules.lists_hidden_columns:
            pieces.append("NOT VISIBLE")
        pieces.append("NULL" if column.nullable else "NOT NULL")
        if column.generated_as_identity_type:
            always = column.generated_as_identity_type == pb.GeneratedAsIdentityType.GENERATED_ALWAYS
            pieces.append(f"GENERATED {'ALWAYS' if always else 'BY DEFAULT'} AS IDENTITY")
            options = column.generated_as_identity_sequence_option.strip()
            if options:
                pieces.append(f"({options})")
        elif column.HasField("default_expr"):
            pieces.append(f"DEFAULT {self._expr(column.default_expr)}")
        if column.HasField("on_update_expr"):
            pieces.append(f"ON UPDATE {self._expr(column.on_update_expr)}")
        if column.HasField("compute_expr"):
            kind = "VIRTUAL" if column.virtual else "STORED"
            pieces.append(f"AS ({self._expr(column.compute_expr)}) {kind}")
        return " ".join(pieces)

    def _is_implicit_key(self) -> bool:
        names = list(self._desc.primary_index.column_names)
        if len(names) != 1 or names[0] not in self._columns:
            return False
        column = self._columns[names[0]]
        return column.hidden and column.default_expr == "unique_rowid()"

    def _keys(self, index: pb.IndexDescriptor) -> str:
        pieces = []
        is_inverted = index.type == pb.IndexDescriptor.INVERTED
        for name, direction in zip(index.column_names, index.column_directions, strict=True):
            if index.sharded.is_sharded and name == index.sharded.name:
                continue
            word = "" if is_inverted else " DESC" if direction == pb.IndexDescriptor.DESC else " ASC"
            pieces.append(self._key(name) + word)
        return ", ".join(pieces)

    def _key(self, name: str) -> str:
        column = self._columns.get(name)
        if column is None or not column.inaccessible:
            return format_identifier(name)
        text = self._expr(column.compute_expr)
        is_call = text.endswith(")") and text.partition("(")[0].replace(".", "").replace("_", "").isalnum()
        return text if is_call else f"({text})"

    def _sharding(self, index: pb.IndexDescriptor) -> str:
        if not index.sharded.is_sharded:
            return ""
        buckets = index.sharded.shard_buckets
        if self._rules.virtual_shards:
            return f" USING HASH WITH (bucket_count={buckets})"
        return f" USING HASH WITH BUCKET_COUNT = {buckets}"

    def _index(self, index: pb.IndexDescriptor) -> str:
        words = "UNIQUE " if index.unique else ""
        words += "INVERTED " if index.type == pb.IndexDescriptor.INVERTED else ""
        text = f"{words}INDEX {format_identifier(index.name)} ({self._keys(index)}){self._sharding(index)}"
        if index.store_column_names:
            text += f" STORING ({', '.join(map(format_identifier, index.store_column_names))})"
        text += self._partitions(index)
        return f"{text} WHERE {self._expr(index.predicate)}" if index.predicate else text

    def _families(self) -> list[pb.ColumnFamilyDescriptor]:
        families = sorted(self._desc.families, key=lambda family: family.id)
        is_default = len(families) == 1 and families[0].name == "primary"
        return [] if is_default and not self._rules.always_shows_families else families

    def _foreign_key(self, fk: pb.ForeignKeyConstraint) -> str:
        referenced = self._catalog.get(fk.referenced_table_id)
        if isinstance(referenced, pb.TableDescriptor):
            names = {column.id: column.name for column in referenced.columns}
            database, schema, table = self._catalog.qualified_name(referenced)
            is_other = referenced.parent_id != self._desc.parent_id
            target = format_dotted((database, schema, table) if is_other else (schema, table))
            targets = ", ".join(format_identifier(names[id_]) for id_ in fk.referenced_column_ids)
        else:
            # A backup of single tables may hold only one side.
            target, targets = f"[{fk.referenced_table_id} as ref]", "???"
        origin = ", ".join(format_identifier(self._column_name(id_)) for id_ in fk.origin_column_ids)
        text = (
            f"CONSTRAINT {format_identifier(fk.name)} FOREIGN KEY ({origin}) REFERENCES {target}({targets})"
        )
        if fk.match:
            text += f" MATCH {pb.ForeignKeyMatch.Name(fk.match)}"
        if fk.on_delete:
            text += f" ON DELETE {_ACTIONS[fk.on_delete]}"
        if fk.on_update:
            text += f" ON UPDATE {_ACTIONS[fk.on_update]}"
        return f"{text} NOT VALID" if fk.validity == pb.ConstraintValidity.Unvalidated else text

    def _column_name(self, id_: int) -> str:
        return next(column.name for column in self._desc.columns if column.id == id_)

    def _interleave(self) -> str:
        primary = self._desc.primary_index
        ancestors = primary.interleave.ancestors
        if not ancestors:
            return ""
        num_columns = sum(ancestor.shared_prefix_len for ancestor in ancestors)
        names = ", ".join(map(format_identifier, primary.column_names[:num_columns]))
        parent = self._catalog.get(ancestors[-1].table_id)
        if isinstance(parent, pb.TableDescriptor):
            target = format_dotted(self._catalog.qualified_name(parent)[1:])
        else:
            target = f"[{ancestors[-1].table_id} as parent]"
        return f" INTERLEAVE IN PARENT {target} ({names})"

    def _expiry(self) -> str:
        """Return the storage parameters of a table whose rows expire.

        Source: fixtures/golden/21.2/p_new22, table ttl_tab; the last three, which no fixture has, from documentation.
        """
        if not self._desc.HasField("row_level_ttl"):
            return ""
        ttl = self._desc.row_level_ttl
        settings = ["ttl = 'on'", "ttl_automatic_column = 'on'", f"ttl_expire_after = {ttl.duration_expr}"]
        if ttl.select_batch_size:
            settings.append(f"ttl_select_batch_size = {ttl.select_batch_size}")
        if ttl.delete_batch_size:
            settings.append(f"ttl_delete_batch_size = {ttl.delete_batch_size}")
        if ttl.deletion_cron:
            settings.append(f"ttl_job_cron = {format_string(ttl.deletion_cron)}")
        return f" WITH ({', '.join(settings)})"

    def _has_partitions(self) -> bool:
        return any(
            index.partitioning.num_columns for index in (self._desc.primary_index, *self._desc.indexes)
        )

    def _partitions(self, index: pb.IndexDescriptor) -> str:
        if not index.partitioning.num_columns:
            return ""
        return " " + _partitioning(index.partitioning, list(index.column_names), 0)


def _partitioning(partitioning: pb.PartitioningDescriptor, names: list[str], depth: int) -> str:
    indent = "\t" * (depth + 1)
    columns = ", ".join(map(format_identifier, names[: partitioning.num_columns]))
    kind = "LIST" if partitioning.list else "RANGE"
    lines = []
    for item in partitioning.list:
        values = ", ".join(f"({', '.join(_values(raw))})" for raw in item.values)
        line = f"{indent}PARTITION {format_identifier(item.name)} VALUES IN ({values})"
        if item.subpartitioning.num_columns:
            line += " " + _partitioning(item.subpartitioning, names[partitioning.num_columns :], depth + 1)
        lines.append(line)
    for bound in partitioning.range:
        lower, upper = (", ".join(_values(raw)) for raw in (bound.from_inclusive, bound.to_exclusive))
        lines.append(f"{indent}PARTITION {format_identifier(bound.name)} VALUES FROM ({lower}) TO ({upper})")
    body = ", \n".join(lines)
    closing = "\t" * depth
    return f"PARTITION BY {kind} ({columns}) (\n{body}\n{closing})"


def _values(raw: bytes) -> Iterator[str]:
    """Yield a partition's values: text, whole numbers, and the words for the rest of the range."""
    position = 0
    while position < len(raw):
        tag, position = raw[position] & 0x0F, position + 1
        number, position = _uvarint(raw, position)
        if tag == 2:
            yield ("DEFAULT", "MAXVALUE", "MINVALUE")[number]
        elif tag == 3:
            yield str(number >> 1 ^ -(number & 1))
        elif tag == 6:
            yield format_string(raw[position : position + number].decode("utf-8", "surrogateescape"))
            position += number
        else:
            yield f"x'{raw.hex()}'"
            return


def _uvarint(raw: bytes, position: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = raw[position]
        position += 1
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return number, position
