"""What a descriptor stores, as it is shown: types by name, enum values by label, sequences by name."""

from __future__ import annotations

import re

from ootheca import pb
from ootheca.catalog.catalog import Catalog
from ootheca.catalog.table import USER_TYPE_OID_OFFSET, sql_type
from ootheca.names import format_dotted, format_string
from ootheca.types import Family

__all__ = ["format_locale", "runnable_expression", "show_expression", "show_type", "without_annotations"]

_FIELDS = ("", "YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND")
_STRING = r"(?P<string>[eE]?'(?:[^'\\]|\\.|'')*'|\"(?:[^\"]|\"\")*\"(?!\())"
_STORED = re.compile(
    rf"""(?P<prefix>[bx])'(?P<bytes>(?:[^'\\]|\\.)*)':::@(?P<enum>\d+)
    |(?P<sequence>\d+):::REGCLASS
    |"crdb_internal\.(?P<function>\w+)"
    |@(?P<oid>\d+)
    |{_STRING}""",
    re.VERBOSE | re.DOTALL,
)
_SEQUENCE_CALL = re.compile(r"(?P<function>\b(?:nextval|currval|setval))\('(?P<name>(?:[^']|'')*)':::STRING")
_ANNOTATION = re.compile(
    rf"""{_STRING}|:::(?:@\d+|"char"|[A-Za-z_][\w.]*(?:\([\d, ]+\))?)(?:\[\])?""", re.DOTALL
)


def show_type(t: pb.T, catalog: Catalog) -> str:
    """Return a column type as SHOW CREATE prints it: `DECIMAL(10,2)`, `public.mood[]`, `STRING COLLATE en_US`."""
    if t.family == pb.Family.ArrayFamily and t.HasField("array_contents"):
        return f"{show_type(t.array_contents, catalog)}[]"
    if t.family == pb.Family.EnumFamily:
        return _type_name(t.oid, catalog)
    if t.family == pb.Family.IntervalFamily and t.interval_duration_field.duration_type:
        return _interval(t)
    resolved = sql_type(t, {})
    if resolved.family is Family.COLLATED_STRING:
        return resolved.name.replace(
            f"COLLATE {resolved.locale}", f"COLLATE {format_locale(resolved.locale)}"
        )
    return resolved.name


def _interval(t: pb.T) -> str:
    field = t.interval_duration_field
    last = _FIELDS[field.duration_type]
    if field.from_duration_type:
        return f"INTERVAL {_FIELDS[field.from_duration_type]} TO {last}"
    return f"INTERVAL {last}({t.precision})" if t.time_precision_is_set else f"INTERVAL {last}"


def _type_name(oid: int, catalog: Catalog, is_full: bool = False) -> str:
    desc = catalog.get(oid - USER_TYPE_OID_OFFSET)
    if not isinstance(desc, pb.TypeDescriptor):
        return f"@{oid}"
    if desc.kind == pb.TypeDescriptor.ALIAS:
        return f"{_type_name(desc.alias.array_contents.oid, catalog, is_full)}[]"
    return format_dotted(catalog.qualified_name(desc)[0 if is_full else 1 :])


def format_locale(locale: str) -> str:
    """Return a stored collation with the capitals that are customary: `en_us` → `en_US`, `zh_hant` → `zh_Hant`."""
    parts = locale.split("_")
    shown = [parts[0]]
    for position, part in enumerate(parts[1:], start=1):
        if len(part) == 1:  # what follows is an extension, which stays as it is
            return "_".join([*shown, *parts[position:]])
        shown.append(part.upper() if len(part) == 2 else part.title() if len(part) == 4 else part)
    return "_".join(shown)


def show_expression(text: str, catalog: Catalog, *, database: str | None = None) -> str:
    """Return a stored expression with names for ids: `b'\\x40':::@100073` → `'ok':::public.mood`.

    Args:
        database: the current one; sequences of another get their database's name, with None none does.
    """
    return _replace_ids(text, catalog, database=database)


def runnable_expression(text: str, catalog: Catalog, database: str = "") -> str:
    """Return a stored expression that means the same from any database: names for ids, in full.

    Args:
        database: where the names of sequences that are stored by name are looked up.
    """

    def sequence(match: re.Match[str]) -> str:
        parts = [part.strip('"') for part in match["name"].replace("''", "'").split(".")]
        desc = catalog.find_table(parts, database)
        if desc is None:
            return match[0]
        return f"{match['function']}({format_string(format_dotted(catalog.qualified_name(desc)))}"

    return _SEQUENCE_CALL.sub(sequence, _replace_ids(text, catalog, is_full=True))


def _replace_ids(text: str, catalog: Catalog, *, is_full: bool = False, database: str | None = None) -> str:
    def replace(match: re.Match[str]) -> str:
        if match["enum"] is not None:
            return _enum_value(match, catalog, is_full)
        if match["sequence"] is not None:
            return _sequence_name(match, catalog, is_full, database)
        if match["function"] is not None:
            return f"crdb_internal.{match['function']}"
        return match[0] if match["oid"] is None else _type_name(int(match["oid"]), catalog, is_full)

    return _STORED.sub(replace, text)


def _enum_value(match: re.Match[str], catalog: Catalog, is_full: bool) -> str:
    desc = catalog.get(int(match["enum"]) - USER_TYPE_OID_OFFSET)
    if not isinstance(desc, pb.TypeDescriptor):
        return match[0]
    body = match["bytes"]
    raw = bytes.fromhex(body if match["prefix"] == "x" else body.replace("\\x", ""))
    for member in desc.enum_members:
        if member.physical_representation == raw:
            type_name = _type_name(int(match["enum"]), catalog, is_full)
            return f"{format_string(member.logical_representation)}:::{type_name}"
    return match[0]


def _sequence_name(match: re.Match[str], catalog: Catalog, is_full: bool, database: str | None) -> str:
    desc = catalog.get(int(match["sequence"]))
    if not isinstance(desc, pb.TableDescriptor):
        return match[0]
    parts = catalog.qualified_name(desc)
    is_other = database is not None and database != parts[0]
    return f"{format_string(format_dotted(parts if is_full or is_other else parts[1:]))}::REGCLASS"


def without_annotations(text: str) -> str:
    """Return an expression without the types of its constants: `a * 2:::INT8` → `a * 2`."""
    return _ANNOTATION.sub(lambda match: match["string"] or "", text)
