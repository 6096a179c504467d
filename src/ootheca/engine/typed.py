"""SQL expressions with their CockroachDB types, and the conversions between types and representations.

A `Typed` holds DuckDB text. Where `is_text` is set the value is the datum's text (`ootheca.types`) although its type is
no string: always for types without a native form (DECIMAL without precision, INET, TIMETZ …), else for columns whose
values did not fit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from ootheca.datum import format_date
from ootheca.engine import calendar
from ootheca.engine.decimals import parse_decimal, to_int64
from ootheca.engine.functions import Runtime
from ootheca.engine.texts import canonical, parse_array
from ootheca.engine.typenames import duckdb_type, has_only_text, string_literal, text_duckdb_type
from ootheca.errors import OothecaError, UnsupportedError
from ootheca.types import BOOL, DATE_INFINITY_DAYS, DECIMAL, FLOAT8, INT8, STRING, UNKNOWN, Family, SQLType

if TYPE_CHECKING:
    from ootheca.engine.base import NameResolver

__all__ = ["NULL", "Conversions", "Typed", "literal_fits", "same_type"]

STRINGS = frozenset({Family.STRING, Family.COLLATED_STRING, Family.NAME})
NUMBERS = frozenset({Family.INT, Family.FLOAT, Family.DECIMAL})
TIMES = frozenset({Family.DATE, Family.TIMESTAMP, Family.TIMESTAMPTZ})
KEYED = frozenset(
    {
        Family.DECIMAL,
        Family.TIMETZ,
        Family.INET,
        Family.TIMESTAMP,
        Family.TIMESTAMPTZ,
        Family.DATE,
        Family.INTERVAL,
    }
)


@dataclass(frozen=True, slots=True)
class Typed:
    """A DuckDB expression of a CockroachDB type.

    Attributes:
        constant: the text of a string constant that has not been given a type yet.
        number: the text of a numeric constant that has not been given a type yet.
        plain: the canonical text of a typed constant that DuckDB's own cast from text reads.
    """

    sql: str
    type: SQLType
    is_text: bool = False
    constant: str | None = None
    number: str | None = None
    plain: str | None = None

    @property
    def is_null(self) -> bool:
        """Whether it is a NULL without a type."""
        return self.type.family is Family.UNKNOWN


NULL = Typed("NULL", UNKNOWN)


def same_type(left: SQLType, right: SQLType) -> bool:
    """Tell whether values of the two types can meet without a conversion of kind."""
    if left.family in STRINGS and right.family in STRINGS:
        return True
    if left.family is Family.ARRAY and right.family is Family.ARRAY:
        assert left.element is not None
        assert right.element is not None
        return same_type(left.element, right.element)
    return left.family == right.family


_PLAIN = frozenset({Family.INT, Family.DECIMAL, Family.BOOL, Family.UUID, Family.OID})
# The last microsecond that DuckDB's TIMESTAMP holds, and the months that its INTERVAL holds.
_TIMESTAMP_END = 2**63 - 2
_INT32 = 2**31


def literal_fits(text: str, t: SQLType) -> bool:
    """Tell whether the datum of a canonical text has a native form in DuckDB."""
    match t.family:
        case Family.DECIMAL:
            return text[-1:].isdigit() and 0 < t.precision <= 38
        case Family.TIMESTAMP | Family.TIMESTAMPTZ:
            micros = calendar.parse_timestamp(text, with_zone=t.family is Family.TIMESTAMPTZ)
            return -(2**63) + 1 < micros < _TIMESTAMP_END
        case Family.INTERVAL:
            months, days, micros = calendar.parse_interval(text)
            return abs(months) < _INT32 and abs(days) < _INT32 and abs(micros) < 2**63
        case Family.ARRAY:
            assert t.element is not None
            return all(item is None or literal_fits(item, t.element) for item in parse_array(text))
        case _:
            return True


@dataclass(frozen=True, slots=True)
class Conversions:
    """Conversions of typed expressions, for one statement."""

    runtime: Runtime
    float_digits: int
    signs_days: bool = (
        False  # `-1 mons +3 days`: versions after 20.2 print the sign of days after negative months
    )

    @classmethod
    def of(cls, runtime: Runtime, names: NameResolver) -> Self:
        """Return the conversions of a session's statements."""
        return cls(runtime, names.extra_float_digits, signs_days=names.profile.version != "20.2")

    # Constants

    def literal(self, text: str, t: SQLType, *, as_text: bool | None = None) -> Typed:
        """Return the constant that `text` means for type `t`, native where it fits unless `as_text` is set."""
        shown = canonical(text, t)
        if t.family is Family.ARRAY:
            return self._array_literal(shown, t, as_text=as_text)
        if t.family in STRINGS:
            return Typed(string_literal(shown), t)
        is_text = has_only_text(t) if as_text is None else as_text
        if as_text is None and t.family in KEYED and not literal_fits(shown, t):
            is_text = t.family is not Family.DATE
        if is_text:
            return Typed(string_literal(shown), t, is_text=True)
        return Typed(_native_literal(shown, t), t, plain=shown if t.family in _PLAIN else None)

    def _array_literal(self, shown: str, t: SQLType, *, as_text: bool | None) -> Typed:
        assert t.element is not None
        element = t.element
        if element.family is Family.TIMETZ:  # whose spelling inside an array is another one
            items = ["NULL" if item is None else string_literal(item) for item in parse_array(shown)]
        else:
            items = [
                "NULL" if item is None else self.literal(item, element, as_text=True if as_text else None).sql
                for item in parse_array(shown)
            ]
        target = text_duckdb_type(t) if as_text else duckdb_type(t)
        return Typed(f"CAST([{', '.join(items)}] AS {target})", t, is_text=bool(as_text))

    def settle(self, value: Typed) -> Typed:
        """Give a constant its own type: INT8, DECIMAL or STRING."""
        if value.constant is not None and value.type.family in STRINGS:
            return Typed(string_literal(value.constant), value.type)
        return replace(value, constant=None, number=None)

    # Between representations

    def text(self, value: Typed) -> Typed:
        """Return the value in its text representation."""
        value = self.settle(value)
        t = value.type
        if value.is_text or t.family in STRINGS:
            return replace(value, is_text=t.family not in STRINGS)
        if t.family is Family.ARRAY:
            assert t.element is not None
            item = self.text(Typed("x", t.element)).sql
            return Typed(f"list_transform({value.sql}, lambda x: {item})", t, is_text=True)
        if t.family is Family.BOOL:
            return Typed(f"CASE WHEN {value.sql} THEN 't' WHEN NOT {value.sql} THEN 'f' END", t, is_text=True)
        if t.family in {Family.TIMESTAMP, Family.TIMESTAMPTZ}:
            zone = "+00:00:00" if t.family is Family.TIMESTAMPTZ else ""
            sql = f"oo_timestamp_text(epoch_us({value.sql}), '{zone}', false)"
            return Typed(sql, t, is_text=True)
        if t.family is Family.FLOAT:
            return Typed(f"oo_float_text({value.sql}, 3)", t, is_text=True)
        return replace(self.string(value), type=t, is_text=True)

    def native(self, value: Typed) -> Typed:
        """Return the value in its native representation, where the type has one; an overflow is an error."""
        if not value.is_text or has_only_text(value.type):
            return value
        if value.type.family is Family.ARRAY:
            assert value.type.element is not None
            item = self.native(Typed("x", value.type.element, is_text=True)).sql
            return Typed(f"list_transform({value.sql}, lambda x: {item})", value.type)
        return Typed(self._parsed(value.sql, value.type), value.type)

    def _parsed(self, sql: str, t: SQLType) -> str:
        """Return the native form of a text that may not be canonical yet."""
        code = string_literal(self.runtime.type_code(t))
        checked = f"oo_canonical({sql}, {code})"
        match t.family:
            case Family.BYTES:
                return f"from_hex(substr({checked}, 3))"
            case Family.GEOMETRY | Family.GEOGRAPHY:
                return f"from_hex({checked})"
            case Family.DATE | Family.TIMESTAMP | Family.TIMESTAMPTZ:
                # DuckDB writes the era in parentheses, behind the date.
                moved = rf"regexp_replace({checked}, '^(\S+)(.*) BC$', '\1 (BC)\2')"
                return f"CAST({moved} AS {duckdb_type(t)})"
            case Family.INTERVAL:
                return f"CAST(replace({checked}, ' +', ' ') AS INTERVAL)"
            case Family.ARRAY:
                raise UnsupportedError("unimplemented: arrays from text that is not constant")
            case _ if t.family in STRINGS or has_only_text(t):
                return checked
            case _:
                return f"CAST({checked} AS {duckdb_type(t)})"

    def orderable(self, value: Typed) -> str:
        """Return an expression that DuckDB orders, compares and hashes as CockroachDB does the datum."""
        value = self.settle(value)
        if value.is_text and value.type.family in KEYED:
            return f"oo_key({value.sql}, {int(value.type.family)})"
        return value.sql

    # Between types

    def string(self, value: Typed) -> Typed:
        """Return `value::STRING`."""
        value = self.settle(value)
        sql, family = value.sql, value.type.family
        if value.is_null:
            return Typed("CAST(NULL AS VARCHAR)", STRING)
        if family in STRINGS:
            return replace(value, type=STRING)
        if family is Family.ARRAY:
            assert value.type.element is not None
            # Inside an array BOOL keeps its short form.
            element = Typed(
                "x", value.type.element, is_text=value.is_text or has_only_text(value.type.element)
            )
            item = (self.text(element) if element.type.family is Family.BOOL else self.string(element)).sql
            return Typed(f"oo_array_text(list_transform({sql}, lambda x: {item}))", STRING)
        if family is Family.TIMETZ:
            return Typed(
                f"CASE WHEN length(regexp_extract({sql}, '[+-].*$')) = 6 THEN {sql} || ':00' ELSE {sql} END",
                STRING,
            )
        if value.is_text:
            return self._string_of_text(value)
        return Typed(self._string_of_native(sql, value.type), STRING)

    def _string_of_text(self, value: Typed) -> Typed:
        match value.type.family:
            case Family.BOOL:
                return Typed(f"CASE {value.sql} WHEN 't' THEN 'true' WHEN 'f' THEN 'false' END", STRING)
            case Family.TIMESTAMP | Family.TIMESTAMPTZ:
                with_zone = "true" if value.type.family is Family.TIMESTAMPTZ else "false"
                return Typed(f"oo_moment_string({value.sql}, {with_zone})", STRING)
            case _:
                return Typed(value.sql, STRING)

    def _string_of_native(self, sql: str, t: SQLType) -> str:
        match t.family:
            case Family.BOOL:
                return f"CASE WHEN {sql} THEN 'true' WHEN NOT {sql} THEN 'false' END"
            case Family.FLOAT:
                return f"oo_float_text({sql}, {self.float_digits})"
            case Family.BYTES:
                return rf"('\x' || lower(hex({sql})))"
            case Family.GEOMETRY | Family.GEOGRAPHY:
                return f"hex({sql})"
            case Family.INTERVAL:
                months = f"CAST(datepart('year', {sql}) * 12 + datepart('month', {sql}) AS BIGINT)"
                micros = f"CAST(datepart('hour', {sql}) * 3600000000 + datepart('minute', {sql}) * 60000000"
                micros += f" + datepart('microsecond', {sql}) AS BIGINT)"
                shown = f"oo_interval_text({months}, CAST(datepart('day', {sql}) AS BIGINT), {micros})"
                signed = rf"regexp_replace({shown}, '^(-.*mons? |-.*years? )(\d+ days?)', '\1+\2')"
                return signed if self.signs_days else shown
            case Family.TIMESTAMP:
                return f"oo_timestamp_text(epoch_us({sql}), '', true)"
            case Family.TIMESTAMPTZ:
                return f"oo_timestamp_text(epoch_us({sql}), '+00:00', true)"
            case Family.DATE:
                return rf"regexp_replace(CAST({sql} AS VARCHAR), '^(\S+) \(BC\)$', '\1 BC')"
            case _:
                return f"CAST({sql} AS VARCHAR)"

    def convert(self, value: Typed, t: SQLType, *, explicit: bool = False) -> Typed:
        """Return the value as type `t`; `explicit` as a cast does it, else as an assignment.

        Raises:
            OothecaError: no such conversion, or a constant that is no value of `t`.
        """
        if value.is_null:
            return Typed(f"CAST(NULL AS {duckdb_type(t)})", t, is_text=has_only_text(t))
        if value.constant is not None and value.type.family in STRINGS:
            if explicit and t.family in STRINGS and t.width:
                return Typed(string_literal(value.constant[: t.width]), t)
            return self.literal(value.constant, t)
        if value.constant is not None and value.type.family is t.family is Family.ARRAY:
            return self.literal(value.constant, t)
        if value.number is not None:
            return self._number(value, t)
        if t.family is Family.ENUM and value.type.family is Family.BYTES:
            return self._enum_of_bytes(value, t)
        if t.family in STRINGS:
            return self._to_string(value, t, explicit=explicit)
        if value.type.family in STRINGS:
            if t.family is Family.BYTES:
                return Typed(f"encode({value.sql})", t)
            return Typed(self._parsed(value.sql, t), t, is_text=has_only_text(t))
        if value.type.family is Family.ARRAY and t.family is Family.ARRAY:
            return self._array(value, t, explicit=explicit)
        return self._between(value, t)

    def _enum_of_bytes(self, value: Typed, t: SQLType) -> Typed:
        """Return the member that stored expressions name by its bytes: `x'40':::@100106`."""
        members = dict(zip(t.enum.physical, t.enum.labels, strict=True)) if t.enum is not None else {}
        label = members.get(bytes.fromhex(value.sql[len("from_hex('") : -2]))
        if label is None:
            raise OothecaError("could not find the enum value of a stored expression", sqlstate="XX000")
        return self.literal(label, t)

    def _number(self, value: Typed, t: SQLType) -> Typed:
        text = value.number or ""
        if t.family is Family.INT:
            whole = canonical(text, DECIMAL)
            if "." in whole or "E" in whole:
                whole = str(to_int64(parse_decimal(whole)))
            return Typed(_native_literal(canonical(whole, t), t), t, plain=whole)
        if t.family in {Family.FLOAT, Family.DECIMAL, Family.OID}:
            return self.literal(text, t)
        if t.family in STRINGS:
            return self.literal(canonical(text, DECIMAL), t)
        return self.convert(replace(value, number=None), t)

    def _to_string(self, value: Typed, t: SQLType, *, explicit: bool) -> Typed:
        shown = self.string(value)
        width = t.width or (1 if t.visible_type == 8 else 0)
        sql = f"rtrim({shown.sql}, ' ')" if t.visible_type == 8 else shown.sql
        if t.visible_type == 9:
            return Typed(f"left({sql}, 1)", t)
        if not width:
            return Typed(sql, t)
        if explicit:
            return Typed(f"left({sql}, {width})", t)
        message = string_literal(f"value too long for type {t.name}")
        return Typed(f"CASE WHEN length({sql}) > {width} THEN oo_fail({message}, '22001') ELSE {sql} END", t)

    def _array(self, value: Typed, t: SQLType, *, explicit: bool) -> Typed:
        assert value.type.element is not None
        assert t.element is not None
        item = Typed("x", value.type.element, is_text=value.is_text or has_only_text(value.type.element))
        if item.type == t.element:
            return replace(value, type=t)
        made = self.convert(item, t.element, explicit=explicit)
        return Typed(f"CAST(list_transform({value.sql}, lambda x: {made.sql}) AS {duckdb_type(t)})", t)

    def _between(self, value: Typed, t: SQLType) -> Typed:
        source, target = value.type.family, t.family
        if source == target:
            return self._refit(value, t)
        if (source, target) not in _CASTS:
            raise OothecaError(f"invalid cast: {value.type.name.lower()} -> {t.name}", sqlstate="42846")
        value = self.native(value)
        if target is Family.DECIMAL:
            plain = self._to_decimal(value)
            return self._refit(plain, t) if t.precision else plain
        if source is Family.DECIMAL and target is Family.INT:
            whole = f"oo_dec_int({self.text(value).sql})"
            return self._refit(Typed(whole, INT8), t)
        if source is Family.FLOAT and target is Family.INT:
            return self._refit(Typed(f"CAST(round_even({value.sql}, 0) AS BIGINT)", INT8), t)
        if target is Family.BOOL:
            return Typed(f"({self.convert(value, FLOAT8).sql} <> 0)", BOOL)
        if source is Family.BOOL and target is Family.FLOAT:
            return Typed(f"CAST(CAST({value.sql} AS BIGINT) AS DOUBLE)", t)
        if target is Family.TIMESTAMPTZ and source in TIMES:
            return Typed(f"(CAST({value.sql} AS TIMESTAMP) AT TIME ZONE 'UTC')", t)
        if source is Family.TIMESTAMPTZ:
            return Typed(f"CAST(({value.sql} AT TIME ZONE 'UTC') AS {duckdb_type(t)})", t)
        if source is Family.INTERVAL and target in NUMBERS:
            return self.convert(Typed(f"epoch({value.sql})", FLOAT8), t)
        if source is Family.INT and target is Family.INTERVAL:
            return Typed(f"to_microseconds({value.sql} * 1000000)", t)
        if target is Family.JSON:
            return Typed(f"oo_json_of({self.string(value).sql}, 'json')", t)
        return Typed(f"CAST({value.sql} AS {duckdb_type(t)})", t)

    def _to_decimal(self, value: Typed) -> Typed:
        if value.type.family is Family.FLOAT:
            return Typed(
                f"oo_canonical(oo_float_text({value.sql}, 3), {self._code(DECIMAL)})", DECIMAL, is_text=True
            )
        if value.type.family is Family.BOOL:
            return Typed(f"CAST(CAST({value.sql} AS INTEGER) AS DECIMAL(19,0))", DECIMAL)
        return Typed(f"CAST({value.sql} AS DECIMAL(19,0))", DECIMAL)

    def _code(self, t: SQLType) -> str:
        return string_literal(self.runtime.type_code(t))

    def _refit(self, value: Typed, t: SQLType) -> Typed:
        """Bring a value of the same family to the width, precision or scale of `t`."""
        if value.type == t or self._needs_no_fit(value.type, t):
            return replace(value, type=t)
        if value.is_text:
            return Typed(f"oo_canonical({value.sql}, {self._code(t)})", t, is_text=True)
        if t.family is Family.DECIMAL or (t.family is Family.INT and t.width < 64):
            # Only what does not fit goes through the function, which words the error.
            target = duckdb_type(t)
            if target == "VARCHAR":
                return Typed(f"oo_canonical(CAST({value.sql} AS VARCHAR), {self._code(t)})", t, is_text=True)
            slow = f"CAST(oo_canonical(CAST({value.sql} AS VARCHAR), {self._code(t)}) AS {target})"
            return Typed(f"COALESCE(TRY_CAST({value.sql} AS {target}), {slow})", t)
        if t.family in {Family.TIME, Family.TIMESTAMP, Family.TIMESTAMPTZ, Family.INTERVAL}:
            return Typed(self._parsed(self.text(value).sql, t), t)
        return Typed(f"CAST({value.sql} AS {duckdb_type(t)})", t)

    @staticmethod
    def _needs_no_fit(source: SQLType, t: SQLType) -> bool:
        match t.family:
            case Family.INT:
                return t.width == 64
            case Family.DECIMAL:
                return not t.precision
            case Family.TIME | Family.TIMETZ | Family.TIMESTAMP | Family.TIMESTAMPTZ | Family.INTERVAL:
                return not t.time_precision_is_set or t.precision >= 6
            case Family.BIT:
                return t.visible_type == 10 and not t.width
            case Family.ENUM:
                return source.oid == t.oid
            case _:
                return True


