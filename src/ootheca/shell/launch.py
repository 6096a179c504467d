"""From flags to a running shell: what `ootheca sql` and `ootheca demo` share."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from ootheca.errors import InvalidOptionError

if TYPE_CHECKING:
    from ootheca.exec.session import Session
    from ootheca.shell.options import Options
    from ootheca.shell.session_io import Shell

__all__ = [
    "DEFAULT_STORE",
    "STORE_VARIABLE",
    "Parser",
    "UsageError",
    "check_flags",
    "is_interactive",
    "options_of",
    "run_shell",
    "store_path",
]


DEFAULT_STORE = "./ootheca-data"
STORE_VARIABLE = "OOTHECA_STORE"

_STARTUP_VARIABLE = "OOTHECA_RC"


class UsageError(Exception):
    """Wrong flags."""


class Parser(argparse.ArgumentParser):
    """Takes no shortened flags, and leaves the exit status to `main`."""

    def __init__(self, **facts: Any) -> None:
        super().__init__(**{"allow_abbrev": False, **facts})

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{self.format_usage()}{self.prog}: {message}")


def store_path(flag: str | None) -> Path | None:
    """Return the directory of the store that a flag, or else the environment, names; None for one in memory."""
    name = flag or os.environ.get(STORE_VARIABLE) or DEFAULT_STORE
    return None if name == ":memory:" else Path(name)


def options_of(flags: argparse.Namespace, *, is_interactive: bool) -> Options:
    """Return the options that the flags ask for.

    Raises:
        UsageError: a value that an option does not take.
    """
    from ootheca.shell.options import Options

    options = Options(
        check_syntax=is_interactive,
        echo=flags.echo_sql,
        errexit=not is_interactive,
        pager=is_interactive,
        show_times=is_interactive and sys.stdout.isatty(),
    )
    try:
        if flags.format:
            options.set("display_format", flags.format)
        for text in flags.set:
            name, _, value = text.partition("=")
            options.set(name.strip(), value.strip())
    except InvalidOptionError as exc:
        raise UsageError(exc.message) from exc
    return options


def is_interactive(flags: argparse.Namespace) -> bool:
    """Tell whether statements come from a person at a terminal."""
    return not flags.execute and flags.file is None and sys.stdin.isatty()


def check_flags(flags: argparse.Namespace) -> None:
    """Refuse flags that exclude each other.

    Raises:
        UsageError: `-e` and `-f`.
    """
    if flags.execute and flags.file is not None:
        raise UsageError("unsupported combination: --execute and --file")


def run_shell(flags: argparse.Namespace, options: Options, session: Session, *, welcome: str = "") -> int:
    """Run what the flags ask for in a session; return the exit status."""
    from ootheca.shell.session_io import Shell

    if flags.database:
        session.variables.set("database", flags.database)
    if flags.verbose:
        from ootheca.shell.runner import complain

        session.audit = lambda call: complain(f"{call}\n")
    shell = Shell(session, options, is_interactive=is_interactive(flags), verbose=flags.verbose)
    if flags.execute:
        return shell.run_commands(flags.execute)
    if shell.is_interactive:
        from ootheca.shell.repl import run_prompt

        return run_prompt(shell, welcome=welcome, startup_file=None if flags.no_rc else _startup_file())
    if flags.file is None or flags.file == "-":
        return shell.run_script(sys.stdin)
    return _run_file(shell, Path(flags.file))


def _startup_file() -> Path:
    """Return the file whose lines are run before the first prompt; it is looked for at home, never where one works."""
    return Path(os.environ.get(_STARTUP_VARIABLE) or "~/.ootheca_rc").expanduser()


def _run_file(shell: Shell, path: Path) -> int:
    from ootheca.shell.lines import open_script

    try:
        with open_script(path) as lines:
            shell.folder = path.parent
            return shell.run_script(lines)
    except OSError as exc:
        sys.stderr.write(f'ERROR: cannot read {path}: {exc.strerror}\nFailed running "sql"\n')
        return 1
