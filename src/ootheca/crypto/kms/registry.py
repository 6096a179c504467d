"""From a KMS URI to a KMS, by scheme.

In the sandbox every cloud's URI is validated as outside and served from the keyring, and CockroachDB's `testkms`
exists besides.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from ootheca.crypto.kms.aws import AWSKMS, parse_aws_key
from ootheca.crypto.kms.azure import AzureKMS, parse_azure_key
from ootheca.crypto.kms.base import KMS, KMSCall, KMSEnvironment, MasterKey, uri_error
from ootheca.crypto.kms.gcp import GoogleKMS, parse_gcp_key
from ootheca.crypto.kms.local import LocalKMS, TestKMS, parse_test_key
from ootheca.errors import OothecaError
from ootheca.uri import URI, parse_kms_uri

__all__ = ["open_kms"]


@dataclass(frozen=True, slots=True)
class _Provider:
    parse: Callable[[URI, KMSEnvironment], MasterKey]
    connect: Callable[[MasterKey, URI], KMS]


_AWS: Final = _Provider(parse_aws_key, AWSKMS)
_GCP: Final = _Provider(parse_gcp_key, GoogleKMS)
_AZURE: Final = _Provider(parse_azure_key, AzureKMS)
_PROVIDERS: Final = {"aws": _AWS, "aws-kms": _AWS, "gs": _GCP, "gcp-kms": _GCP, "azure-kms": _AZURE}


def open_kms(uri_text: str, env: KMSEnvironment) -> KMS:
    """Open the KMS that a URI names, its parameters checked in CockroachDB's order; contacts nothing.

    Raises:
        InvalidValueError: the text is no URI.
        InvalidOptionError: an unknown scheme, or a parameter that is missing or wrong.
        UnsupportedError: a cloud whose client is not installed.
    """
    kms = _open(parse_kms_uri(uri_text, quote_escaped=env.quotes_escaped), env)
    return kms if env.audit is None else _AuditedKMS(kms, env.audit)


def _open(uri: URI, env: KMSEnvironment) -> KMS:
    if uri.scheme == "testkms" and env.keyring is not None:
        return TestKMS(parse_test_key(uri, env), env.keyring)
    provider = _PROVIDERS.get(uri.scheme)
    if provider is None:
        raise uri_error(
            f"no factory method found for scheme {uri.scheme}", hint=f"known schemes: {', '.join(_PROVIDERS)}"
        )
    key = provider.parse(uri, env)
    return provider.connect(key, uri) if env.keyring is None else LocalKMS(key, env.keyring)


class _AuditedKMS:
    """A KMS of whose every call somebody is told."""

    def __init__(self, kms: KMS, audit: Callable[[KMSCall], None]) -> None:
        self._kms = kms
        self._audit = audit

    @property
    def key(self) -> MasterKey:
        return self._kms.key

    def __repr__(self) -> str:
        return repr(self._kms)

    def wrap(self, data_key: bytes) -> bytes:
        return self._told("encrypt", self._kms.wrap, data_key)

    def unwrap(self, wrapped: bytes) -> bytes:
        return self._told("decrypt", self._kms.unwrap, wrapped)

    def _told(
        self, operation: Literal["encrypt", "decrypt"], call: Callable[[bytes], bytes], argument: bytes
    ) -> bytes:
        try:
            answer = call(argument)
        except OothecaError as exc:
            self._audit(KMSCall(operation, self.key, exc.message))
            raise
        self._audit(KMSCall(operation, self.key, "succeeded"))
        return answer
