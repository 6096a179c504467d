"""Meta-commands: lines that begin with a backslash, and the words `help`, `quit` and `exit`.

Source: reference/sql/08 §5.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ootheca.errors import InvalidOptionError
from ootheca.shell.lines import LineBuffer, open_script, script_lines
from ootheca.shell.runner import complain

if TYPE_CHECKING:
    from ootheca.shell.session_io import Shell

__all__ = ["META_HELP", "run_meta"]

_MAX_DEPTH = 10

META_HELP = {
    "\\q, quit, exit": "leave the shell (also Ctrl+D)",
    "\\?, help": "this help",
    "\\h [NAME]": "syntax of a statement; without a name, the list of them",
    "\\l": "list databases",
    "\\dt": "list the tables of the current database",
    "\\dT": "list types",
    "\\du": "list users",
    "\\d [TABLE]": "columns of a table; without a name, like \\dt",
    "\\c [DATABASE]": "change the current database; without a name, show where you are",
    "\\echo TEXT": "write a text",
    "\\i FILE, \\ir FILE": "run a file; \\ir looks for it beside the file that names it",
    "\\! COMMAND": "run a command of the operating system",
    "\\| COMMAND": "run what a command writes, as SQL",
    "\\set [OPTION[=]VALUE]": "set an option of the shell; without a name, show all",
    "\\unset OPTION": "set an option back",
    "\\region [NAME on|off]": "in the sandbox, switch a KMS region off, to rehearse its loss; alone, show what is off",
    "\\x [on|off]": "show results as records, or as a table again",
    "\\p": "show the statement that is being entered",
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
        shell.refuse(_invalid(text))
        return
    command(shell, rest.strip())


def _invalid(text: str) -> str:
    return f"invalid syntax: {text}. Try \\? for help."


def _leave(shell: Shell, rest: str) -> None:
    from ootheca.shell.session_io import LeaveShell

    if rest:
        shell.refuse(_invalid(f"\\q {rest}"))
        return
    raise LeaveShell


def _help(_shell: Shell, _rest: str) -> None:
    from ootheca.shell.help import two_columns

    sys.stdout.write("End a statement with a semicolon. The shell's own commands stand on a line alone:\n")
    sys.stdout.write(two_columns(META_HELP.items()))


def _sql_help(shell: Shell, rest: str) -> None:
    from ootheca.shell.help import format_topics, help_text

    if not rest:
        sys.stdout.write(format_topics())
        return
    text = help_text(rest)
    if text is None:
        missing = f'no help available for "{rest}".\nTry \\h with no argument to see available help.'
        shell.refuse(missing)
        return
    sys.stdout.write(text)


def _statement(sql: str) -> Callable[[Shell, str], None]:
    return lambda shell, _rest: shell.execute(sql)


def _describe(shell: Shell, rest: str) -> None:
    shell.execute(f"SHOW COLUMNS FROM {rest}" if rest else "SHOW TABLES")


def _connect(shell: Shell, rest: str) -> None:
    if rest:
        shell.execute(f"USE {rest}")
        return
    store = shell.session.store or "in memory"
    sys.stdout.write(f"Store: {store}\nDatabase: {shell.session.database}\nUser: {shell.session.user}\n")


def _echo(_shell: Shell, rest: str) -> None:
    sys.stdout.write(" ".join(rest.split()) + "\n")
    sys.stdout.flush()


def _include(shell: Shell, rest: str) -> None:
    _run_file(shell, rest, Path(rest))


def _include_relative(shell: Shell, rest: str) -> None:
    _run_file(shell, rest, (shell.folder or Path()) / rest)


def _run_file(shell: Shell, named: str, path: Path) -> None:
    if not named:
        shell.refuse("\\i needs a file name")
        return
    if not shell.buffer.is_empty:
        shell.refuse("cannot use \\i during multi-line entry.")
        return
    if shell.depth >= _MAX_DEPTH:
        shell.refuse(f"\\i: too many recursion levels (max {_MAX_DEPTH})")
        return
    try:
        script = open_script(path)
    except OSError as exc:
        shell.refuse(f"cannot read {named}: {exc.strerror}")
        return
    folder, shell.folder = shell.folder, path.parent
    shell.depth += 1
    try:
        with script:
            shell.run_lines(script)
    finally:
        shell.folder = folder
        shell.depth -= 1


def _system(shell: Shell, rest: str) -> None:
    sys.stdout.flush()
    done = subprocess.run(rest, shell=True, check=False)  # noqa: S602  the user's own command
    if done.returncode:
        shell.refuse(f"command failed: error in external command: exit status {done.returncode}")


def _pipe(shell: Shell, rest: str) -> None:
    done = subprocess.run(rest, shell=True, check=False, stdout=subprocess.PIPE)  # noqa: S602
    if done.returncode:
        shell.refuse(f"command failed: error in external command: exit status {done.returncode}")
        return
    for line in script_lines(done.stdout.decode("utf-8", "replace").split("\n")):
        shell.feed(line)


def _set(shell: Shell, rest: str) -> None:
    if not rest:
        _show_options(shell)
        return
    try:
        words = shlex.split(rest)
    except ValueError:
        shell.refuse(_invalid(f"\\set {rest}"))
        return
    name, separator, value = words[0].partition("=")
    if (separator and len(words) > 1) or len(words) > 2:
        shell.refuse(_invalid(f"\\set {rest}"))
        return
    _change(
        shell, lambda: shell.options.set(name, value if separator else "".join(words[1:])), f"\\set {rest}"
    )


def _unset(shell: Shell, rest: str) -> None:
    _change(shell, lambda: shell.options.reset(rest), f"\\unset {rest}")


def _change(shell: Shell, change: Callable[[], None], text: str) -> None:
    try:
        change()
    except InvalidOptionError as exc:
        shell.refuse(f"{_invalid(text)}\n{exc.message}")


def _show_options(shell: Shell) -> None:
    from ootheca.shell.render.table import format_table

    columns = [list(column) for column in zip(*shell.options.items(), strict=True)]
    sys.stdout.write("".join(format_table(["Option", "Value", "Description"], columns)))


def _expanded(shell: Shell, rest: str) -> None:
    is_on = rest in ("on", "true") or (not rest and shell.options.display_format != "records")
    shell.options.display_format = "records" if is_on else "table"


def _region(shell: Shell, rest: str) -> None:
    from ootheca.exec.places import kms_environment

    keyring = kms_environment(shell.session).keyring
    words = rest.split()
    if keyring is None:
        shell.refuse("\\region works in the sandbox alone; start with --sandbox")
    elif not words:
        sys.stdout.write("".join(f"{name} off\n" for name in sorted(keyring.disabled_regions())))
    elif len(words) == 2 and words[1] in ("on", "off"):
        keyring.set_region(words[0], enabled=words[1] == "on")
    else:
        shell.refuse(_invalid(f"\\region {rest}"))


def _print_buffer(shell: Shell, _rest: str) -> None:
    if not shell.buffer.is_empty:
        sys.stdout.write(shell.buffer.text + "\n")


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
    "\\i": _include,
    "\\ir": _include_relative,
    "\\!": _system,
    "\\|": _pipe,
    "\\set": _set,
    "\\unset": _unset,
    "\\region": _region,
    "\\x": _expanded,
    "\\p": _print_buffer,
    "\\r": _reset_buffer,
    "\\show": _show_buffer,
}
