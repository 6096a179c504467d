"""`userfile://[database.schema.table]/path`: files of the store, in one folder for each table that they would be in.

A cluster keeps these files in two of its tables, by default in those of the user. Here they lie in a directory of the
store: they go where the store goes, and take nothing of its tables' room. What belongs to a user is the user's.

Source: reference/sql/07 §2.
"""

from __future__ import annotations

import posixpath
from typing import Final

from ootheca.errors import AccessDeniedError, InvalidOptionError, UnsupportedError
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
    own = _DEFAULT_TABLES + env.user
    table = uri.host or own
    if table.startswith(_DEFAULT_TABLES) and table != own and not env.is_admin:
        name = table.rpartition(".")[2]
        raise AccessDeniedError(
            f"user {env.user} does not have SELECT privilege on relation {name}_upload_files",
            sqlstate="42501",
        )
    words = DirectoryWords("userfile storage file does not exist", env.profile, is_local=False)
    return DirectoryStorage(env.userfile_dir / folder_name(table), uri.path, uri, words)
