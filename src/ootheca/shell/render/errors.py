"""The one place that words errors and notices for a person.

One field a line, as CockroachDB's client does it: `ERROR:`, `SQLSTATE:` (not for the catch-all XXUUU), `DETAIL:`,
`CONSTRAINT:`, `HINT:`. Of damaged files the detail names the place. A traceback comes only with an internal error, or
when it is asked for.

Source: reference/sql/08 §6; conformance/*/shell.json.
"""

from __future__ import annotations

import traceback

from ootheca.errors import CorruptionError, InternalError, OothecaError

__all__ = ["as_ootheca_error", "format_error", "format_failure", "format_notice"]

_HIDDEN_CODE = "XXUUU"


def format_error(error: OothecaError, *, is_ignored: bool = False, with_traceback: bool = False) -> str:
    """Return an error's lines, each with its line end.

    Args:
        is_ignored: a statement typed at the prompt whose syntax is wrong, which was not run.
        with_traceback: for a developer's eyes.
    """
    severity = "invalid syntax: statement ignored" if is_ignored else "ERROR"
    detail = error.detail
    is_damage = error.sqlstate == CorruptionError.sqlstate
    if is_damage and error.location and error.location not in f"{error.message} {detail}":
        detail = f"{detail}\nin {error.location}" if detail else f"in {error.location}"
    fields = [
        f"{severity}: {error.message}",
        f"SQLSTATE: {error.sqlstate}" if error.sqlstate != _HIDDEN_CODE else "",
        f"DETAIL: {detail}" if detail else "",
        f"CONSTRAINT: {error.constraint}" if error.constraint else "",
        f"HINT: {error.hint}" if error.hint else "",
    ]
    lines = [field for field in fields if field]
    if with_traceback or isinstance(error, InternalError):
        lines.append("".join(traceback.format_exception(error)).rstrip("\n"))
    return "\n".join(lines) + "\n"


def format_notice(text: str) -> str:
    """Return a notice's line."""
    return f"NOTICE: {text}\n"


def format_failure() -> str:
    """Return the last line of a run that failed."""
    return 'Failed running "sql"\n'


def as_ootheca_error(error: Exception) -> OothecaError:
    """Return the error itself, or an InternalError that carries it: whatever else escapes is a bug of ours."""
    if isinstance(error, OothecaError):
        return error
    internal = InternalError(
        f"internal error: {type(error).__name__}: {error}",
        hint="this is a bug in ootheca; please report it with the statement and the lines below",
    )
    internal.__cause__ = error
    internal.__traceback__ = error.__traceback__
    return internal
