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
from typing import TYPE_CHECKING, NoReturn

from ootheca.errors import InvalidOptionError, OothecaError
from ootheca.shell.launch import UsageError, check_flags, is_interactive, options_of, run_shell

if TYPE_CHECKING:
    from ootheca.exec.limits import ExternalLimits
    from ootheca.exec.session import Session

__all__ = ["EXIT_CODES", "EXTERNAL_FLAGS", "main"]

EXIT_CODES = {
    0: "everything succeeded",
    1: "a statement, a file or a meta-command failed",
    3: "interrupted",
    4: "a flag that does not exist, or a value that it does not take",
}
"""What the command's exit status says."""

EXTERNAL_FLAGS = {
    "--external-io-disabled": "refuse all storage but userfile, and all key services",
    "--external-io-disable-http": "refuse web servers, and endpoints that a URI names",
    "--external-io-disable-implicit-credentials": "refuse AUTH=implicit: every URI brings its credentials",
}
"""CockroachDB's flags about what lies outside, and what they do."""

_DEFAULT_STORE = "./ootheca-data"
_STORE_VARIABLE = "OOTHECA_STORE"
_IN_MEMORY = ":memory:"
_NO_LOCAL_FILES = Path("disabled")


class _Parser(argparse.ArgumentParser):
    """Leaves the exit status to `main`."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{self.format_usage()}{self.prog}: {message}")


def main(argv: list[str] | None = None, *, session: Session | None = None) -> int:
    """Run the command and return its exit status.

    Args:
        argv: the words after the command's name; those of the process by default.
        session: where statements run, instead of the store that the flags name.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    _use_utf8()
    try:
        if words and words[0] in _COMMANDS:
            return _COMMANDS[words[0]](words[1:], session)
        return _run_sql(words, session)
    except UsageError as exc:
        sys.stderr.write(f"{exc}\n")
        return 4
    except SystemExit as exc:  # --help and --version
        return int(exc.code or 0)
    except KeyboardInterrupt:
        sys.stderr.write("ERROR: query execution canceled\nSQLSTATE: 57014\n")
        return 3
    except BrokenPipeError:
        # Nobody reads any more; what is still buffered must not fail again when Python exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as exc:  # noqa: BLE001  the outermost wall, for what no statement caused
        from ootheca.shell.render.errors import as_ootheca_error, format_error

        sys.stderr.write(format_error(as_ootheca_error(exc)))
        return 1


def _sql_parser() -> argparse.ArgumentParser:
    codes = "\n".join(f"  {code}  {meaning}" for code, meaning in EXIT_CODES.items())
    parser = _Parser(
        prog="ootheca",
        usage="ootheca [sql] [flags]\n       ootheca demo [DATASET] [--run] [flags]\n"
        "       ootheca report URI [flags]\n       ootheca scheduler [--once] [flags]\n"
        "       ootheca worker [JOB …] [flags]\n       ootheca completion SHELL",
        description="CockroachDB's BACKUP, RESTORE and SHOW BACKUP without the cluster: a SQL shell over a store.",
        epilog=f"Without -e and -f, statements are read from the terminal, or from standard input.\n\n"
        f"exit status:\n{codes}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    _add_locality_flag(_add_store_flags(parser))
    _add_run_flags(parser)
    return parser


def _demo_parser() -> argparse.ArgumentParser:
    from ootheca.exec.datasets import DATASETS

    parser = _Parser(
        prog="ootheca demo",
        description="A throw-away store with sample data and the sandbox on: nothing touches a network.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "dataset", nargs="?", default=DATASETS[0], choices=[*DATASETS, "none"], metavar="DATASET",
        help=f"{DATASETS[0]} (default), {', '.join(DATASETS[1:])}, or none for an empty store",
    )  # fmt: skip
    parser.add_argument(
        "--run",
        action="store_true",
        help="take, show and restore encrypted backups, check the rows, and leave",
    )
    _add_run_flags(parser)
    return parser


def _worker_parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="ootheca worker",
        description="Let the jobs go on that another process left, one after the other, and end with them.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "jobs", nargs="*", type=int, metavar="JOB", help="ids (default: all that were interrupted)"
    )
    _add_locality_flag(_add_store_flags(parser))
    parser.add_argument("--verbose", action="store_true", help="write a traceback with each error")
    return parser


