"""The flags of `ootheca userfile` and `ootheca nodelocal`; what they do is in `files`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final, Literal

from ootheca.shell.launch import Parser

__all__ = ["FileKind", "file_parser"]

FileKind = Literal["userfile", "nodelocal"]

_ABOUT: Final[dict[FileKind, str]] = {
    "userfile": "Files of the store, which statements name as userfile:///path.",
    "nodelocal": "Files under the external-io-dir, which statements name as nodelocal://1/path.",
}
_CONNECTION_FLAGS: Final = {"--certs-dir": "DIR", "--host": "HOST:PORT", "--url": "URL", "--user": "NAME"}


def file_parser(kind: FileKind) -> argparse.ArgumentParser:
    """Return the parser of the commands of a kind of files; the chosen one is in `command`."""
    parser = Parser(prog=f"ootheca {kind}", description=_ABOUT[kind])
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=Parser)
    upload = _command(commands, "upload", "copy a local file there")
    upload.set_defaults(recursive=False)
    upload.add_argument("source", metavar="SOURCE")
    upload.add_argument("destination", metavar="DESTINATION", nargs="?" if kind == "userfile" else None)
    if kind == "userfile":
        upload.add_argument(
            "-r", "--recursive", action="store_true",
            help="copy a directory; a slash at the end of SOURCE leaves its name out",
        )  # fmt: skip
        pattern = "FILE | DIR | PATTERN"
        _command(commands, "list", "list files").add_argument("pattern", metavar=pattern, nargs="?")
        get = _command(commands, "get", "copy files from there")
        get.add_argument("pattern", metavar=pattern)
        get.add_argument("destination", metavar="DESTINATION", nargs="?", type=Path)
        _command(commands, "delete", "delete files").add_argument("pattern", metavar=pattern)
    return parser


def _command(commands: argparse._SubParsersAction[Parser], name: str, about: str) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=about, description=f"{about.capitalize()}.")
    parser.add_argument(
        "--store", metavar="DIR", help="directory of the store (default: as of `ootheca sql`)"
    )
    parser.add_argument("--external-io-dir", metavar="DIR", type=Path, help="what nodelocal:// serves")
    ignored = parser.add_argument_group("taken for CockroachDB's sake, without effect")
    for flag, value in _CONNECTION_FLAGS.items():
        ignored.add_argument(flag, metavar=value)
    ignored.add_argument("--insecure", action="store_true")
    return parser
