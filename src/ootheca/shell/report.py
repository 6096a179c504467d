"""`ootheca report`: what lies in a bucket, on one page.

Secrets do not belong in a command's words, which every process of the machine can list: a passphrase comes from a file
or the environment. Storage and KMS URIs may carry credentials; AUTH=implicit keeps them out.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

from ootheca.clock import Timestamp
from ootheca.errors import InvalidOptionError, StorageError

if TYPE_CHECKING:
    from ootheca.exec.session import Session
    from ootheca.report.keys import Keys

__all__ = ["DEFAULT_OUTPUT", "PASSPHRASE_VARIABLE", "add_report_flags", "run_report"]

DEFAULT_OUTPUT: Final = "report.html"
PASSPHRASE_VARIABLE: Final = "OOTHECA_PASSPHRASE"
_STANDARD_OUTPUT: Final = "-"


def add_report_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags of the command that say what is told, with which keys, and where to."""
    parser.add_argument(
        "uri",
        metavar="URI",
        nargs="+",
        help="a collection, or the folder of a full backup; of a locality-aware one the URI of each locality",
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help=f"where the page goes, - is standard output (default: standard output, on a terminal {DEFAULT_OUTPUT})",
    )
    parser.add_argument(
        "--incremental-location", metavar="URI", help="where the incremental layers lie, if not with the full"
    )
    parser.add_argument(
        "--no-verify", action="store_true", help="read manifests only, so that nothing is said of data files"
    )
    parser.add_argument(
        "--check", action="store_true", help="leave with status 1 where a backup is damaged or was not opened"
    )
    keys = parser.add_argument_group("keys", "Every key is tried by itself; without one the page tells less.")
    keys.add_argument(
        "--encryption-passphrase-file",
        metavar="FILE",
        help=f"a file that holds the passphrase, and a line end or none (default: the variable {PASSPHRASE_VARIABLE})",
    )
    keys.add_argument("--encryption-passphrase", type=_refuse_passphrase, help=argparse.SUPPRESS)
    keys.add_argument(
        "--kms",
        metavar="URI",
        action="append",
        default=[],
        help="a master key (repeatable); those that a backup was not encrypted with are not asked for it",
    )


def _refuse_passphrase(_: str) -> NoReturn:
    """Refuse the flag that has the option's name, without repeating what follows it."""
    raise argparse.ArgumentTypeError(
        f"a passphrase on the command line can be read by others: give --encryption-passphrase-file, or the variable "
        f"{PASSPHRASE_VARIABLE}"
    )


def run_report(flags: argparse.Namespace, session: Session) -> int:
    """Look at the backups that the flags name and write the page; return the exit status.

    Damage is told on the page and by a line on the error stream; it is a failure of this command if the flags say so.
    """
    from ootheca.exec.places import open_stores
    from ootheca.report.collect import collect
    from ootheca.report.page import render_page, verdict

    elsewhere = flags.incremental_location
    report = collect(
        open_stores(session, flags.uri),
        _keys(flags, session),
        now=Timestamp(session.clock.now().wall_ns),
        incremental_location=open_stores(session, [elsewhere]) if elsewhere else None,
        verifies=not flags.no_verify,
    )
    output = flags.output or (DEFAULT_OUTPUT if sys.stdout.isatty() else _STANDARD_OUTPUT)
    _write(render_page(report), output)
    sys.stderr.write(f"# {verdict(report)}\n")
    return 1 if flags.check and report.state in ("damaged", "locked") else 0


def _keys(flags: argparse.Namespace, session: Session) -> Keys:
    from ootheca.crypto.kms import open_kms
    from ootheca.exec.places import kms_environment, kms_uri
    from ootheca.report.keys import Keys

    environment = kms_environment(session)
    services = (open_kms(kms_uri(session, uri), environment) for uri in flags.kms)
    return Keys(_passphrase(flags.encryption_passphrase_file), tuple(services))


def _passphrase(file: str | None) -> str | None:
    """Return the passphrase of a file, or of the environment, where an empty one counts as none."""
    if file is None:
        return os.environ.get(PASSPHRASE_VARIABLE) or None
    try:
        text = Path(file).read_text(encoding="utf-8")
    except OSError as exc:
        raise StorageError(f"cannot read the passphrase file {file}: {exc.strerror}") from exc
    except UnicodeDecodeError as exc:
        raise InvalidOptionError(
            f"the passphrase file {file} is no text", sqlstate="XXUUU", hint="write the passphrase in UTF-8"
        ) from exc
    return text.removesuffix("\n").removesuffix("\r")


def _write(page: str, output: str) -> None:
    if output == _STANDARD_OUTPUT:
        sys.stdout.write(page)
        return
    try:
        Path(output).write_text(page, encoding="utf-8")
    except OSError as exc:
        raise StorageError(
            f"cannot write {output}: {exc.strerror}", hint="name another file with -o"
        ) from exc