_CASTS = frozenset(
    [(a, b) for a in NUMBERS for b in NUMBERS]
    + [(a, b) for a in TIMES for b in TIMES]
    + [(Family.BOOL, n) for n in NUMBERS]
    + [(n, Family.BOOL) for n in NUMBERS]
    + [(Family.TIMESTAMP, Family.TIME), (Family.TIMESTAMPTZ, Family.TIME), (Family.INTERVAL, Family.TIME)]
    + [(Family.TIME, Family.INTERVAL), (Family.INT, Family.OID), (Family.OID, Family.INT)]
    + [(Family.INT, Family.INTERVAL), (Family.INTERVAL, Family.INT), (Family.INTERVAL, Family.FLOAT)]
    + [(Family.INTERVAL, Family.DECIMAL)]
)


def _native_literal(text: str, t: SQLType) -> str:
    """Return DuckDB's constant for a canonical text of a type with a native form."""
    match t.family:
        case Family.BOOL:
            return "true" if text == "t" else "false"
        case Family.INT | Family.OID:
            return f"CAST({string_literal(text)} AS {duckdb_type(t)})"
        case Family.FLOAT:
            return f"CAST({string_literal(text.replace('+Inf', 'inf').replace('-Inf', '-inf'))} AS DOUBLE)"
        case Family.BYTES:
            return f"from_hex('{text[2:]}')"
        case Family.GEOMETRY | Family.GEOGRAPHY:
            return f"from_hex('{text}')"
        case Family.DATE:
            return _date_literal(calendar.parse_date(text))
        case Family.TIMESTAMP:
            return f"make_timestamp(CAST('{calendar.parse_timestamp(text, with_zone=False)}' AS BIGINT))"
        case Family.TIMESTAMPTZ:
            micros = calendar.parse_timestamp(text, with_zone=True)
            return f"(make_timestamp(CAST('{micros}' AS BIGINT)) AT TIME ZONE 'UTC')"
        case Family.INTERVAL:
            months, days, micros = calendar.parse_interval(text)
            return f"(to_months({months}) + to_days({days}) + to_microseconds(CAST('{micros}' AS BIGINT)))"
        case Family.ENUM:
            return f"CAST({string_literal(text)} AS {duckdb_type(t)})"
        case Family.JSON:
            return string_literal(text)
        case _:
            return f"CAST({string_literal(text)} AS {duckdb_type(t)})"


def _date_literal(days: int) -> str:
    if abs(days) == DATE_INFINITY_DAYS:
        return f"CAST('{format_date(days)}' AS DATE)"
    return f"make_date(CAST('{days}' AS INTEGER))"
