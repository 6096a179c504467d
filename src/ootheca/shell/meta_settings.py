"""Meta-commands that change how the shell and the sandbox behave."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from ootheca.errors import InvalidOptionError

if TYPE_CHECKING:
    from ootheca.shell.session_io import Shell

__all__ = ["expanded", "invalid_syntax", "region", "set_option", "timing", "unset_option"]


def invalid_syntax(text: str) -> str:
    """Return what is said of a line that is no meta-command."""
    return f"invalid syntax: {text}. Try \\? for help."


def set_option(shell: Shell, rest: str) -> None:
    """`\\set`: set an option, or show all."""
    if not rest:
        _show_options(shell)
        return
    try:
        words = shlex.split(rest)
    except ValueError:
        shell.refuse(invalid_syntax(f"\\set {rest}"))
        return
    name, separator, value = words[0].partition("=")
    if (separator and len(words) > 1) or len(words) > 2:
        shell.refuse(invalid_syntax(f"\\set {rest}"))
        return
    _change(
        shell, lambda: shell.options.set(name, value if separator else "".join(words[1:])), f"\\set {rest}"
    )


def unset_option(shell: Shell, rest: str) -> None:
    """`\\unset`: set an option back."""
    _change(shell, lambda: shell.options.reset(rest), f"\\unset {rest}")


def _change(shell: Shell, change: Callable[[], None], text: str) -> None:
    try:
        change()
    except InvalidOptionError as exc:
        shell.refuse(f"{invalid_syntax(text)}\n{exc.message}")


def _show_options(shell: Shell) -> None:
    from ootheca.shell.render.table import format_table

    columns = [list(column) for column in zip(*shell.options.items(), strict=True)]
    sys.stdout.write("".join(format_table(["Option", "Value", "Description"], columns)))


def expanded(shell: Shell, rest: str) -> None:
    """`\\x`: results as records, or as a table."""
    is_on = rest in ("on", "true") or (not rest and shell.options.display_format != "records")
    shell.options.display_format = "records" if is_on else "table"


def region(shell: Shell, rest: str) -> None:
    """`\\region`: switch a region of the sandbox's key services off or on, or list those that are off."""
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
        shell.refuse(invalid_syntax(f"\\region {rest}"))


def timing(shell: Shell, rest: str) -> None:
    """`\\timing`: the option show_times, as users of psql call it."""
    value = rest or ("off" if shell.options.show_times else "on")
    _change(shell, lambda: shell.options.set("show_times", value), f"\\timing {rest}")
