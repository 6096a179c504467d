"""What a key service is to us: something with a master key that wraps and unwraps a data key.

A KMS is opened from a URI (`registry.open_kms`); the service is first contacted by `wrap` or `unwrap`.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Literal, Protocol

from ootheca.crypto.kms.keyring import Keyring
from ootheca.errors import InvalidOptionError, UnsupportedError
from ootheca.uri import URI

__all__ = [
    "KMS",
    "NOT_SYMMETRIC",
    "KMSCall",
    "KMSEnvironment",
    "MasterKey",
    "NamedKMS",
    "auth_error",
    "check_outbound",
    "check_params",
    "check_path",
    "uri_error",
]

_AUTH_VALUES = ("specified", "implicit")
NOT_SYMMETRIC = (
    "the master key must be a symmetric one, for encryption and decryption; name or make such a key"
)


@dataclass(frozen=True, slots=True)
class KMSEnvironment:
    """What a server's flags and the session say about key services.

    Attributes:
        keyring: the sandbox's master keys; when set, no key service is ever contacted.
        disable_outbound: `--external-io-disabled`.
        disable_http: `--external-io-disable-http`: no custom endpoints.
        disable_implicit_credentials: `--external-io-disable-implicit-credentials`.
        refuses_unknown_params: unknown query parameters are an error, as in newer versions.
        quotes_escaped: a text that is no URI is quoted percent-encoded, as version 20.2 does.
        audit: is told of every call to a key service, after it was answered or failed.
    """

    keyring: Keyring | None = None
    disable_outbound: bool = False
    disable_http: bool = False
    disable_implicit_credentials: bool = False
    refuses_unknown_params: bool = False
    quotes_escaped: bool = False
    audit: Callable[[KMSCall], None] | None = None


@dataclass(frozen=True, slots=True)
class KMSCall:
    """One call to a key service, for whoever keeps an account of them; `str()` is its line. Holds no secret."""

    operation: Literal["encrypt", "decrypt"]
    key: MasterKey
    result: str  # `succeeded`, or what the service said

    def __str__(self) -> str:
        return f"KMS {self.operation} with {self.key}: {self.result}"


@dataclass(frozen=True, slots=True)
class MasterKey:
    """Which master key a URI names.

    Attributes:
        scheme: as in the URI, for messages.
        provider: the same for all schemes of one cloud.
        key_id: what ENCRYPTION-INFO files the wrapped key under (its SHA-256).
        region: where the key lives; not part of the id. For Azure the vault.
        shared_id: what replicas of one key in several regions have in common; empty for a key of one region.
        replica_ids: other ids under which a replica may have been filed.
    """

    scheme: str
    provider: str
    key_id: str
    region: str
    shared_id: str = ""
    replica_ids: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.key_id} ({self.scheme}{f', {self.region}' if self.region else ''})"


class KMS(Protocol):
    """One master key in a key service.

    Permanent errors: `AccessDeniedError` (these credentials may not use the key) and `KMSError` (no such
    key, a disabled key, a blob that is not from this key). `KMSError` with `retryable` set: the service was
    not reached, failed, or asked to slow down. Callers do not retry; `unwrap` may instead be asked of
    another KMS.
    """

    @property
    def key(self) -> MasterKey:
        """Which master key it is; known without contacting the service."""
        ...

    def wrap(self, data_key: bytes) -> bytes:
        """Encrypt a data key of 32 bytes with the master key."""
        ...

    def unwrap(self, wrapped: bytes) -> bytes:
        """Decrypt what `wrap` returned, in this or an earlier process."""
        ...


class NamedKMS:
    """What every KMS tells of itself."""

    def __init__(self, key: MasterKey) -> None:
        self.key = key

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.key})"


def uri_error(message: str, *, hint: str | None = None) -> InvalidOptionError:
    """A KMS URI that cannot be used; CockroachDB gives these no SQLSTATE of their own."""
    return InvalidOptionError(message, sqlstate="XXUUU", hint=hint)


def auth_error(value: str) -> InvalidOptionError:
    """`unsupported value … for AUTH`, with the valid value that was probably meant."""
    nearest = difflib.get_close_matches(value.lower(), _AUTH_VALUES, n=1)
    if nearest:
        hint = f"did you mean AUTH={nearest[0]}? The value is case-sensitive"
    else:
        hint = "use AUTH=specified with credentials in the URI, or AUTH=implicit for those of the environment"
    return uri_error(f"unsupported value {value} for AUTH", hint=hint)


def check_outbound(env: KMSEnvironment, service: str) -> None:
    """Refuse any key service while external IO is switched off."""
    if env.disable_outbound:
        raise UnsupportedError(f"external IO must be enabled to use {service}", sqlstate="XXUUU")


def check_params(uri: URI, known: Collection[str], env: KMSEnvironment) -> None:
    """Refuse unknown parameters, where the version does."""
    unknown = sorted(set(uri.params) - set(known))
    if unknown and env.refuses_unknown_params:
        raise uri_error(f"unknown KMS query parameters: {', '.join(unknown)}")


def check_path(uri: URI) -> str:
    """Return the path without its leading `/`, which names the key."""
    path = uri.path.removeprefix("/")
    if not path:
        raise uri_error(
            "path component of the KMS cannot be empty; must contain the Customer Managed Key",
            hint=f"write three slashes: {uri.scheme}:///<key>?…",
        )
    return path
