"""From a URI to an open location: the one table of schemes.

In the sandbox a cloud's URI is checked exactly as outside, and served from
`<sandbox_dir>/<scheme>/<host>/<path>`; the one difference is that `gs` without AUTH finds the environment's
credentials there, under every version.

Source: reference/sql/07 §1-§2; conformance/*/scenarios/08_uris.json, 07_show_backup.json.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from ootheca.errors import AccessDeniedError, InternalError, InvalidOptionError, UnsupportedError
from ootheca.storage.base import Storage, StorageEnv, check_params
from ootheca.storage.directory import DirectoryStorage, DirectoryWords
from ootheca.storage.nodelocal import open_nodelocal
from ootheca.storage.null import NullStorage
from ootheca.uri import URI, parse_storage_uri

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["CLOUD_SCHEMES", "open_storage"]


@dataclass(frozen=True, slots=True)
class _Cloud:
    """One provider: the functions of a module that is only loaded when a URI asks for it."""

    name: str
    module: str
    can_list: bool = True


_S3: Final = _Cloud("s3", "s3")
_GS: Final = _Cloud("gs", "clouds")
_AZURE: Final = _Cloud("azure", "clouds")
_HTTP: Final = _Cloud("http", "clouds", can_list=False)

CLOUD_SCHEMES: Final = {
    "s3": _S3,
    "gs": _GS,
    "azure": _AZURE,
    "azure-blob": _AZURE,
    "azure-storage": _AZURE,
    "http": _HTTP,
    "https": _HTTP,
    "file-http": _HTTP,
    "file-https": _HTTP,
}

_KNOWN_BUT_UNSUPPORTED: Final = frozenset({"workload", "experimental-workload"})
_SCHEMES: Final = frozenset({"nodelocal", "external", "null", *CLOUD_SCHEMES, *_KNOWN_BUT_UNSUPPORTED})


def open_storage(uri: URI | str, env: StorageEnv) -> Storage:
    """Open a location; no network is contacted before its first use, but to find an s3 bucket's region.

    Raises:
        InvalidValueError: the text is no URI.
        InvalidOptionError: the URI breaks a rule of its scheme.
        UnsupportedError: no such scheme, or one that does not work here.
        StorageError: the node or the bucket is not there.
    """
    if isinstance(uri, str):
        uri = parse_storage_uri(uri)
    if uri.scheme == "userfile":
        return _open_userfile(uri, env)
    if uri.scheme in _SCHEMES and not env.allow_outbound:
        raise AccessDeniedError("external network access is disabled", sqlstate="XXUUU")
    if uri.scheme == "nodelocal":
        return open_nodelocal(uri, env)
    if uri.scheme == "null":
        return NullStorage(uri)
    if uri.scheme == "external" and env.resolve_external is not None:
        return _open_external(uri, env.resolve_external, env)
    cloud = CLOUD_SCHEMES.get(uri.scheme)
    if cloud is not None:
        return _open_sandboxed(cloud, uri, env) if env.sandbox else _open_cloud(cloud, uri, env)
    if uri.scheme in _KNOWN_BUT_UNSUPPORTED:
        raise UnsupportedError(
            f"{uri.scheme} storage is not supported", hint="use nodelocal, s3, gs or azure"
        )
    raise UnsupportedError(
        f'unsupported storage scheme: "{uri.scheme}" - refer to docs to find supported storage schemes',
        sqlstate="XXUUU",
    )


def _open_cloud(cloud: _Cloud, uri: URI, env: StorageEnv) -> Storage:
    opener: Callable[[URI, StorageEnv], Storage] = getattr(_load(cloud), f"open_{cloud.name}")
    return opener(uri, env)


def _open_sandboxed(cloud: _Cloud, uri: URI, env: StorageEnv) -> DirectoryStorage:
    module = _load(cloud)
    getattr(module, f"validate_{cloud.name}")(uri, env)
    if env.sandbox_dir is None:
        raise InternalError("the sandbox is on, and has no directory")
    words = DirectoryWords(getattr(module, f"{cloud.name.upper()}_LABEL"), env.profile, is_local=False)
    root = env.sandbox_dir / cloud.name / _folder_name(uri.host)
    return DirectoryStorage(root, uri.path, uri, words, can_list=cloud.can_list)


def _load(cloud: _Cloud) -> ModuleType:
    # obstore takes longer to load than all the rest of storage; nodelocal does without it.
    if cloud.module == "s3":
        from ootheca.storage import s3

        return s3
    from ootheca.storage import clouds

    return clouds


def _open_userfile(uri: URI, env: StorageEnv) -> DirectoryStorage:
    root: Path | None = env.userfile_dir
    if root is None and env.sandbox and env.sandbox_dir is not None:
        root = env.sandbox_dir / "userfile"
    if root is None:
        raise UnsupportedError("userfile storage is not available here", hint="use nodelocal")
    check_params(uri, (), env, "userfile")
    path = uri.path
    normal = posixpath.normpath(path) if path else path
    if normal != (path.rstrip("/") or path):
        raise InvalidOptionError(
            f"path {path} changes after normalization to {normal}. "
            "userfile upload does not permit such path constructs",
            sqlstate="XXUUU",
        )
    table = uri.host or f"defaultdb.public.userfiles_{env.user}"
    words = DirectoryWords("userfile storage file does not exist", env.profile, is_local=False)
    return DirectoryStorage(root / _folder_name(table), path, uri, words)


def _open_external(uri: URI, resolve: Callable[[str], str], env: StorageEnv) -> Storage:
    """Open what an external connection stands for, at the path that was added to its name."""
    if not uri.host:
        raise InvalidOptionError(
            f"host component of an external URI must refer to an existing External Connection object: {uri}",
            sqlstate="XXUUU",
        )
    target = parse_storage_uri(resolve(uri.host))
    if target.scheme == "external":
        raise InvalidOptionError("external connection cannot refer to another external connection")
    storage = open_storage(target, env)
    return storage.at(uri.path) if uri.path.strip("/") else storage


def _folder_name(host: str) -> str:
    """Return a host as one name of a directory, never `.` or `..`."""
    name = quote(host, safe="-_.:", errors="surrogateescape")
    return name.replace(".", "%2E") if not name.strip(".") else name
