"""Meta-commands: lines that begin with a backslash, and the words `help`, `quit` and `exit`.

Source: reference/sql/08 §5.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from ootheca.shell import meta_files, meta_settings
from ootheca.shell.fit import write_fitted
from ootheca.shell.lines import LineBuffer
from ootheca.shell.meta_settings import invalid_syntax
from ootheca.shell.runner import complain
from ootheca.sql.secrets import MaskedText

if TYPE_CHECKING:
    from ootheca.shell.session_io import Shell

__all__ = ["META_HELP", "run_meta"]

META_HELP = {
    "\\q, quit, exit": "leave the shell (also Ctrl+D)",
    "\\?, help": "this help",
    "\\h [NAME]": "syntax of a statement; without a name, the list of them",
    "\\l": "list databases",
    "\\dt": "list the tables of the current database",
    "\\dv": "list the views of the current database",
    "\\dn": "list schemas",
    "\\ds": "list sequences",
    "\\di TABLE": "list the indexes of a table",
    "\\dT": "list types",
    "\\du": "list users",
    "\\d [TABLE]": "columns of a table; without a name, like \\dt",
    "\\c [DATABASE]": "change the current database; without a name, show where you are",
    "\\echo TEXT": "write a text",
    "\\i FILE, \\ir FILE": "run a file; \\ir looks for it beside the file that names it",
    "\\e [FILE]": "edit the last statement, or a file, in $EDITOR; what you save waits at the prompt",
    "\\o [FILE or |COMMAND]": "send results to a file or a command; alone, to the screen again",
    "\\! COMMAND": "run a command of the operating system",
    "\\| COMMAND": "run what a command writes, as SQL",
    "\\set [OPTION[=]VALUE]": "set an option of the shell; without a name, show all",
    "\\unset OPTION": "set an option back",
    "\\region [NAME on|off]": "in the sandbox, switch a KMS region off, to rehearse its loss; alone, show what is off",
    "\\x [on|off]": "show results as records, or as a table again",
    "\\timing [on|off]": "show how long each statement took, or do not",
    "\\tour": "a guided tour of encrypted backups, in a store of its own",
    "\\p": "show the statement that is being entered, its secrets masked",
    "\\r": "forget the statement that is being entered",
}
"""Each meta-command and what it does, for `\\?`."""


def run_meta(shell: Shell, line: str) -> None:
    """Run one meta-command; what is wrong with it is written.

    Raises:
        LeaveShell: `\\q`, or an error with `errexit` on.
    """
    text = line.strip().rstrip(";").rstrip()
    word, _, rest = text.partition(" ")
    if text[:2] in ("\\!", "\\|"):
        word, rest = text[:2], text[2:]
    elif text.startswith("\\?"):
        word, rest = "\\?", text[2:]
    command = _COMMANDS.get(word)
    if command is None:
        shell.refuse(invalid_syntax(text))
        return
    command(shell, rest.strip())


def _leave(shell: Shell, rest: str) -> None:
    from ootheca.shell.session_io import LeaveShell

    if rest:
        shell.refuse(invalid_syntax(f"\\q {rest}"))
        return
    raise LeaveShell


def _help(_shell: Shell, _rest: str) -> None:
    from ootheca.shell.help import two_columns

    write_fitted("End a statement with a semicolon. The shell's own commands stand on a line alone:\n")
    write_fitted(two_columns(META_HELP.items()))


def _sql_help(shell: Shell, rest: str) -> None:
    from ootheca.shell.help import format_topics, help_text

    if not rest:
        write_fitted(format_topics())
        return
    text = help_text(rest)
    if text is None:
        missing = f'no help available for "{rest}".\nTry \\h with no argument to see available help.'
        shell.refuse(missing)
        return
    write_fitted(text)


def _statement(sql: str) -> Callable[[Shell, str], None]:
    return lambda shell, _rest: shell.execute(sql)


def _describe(shell: Shell, rest: str) -> None:
    shell.execute(f"SHOW COLUMNS FROM {rest}" if rest else "SHOW TABLES")


def _indexes(shell: Shell, rest: str) -> None:
    if rest:
        shell.execute(f"SHOW INDEXES FROM {rest}")
    else:
        shell.refuse("\\di needs a table")


def _tour(shell: Shell, _rest: str) -> None:
    from ootheca.shell.tour import run_tour

    run_tour(shell)


def _connect(shell: Shell, rest: str) -> None:
    if rest:
        shell.execute(f"USE {rest}")
        return
    store = shell.session.store or "in memory"
    sys.stdout.write(f"Store: {store}\nDatabase: {shell.session.database}\nUser: {shell.session.user}\n")


def _echo(_shell: Shell, rest: str) -> None:
    sys.stdout.write(" ".join(rest.split()) + "\n")
    sys.stdout.flush()


def _print_buffer(shell: Shell, _rest: str) -> None:
    if not shell.buffer.is_empty:
        sys.stdout.write(MaskedText(shell.buffer.text).text + "\n")


def _reset_buffer(shell: Shell, _rest: str) -> None:
    shell.buffer = LineBuffer()


def _show_buffer(shell: Shell, rest: str) -> None:
    complain("\\show is deprecated; use \\p\n")
    _print_buffer(shell, rest)


_COMMANDS: dict[str, Callable[[Shell, str], None]] = {
    "\\q": _leave,
    "\\quit": _leave,
    "\\exit": _leave,
    "quit": _leave,
    "exit": _leave,
    "\\?": _help,
    "\\help": _help,
    "help": _help,
    "\\h": _sql_help,
    "\\l": _statement("SHOW DATABASES"),
    "\\dt": _statement("SHOW TABLES"),
    "\\dT": _statement("SHOW TYPES"),
    "\\du": _statement("SHOW USERS"),
    "\\d": _describe,
    "\\c": _connect,
    "\\connect": _connect,
    "\\echo": _echo,
    "\\i": meta_files.include,
    "\\ir": meta_files.include_relative,
    "\\!": meta_files.system,
    "\\|": meta_files.pipe,
    "\\set": meta_settings.set_option,
    "\\unset": meta_settings.unset_option,
    "\\region": meta_settings.region,
    "\\timing": meta_settings.timing,
    "\\x": meta_settings.expanded,
    "\\o": meta_files.send_output,
    "\\e": meta_files.edit,
    "\\edit": meta_files.edit,
    "\\dv": _statement("SELECT * FROM [SHOW TABLES] WHERE type LIKE '%view'"),
    "\\dn": _statement("SHOW SCHEMAS"),
    "\\ds": _statement("SHOW SEQUENCES"),
    "\\di": _indexes,
    "\\tour": _tour,
    "\\p": _print_buffer,
    "\\r": _reset_buffer,
    "\\show": _show_buffer,
}
