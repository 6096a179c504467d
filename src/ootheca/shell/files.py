"""`ootheca userfile upload|list|get|delete` and `ootheca nodelocal upload`: files beside the store.

The commands and what they print are CockroachDB's. Flags that say how to reach a server are taken, so that a runbook's
line works as it stands, and have no effect: there is none.

Source: reference/sql/06 §4; the pages cockroach-userfile-* and cockroach-nodelocal-upload.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final, NoReturn

from ootheca.errors import ObjectExistsError, ObjectNotFoundError, OothecaError, StorageError
from ootheca.shell.launch import UsageError, store_path

if TYPE_CHECKING:
    from ootheca.exec.session import Session
    from ootheca.storage.base import Storage

__all__ = ["FILE_COMMANDS", "run_files"]

FILE_COMMANDS: Final = ("userfile", "nodelocal")
_CHUNK_SIZE: Final = 1 << 20
_CONNECTION_FLAGS: Final = {"--certs-dir": "DIR", "--host": "HOST:PORT", "--url": "URL", "--user": "NAME"}


class _Parser(argparse.ArgumentParser):
    """Leaves the exit status to `main`."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{self.format_usage()}{self.prog}: {message}")


def run_files(words: list[str]) -> int:
    """Run a command of files and return its exit status.

    Raises:
        UsageError: flags or arguments that it does not take.
    """
    from ootheca.exec.session import Session
    from ootheca.shell.render.errors import format_error

    flags = _parser(words[0]).parse_args(words[1:])
    try:
        with Session(store_path(flags.store), external_io_dir=flags.external_io_dir) as session:
            flags.run(flags, session)
    except OothecaError as exc:
        sys.stderr.write(format_error(exc))
        return 1
    return 0


def _parser(kind: str) -> argparse.ArgumentParser:
    about = {
        "userfile": "Files of the store, which statements name as userfile:///path.",
        "nodelocal": "Files under the external-io-dir, which statements name as nodelocal://1/path.",
    }[kind]
    parser = _Parser(prog=f"ootheca {kind}", description=about, allow_abbrev=False)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=_Parser)
    upload = _command(commands, "upload", "copy a local file there", _upload, kind)
    upload.add_argument("source", metavar="SOURCE")
    upload.add_argument("destination", metavar="DESTINATION", nargs="?" if kind == "userfile" else None)
    if kind == "userfile":
        upload.add_argument(
            "-r", "--recursive", action="store_true",
            help="copy a directory; a slash at the end of SOURCE leaves its name out",
        )  # fmt: skip
        for name, help_, run in (
            ("list", "list files", _list),
            ("get", "copy files from there", _get),
            ("delete", "delete files", _delete),
        ):
            command = _command(commands, name, help_, run, kind)
            command.add_argument(
                "pattern", metavar="FILE | DIR | PATTERN", nargs=None if name != "list" else "?"
            )
            if name == "get":
                command.add_argument("destination", metavar="DESTINATION", nargs="?", type=Path)
    return parser


def _command(
    commands: argparse._SubParsersAction[_Parser],
    name: str,
    about: str,
    run: Callable[[argparse.Namespace, Session], None],
    kind: str,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=about, description=f"{about.capitalize()}.", allow_abbrev=False)
    parser.set_defaults(run=run, kind=kind, recursive=False)
    parser.add_argument(
        "--store", metavar="DIR", help="directory of the store (default: as of `ootheca sql`)"
    )
    parser.add_argument("--external-io-dir", metavar="DIR", type=Path, help="what nodelocal:// serves")
    ignored = parser.add_argument_group("taken for CockroachDB's sake, without effect")
    for flag, value in _CONNECTION_FLAGS.items():
        ignored.add_argument(flag, metavar=value)
    ignored.add_argument("--insecure", action="store_true")
    return parser


# Places


