"""The one place that words errors and notices for a person.

One field a line, as CockroachDB's client does it: `ERROR:`, `SQLSTATE:` (not for the catch-all XXUUU), `DETAIL:`,
`CONSTRAINT:`, `HINT:`. Of damaged files the detail names the place. A traceback comes only with an internal error, or
when it is asked for.

Source: reference/sql/08 §6; conformance/*/shell.json.
"""

from __future__ import annotations

import errno
import json
import traceback

from ootheca.errors import CorruptionError, InternalError, OothecaError

__all__ = ["as_ootheca_error", "format_error", "format_failure", "format_notice"]

_HIDDEN_CODE = "XXUUU"


def format_error(
    error: OothecaError, *, is_ignored: bool = False, with_traceback: bool = False, as_json: bool = False
) -> str:
    """Return an error's lines, each with its line end.

    Args:
        is_ignored: a statement typed at the prompt whose syntax is wrong, which was not run.
        with_traceback: for a developer's eyes.
        as_json: one object on one line instead.
    """
    detail = error.detail
    is_damage = error.sqlstate == CorruptionError.sqlstate
    if is_damage and error.location and error.location not in f"{error.message} {detail}":
        detail = f"{detail}\nin {error.location}" if detail else f"in {error.location}"
    trace = ""
    if with_traceback or isinstance(error, InternalError):
        trace = "".join(traceback.format_exception(error)).rstrip("\n")
    fields = {
        "SQLSTATE": error.sqlstate if as_json or error.sqlstate != _HIDDEN_CODE else "",
        "DETAIL": detail,
        "CONSTRAINT": error.constraint,
        "HINT": error.hint,
    }
    if as_json:
        return _json_line("ERROR", error.message, **fields, TRACEBACK=trace)
    severity = "invalid syntax: statement ignored" if is_ignored else "ERROR"
    lines = [f"{severity}: {error.message}", *(f"{name}: {text}" for name, text in fields.items() if text)]
    return "\n".join([*lines, trace] if trace else lines) + "\n"


def _json_line(severity: str, message: str, **fields: str | None) -> str:
    """Return one object; of the fields those that say something, in small letters."""
    said = {name.lower(): text for name, text in fields.items() if text}
    return json.dumps({"severity": severity, "message": message, **said}, ensure_ascii=False) + "\n"


def format_notice(text: str, *, as_json: bool = False) -> str:
    """Return a notice's line."""
    return _json_line("NOTICE", text) if as_json else f"NOTICE: {text}\n"


def format_failure() -> str:
    """Return the last line of a run that failed."""
    return 'Failed running "sql"\n'


def as_ootheca_error(error: Exception) -> OothecaError:
    """Return the error itself, what the system refused, or an InternalError: whatever else escapes is a bug of ours."""
    if isinstance(error, OothecaError):
        return error
    if isinstance(error, OSError) and error.strerror:
        return _refused(error)
    internal = InternalError(
        f"internal error: {type(error).__name__}: {error}",
        hint="this is a bug in ootheca; please report it with the statement and the lines below",
    )
    internal.__cause__ = error
    internal.__traceback__ = error.__traceback__
    return internal


def _refused(error: OSError) -> OothecaError:
    """Return the error for something that the system did not do: an answer that could not be written, say."""
    message = f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror)
    is_full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    refused = OothecaError(
        message,
        sqlstate="53100" if is_full else "58030",
        hint="make room where the answer and temporary files go, then run it again" if is_full else None,
    )
    refused.__cause__ = error
    refused.__traceback__ = error.__traceback__
    return refused
