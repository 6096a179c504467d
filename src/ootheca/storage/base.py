"""What every storage location can do, what it needs to know to be opened, and how its failures are worded.

Errors, for all locations:
    permanent  ObjectNotFoundError, ObjectExistsError, AccessDeniedError, UnsupportedError, and StorageError
               for names that no object can have and for faults of the medium;
    may pass   UnavailableError (`retryable`): not reached, too slow, or asked to slow down, after the
               retries of `storage/retry.py` are spent.

Source: reference/sql/07 §2; conformance/*/scenarios/08_uris.json; fixtures/golden/*/k_errors/output.txt.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol

from ootheca.errors import InvalidOptionError, ObjectExistsError, ObjectNotFoundError, StorageError
from ootheca.locality import LOCALITY_PARAM
from ootheca.uri import URI, join

__all__ = [
    "AWSCredentials",
    "Buffer",
    "ObjectInfo",
    "Storage",
    "StorageEnv",
    "StorageProfile",
    "StorageWriter",
    "check_params",
    "invalid_name",
    "is_object_name",
    "object_exists",
    "object_not_found",
    "relative_name",
    "storage_profile",
]

Buffer = bytes | bytearray | memoryview


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """One object of a listing: its name relative to the location, and its size in bytes."""

    name: str
    size: int


class StorageWriter(Protocol):
    """An object in the making."""

    def write(self, data: Buffer, /) -> object:
        """Append bytes."""
        ...


class Storage(Protocol):
    """One external location: a directory, or a prefix in a bucket.

    Names are relative to the location, with `/` between their parts; any text is a name, but for control
    characters. `..` may lead to a location beside this one, never out of the bucket or the served directory.
    Safe to use from several threads.
    """

    @property
    def uri(self) -> URI:
        """Where this is; prints redacted."""
        ...

    @property
    def can_list(self) -> bool:
        """Whether `list` works here."""
        ...

    def read(self, name: str) -> bytes:
        """Return a whole object. Raises ObjectNotFoundError."""
        ...

    def read_range(self, name: str, offset: int, length: int) -> bytes:
        """Return bytes `[offset, offset + length)`, fewer where it ends. Raises ObjectNotFoundError."""
        ...

    def size(self, name: str) -> int:
        """Return an object's size in bytes. Raises ObjectNotFoundError."""
        ...

    def exists(self, name: str) -> bool:
        """Tell whether an object is there."""
        ...

    def write(self, name: str, data: Buffer, *, overwrite: bool = True) -> None:
        """Create or replace an object, durably; nobody ever sees a part of it.

        With `overwrite=False` an object that is there stays as it is, and ObjectExistsError is raised; of
        several such writers at one time exactly one succeeds.
        """
        ...

    def writer(self, name: str) -> AbstractContextManager[StorageWriter]:
        """Write an object piece by piece, in memory that does not grow with it.

        The object appears, whole and durable, when the block ends; if the block raises it does not appear.
        """
        ...

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """Yield the objects whose names start with a text, in the order of the names' UTF-8 bytes.

        All depths are listed. A location that was never written to is empty.
        Raises UnsupportedError where `can_list` is false.
        """
        ...

    def delete(self, name: str) -> None:
        """Remove an object; an absent one is no error."""
        ...

    def at(self, subpath: str) -> Storage:
        """Return the location below this one."""
        ...


