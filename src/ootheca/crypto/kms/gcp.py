"""Google Cloud KMS URIs: which key they name and whether they could be used; the sandbox serves them.

Source: reference/sql/04 §4.2, reference/format/02 §4.
"""

from __future__ import annotations

from typing import Final

from ootheca.crypto.kms.base import (
    KMSEnvironment,
    MasterKey,
    auth_error,
    check_outbound,
    check_params,
    check_path,
    uri_error,
)
from ootheca.uri import URI

__all__ = ["parse_gcp_key"]

_PARAMS: Final = frozenset({"AUTH", "CREDENTIALS", "BEARER_TOKEN", "ASSUME_ROLE"})


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
