"""Session variables: their names, first values, and the values that they take.

Variables that change nothing here are accepted and shown all the same, so that scripts written for a cluster run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ootheca.errors import InvalidOptionError, UndefinedError
from ootheca.exec.quantities import parse_int

__all__ = ["Variables"]

_TRUE = frozenset({"true", "on", "yes", "1", "t"})
_FALSE = frozenset({"false", "off", "no", "0", "f"})


@dataclass(frozen=True, slots=True)
class _Variable:
    default: str
    normalize: Callable[[str, str], str]


def _text(_name: str, value: str) -> str:
    return value


def _bool(name: str, value: str) -> str:
    word = value.lower()
    if word in _TRUE:
        return "on"
    if word in _FALSE:
        return "off"
    raise InvalidOptionError(
        f'parameter "{name}" requires a Boolean value', detail=f"{value} is not a valid Boolean value"
    )


def _integer(low: int, high: int) -> Callable[[str, str], str]:
    def normalize(name: str, value: str) -> str:
        number = parse_int(value.strip())
        if number is None:
            raise InvalidOptionError(f'invalid value for parameter "{name}": "{value}"')
        if not low <= number <= high:
            raise InvalidOptionError(
                f'{number} is outside the valid range for parameter "{name}" ({low} .. {high})'
            )
        return str(number)

    return normalize


def _choice(*words: str) -> Callable[[str, str], str]:
    def normalize(name: str, value: str) -> str:
        if value.lower() in words:
            return value.lower()
        raise InvalidOptionError(
            f'invalid value for parameter "{name}": "{value}"', hint="Available values: " + ",".join(words)
        )

    return normalize


def _constant(*values: str) -> Callable[[str, str], str]:
    def normalize(name: str, value: str) -> str:
        for known in values:
            if value.lower() == known.lower():
                return known
        raise InvalidOptionError(f'parameter "{name}" can only be set to "{values[0]}"')

    return normalize


def _read_only(name: str, _value: str) -> str:
    raise InvalidOptionError(f'parameter "{name}" cannot be changed', sqlstate="55P02")


_any_integer = _integer(-(2**63), 2**63 - 1)
_VARIABLES: dict[str, _Variable] = {
    "application_name": _Variable("", _text),
    "bytea_output": _Variable("hex", _choice("hex", "escape", "base64")),
    "client_encoding": _Variable("UTF8", _constant("UTF8", "utf-8", "unicode")),
    "client_min_messages": _Variable(
        "notice",
        _choice("debug5", "debug4", "debug3", "debug2", "debug1", "log", "notice", "warning", "error"),
    ),
    "crdb_version": _Variable("", _read_only),
    "database": _Variable("defaultdb", _text),
    "datestyle": _Variable("ISO, MDY", _text),
    "default_int_size": _Variable("8", _choice("4", "8")),
    "default_transaction_isolation": _Variable("serializable", _text),
    "default_transaction_priority": _Variable("normal", _choice("low", "normal", "high")),
    "default_transaction_read_only": _Variable("off", _bool),
    "default_transaction_use_follower_reads": _Variable("off", _bool),
    "distsql": _Variable("auto", _choice("auto", "on", "off", "always")),
    "enable_experimental_alter_column_type_general": _Variable("off", _bool),
    "enable_implicit_select_for_update": _Variable("on", _bool),
    "enable_insert_fast_path": _Variable("on", _bool),
    "enable_zigzag_join": _Variable("on", _bool),
    "experimental_enable_hash_sharded_indexes": _Variable("off", _bool),
    "experimental_enable_implicit_column_partitioning": _Variable("off", _bool),
    "experimental_enable_temp_tables": _Variable("off", _bool),
    "experimental_enable_unique_without_index_constraints": _Variable("off", _bool),
    "extra_float_digits": _Variable("0", _integer(-15, 3)),
    "idle_in_session_timeout": _Variable("0", _text),
    "idle_in_transaction_session_timeout": _Variable("0", _text),
    "integer_datetimes": _Variable("on", _read_only),
    "intervalstyle": _Variable("postgres", _choice("postgres", "iso_8601", "sql_standard")),
    "lock_timeout": _Variable("0", _text),
    "max_identifier_length": _Variable("128", _read_only),
    "node_id": _Variable("1", _read_only),
    "optimizer": _Variable("on", _bool),
    "reorder_joins_limit": _Variable("8", _any_integer),
    "require_explicit_primary_keys": _Variable("off", _bool),
    "results_buffer_size": _Variable("16384", _text),
    "row_security": _Variable("off", _bool),
    "search_path": _Variable('"$user", public', _text),
    "serial_normalization": _Variable("rowid", _choice("rowid", "virtual_sequence", "sql_sequence")),
    "server_encoding": _Variable("UTF8", _read_only),
    "server_version": _Variable("13.0.0", _read_only),
    "server_version_num": _Variable("130000", _read_only),
    "session_user": _Variable("root", _read_only),
    "sql_safe_updates": _Variable("off", _bool),
    "standard_conforming_strings": _Variable("on", _constant("on")),
    "statement_timeout": _Variable("0", _text),
    "synchronize_seqscans": _Variable("on", _bool),
    "synchronous_commit": _Variable("on", _bool),
    "timezone": _Variable("UTC", _text),
    "tracing": _Variable("off", _text),
    "transaction_isolation": _Variable("serializable", _text),
    "transaction_priority": _Variable("normal", _text),
    "transaction_read_only": _Variable("off", _bool),
    "use_backups_with_ids": _Variable("off", _bool),
    "vectorize": _Variable("on", _choice("on", "off", "auto", "experimental_always", "201auto")),
}


class Variables:
    """The variables of one session; names are compared without case."""

    def __init__(self, **initial: str) -> None:
        self._first = dict(initial)
        self._values: dict[str, str] = {}

    def copy(self) -> Variables:
        """Return the same variables for another session."""
        made = Variables(**self._first)
        made._values = dict(self._values)
        return made

    def __getitem__(self, name: str) -> str:
        """Return a variable's value as text (`on` and `off` for booleans).

        Raises:
            UndefinedError: no such variable.
        """
        key = name.lower()
        if key in self._values:
            return self._values[key]
        if key not in _VARIABLES:
            raise UndefinedError(f'unrecognized configuration parameter "{name}"')
        return self._first.get(key, _VARIABLES[key].default)

    def flag(self, name: str) -> bool:
        """Return a boolean variable."""
        return self[name] == "on"

    def set(self, name: str, value: str | None) -> None:
        """Set a variable, or set it back to its first value with None.

        Raises:
            UndefinedError: no such variable.
            InvalidOptionError: it does not take this value.
        """
        key = name.lower()
        if value is None:
            self[name]
            self._values.pop(key, None)
            return
        known = _VARIABLES.get(key)
        if known is None:
            raise UndefinedError(f'unrecognized configuration parameter "{name}"')
        self._values[key] = known.normalize(key, value)

    def set_custom(self, name: str, value: str) -> None:
        """Set a variable of the user's own, whose name holds a dot."""
        self._values[name.lower()] = value

    def reset_all(self) -> None:
        """Set every variable back to its first value."""
        self._values.clear()

    def items(self) -> list[tuple[str, str]]:
        """Return all names and values, sorted."""
        return [(name, self[name]) for name in sorted(_VARIABLES.keys() | self._values.keys())]
