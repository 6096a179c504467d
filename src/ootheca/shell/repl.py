"""The prompt: editing over several lines, history, completion. Enter runs a complete statement, or begins a line."""

from __future__ import annotations

import contextlib
import sys
from itertools import islice
from typing import TYPE_CHECKING

from prompt_toolkit import PromptSession
from prompt_toolkit.application import run_in_terminal
from prompt_toolkit.document import Document
from prompt_toolkit.enums import DEFAULT_BUFFER
from prompt_toolkit.filters import has_focus
from prompt_toolkit.history import History, InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.output import Output
from prompt_toolkit.output.defaults import create_output

from ootheca.errors import OothecaError
from ootheca.shell.completion.completer import SQLCompleter
from ootheca.shell.editor import edit_text
from ootheca.shell.fit import fit
from ootheca.shell.highlight import STYLE, SecretDots, SQLLexer
from ootheca.shell.history import SafeHistory, history_path
from ootheca.shell.lines import LineBuffer, is_meta_line, leaves_statement_open
from ootheca.shell.meta_files import run_startup_file
from ootheca.shell.prompt import continuation, format_prompt
from ootheca.shell.render.errors import format_error
from ootheca.shell.runner import complain
from ootheca.shell.session_io import LeaveShell

if TYPE_CHECKING:
    from pathlib import Path

    from ootheca.shell.session_io import Shell

_RECENT = 50  # statements in which a collection is looked for

__all__ = ["is_ready", "run_prompt"]


def run_prompt(
    shell: Shell, *, welcome: str = "", startup_file: Path | None = None, output: Output | None = None
) -> int:
    """Read and run statements until the user leaves; return the last one's exit status.

    Args:
        welcome: lines to greet with, besides the usual ones.
        startup_file: lines that are run before the first prompt, if there are any.
        output: where the prompt is drawn; the terminal, also when standard output goes elsewhere.
    """
    complain(fit(_welcome(shell, welcome), sys.stderr))
    history = _history()
    prompts: PromptSession[str] = PromptSession(
        history=history,
        completer=SQLCompleter(shell.session, lambda: islice(reversed(history.get_strings()), _RECENT)),
        complete_while_typing=False,
        multiline=True,
        key_bindings=_key_bindings(shell),
        lexer=SQLLexer(),
        style=STYLE,
        include_default_pygments_style=False,
        input_processors=[SecretDots()],
        output=output or create_output(always_prefer_tty=True),
    )
    with contextlib.suppress(LeaveShell):
        if startup_file is not None:
            run_startup_file(shell, startup_file)
        _read_and_run(shell, prompts)
    shell.output.close()
    sys.stdout.flush()
    return int(shell.has_failed)


def _read_and_run(shell: Shell, prompts: PromptSession[str]) -> None:
    """Read and run until Ctrl+D.

    Raises:
        LeaveShell: the user said goodbye.
    """
    while True:
        try:
            for line in _read(shell, prompts).split("\n"):
                shell.feed(line)
        except KeyboardInterrupt:  # at the prompt, or just before or after what a statement did
            shell.buffer = LineBuffer()
        except EOFError:
            return


def _read(shell: Shell, prompts: PromptSession[str]) -> str:
    """Return what was entered at a prompt."""
    first = format_prompt(shell.options.prompt1, shell.session)
    further = continuation(first)

    def before(_width: int, _line: int, wraps: int) -> str:
        return "" if wraps else further  # a long line goes on at the border, as typed

    shown = first if shell.buffer.is_empty else further
    draft, shell.draft = shell.draft, ""
    return prompts.prompt(shown, prompt_continuation=before, default=draft)


def _welcome(shell: Shell, extra: str) -> str:
    session = shell.session
    lines = [
        "Welcome to ootheca, a SQL shell for CockroachDB backups.",
        "All statements must be terminated by a semicolon.",
        "To exit, type: \\q.",
        "",
        f"Store: {session.store or 'in memory, gone when you leave'}",
        f"Files are written as CockroachDB {session.profile.version} writes them.",
        *extra.splitlines(),
        "",
        "Enter \\? for a brief introduction.",
    ]
    return "".join(f"# {line}".rstrip() + "\n" for line in ["", *lines, ""])


def _history() -> History:
    try:
        return SafeHistory(history_path())
    except OSError:
        return InMemoryHistory()


def is_ready(text: str, pending: str = "") -> bool:
    """Tell whether Enter runs the text: it ends no statement half-way, or its last line is a meta-command.

    Args:
        pending: lines of the statement that were entered before.
    """
    lines = text.split("\n")
    if not pending and is_meta_line(lines[0]):
        return True
    if is_meta_line(lines[-1]) and lines[-1].lstrip().startswith("\\"):
        return True
    return not leaves_statement_open(f"{pending}\n{text}")


def _key_bindings(shell: Shell) -> KeyBindings:
    bindings = KeyBindings()

    @bindings.add("enter", filter=has_focus(DEFAULT_BUFFER))  # in a search of the history it ends the search
    def _(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if buffer.complete_state is not None and buffer.complete_state.current_completion is not None:
            buffer.complete_state = None
        elif is_ready(buffer.text, shell.buffer.text):
            buffer.cursor_position = len(
                buffer.text
            )  # behind a secret, so that what stays on the screen hides it
            buffer.validate_and_handle()
        else:
            buffer.insert_text("\n")

    @bindings.add("c-x", "c-e")
    async def _(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        try:
            text = await run_in_terminal(lambda: edit_text(buffer.text))
        except OothecaError as exc:
            message = format_error(exc)
            await run_in_terminal(lambda: complain(message))
        else:
            buffer.document = Document(text)

    return bindings
