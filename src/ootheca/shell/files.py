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
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from ootheca.errors import ObjectExistsError, ObjectNotFoundError, OothecaError, StorageError
from ootheca.shell.launch import store_path

if TYPE_CHECKING:
    from ootheca.exec.session import Session
    from ootheca.shell.file_flags import FileKind
    from ootheca.storage.base import Storage

__all__ = ["run_files"]

_CHUNK_SIZE: Final = 1 << 20


def run_files(kind: FileKind, flags: argparse.Namespace) -> int:
    """Run a command of files and return its exit status.

    Args:
        flags: as the parser of the kind reads them, see `file_flags`.
    """
    from ootheca.exec.session import Session
    from ootheca.shell.render.errors import format_error

    try:
        with Session(store_path(flags.store), external_io_dir=flags.external_io_dir) as session:
            _RUN[flags.command](kind, flags, session)
    except OothecaError as exc:
        sys.stderr.write(format_error(exc))
        return 1
    return 0


# Places


def _place(kind: FileKind, text: str, session: Session) -> tuple[Storage, str]:
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


def _upload(kind: FileKind, flags: argparse.Namespace, session: Session) -> None:
    source = Path(flags.source)
    place, name = _place(kind, flags.destination or "", session)
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


def _list(kind: FileKind, flags: argparse.Namespace, session: Session) -> None:
    place, pattern = _place(kind, flags.pattern or "", session)
    for name in _matching(place, pattern):
        sys.stdout.write(f"{_shown(place, name)}\n")


def _get(kind: FileKind, flags: argparse.Namespace, session: Session) -> None:
    place, pattern = _place(kind, flags.pattern, session)
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


def _delete(kind: FileKind, flags: argparse.Namespace, session: Session) -> None:
    place, pattern = _place(kind, flags.pattern, session)
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


_RUN: Final = {"upload": _upload, "list": _list, "get": _get, "delete": _delete}
