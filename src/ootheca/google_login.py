"""Google's credentials: of a service account's key, a token or the environment, and of accounts reached through them.

The client is Google's own, of the extra `ootheca[gcp]`; its exceptions are those of `google.auth.exceptions`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from google.auth.credentials import Credentials

__all__ = ["google_credentials", "parse_google_roles", "refresh"]

_ROLE_SCOPE: Final = "https://www.googleapis.com/auth/cloud-platform"  # for making another account's token


def parse_google_roles(text: str) -> tuple[str, ...]:
    """Split an `ASSUME_ROLE` parameter into accounts: each may act as the next one, and the last one is used."""
    return tuple(role for role in text.split(",") if role)


def google_credentials(
    account: Mapping[str, Any] | None, token: str, roles: Sequence[str], scope: str
) -> Credentials:
    """Return the credentials to use; none is asked for yet.

    Args:
        account: a service account's key, as Google hands it out in JSON.
        token: a bearer token, where there is no account; empty for the credentials of the environment.
        roles: accounts to act as, of `parse_google_roles`.
        scope: what they are to be good for.

    Raises:
        GoogleAuthError: the environment has none.
        ValueError: the account's key lacks a field.
    """
    own: Credentials = _own_credentials(account, token, _ROLE_SCOPE if roles else scope)
    if not roles:
        return own
    from google.auth.impersonated_credentials import Credentials as AssumedCredentials

    delegates = [f"projects/-/serviceAccounts/{role}" for role in roles[:-1]]
    assumed: Credentials = AssumedCredentials(own, roles[-1], [scope], delegates=delegates)
    return assumed


def refresh(credentials: Credentials, timeout: float) -> None:
    """Ask for a new token; an attempt may take so many seconds.

    Raises:
        GoogleAuthError: refused, or not reached.
    """
    from google.auth.transport.requests import Request

    credentials.refresh(partial(Request(), timeout=timeout))


def _own_credentials(account: Mapping[str, Any] | None, token: str, scope: str) -> Any:
    if account is not None:
        from google.oauth2 import service_account

        return service_account.Credentials.from_service_account_info(account, scopes=[scope])
    if token:
        from google.oauth2.credentials import Credentials

        return Credentials(token)
    from google.auth import default

    return default(scopes=[scope])[0]
