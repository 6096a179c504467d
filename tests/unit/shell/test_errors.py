"""The words of errors: fields in order, no code for the catch-all, tracebacks only for bugs."""

from __future__ import annotations

import errno
import json

from ootheca.errors import (
    ConstraintError,
    CorruptionError,
    InternalError,
    OothecaError,
    ParseError,
    WrongKeyError,
)
from ootheca.shell.render.errors import as_ootheca_error, format_error, format_failure, format_notice


def test_all_fields_in_order() -> None:
    error = ConstraintError("m", sqlstate="23505", detail="d1\nd2", hint="h", constraint="c")
    assert format_error(error) == "ERROR: m\nSQLSTATE: 23505\nDETAIL: d1\nd2\nCONSTRAINT: c\nHINT: h\n"


def test_catch_all_code_is_not_shown() -> None:
    assert format_error(OothecaError("m")) == "ERROR: m\n"


def test_place_of_damage_is_named_once() -> None:
    assert (
        format_error(CorruptionError("bad", location="a.sst@12"))
        == "ERROR: bad\nSQLSTATE: XX001\nDETAIL: in a.sst@12\n"
    )
    assert "DETAIL" not in format_error(CorruptionError("bad a.sst@12", location="a.sst@12"))
    assert "DETAIL" not in format_error(WrongKeyError("wrong", location="a.sst@12"))
    both = format_error(CorruptionError("bad", detail="d", location="a.sst@12"))
    assert both == "ERROR: bad\nSQLSTATE: XX001\nDETAIL: d\nin a.sst@12\n"


def test_syntax_error_at_the_prompt_says_that_nothing_ran() -> None:
    text = format_error(ParseError('at or near "x": syntax error'), is_ignored=True)
    assert text == 'invalid syntax: statement ignored: at or near "x": syntax error\nSQLSTATE: 42601\n'


def test_unexpected_exceptions_ask_for_a_report_and_show_where() -> None:
    try:
        {}["key"]
    except KeyError as exc:
        error = as_ootheca_error(exc)
    text = format_error(error)
    assert isinstance(error, InternalError)
    assert text.startswith(
        "ERROR: internal error: KeyError: 'key'\nSQLSTATE: XX000\nHINT: this is a bug in ootheca"
    )
    assert "Traceback" in text
    assert '{}["key"]' in text


def test_what_the_system_refuses_is_no_bug() -> None:
    refused = as_ootheca_error(PermissionError(errno.EACCES, "Permission denied", "/x"))
    assert format_error(refused) == "ERROR: /x: Permission denied\nSQLSTATE: 58030\n"
    assert isinstance(as_ootheca_error(OSError("no number")), InternalError)


def test_own_errors_show_no_traceback_unless_asked() -> None:
    error = OothecaError("m")
    assert as_ootheca_error(error) is error
    assert "DatabaseError: m" in format_error(error, with_traceback=True)


def test_notices_and_the_last_line() -> None:
    assert format_notice("n") == "NOTICE: n\n"
    assert format_failure() == 'Failed running "sql"\n'


def test_errors_and_notices_as_json() -> None:
    error = OothecaError("m", sqlstate="23505", detail="d1\nd2", hint="h")
    line = format_error(error, as_json=True)
    assert line.endswith("}\n")
    assert json.loads(line) == {
        "severity": "ERROR", "message": "m", "sqlstate": "23505", "detail": "d1\nd2", "hint": "h",
    }  # fmt: skip
    assert json.loads(format_error(OothecaError("é"), as_json=True)) == {
        "severity": "ERROR", "message": "é", "sqlstate": OothecaError("é").sqlstate,
    }  # fmt: skip
    assert json.loads(format_notice("n", as_json=True)) == {"severity": "NOTICE", "message": "n"}
