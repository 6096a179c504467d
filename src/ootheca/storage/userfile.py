"""`userfile://[database.schema.table]/path`: files of the store, in one folder for each table that they would be in.

A cluster keeps these files in two of its tables, by default in those of the user. Here they lie in a directory of the
store: they go where the store goes, and take nothing of its tables' room. What belongs to a user is the user's: the
default tables by their name, others by who first named them, since a cluster makes them then.

Layout: <directory>/<table>/<path>, and <directory>-owners/<table>, which holds the owner's name.
Source: reference/sql/07 §2.
"""

from __future__ import annotations

import posixpath
from pathlib import Path
from typing import Final

from ootheca.errors import AccessDeniedError, InvalidOptionError, StorageError, UnsupportedError
from ootheca.storage.base import StorageEnv, check_params
from ootheca.storage.directory import DirectoryStorage, DirectoryWords, folder_name
from ootheca.uri import URI

__all__ = ["open_userfile"]

_DEFAULT_TABLES: Final = "defaultdb.public.userfiles_"


def open_userfile(uri: URI, env: StorageEnv) -> DirectoryStorage:
    """Open a location among the store's own files.

    Raises:
        InvalidOptionError: the path is not normal, or there are parameters.
        AccessDeniedError: the files are those of another user.
        UnsupportedError: there is no store.
    """
    check_params(uri, (), env, "userfile")
    if env.userfile_dir is None:
        raise UnsupportedError("userfile storage is not available here", hint="use nodelocal")
    normal = posixpath.normpath(uri.path) if uri.path else uri.path
    if normal != (uri.path.rstrip("/") or uri.path):
        raise InvalidOptionError(
            f"path {uri.path} changes after normalization to {normal}. "
            "userfile upload does not permit such path constructs",
            sqlstate="XXUUU",
        )
    table = uri.host or _DEFAULT_TABLES + env.user
    folder = folder_name(table)
    if not env.is_admin and env.user != _owner(env.userfile_dir, table, folder, env.user):
        name = table.rpartition(".")[2]
        raise AccessDeniedError(
            f"user {env.user} does not have SELECT privilege on relation {name}_upload_files",
            hint=f"userfile:///… are your own files, in {_DEFAULT_TABLES}{env.user}",
        )
    words = DirectoryWords("userfile storage file does not exist", env.profile, is_local=False)
    return DirectoryStorage(env.userfile_dir / folder, uri.path, uri, words)


def _owner(directory: Path, table: str, folder: str, user: str) -> str:
    """Return whose a table of files is; one that nobody named before becomes the user's.

    One whose files are there, and whose owner was never noted, is an admin's.
    """
    if table.startswith(_DEFAULT_TABLES):
        return table.removeprefix(_DEFAULT_TABLES)
    note = directory.with_name(f"{directory.name}-owners") / folder
    try:
        if not (directory / folder).exists():
            note.parent.mkdir(parents=True, exist_ok=True)
            with note.open("x", encoding="utf-8") as file:
                file.write(user)
    except FileExistsError:
        pass
    except OSError as exc:
        raise StorageError(f"cannot note the owner of {table}: {exc.strerror}", location=table) from exc
    return note.read_text(encoding="utf-8") if note.exists() else ""
