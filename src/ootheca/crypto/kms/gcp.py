"""Google Cloud KMS: what its URIs say, and the calls Encrypt and Decrypt over REST.

The client is Google's own, an extra (`ootheca[gcp]`). A key is named without its version, every answer's CRC-32C is
checked, and there is no additional data, as in CockroachDB.

Source: reference/sql/04 §4.2, reference/format/02 §4. The words of refusals from the service are Google's.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from ootheca.crypto.kms.base import (
    NOT_SYMMETRIC,
    KMSEnvironment,
    MasterKey,
    NamedKMS,
    auth_error,
    check_outbound,
    check_params,
    check_path,
    uri_error,
)
from ootheca.errors import AccessDeniedError, KMSError, OothecaError
from ootheca.extras import require_extra
from ootheca.google_login import google_credentials, parse_google_roles, refresh
from ootheca.uri import URI, decode_base64

if TYPE_CHECKING:
    from google.api_core.exceptions import GoogleAPICallError
    from google.cloud.kms_v1 import KeyManagementServiceClient

__all__ = ["GoogleKMS", "parse_gcp_key"]

_PARAMS: Final = frozenset({"AUTH", "CREDENTIALS", "BEARER_TOKEN", "ASSUME_ROLE"})
_SCOPE: Final = "https://www.googleapis.com/auth/cloudkms"
_TIMEOUT_S: Final = 5
_RETRY_FOR_S: Final = 3


def parse_gcp_key(uri: URI, env: KMSEnvironment) -> MasterKey:
    """`gs:///projects/P/locations/L/keyRings/R/cryptoKeys/K[/cryptoKeyVersions/V]?AUTH=…`.

    The key id has no version: a key may be rotated and still opens what it wrapped.

    Raises:
        InvalidOptionError: the words of CockroachDB.
    """
    check_outbound(env, "GCS KMS")
    check_params(uri, _PARAMS, env)
    key_id = check_path(uri).partition("/cryptoKeyVersions/")[0]
    auth = uri.param("AUTH")
    if auth in ("", "specified"):
        if not uri.param("CREDENTIALS") and not uri.param("BEARER_TOKEN"):
            raise uri_error('CREDENTIALS or BEARER_TOKEN must be set if "AUTH" is "specified"')
        _account(uri)
    elif auth == "implicit":
        if env.disable_implicit_credentials:
            # Unverified: AWS names s3 here, and Google's storage names gs.
            raise uri_error(
                "implicit credentials disallowed for gs due to --external-io-implicit-credentials flag"
            )
    else:
        raise auth_error(auth)
    return MasterKey(uri.scheme, "gcp", key_id, _location(key_id))


def _location(key_id: str) -> str:
    parts = key_id.split("/")
    return parts[3] if len(parts) > 3 and parts[2] == "locations" else ""


def _account(uri: URI) -> dict[str, Any] | None:
    """The service account's key in CREDENTIALS, or None where there is none."""
    if not uri.param("CREDENTIALS"):
        return None
    stored = decode_base64(uri.param("CREDENTIALS").replace(" ", "+"), "decoding value of CREDENTIALS")
    try:
        account = json.loads(stored)
    except ValueError:
        account = None  # the cause would quote the key
    if not isinstance(account, dict):
        raise uri_error("CREDENTIALS holds no service account's key in JSON")
    return account


