"""Azure Key Vault URIs: which key they name and whether they could be used; the sandbox serves them.

Source: reference/sql/04 §4.3, reference/format/02 §4.
"""

from __future__ import annotations

from typing import Final

from ootheca.crypto.kms.base import (
    KMSEnvironment,
    MasterKey,
    check_outbound,
    check_params,
    uri_error,
)
from ootheca.uri import URI

__all__ = ["parse_azure_key"]

_CREDENTIALS: Final = ("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET")
_PARAMS: Final = frozenset({"AUTH", "AZURE_VAULT_NAME", "AZURE_ENVIRONMENT", *_CREDENTIALS})


def parse_azure_key(uri: URI, env: KMSEnvironment) -> MasterKey:
    """`azure-kms:///KEY/VERSION?AZURE_VAULT_NAME=…` with a client's id and secret, or AUTH=implicit.

    The key id is KEY alone. The vault stands where other clouds have a region.

    Raises:
        InvalidOptionError: the words of CockroachDB.
    """
    check_outbound(env, "Azure KMS")
    check_params(uri, _PARAMS, env)
    key_id, slash, version = uri.path.removeprefix("/").partition("/")
    if not key_id or not slash or not version or "/" in version:
        raise uri_error("azure kms key must be of form 'id/version'")
    auth = uri.param("AUTH")
    if auth in ("", "specified"):
        missing = [name for name in ("AZURE_VAULT_NAME", *_CREDENTIALS) if not uri.param(name)]
        if missing:
            raise uri_error(f"kms explicit auth URI expected but did not receive: {', '.join(missing)}")
    elif auth == "implicit":
        _check_implicit(uri, env)
    else:
        raise uri_error(
            "azure kms requires explicit auth (RBAC) or implicit auth",
            hint="leave AUTH out and give a client's id and secret, or use AUTH=implicit",
        )
    return MasterKey(uri.scheme, "azure", key_id, uri.param("AZURE_VAULT_NAME"))


def _check_implicit(uri: URI, env: KMSEnvironment) -> None:
    if env.disable_implicit_credentials:
        # Unverified: worded like the other clouds.
        raise uri_error(
            "implicit credentials disallowed for azure due to --external-io-implicit-credentials flag"
        )
    unsupported = [name for name in _CREDENTIALS if uri.param(name)]
    if unsupported:
        # CockroachDB's message ends where its list should begin; the hint has the list.
        raise uri_error("kms implicit auth URI does not support: ", hint=f"remove {', '.join(unsupported)}")
    if not uri.param("AZURE_VAULT_NAME"):
        # Unverified: worded like the explicit case.
        raise uri_error("kms implicit auth URI expected but did not receive: AZURE_VAULT_NAME")
