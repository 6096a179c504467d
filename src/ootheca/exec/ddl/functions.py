"""What the functions in stored expressions take and return, as far as printing their constants needs it."""

from __future__ import annotations

from typing import Final

from ootheca.types import (
    BOOL,
    BYTES,
    DATE,
    DECIMAL,
    FLOAT8,
    INT8,
    INTERVAL,
    JSONB,
    STRING,
    TIME,
    TIMESTAMP,
    TIMESTAMPTZ,
    UUID,
    SQLType,
)

__all__ = ["AMBIGUOUS", "CONTEXT_DEPENDENT", "RETURN_TYPES", "SAME_AS_ARGUMENT", "ambiguous_type"]

_NAMES: Final = (
    (INT8, """ascii bit_length char_length character_length length octet_length strpos position fnv32 fnv64 crc32c
        array_length cardinality array_position unique_rowid nextval currval lastval setval div json_array_length
        jsonb_array_length levenshtein count row_number rank dense_rank ntile unordered_unique_rowid"""),
    (STRING, """concat concat_ws lower upper initcap substr substring left right ltrim rtrim btrim trim replace repeat
        reverse translate to_hex md5 sha1 sha256 sha512 split_part lpad rpad overlay chr regexp_replace regexp_extract
        to_english encode quote_ident quote_literal format version current_user session_user current_database
        current_schema array_to_string string_agg to_char json_typeof jsonb_typeof to_uuid from_uuid
        experimental_strftime strftime"""),
    (BOOL, """starts_with isnan inet_contained_by_or_equals inet_contains_or_equals jsonb_exists_any bool_and bool_or
        every"""),
    (UUID, "gen_random_uuid uuid_generate_v4"),
    (BYTES, "uuid_v4 decode crdb_internal.datums_to_bytes digest hmac"),
    (DATE, "current_date"),
    (INTERVAL, "age"),
    (JSONB, """to_json to_jsonb json_build_object jsonb_build_object json_build_array jsonb_build_array json_object
        jsonb_object json_strip_nulls jsonb_strip_nulls jsonb_set json_set json_agg jsonb_agg json_object_agg
        jsonb_object_agg jsonb_insert json_remove_path"""),
    (FLOAT8, "random pi cos sin tan acos asin atan radians degrees extract date_part"),
    (TIMESTAMPTZ, "date_trunc to_timestamp experimental_strptime strptime"),
    (DECIMAL, "cluster_logical_timestamp avg stddev variance"),
)  # fmt: skip

RETURN_TYPES: Final[dict[str, SQLType]] = {name: t for t, names in _NAMES for name in names.split()}
"""Return types of functions that do not depend on their arguments (or hardly)."""

_NUMERIC_NAMES = "abs ceil ceiling floor round trunc mod power pow sqrt cbrt sign exp ln log"
_CHOOSING_NAMES = "greatest least max min sum"
SAME_AS_ARGUMENT: Final = frozenset(f"{_NUMERIC_NAMES} {_CHOOSING_NAMES}".split())
"""Functions that return what their first typed argument is."""

AMBIGUOUS: Final[dict[str, SQLType]] = {
    "now": TIMESTAMPTZ,
    "current_timestamp": TIMESTAMPTZ,
    "localtimestamp": TIMESTAMP,
    "statement_timestamp": TIMESTAMPTZ,
    "transaction_timestamp": TIMESTAMPTZ,
    "clock_timestamp": TIMESTAMPTZ,
    "current_time": TIME,
    "localtime": TIME,
}
"""Functions whose type the context decides; they are printed with it. The value is the type without a context."""

_STABLE = (*AMBIGUOUS, "current_date", "current_user", "session_user", "current_database")
_VOLATILE = [
    "random",
    "gen_random_uuid",
    "uuid_v4",
    "uuid_generate_v4",
    "unique_rowid",
    "nextval",
    "cluster_logical_timestamp",
]
CONTEXT_DEPENDENT: Final = {
    **dict.fromkeys(_STABLE, "context-dependent"),
    **dict.fromkeys(_VOLATILE, "volatile"),
}
"""Functions whose value is not that of their arguments alone, and what CockroachDB calls them."""

_CHOICES = {
    "now": (TIMESTAMPTZ, TIMESTAMP),
    "current_timestamp": (TIMESTAMPTZ, TIMESTAMP, DATE),
    "transaction_timestamp": (TIMESTAMPTZ, TIMESTAMP, DATE),
}


def ambiguous_type(name: str, desired: SQLType | None) -> SQLType:
    """Return the type that such a function takes where `desired` is wanted."""
    choices = _CHOICES.get(name, (TIMESTAMPTZ, TIMESTAMP, TIME))
    if desired is not None:
        for choice in choices:
            if choice.family is desired.family:
                return choice
    return AMBIGUOUS[name]
