"""The command line: `ootheca [sql]`, `ootheca demo`, and the commands of files.

Everything heavy is imported when it is needed; `--help` and a wrong flag need none of it.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from ootheca.errors import InvalidOptionError, OothecaError
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
        if words[:1] == ["demo"]:
            from ootheca.shell.demo import run_demo

            return run_demo(_demo_parser().parse_args(words[1:]), session)
        if words[:1] in (["userfile"], ["nodelocal"]):
            from ootheca.shell.files import run_files

            return run_files(words)
        return _run_sql(_sql_parser().parse_args(words[1:] if words[:1] == ["sql"] else words), session)
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
        "       ootheca userfile {upload,list,get,delete} …\n       ootheca nodelocal upload …",
        description="CockroachDB's BACKUP, RESTORE and SHOW BACKUP without the cluster: a SQL shell over a store.",
        epilog=f"Without -e and -f, statements are read from the terminal, or from standard input.\n\n"
        f"exit status:\n{codes}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    store = parser.add_argument_group("store")
    store.add_argument(
        "--store", metavar="DIR",
        help=f"directory of the store, made when it is not there; :memory: for a throw-away "
        f"(default {DEFAULT_STORE}, or the variable {STORE_VARIABLE})",
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
    store.add_argument(
        "--locality", metavar="TIERS", type=_locality,
        help="of the node that the store plays, such as region=east,az=e1: where BACKUP to several URIs writes",
    )  # fmt: skip
    _add_run_flags(parser)
    return parser


def _demo_parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="ootheca demo",
        description="A throw-away store with sample data and the sandbox on: nothing touches a network.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "dataset", nargs="?", default="movr", choices=["movr", "none"], metavar="DATASET",
        help="movr (default), or none for an empty store",
    )  # fmt: skip
    parser.add_argument(
        "--run",
        action="store_true",
        help="take, show and restore encrypted backups, check the rows, and leave",
    )
    _add_run_flags(parser)
    return parser


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
    run.add_argument("--echo-sql", action="store_true", help="write each statement before it is run")
    run.add_argument(
        "--verbose",
        action="store_true",
        help="write every call to a key service, and a traceback with each error",
    )
    run.add_argument("--version", action="version", version=f"ootheca {_version()}")


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


def _run_sql(flags: argparse.Namespace, session: Session | None) -> int:
    check_flags(flags)
    options = options_of(flags, is_interactive=is_interactive(flags))
    if session is not None:
        return run_shell(flags, options, session)
    with _opened(flags) as opened:
        return 1 if opened is None else run_shell(flags, options, opened)


@contextmanager
def _opened(flags: argparse.Namespace) -> Iterator[Session | None]:
    """Open the store that the flags name; None, and a message, when it does not open."""
    from ootheca.exec.session import Session

    try:
        session = Session(
            store_path(flags.store),
            external_io_dir=flags.external_io_dir,
            sandbox=flags.sandbox,
            limits=_limits(flags),
            locality=flags.locality or "",
        )
    except OothecaError as exc:
        from ootheca.shell.render.errors import format_error, format_failure

        sys.stderr.write(format_error(exc, with_traceback=flags.verbose) + format_failure())
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