@dataclass(frozen=True, slots=True)
class AWSCredentials:
    """The AWS credentials of one moment; asked for again at `expires_at`, where they expire."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class StorageProfile:
    """What differs between versions of the server.

    Attributes:
        detail_first: a missing object's message starts with the detail, not with the provider.
        has_stat_prefix: reading outside external-io-dir through a node id says `getting stat of file:` first.
        gs_needs_credentials: `gs` without AUTH does not fall back to the environment.
        refuses_unknown_params: query parameters that no version knows are an error.
    """

    detail_first: bool
    has_stat_prefix: bool
    gs_needs_credentials: bool
    refuses_unknown_params: bool = False


_PROFILES: Final = {
    "20.2": StorageProfile(detail_first=False, has_stat_prefix=True, gs_needs_credentials=False),
    "21.2": StorageProfile(detail_first=True, has_stat_prefix=False, gs_needs_credentials=True),
}


def storage_profile(version: str) -> StorageProfile:
    """Return the facts of a version (`'20.2'`, `'21.2'`); others take those of the nearest older one."""

    def order(text: str) -> tuple[int, ...]:
        return tuple(int(part) for part in text.split("-")[0].split("."))

    known = [candidate for candidate in _PROFILES if order(candidate) <= order(version)]
    return _PROFILES[max(known, key=order) if known else "20.2"]


@dataclass(frozen=True, slots=True)
class StorageEnv:
    """What opening a location depends on besides its URI.

    Attributes:
        external_io_dir: the directory that `nodelocal` serves, whatever the node.
        sandbox: serve every cloud's locations from `sandbox_dir`, and touch no network.
        userfile_dir: the directory that holds what is uploaded to `userfile`; None where there is none.
        node_ids: the nodes that `nodelocal` reaches, besides 0 and `self`.
        user: whose default `userfile` table is meant.
        is_admin: that user may use the files of others.
        allow_outbound, allow_local, allow_http, allow_implicit: as the server's flags --external-io-disabled,
            --external-io-dir=disabled, --external-io-disable-http and --external-io-disable-implicit-credentials say.
        gs_default_key: the cluster setting cloudstorage.gs.default.key (a service account's JSON).
        azure_endpoint: where Azure's blob service is asked for, instead of the account's own address.
        aws_credentials: gives the credentials for `AUTH=implicit` on s3; without it, obstore's own chain does
            (environment, web identity, container, instance).
        resolve_external: gives the text of the URI behind `external://name`.
    """

    external_io_dir: Path
    sandbox: bool = False
    sandbox_dir: Path | None = None
    userfile_dir: Path | None = None
    profile: StorageProfile = _PROFILES["21.2"]
    node_ids: frozenset[int] = frozenset({1})
    user: str = "root"
    is_admin: bool = True
    allow_outbound: bool = True
    allow_local: bool = True
    allow_http: bool = True
    allow_implicit: bool = True
    gs_default_key: str = field(default="", repr=False)
    azure_endpoint: str = ""
    aws_credentials: Callable[[], AWSCredentials] | None = field(default=None, repr=False)
    resolve_external: Callable[[str], str] | None = field(default=None, repr=False)


def check_params(uri: URI, known: Collection[str], env: StorageEnv, provider: str) -> None:
    """Refuse parameters that a scheme does not have, where the version does.

    Raises:
        InvalidOptionError: `unknown S3 query parameters: …`.
    """
    unknown = sorted(set(uri.params) - set(known) - {LOCALITY_PARAM})
    if unknown and env.profile.refuses_unknown_params:
        raise InvalidOptionError(
            f"unknown {provider} query parameters: {', '.join(unknown)}", sqlstate="XXUUU"
        )


def relative_name(base: str, name: str) -> str:
    """Return base and name as one normal relative path; it starts with `..` when it leaves the root.

    Layout: `a/b`, without leading, trailing or doubled `/`; `.` for the root itself.
    """
    return posixpath.normpath(posixpath.join(".", base.strip("/"), name.strip("/")))


def is_object_name(name: str) -> bool:
    """Tell whether a name is more than the location itself."""
    return relative_name("", name) != "."


def object_not_found(
    profile: StorageProfile, label: str, detail: str, uri: URI, name: str
) -> ObjectNotFoundError:
    """Return the error for a missing object; label is the provider's, as `s3 object does not exist`."""
    parts = (detail, label) if profile.detail_first else (label, detail)
    message = f"{': '.join(parts)}: external_storage: file doesn't exist"
    return ObjectNotFoundError(message, sqlstate="XXUUU", location=join(uri, name).bare())


def object_exists(uri: URI, name: str) -> ObjectExistsError:
    """Return the error for an object that is in the way."""
    location = join(uri, name).bare()
    return ObjectExistsError(f"{location} already exists", location=location)


def invalid_name(uri: URI, name: str) -> StorageError:
    """Return the error for a name that no object of the location can have."""
    return StorageError(f"{name!r} cannot be the name of an object in {uri.bare()}", location=uri.bare())
