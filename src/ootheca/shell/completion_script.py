"""`ootheca completion SHELL`: a script that teaches bash, zsh or fish the command's words, for the user to install."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping

from ootheca.shell.launch import UsageError
from ootheca.shell.render.registry import FORMATS

__all__ = ["SHELLS", "run_completion"]

SHELLS = ("bash", "zsh", "fish")
_FOLDERS = frozenset({"store", "external_io_dir"})
_FILES = frozenset({"file", "output"})


def run_completion(shell: str, parsers: Mapping[str, Callable[[], argparse.ArgumentParser]]) -> int:
    """Write the script to standard output; return the exit status.

    Args:
        shell: one of `SHELLS`.
        parsers: what makes the parser of each subcommand; the flags of `sql` stand without their word, too.

    Raises:
        UsageError: the library that makes scripts is not there.
    """
    try:
        import shtab
    except ImportError as exc:
        raise UsageError(
            "ootheca completion: shtab is missing; run pip install 'ootheca[completion]'"
        ) from exc

    whole = parsers["sql"]()
    commands = whole.add_subparsers(dest="command")
    for name, make in parsers.items():
        parser = make()
        about = (parser.description or "").partition(": ")[0].partition(";")[0]
        commands.add_parser(name, parents=[parser], add_help=False, description=about, help=about)
        _describe_values(commands.choices[name], shtab.FILE, shtab.DIRECTORY)
    _describe_values(whole, shtab.FILE, shtab.DIRECTORY)
    sys.stdout.write(shtab.complete(whole, shell=shell) + "\n")
    return 0


def _describe_values(parser: argparse.ArgumentParser, file: object, folder: object) -> None:
    """Say of each flag which values it takes, as far as the shell can list them."""
    for action in parser._actions:
        if action.dest in _FILES:
            action.complete = file  # type: ignore[attr-defined]
        elif action.dest in _FOLDERS:
            action.complete = folder  # type: ignore[attr-defined]
        elif action.dest == "format" and action.choices is None:
            action.choices = FORMATS
