"""Azure Key Vault: what its URIs say, and RSA-OAEP-256 with the key that they name.

The client is Microsoft's own, an extra (`ootheca[azure]`). Where it may read the public key it wraps without asking
the vault, which gives the same kind of blob; unwrapping is always the vault's.

Source: reference/sql/04 §4.3, reference/format/02 §4.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from ootheca.crypto.kms.base import (
    KMSEnvironment,
    MasterKey,
    NamedKMS,
    check_outbound,
    check_params,
    uri_error,
)
from ootheca.errors import AccessDeniedError, KMSError, OothecaError
from ootheca.extras import require_extra
from ootheca.uri import URI

if TYPE_CHECKING:
    from azure.core.exceptions import HttpResponseError
    from azure.keyvault.keys.crypto import CryptographyClient

__all__ = ["AzureKMS", "parse_azure_key"]

_CREDENTIALS: Final = ("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET")
_PARAMS: Final = frozenset({"AUTH", "AZURE_VAULT_NAME", "AZURE_ENVIRONMENT", *_CREDENTIALS})
_PUBLIC_CLOUD: Final = "AzurePublicCloud"
_CLOUDS: Final = {  # where the vaults are, and where tokens come from
    _PUBLIC_CLOUD: ("vault.azure.net", "login.microsoftonline.com"),
    "AzureUSGovernmentCloud": ("vault.usgovcloudapi.net", "login.microsoftonline.us"),
    "AzureChinaCloud": ("vault.azure.cn", "login.chinacloudapi.cn"),
}
_NETWORK: Final = {"connection_timeout": 3, "read_timeout": 5, "retry_total": 1}


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
    environment = uri.param("AZURE_ENVIRONMENT")
    if environment and environment not in _CLOUDS:
        # Unverified: worded as for Azure's storage.
        raise uri_error(
            f"unsupported value {environment} for AZURE_ENVIRONMENT", hint=f"known: {', '.join(_CLOUDS)}"
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


class AzureKMS(NamedKMS):
    """An RSA master key in an Azure Key Vault. The vault is contacted by `wrap` and `unwrap` alone.

    Raises:
        UnsupportedError: Microsoft's client is not installed.
    """

    def __init__(self, key: MasterKey, uri: URI) -> None:
        for module in ("azure.identity", "azure.keyvault.keys"):
            require_extra(module, "azure", "Azure Key Vault", "a local keyring")
        super().__init__(key)
        self._uri = uri
        self._connected: CryptographyClient | None = None

    def wrap(self, data_key: bytes) -> bytes:
        from azure.keyvault.keys.crypto import EncryptionAlgorithm

        with _translated():
            return self._client().encrypt(EncryptionAlgorithm.rsa_oaep_256, data_key).ciphertext

    def unwrap(self, wrapped: bytes) -> bytes:
        from azure.keyvault.keys.crypto import EncryptionAlgorithm

        with _translated():
            return self._client().decrypt(EncryptionAlgorithm.rsa_oaep_256, wrapped).plaintext

    def _client(self) -> CryptographyClient:
        if self._connected is None:
            from azure.keyvault.keys.crypto import CryptographyClient

            domain, authority = _CLOUDS[self._uri.param("AZURE_ENVIRONMENT") or _PUBLIC_CLOUD]
            version = self._uri.path.rpartition("/")[2]
            key_url = (
                f"https://{self._uri.param('AZURE_VAULT_NAME')}.{domain}/keys/{self.key.key_id}/{version}"
            )
            self._connected = CryptographyClient(key_url, self._credential(authority), **_NETWORK)
        return self._connected

    def _credential(self, authority: str) -> Any:
        from azure.identity import ClientSecretCredential, DefaultAzureCredential

        if self._uri.param("AUTH") == "implicit":
            return DefaultAzureCredential(authority=authority, **_NETWORK)
        tenant, client, secret = (self._uri.param(name) for name in _CREDENTIALS)
        return ClientSecretCredential(tenant, client, secret, authority=authority, **_NETWORK)


@contextmanager
def _translated() -> Iterator[None]:
    """Turn the exceptions of Microsoft's libraries into ours. Only the service's own words are kept."""
    from azure.core.exceptions import (
        AzureError,
        ClientAuthenticationError,
        HttpResponseError,
        ServiceRequestError,
        ServiceResponseError,
    )

    try:
        yield
    except ClientAuthenticationError as exc:
        if isinstance(exc.__cause__, (ServiceRequestError, ServiceResponseError)):
            raise _unreached(exc.__cause__) from exc
        raise AccessDeniedError(
            f"Azure's credentials were not accepted: {_first_line(exc)}",
            hint="check the client's id, secret and tenant, or with AUTH=implicit the environment's",
        ) from exc
    except HttpResponseError as exc:
        raise _service_error(exc) from exc
    except AzureError as exc:
        raise _unreached(exc) from exc
    except ValueError as exc:
        raise uri_error("the vault's name, the key or the tenant is not in a form that Azure has") from exc


def _unreached(cause: BaseException) -> KMSError:
    return KMSError(
        f"the request to Azure Key Vault failed: {type(cause).__name__}",
        hint="the vault was not reached; check AZURE_VAULT_NAME and the network",
        retryable=True,
    )


def _first_line(exc: Exception) -> str:
    return str(exc).partition("\n")[0].strip() or type(exc).__name__


def _service_error(exc: HttpResponseError) -> OothecaError:
    status = exc.status_code or 0
    if status in (401, 403):
        return AccessDeniedError(_first_line(exc), hint="these credentials may not use the key")
    return KMSError(_first_line(exc), retryable=status in (0, 408, 429) or status >= 500)