def _place(kind: str, text: str, session: Session) -> tuple[Storage, str]:
    """Return the place of the files of a kind, and the name in it that a path or URI stands for.

    Raises:
        OothecaError: a URI of something else, or one that cannot be opened.
    """
    from ootheca.exec.places import storage_environment
    from ootheca.storage.registry import open_storage
    from ootheca.uri import parse_storage_uri

    env = storage_environment(session)
    path, host = text, "1" if kind == "nodelocal" else f"defaultdb.public.userfiles_{session.user}"
    if "://" in text:
        uri = parse_storage_uri(text)
        if uri.scheme != kind:
            raise StorageError(
                f"{kind} commands take paths and {kind} URIs, not {uri.scheme}", sqlstate="22023"
            )
        path, host = uri.path, uri.host or host
    return open_storage(f"{kind}://{host}/", env), path.strip("/")


def _shown(place: Storage, name: str) -> str:
    return f"{str(place.uri).rstrip('/')}/{name}"


def _matching(place: Storage, pattern: str) -> Iterator[str]:
    """Yield the files that a name, a directory or a pattern means; in a pattern `*` and `?` stop at slashes."""
    words = {"*": "[^/]*", "?": "[^/]"}
    matcher = re.compile("".join(words.get(char) or re.escape(char) for char in pattern))
    for info in place.list(""):
        if not pattern or matcher.fullmatch(info.name) or info.name.startswith(f"{pattern}/"):
            yield info.name


# Commands


def _upload(flags: argparse.Namespace, session: Session) -> None:
    source = Path(flags.source)
    place, name = _place(flags.kind, flags.destination or "", session)
    if not flags.recursive:
        _upload_file(place, source, name or source.name)
        return
    top = source if flags.source.endswith("/") else source.parent
    files = sorted(path for path in source.rglob("*") if path.is_file())
    if not files:
        raise _unreadable(source, "no files in it")
    for path in files:
        _upload_file(place, path, str(PurePosixPath(name, path.relative_to(top).as_posix())))


def _upload_file(place: Storage, source: Path, name: str) -> None:
    if place.exists(name):
        raise ObjectExistsError(
            f"destination file already exists for {_shown(place, name)}",
            hint="delete it first, or name another destination",
        )
    try:
        with source.open("rb") as file, place.writer(name) as target:
            shutil.copyfileobj(file, target, _CHUNK_SIZE)
    except OSError as exc:
        raise _unreadable(source, exc.strerror or "") from exc
    sys.stdout.write(f"successfully uploaded to {_shown(place, name)}\n")


def _list(flags: argparse.Namespace, session: Session) -> None:
    place, pattern = _place(flags.kind, flags.pattern or "", session)
    for name in _matching(place, pattern):
        sys.stdout.write(f"{_shown(place, name)}\n")


def _get(flags: argparse.Namespace, session: Session) -> None:
    place, pattern = _place(flags.kind, flags.pattern, session)
    names = list(_matching(place, pattern))
    if not names:
        raise _nothing(place, pattern)
    target: Path | None = flags.destination
    is_directory = len(names) > 1 or names != [pattern] or (target is not None and target.is_dir())
    for name in names:
        path = Path(name) if target is None else target / name if is_directory else target
        size = _get_file(place, name, Path(path.name) if target is None and not is_directory else path)
        sys.stdout.write(f"downloaded {name} to {path} ({size} B)\n")


def _get_file(place: Storage, name: str, path: Path) -> int:
    size = place.size(name)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            for offset in range(0, size, _CHUNK_SIZE):
                file.write(place.read_range(name, offset, _CHUNK_SIZE))
    except OSError as exc:
        raise StorageError(f"cannot write {path}: {(exc.strerror or '').lower()}") from exc
    return size


def _delete(flags: argparse.Namespace, session: Session) -> None:
    place, pattern = _place(flags.kind, flags.pattern, session)
    names = list(_matching(place, pattern))
    if not names:
        raise _nothing(place, pattern)
    for name in names:
        place.delete(name)
        sys.stdout.write(f"deleted {_shown(place, name)}\n")


def _nothing(place: Storage, pattern: str) -> ObjectNotFoundError:
    return ObjectNotFoundError(
        f"no files matched {_shown(place, pattern)}", hint="`ootheca userfile list` shows what is there"
    )


def _unreadable(path: Path, reason: str) -> StorageError:
    return StorageError(f"cannot read {path}: {reason.lower()}", hint="name a file of this machine")
