"""`ASSUME_ROLE` of gs URIs: the tokens of a service account that others may act as."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import TYPE_CHECKING, Any, Final

from ootheca.errors import AccessDeniedError, InvalidOptionError, StorageError, UnavailableError
from ootheca.extras import require_extra
from ootheca.google_login import google_credentials, refresh
from ootheca.storage.retry import DEFAULT_RETRY

if TYPE_CHECKING:
    from google.auth.credentials import Credentials
    from google.auth.exceptions import GoogleAuthError
    from obstore.store import GCSCredential

__all__ = ["GoogleRoleTokens"]

_SCOPE: Final = "https://www.googleapis.com/auth/devstorage.read_write"


class GoogleRoleTokens:
    """Gives the token of the last account, asked for again before it expires.

    Args:
        account: the key of the service account to begin with, or None.
        token: the bearer token to begin with; where this is empty too, the environment's credentials are it.
        roles: accounts, at least one: each may act as the next one.

    Raises:
        UnsupportedError: Google's client is not installed.
    """

    def __init__(self, account: Mapping[str, Any] | None, token: str, roles: Sequence[str]) -> None:
        require_extra("google.auth", "gcp", "ASSUME_ROLE for gs", "a folder")
        self._account = account
        self._token = token
        self._roles = roles
        self._credentials: Credentials | None = None

    def __call__(self) -> GCSCredential:
        """Return a token that is good for some minutes.

        Raises:
            AccessDeniedError: the account may not be used with these credentials, or there are none.
            UnavailableError: the service was not reached.
            InvalidOptionError: the key to begin with lacks a field.
        """
        from google.auth.exceptions import GoogleAuthError

        try:
            if self._credentials is None:
                self._credentials = google_credentials(self._account, self._token, self._roles, _SCOPE)
            if not self._credentials.valid:
                refresh(self._credentials, DEFAULT_RETRY.silence)
        except ValueError:  # some of Google's errors are one; its text may quote the key
            raise InvalidOptionError(
                "creating GCS client: CREDENTIALS holds no usable service account's key", sqlstate="XXUUU"
            ) from None
        except GoogleAuthError as exc:
            raise _refusal(exc, self._roles[-1]) from None
        expiry = self._credentials.expiry
        expires_at = None if expiry is None else expiry.replace(tzinfo=UTC)
        return {"token": str(self._credentials.token), "expires_at": expires_at}


def _refusal(exc: GoogleAuthError, role: str) -> StorageError:
    from google.auth.exceptions import DefaultCredentialsError, TransportError

    if isinstance(exc, TransportError) or exc.retryable:
        return UnavailableError(
            f"failed to assume role {role}: {type(exc).__name__}",
            hint="can Google's IAM service be reached from here?",
        )
    if isinstance(exc, DefaultCredentialsError):
        return AccessDeniedError(
            f"failed to assume role {role}: there are no credentials to begin with",
            hint="with AUTH=implicit the environment has to hold some: set GOOGLE_APPLICATION_CREDENTIALS",
        )
    return AccessDeniedError(
        f"failed to assume role {role}: {_service_words(exc) or type(exc).__name__}",
        hint="each account of ASSUME_ROLE must grant the one before it roles/iam.serviceAccountTokenCreator",
    )


def _service_words(exc: GoogleAuthError) -> str:
    """Return what the service itself said, in one line; the client's own texts may quote requests."""
    for part in exc.args:
        try:
            answer = json.loads(part) if isinstance(part, str) else part
            error = answer["error"]
            text = error["message"] if isinstance(error, dict) else answer.get("error_description", error)
        except (ValueError, TypeError, KeyError, AttributeError):
            continue
        return str(text).partition("\n")[0][:300]
    return ""