class GoogleKMS(NamedKMS):
    """A symmetric master key in Google Cloud KMS. The service is contacted by `wrap` and `unwrap` alone.

    Raises:
        UnsupportedError: Google's client is not installed.
    """

    def __init__(self, key: MasterKey, uri: URI) -> None:
        require_extra("google.cloud.kms", "gcp", "Google Cloud KMS", "a local keyring")
        super().__init__(key)
        self._uri = uri
        self._connected: KeyManagementServiceClient | None = None

    def wrap(self, data_key: bytes) -> bytes:
        with _translated():
            answer = self._client().encrypt(
                request={
                    "name": self.key.key_id,
                    "plaintext": data_key,
                    "plaintext_crc32c": _checksum(data_key),
                },
                timeout=_TIMEOUT_S,
                retry=_retry(),
            )
        if not answer.verified_plaintext_crc32c:
            raise KMSError("Encrypt: request corrupted in-transit", retryable=True)
        if answer.ciphertext_crc32c != _checksum(answer.ciphertext):
            raise KMSError("Encrypt: response corrupted in-transit", retryable=True)
        return answer.ciphertext

    def unwrap(self, wrapped: bytes) -> bytes:
        with _translated():
            answer = self._client().decrypt(
                request={
                    "name": self.key.key_id,
                    "ciphertext": wrapped,
                    "ciphertext_crc32c": _checksum(wrapped),
                },
                timeout=_TIMEOUT_S,
                retry=_retry(),
            )
        if answer.plaintext_crc32c != _checksum(answer.plaintext):
            raise KMSError("Decrypt: response corrupted in-transit", retryable=True)
        return answer.plaintext

    def _client(self) -> KeyManagementServiceClient:
        if self._connected is None:
            from google.cloud.kms_v1 import KeyManagementServiceClient

            self._connected = KeyManagementServiceClient(credentials=self._credentials(), transport="rest")
        return self._connected

    def _credentials(self) -> Any:
        """Of the URI or the environment; with ASSUME_ROLE those of the last account, reached through the others."""
        is_specified = self._uri.param("AUTH") != "implicit"
        account = _account(self._uri) if is_specified else None
        token = self._uri.param("BEARER_TOKEN") if is_specified else ""
        roles = parse_google_roles(self._uri.param("ASSUME_ROLE"))
        credentials = google_credentials(account, token, roles, _SCOPE)
        if roles:
            refresh(credentials, _TIMEOUT_S)
        return credentials


def _checksum(value: bytes) -> int:
    import google_crc32c

    return int(google_crc32c.value(value))


def _retry() -> Any:
    """Once more, shortly, where Google's client knows that a failure may pass."""
    from google.api_core.exceptions import ServiceUnavailable
    from google.api_core.retry import Retry, if_exception_type

    return Retry(predicate=if_exception_type(ServiceUnavailable), initial=0.2, timeout=_RETRY_FOR_S)


@contextmanager
def _translated() -> Iterator[None]:
    """Turn the exceptions of Google's libraries into ours. Only the service's own texts are kept."""
    from google.api_core.exceptions import GoogleAPICallError, RetryError
    from google.auth.exceptions import GoogleAuthError, TransportError
    from requests.exceptions import RequestException

    try:
        yield
    except GoogleAPICallError as exc:
        raise _service_error(exc) from exc
    except (RetryError, TransportError, RequestException) as exc:
        cause = exc.cause if isinstance(exc, RetryError) and exc.cause is not None else exc
        raise KMSError(
            f"the request to Google Cloud KMS failed: {type(cause).__name__}",
            hint="the key service was not reached; check the network",
            retryable=True,
        ) from exc
    except GoogleAuthError as exc:
        raise AccessDeniedError(
            f"Google's credentials were not accepted: {type(exc).__name__}",
            hint="check CREDENTIALS, BEARER_TOKEN and ASSUME_ROLE, or with AUTH=implicit the environment's",
        ) from exc
    except ValueError as exc:  # of a service account's key that lacks a field
        raise uri_error("CREDENTIALS holds no usable service account's key") from exc


def _service_error(exc: GoogleAPICallError) -> OothecaError:
    status = int(exc.code or 0)
    message = f"{exc.grpc_status_code.name if exc.grpc_status_code else status}: {exc.message}"
    if status in (401, 403):
        return AccessDeniedError(message, hint="these credentials may not use the key")
    is_other_purpose = status == 400 and "purpose" in str(exc.message).lower()
    return KMSError(
        message, hint=NOT_SYMMETRIC if is_other_purpose else None, retryable=status == 429 or status >= 500
    )
