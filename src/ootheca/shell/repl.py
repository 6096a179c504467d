"""The prompt: editing over several lines, history, completion. Enter runs a complete statement, or begins a line."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from prompt_toolkit import PromptSession
from prompt_toolkit.history import History, InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.output import Output
from prompt_toolkit.output.defaults import create_output

from ootheca.shell.complete import SQLCompleter
from ootheca.shell.history import SafeHistory, history_path
from ootheca.shell.lines import LineBuffer, is_meta_line, leaves_statement_open
from ootheca.shell.prompt import continuation, format_prompt
from ootheca.shell.runner import complain
from ootheca.shell.session_io import LeaveShell

if TYPE_CHECKING:
    from ootheca.shell.session_io import Shell

__all__ = ["is_ready", "run_prompt"]


def run_prompt(shell: Shell, *, welcome: str = "", output: Output | None = None) -> int:
    """Read and run statements until the user leaves; return the last one's exit status.

    Args:
        welcome: lines to greet with, besides the usual ones.
        output: where the prompt is drawn; the terminal, also when standard output goes elsewhere.
    """
    complain(_welcome(shell, welcome))
    prompts: PromptSession[str] = PromptSession(
        history=_history(),
        completer=SQLCompleter(shell.session),
        complete_while_typing=False,
        multiline=True,
        key_bindings=_key_bindings(shell),
        output=output or create_output(always_prefer_tty=True),
    )
    while True:
        first = format_prompt(shell.options.prompt1, shell.session)
        further = continuation(first)
        shown = first if shell.buffer.is_empty else further
        try:
            text = prompts.prompt(shown, prompt_continuation=further)
        except KeyboardInterrupt:
            shell.buffer = LineBuffer()
            continue
        except EOFError:
            break
        try:
            for line in text.split("\n"):
                shell.feed(line)
        except LeaveShell:
            break
    sys.stdout.flush()
    return int(shell.has_failed)


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

    @bindings.add("enter")
    def _(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if buffer.complete_state is not None and buffer.complete_state.current_completion is not None:
            buffer.complete_state = None
        elif is_ready(buffer.text, shell.buffer.text):
            buffer.validate_and_handle()
        else:
            buffer.insert_text("\n")

    return bindings
