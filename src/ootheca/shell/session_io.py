"""One run of the shell: lines in, answers out, and what becomes of errors.

`Shell.feed` takes lines from the prompt and from scripts alike; `run_script` reads a file or a pipe to its end.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ootheca.errors import OothecaError, ParseError
from ootheca.shell.interrupts import Interrupts
from ootheca.shell.lines import LineBuffer, is_meta_line, script_lines
from ootheca.shell.output import Output
from ootheca.shell.render.errors import as_ootheca_error, format_error, format_failure, format_notice
from ootheca.shell.runner import canceled, complain, run_batch
from ootheca.sql.secrets import MaskedText, has_mask

if TYPE_CHECKING:
    from pathlib import Path

    from ootheca.exec.session import Session
    from ootheca.shell.options import Options

__all__ = ["LeaveShell", "Shell"]


_MASKED = "a secret of this statement was masked when it was kept"
_MASKED_HINT = "write the secret in place of its mask; the history and the editor's file hold none"


class LeaveShell(Exception):  # noqa: N818  a request, not an error
    """The user said goodbye, or an error ended a script."""


class Shell:
    """A session and how its user talks to it.

    Args:
        session: where statements run.
        options: changed by `\\set`.
        is_interactive: errors do not end the shell, and an interrupt ends the running statement alone.
        verbose: errors come with a traceback.

    Attributes:
        has_failed: whether the last statement or meta-command failed.
        buffer: the statement that is being entered.
        last: the text that was run last, for `\\e`.
        draft: a text to put at the next prompt, to be looked over.
        output: where results go.
        folder: of the script that is being read, for `\\ir`.
    """

    def __init__(
        self, session: Session, options: Options, *, is_interactive: bool = False, verbose: bool = False
    ) -> None:
        self.session = session
        self.options = options
        self.is_interactive = is_interactive
        self.verbose = verbose
        self.has_failed = False
        self.buffer = LineBuffer()
        self.last = ""
        self.draft = ""
        self.output = Output(is_interactive=is_interactive)
        self.folder: Path | None = None
        self.depth = 0

    def execute(self, sql: str) -> None:
        """Run the statements of a text; errors are written.

        Raises:
            LeaveShell: one failed, and `errexit` is on.
            KeyboardInterrupt: in a script.
        """
        self.has_failed = False
        try:
            with Interrupts(self._stop_engine) as interrupts:
                run_batch(self.session, self.options, sql, self.output)
        except BrokenPipeError:
            self._abandon()
            raise
        except KeyboardInterrupt:
            self._interrupted()
        except Exception as exc:  # noqa: BLE001  the outermost wall: what nobody expected is reported as our bug
            if interrupts.happened:
                self._interrupted()
            else:
                self._abandon()
                self.fail(as_ootheca_error(exc))

    def _stop_engine(self) -> None:
        self.session.interrupt()

    def _abandon(self) -> None:
        """Let go of rows that nobody will read any more."""
        self.session.abandon()

    def _interrupted(self) -> None:
        self._abandon()
        if not self.is_interactive:
            raise KeyboardInterrupt
        self.fail(canceled())

    def fail(self, error: OothecaError) -> None:
        """Write an error.

        Raises:
            LeaveShell: `errexit` is on.
        """
        is_ignored = self.is_interactive and self.options.check_syntax and isinstance(error, ParseError)
        complain(
            format_error(
                error, is_ignored=is_ignored, with_traceback=self.verbose, as_json=self.options.is_json
            )
        )
        self._failed()

    def refuse(self, text: str) -> None:
        """Write what is wrong with a meta-command.

        Raises:
            LeaveShell: `errexit` is on.
        """
        complain(f"{text}\n")
        self._failed()

    def _failed(self) -> None:
        self.has_failed = True
        if self.options.errexit:
            raise LeaveShell

    def feed(self, line: str) -> None:
        """Take one line: it begins, continues or completes a statement, or is a meta-command.

        Raises:
            LeaveShell: `\\q`, or an error with `errexit` on.
        """
        if is_meta_line(line) and self._may_be_meta(line):
            from ootheca.shell.meta import run_meta

            self.has_failed = False
            run_meta(self, line)
            return
        batch = self.buffer.feed(line)
        if batch is None:
            return
        self.last = batch
        if self.is_interactive and has_mask(batch):
            self.fail(OothecaError(_MASKED, sqlstate="22023", hint=_MASKED_HINT))
        else:
            self.execute(batch)

    def _may_be_meta(self, line: str) -> bool:
        if self.buffer.is_empty:
            return True
        if self.buffer.is_open():
            return self.is_interactive and line.lstrip().startswith("\\")
        self.buffer.take()  # comments alone
        return True

    def run_lines(self, lines: Iterable[str]) -> None:
        """Feed the lines of a script, and run a last statement that has no semicolon.

        Raises:
            LeaveShell: `\\q`, or an error with `errexit` on.
        """
        for line in script_lines(lines):
            self.feed(line)
        is_open = self.buffer.is_open()
        rest = self.buffer.take()
        if is_open:
            last = MaskedText(rest).text.strip().split("\n")[-1]
            complain(
                format_notice(
                    f"the last statement has no semicolon, and is run all the same: {_short(last)}",
                    as_json=self.options.is_json,
                )
            )
            self.execute(rest)

    def run_script(self, lines: Iterable[str]) -> int:
        """Feed a whole script; return the exit status."""
        with contextlib.suppress(LeaveShell):
            self.run_lines(lines)
        return self.finish()

    def run_commands(self, texts: Iterable[str]) -> int:
        """Run the texts of `-e`, each as one batch; return the exit status."""
        try:
            for text in texts:
                if is_meta_line(text):
                    self.feed(text)
                else:
                    self.execute(text)
        except LeaveShell:
            pass
        return self.finish()

    def finish(self) -> int:
        """Return the exit status of a script, and say so when it failed."""
        self.output.close()
        sys.stdout.flush()
        if self.has_failed and not self.options.is_json:
            complain(format_failure())
        return int(self.has_failed)


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."
