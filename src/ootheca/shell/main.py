"""The command line: `ootheca [sql]` and its other subcommands.

Everything heavy is imported when it is needed; `--help` and a wrong flag need none of it.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ootheca.errors import OothecaError
from ootheca.shell.flags import PARSERS
from ootheca.shell.launch import (
    DEFAULT_STORE,
    STORE_VARIABLE,
    UsageError,
    check_flags,
    is_interactive,
    options_of,
    run_shell,
    store_path,
)

if TYPE_CHECKING:
    from ootheca.exec.limits import ExternalLimits
    from ootheca.exec.session import Session
    from ootheca.shell.file_flags import FileKind

__all__ = ["main"]

_NO_LOCAL_FILES = Path("disabled")


def main(argv: list[str] | None = None, *, session: Session | None = None) -> int:
    """Run the command and return its exit status.

    Args:
        argv: the words after the command's name; those of the process by default.
        session: where statements run, instead of the store that the flags name.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    _prepare_streams()
    status = _guarded(lambda: _run(words, session))
    flushed = _guarded(_flush)
    return status or flushed


def _run(words: list[str], session: Session | None) -> int:
    if words and words[0] in _COMMANDS:
        return _COMMANDS[words[0]](words[1:], session)
    return _run_sql(words, session)


def _guarded(run: Callable[[], int]) -> int:
    """Run something, say what is wrong with it, and return the exit status."""
    try:
        return run()
    except UsageError as exc:
        sys.stderr.write(f"{exc}\n")
        return 4
    except SystemExit as exc:  # --help and --version
        return int(exc.code or 0)
    except KeyboardInterrupt:
        sys.stderr.write("ERROR: query execution canceled\nSQLSTATE: 57014\n")
        return 3
    except BrokenPipeError:
        # Nobody reads any more; what is still buffered must not fail again when it is flushed.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as exc:  # noqa: BLE001  the outermost wall, for what no statement caused
        from ootheca.shell.render.errors import as_ootheca_error, format_error

        sys.stderr.write(format_error(as_ootheca_error(exc)))
        return 1


def _run_sql(words: list[str], session: Session | None) -> int:
    flags = PARSERS["sql"]().parse_args(words)
    check_flags(flags)
    options = options_of(flags, is_interactive=is_interactive(flags))
    if session is not None:
        return run_shell(flags, options, session)
    with _opened(flags, is_sql=True) as opened:
        return 1 if opened is None else run_shell(flags, options, opened)


def _run_demo(words: list[str], session: Session | None) -> int:
    from ootheca.shell.demo import run_demo

    return run_demo(PARSERS["demo"]().parse_args(words), session)


def _run_report(words: list[str], session: Session | None) -> int:
    from ootheca.shell.report import run_report

    flags = PARSERS["report"]().parse_args(words)
    if session is not None:
        return run_report(flags, session)
    if not (flags.store or os.environ.get(STORE_VARIABLE) or Path(DEFAULT_STORE).exists()):
        flags.store = ":memory:"  # who looks at a bucket asked for no store
    with _opened(flags) as opened:
        return 1 if opened is None else run_report(flags, opened)


def _run_scheduler(words: list[str], session: Session | None) -> int:
    del session  # it opens the store only while something is due
    from ootheca.shell.scheduler import run_scheduler

    flags = PARSERS["scheduler"]().parse_args(words)
    return run_scheduler(lambda: _open_session(flags), is_once=flags.once)


def _run_worker(words: list[str], session: Session | None) -> int:
    from ootheca.shell.worker import run_worker

    flags = PARSERS["worker"]().parse_args(words)
    if session is not None:
        return run_worker(session, flags.jobs)
    with _opened(flags) as opened:
        return 1 if opened is None else run_worker(opened, flags.jobs)


def _run_completion(words: list[str], session: Session | None) -> int:
    del session
    from ootheca.shell.completion_script import run_completion

    return run_completion(PARSERS["completion"]().parse_args(words).shell, PARSERS)


def _run_files(kind: FileKind, words: list[str]) -> int:
    from ootheca.shell.files import run_files

    return run_files(kind, PARSERS[kind]().parse_args(words))


_COMMANDS: dict[str, Callable[[list[str], Session | None], int]] = {
    "sql": _run_sql,
    "demo": _run_demo,
    "report": _run_report,
    "scheduler": _run_scheduler,
    "worker": _run_worker,
    "completion": _run_completion,
    "userfile": lambda words, _: _run_files("userfile", words),
    "nodelocal": lambda words, _: _run_files("nodelocal", words),
}
"""What runs the words after the name of a subcommand; without one it is `sql`."""


def _open_session(flags: argparse.Namespace) -> Session:
    """Open the store that the flags name."""
    from ootheca.exec.session import Session

    return Session(
        store_path(flags.store),
        external_io_dir=flags.external_io_dir,
        sandbox=flags.sandbox,
        limits=_limits(flags),
        locality=flags.locality or "",
    )


@contextmanager
def _opened(flags: argparse.Namespace, *, is_sql: bool = False) -> Iterator[Session | None]:
    """Open the store that the flags name; None, and a message, when it does not open."""
    try:
        session = _open_session(flags)
    except OothecaError as exc:
        from ootheca.shell.render.errors import format_error, format_failure
        from ootheca.shell.render.registry import JSON_FORMATS

        as_json = flags.format in JSON_FORMATS
        text = format_error(exc, with_traceback=flags.verbose, as_json=as_json)
        sys.stderr.write(text + format_failure() if is_sql and not as_json else text)
        yield None
        return
    with session:
        yield session


def _limits(flags: argparse.Namespace) -> ExternalLimits:
    from ootheca.exec.limits import ExternalLimits

    return ExternalLimits(
        disabled=flags.external_io_disabled,
        disable_local=flags.external_io_dir == _NO_LOCAL_FILES,
        disable_http=flags.external_io_disable_http,
        disable_implicit_credentials=flags.external_io_disable_implicit_credentials,
    )


def _flush() -> int:
    sys.stdout.flush()  # while it can still be said that it does not work
    sys.stderr.flush()
    return 0


def _prepare_streams() -> None:
    """Read and write UTF-8 whatever the locale says; bytes that are none survive the way through.

    From a closed stream comes nothing, and what is written to one goes nowhere.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode))  # noqa: SIM115  as long as the process lasts
    for stream, settings in (
        (sys.stdin, {"errors": "surrogateescape", "newline": "\n"}),
        (sys.stdout, {"errors": "surrogateescape"}),
        (sys.stderr, {"errors": "backslashreplace"}),
    ):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", **settings)
