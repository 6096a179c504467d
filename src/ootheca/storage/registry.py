"""From a URI to an open location: the one table of schemes.

In the sandbox a cloud's URI is checked exactly as outside, and served from
`<sandbox_dir>/<scheme>/<host>/<path>`; the one difference is that `gs` without AUTH finds the environment's
credentials there, under every version.

Source: reference/sql/07 §1-§2; conformance/*/scenarios/08_uris.json, 07_show_backup.json.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ootheca.errors import AccessDeniedError, InternalError, InvalidOptionError, UnsupportedError
from ootheca.storage.base import Storage, StorageEnv
from ootheca.storage.directory import DirectoryStorage, DirectoryWords, folder_name
from ootheca.storage.nodelocal import open_nodelocal
from ootheca.storage.null import NullStorage
from ootheca.storage.userfile import open_userfile
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
        return open_userfile(uri, env)
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
    root = env.sandbox_dir / cloud.name / folder_name(uri.host)
    return DirectoryStorage(root, uri.path, uri, words, can_list=cloud.can_list)


def _load(cloud: _Cloud) -> ModuleType:
    # obstore takes longer to load than all the rest of storage; nodelocal does without it.
    if cloud.module == "s3":
        from ootheca.storage import s3

        return s3
    from ootheca.storage import clouds

    return clouds


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
