"""From a KMS URI to a KMS, by scheme.

Outside the sandbox AWS is contacted; Google's and Microsoft's URIs are validated and then refused. In the
sandbox every scheme is validated in the same way and served from the keyring, and CockroachDB's `testkms`
exists besides.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ootheca.crypto.kms.aws import AWSKMS, parse_aws_key
from ootheca.crypto.kms.azure import parse_azure_key
from ootheca.crypto.kms.base import KMS, KMSEnvironment, MasterKey, uri_error
from ootheca.crypto.kms.gcp import parse_gcp_key
from ootheca.crypto.kms.local import LocalKMS, TestKMS, parse_test_key
from ootheca.errors import UnsupportedError
from ootheca.uri import URI, parse_kms_uri

__all__ = ["open_kms"]


@dataclass(frozen=True, slots=True)
class _Provider:
    name: str
    parse: Callable[[URI, KMSEnvironment], MasterKey]
    connect: Callable[[MasterKey, URI], KMS] | None  # None: only the sandbox has it


_AWS: Final = _Provider("AWS", parse_aws_key, AWSKMS)
_GCP: Final = _Provider("Google Cloud", parse_gcp_key, None)
_AZURE: Final = _Provider("Azure", parse_azure_key, None)
_PROVIDERS: Final = {"aws": _AWS, "aws-kms": _AWS, "gs": _GCP, "gcp-kms": _GCP, "azure-kms": _AZURE}


def open_kms(uri_text: str, env: KMSEnvironment) -> KMS:
    """Open the KMS that a URI names, its parameters checked in CockroachDB's order; contacts nothing.

    Raises:
        InvalidValueError: the text is no URI.
        InvalidOptionError: an unknown scheme, or a parameter that is missing or wrong.
        UnsupportedError: a cloud whose service we do not reach.
    """
    uri = parse_kms_uri(uri_text, quote_escaped=env.quotes_escaped)
    if uri.scheme == "testkms" and env.keyring is not None:
        return TestKMS(parse_test_key(uri, env), env.keyring)
    provider = _PROVIDERS.get(uri.scheme)
    if provider is None:
        raise uri_error(
            f"no factory method found for scheme {uri.scheme}", hint=f"known schemes: {', '.join(_PROVIDERS)}"
        )
    key = provider.parse(uri, env)
    if env.keyring is not None:
        return LocalKMS(key, env.keyring)
    if provider.connect is None:
        raise UnsupportedError(
            f"{provider.name} KMS cannot be reached from here yet",
            hint="use AWS KMS or encryption_passphrase; with --sandbox a local keyring serves this URI",
        )
    return provider.connect(key, uri)