def _scheduler_parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="ootheca scheduler",
        description="Runs the backup schedules of a store, in the foreground, until SIGINT or SIGTERM.",
        allow_abbrev=False,
    )
    parser.add_argument("--once", action="store_true", help="run what is due now, and leave")
    _add_locality_flag(_add_store_flags(parser))
    return parser


def _add_locality_flag(store: argparse._ArgumentGroup) -> None:
    store.add_argument(
        "--locality", metavar="TIERS", type=_locality,
        help="of the node that the store plays, such as region=east,az=e1: where BACKUP to several URIs writes",
    )  # fmt: skip


def _report_parser() -> argparse.ArgumentParser:
    from ootheca.shell.report import add_report_flags

    parser = _Parser(
        prog="ootheca report",
        description="One page about a collection of backups, or about one: layers in time, tables by size, keys, "
        "and whether every file is whole.",
        allow_abbrev=False,
    )
    add_report_flags(parser)
    _add_store_flags(parser)
    parser.set_defaults(locality=None, verbose=False)
    return parser


def _add_store_flags(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    store = parser.add_argument_group("store")
    store.add_argument(
        "--store", metavar="DIR",
        help=f"directory of the store, made when it is not there; :memory: for a throw-away "
        f"(default {_DEFAULT_STORE}, or the variable {_STORE_VARIABLE})",
    )  # fmt: skip
    store.add_argument(
        "--external-io-dir", metavar="DIR", type=Path,
        help="what nodelocal:// serves, or `disabled` (default: extern in the store)",
    )  # fmt: skip
    for name, about in EXTERNAL_FLAGS.items():
        store.add_argument(name, action="store_true", help=about)
    store.add_argument(
        "--sandbox", action="store_true",
        help="serve cloud storage and KMS URIs from the store; nothing touches a network",
    )  # fmt: skip
    return store


def _add_run_flags(parser: argparse.ArgumentParser) -> None:
    run = parser.add_argument_group("run")
    run.add_argument(
        "-e",
        "--execute",
        metavar="SQL",
        action="append",
        default=[],
        help="run statements and leave (repeatable)",
    )
    run.add_argument("-f", "--file", metavar="FILE", help="run a file and leave (- is standard input)")
    run.add_argument(
        "--format", metavar="F", help="how results are written: table (default), csv, tsv, records, …"
    )
    run.add_argument(
        "--set",
        metavar="K=V",
        action="append",
        default=[],
        help="set an option of the shell, such as errexit=false",
    )
    run.add_argument("-d", "--database", metavar="DB", help="the current database (default defaultdb)")
    run.add_argument(
        "--no-rc",
        action="store_true",
        help="do not run ~/.ootheca_rc (or $OOTHECA_RC) before the first prompt",
    )
    run.add_argument("--echo-sql", action="store_true", help="write each statement before it is run")
    run.add_argument(
        "--verbose",
        action="store_true",
        help="write every call to a key service, and a traceback with each error",
    )
    run.add_argument("--version", action="version", version=f"ootheca {_version()}")


def _completion_parser() -> argparse.ArgumentParser:
    from ootheca.shell.completion_script import SHELLS

    parser = _Parser(
        prog="ootheca completion",
        description="Write a script that completes the words of this command in your shell. "
        "For bash: ootheca completion bash > ~/.local/share/bash-completion/completions/ootheca",
        allow_abbrev=False,
    )
    parser.add_argument("shell", choices=SHELLS, metavar="SHELL", help=f"one of {', '.join(SHELLS)}")
    return parser


def _locality(text: str) -> str:
    """Check a node's locality."""
    from ootheca.uri import parse_locality

    try:
        parse_locality(text)
    except InvalidOptionError as exc:
        raise argparse.ArgumentTypeError(exc.message) from exc
    return text


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("ootheca")
    except PackageNotFoundError:
        return "(not installed)"


def _run_sql(words: list[str], session: Session | None) -> int:
    flags = _sql_parser().parse_args(words)
    check_flags(flags)
    options = options_of(flags, is_interactive=is_interactive(flags))
    if session is not None:
        return run_shell(flags, options, session)
    with _opened(flags) as opened:
        return 1 if opened is None else run_shell(flags, options, opened)


def _run_demo(words: list[str], session: Session | None) -> int:
    from ootheca.shell.demo import run_demo

    return run_demo(_demo_parser().parse_args(words), session)


def _run_report(words: list[str], session: Session | None) -> int:
    from ootheca.shell.report import run_report

    flags = _report_parser().parse_args(words)
    if session is not None:
        return run_report(flags, session)
    if not (flags.store or os.environ.get(_STORE_VARIABLE) or Path(_DEFAULT_STORE).exists()):
        flags.store = _IN_MEMORY  # who looks at a bucket asked for no store
    with _opened(flags) as opened:
        return 1 if opened is None else run_report(flags, opened)


def _run_scheduler(words: list[str], session: Session | None) -> int:
    del session  # it opens the store only while something is due
    from ootheca.shell.scheduler import run_scheduler

    flags = _scheduler_parser().parse_args(words)
    return run_scheduler(lambda: _open_session(flags), is_once=flags.once)


def _run_worker(words: list[str], session: Session | None) -> int:
    from ootheca.shell.worker import run_worker

    flags = _worker_parser().parse_args(words)
    if session is not None:
        return run_worker(session, flags.jobs)
    with _opened(flags) as opened:
        return 1 if opened is None else run_worker(opened, flags.jobs)


def _run_completion(words: list[str], session: Session | None) -> int:
    del session
    from ootheca.shell.completion_script import run_completion

    return run_completion(_completion_parser().parse_args(words).shell, _PARSERS)


_PARSERS = {
    "sql": _sql_parser,
    "demo": _demo_parser,
    "report": _report_parser,
    "scheduler": _scheduler_parser,
    "worker": _worker_parser,
    "completion": _completion_parser,
}
"""What makes the parser of each subcommand."""

_COMMANDS: dict[str, Callable[[list[str], Session | None], int]] = {
    "sql": _run_sql,
    "demo": _run_demo,
    "report": _run_report,
    "scheduler": _run_scheduler,
    "worker": _run_worker,
    "completion": _run_completion,
}
"""What runs the words after the name of a subcommand; without one it is `sql`."""


def _open_session(flags: argparse.Namespace) -> Session:
    """Open the store that the flags name."""
    from ootheca.exec.session import Session

    name = flags.store or os.environ.get(_STORE_VARIABLE) or _DEFAULT_STORE
    return Session(
        None if name == _IN_MEMORY else Path(name),
        external_io_dir=flags.external_io_dir,
        sandbox=flags.sandbox,
        limits=_limits(flags),
        locality=flags.locality or "",
    )


@contextmanager
def _opened(flags: argparse.Namespace) -> Iterator[Session | None]:
    """Open the store that the flags name; None, and a message, when it does not open."""
    try:
        session = _open_session(flags)
    except OothecaError as exc:
        from ootheca.shell.render.errors import format_error, format_failure
        from ootheca.shell.render.registry import JSON_FORMATS

        as_json = flags.format in JSON_FORMATS
        text = format_error(exc, with_traceback=flags.verbose, as_json=as_json)
        sys.stderr.write(text if as_json else text + format_failure())
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


def _use_utf8() -> None:
    """Read and write UTF-8 whatever the locale says; bytes that are none survive the way through."""
    for stream, settings in (
        (sys.stdin, {"errors": "surrogateescape", "newline": "\n"}),
        (sys.stdout, {"errors": "surrogateescape"}),
        (sys.stderr, {"errors": "backslashreplace"}),
    ):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", **settings)
