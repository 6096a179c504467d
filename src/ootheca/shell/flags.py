"""The flags of `ootheca` and its subcommands.

Everything heavy is imported when it is needed; `--help` and a wrong flag need none of it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final, NoReturn

from ootheca.errors import InvalidOptionError
from ootheca.shell.file_flags import file_parser
from ootheca.shell.launch import DEFAULT_STORE, STORE_VARIABLE, Parser

__all__ = ["EXIT_CODES", "EXTERNAL_FLAGS", "PARSERS"]

EXIT_CODES: Final = {
    0: "everything succeeded",
    1: "a statement, a file or a meta-command failed",
    3: "interrupted",
    4: "a flag that does not exist, or a value that it does not take",
}
"""What the command's exit status says."""

EXTERNAL_FLAGS: Final = {
    "--external-io-disabled": "refuse all storage but userfile, and all key services",
    "--external-io-disable-http": "refuse web servers, and endpoints that a URI names",
    "--external-io-disable-implicit-credentials": "refuse AUTH=implicit: every URI brings its credentials",
}
"""CockroachDB's flags about what lies outside, and what they do."""

_USAGE: Final = (
    "[sql] [flags]",
    "demo [DATASET] [--run] [flags]",
    "report URI [flags]",
    "scheduler [--once] [flags]",
    "worker [JOB …] [flags]",
    "userfile {upload,list,get,delete} …",
    "nodelocal upload …",
    "completion SHELL",
)


def _sql_parser() -> argparse.ArgumentParser:
    codes = "\n".join(f"  {code}  {meaning}" for code, meaning in EXIT_CODES.items())
    parser = Parser(
        prog="ootheca",
        usage="\n       ".join(f"ootheca {line}" for line in _USAGE),
        description="CockroachDB's BACKUP, RESTORE and SHOW BACKUP without the cluster: a SQL shell over a store.",
        epilog=f"Without -e and -f, statements are read from the terminal, or from standard input.\n\n"
        f"exit status:\n{codes}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_locality_flag(_add_store_flags(parser))
    _add_run_flags(parser)
    return parser


def _demo_parser() -> argparse.ArgumentParser:
    from ootheca.exec.datasets import DATASETS

    parser = Parser(
        prog="ootheca demo",
        description="A throw-away store with sample data and the sandbox on: nothing touches a network.",
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
    parser = Parser(
        prog="ootheca worker",
        description="Let the jobs go on that another process left, one after the other, and end with them.",
    )
    parser.add_argument(
        "jobs", nargs="*", type=int, metavar="JOB", help="ids (default: all that were interrupted)"
    )
    _add_locality_flag(_add_store_flags(parser))
    parser.add_argument("--verbose", action="store_true", help="write a traceback with each error")
    return parser


def _scheduler_parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="ootheca scheduler",
        description="Runs the backup schedules of a store, in the foreground, until SIGINT or SIGTERM.",
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

    parser = Parser(
        prog="ootheca report",
        description="One page about a collection of backups, or about one: layers in time, tables by size, keys, "
        "and whether every file is whole.",
    )
    add_report_flags(parser)
    _add_store_flags(parser)
    return parser


def _add_store_flags(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    parser.set_defaults(locality=None, verbose=False, format=None)  # of those that have no such flag
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
    run.add_argument("--version", action=_Version, nargs=0, help="write the version and leave")


def _completion_parser() -> argparse.ArgumentParser:
    from ootheca.shell.completion_script import SHELLS

    parser = Parser(
        prog="ootheca completion",
        description="Write a script that completes the words of this command in your shell. "
        "For bash: ootheca completion bash > ~/.local/share/bash-completion/completions/ootheca",
    )
    parser.add_argument("shell", choices=SHELLS, metavar="SHELL", help=f"one of {', '.join(SHELLS)}")
    return parser


def _locality(text: str) -> str:
    """Check a node's locality."""
    from ootheca.locality import parse_locality

    try:
        parse_locality(text)
    except InvalidOptionError as exc:
        raise argparse.ArgumentTypeError(exc.message) from exc
    return text


class _Version(argparse.Action):
    """Looks the version up when it is asked for, which takes longer than all other flags together."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        from importlib.metadata import PackageNotFoundError, version

        try:
            sys.stdout.write(f"ootheca {version('ootheca')}\n")
        except PackageNotFoundError:
            sys.stdout.write("ootheca (not installed)\n")
        parser.exit()


PARSERS: Final[dict[str, Callable[[], argparse.ArgumentParser]]] = {
    "sql": _sql_parser,
    "demo": _demo_parser,
    "report": _report_parser,
    "scheduler": _scheduler_parser,
    "worker": _worker_parser,
    "userfile": partial(file_parser, "userfile"),
    "nodelocal": partial(file_parser, "nodelocal"),
    "completion": _completion_parser,
}
"""What makes the parser of each subcommand."""
