"""Meta-commands that read and write files and run programs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ootheca.errors import OothecaError
from ootheca.shell.lines import LineBuffer, open_script, script_lines

if TYPE_CHECKING:
    from ootheca.shell.session_io import Shell

__all__ = ["edit", "include", "include_relative", "pipe", "run_startup_file", "send_output", "system"]

_MAX_DEPTH = 10


def include(shell: Shell, rest: str) -> None:
    """`\\i`: run a file."""
    _run_file(shell, rest, Path(rest))


def include_relative(shell: Shell, rest: str) -> None:
    """`\\ir`: run a file that lies beside the one that names it."""
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


def system(shell: Shell, rest: str) -> None:
    """`\\!`: run a command of the operating system."""
    sys.stdout.flush()
    done = subprocess.run(rest, shell=True, check=False)  # noqa: S602  the user's own command
    if done.returncode:
        shell.refuse(f"command failed: error in external command: exit status {done.returncode}")


def pipe(shell: Shell, rest: str) -> None:
    """`\\|`: run what a command writes, as lines of a script."""
    done = subprocess.run(rest, shell=True, check=False, stdout=subprocess.PIPE)  # noqa: S602
    if done.returncode:
        shell.refuse(f"command failed: error in external command: exit status {done.returncode}")
        return
    for line in script_lines(done.stdout.decode("utf-8", "replace").split("\n")):
        shell.feed(line)


def send_output(shell: Shell, rest: str) -> None:
    """`\\o`: send results to a file or a command; without a name, to standard output again."""
    try:
        shell.output.redirect(rest)
    except OSError as exc:
        shell.refuse(f"cannot write {rest}: {exc.strerror}")


def edit(shell: Shell, rest: str) -> None:
    """`\\e`: edit the statement that is being entered, or the last one, or a file; the result waits at the prompt."""
    from ootheca.shell.editor import edit_file, edit_text

    if not shell.is_interactive:
        shell.refuse("\\e needs a terminal")
        return
    try:
        if rest:
            shell.draft = edit_file(Path(rest).expanduser())
        else:
            shell.draft = edit_text(shell.last if shell.buffer.is_empty else shell.buffer.text)
    except OothecaError as exc:
        shell.fail(exc)
    else:
        shell.buffer = LineBuffer()


def run_startup_file(shell: Shell, path: Path) -> None:
    """Run a user's own first lines; that there are none is no error."""
    if path.is_file():
        _run_file(shell, str(path), path)
        shell.has_failed = False
