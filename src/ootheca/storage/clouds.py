"""`gs`, `azure` and `http`: what their URIs may say, and how they are opened.

Source: reference/sql/07 §1-§2; conformance/*/scenarios/08_uris.json.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from obstore.exceptions import BaseError
from obstore.store import AzureStore, GCSStore, HTTPStore

from ootheca.errors import InvalidOptionError, UnsupportedError
from ootheca.google_login import parse_google_roles
from ootheca.locality import LOCALITY_PARAM
from ootheca.storage.base import StorageEnv, check_params
from ootheca.storage.google_roles import GoogleRoleTokens
from ootheca.storage.objects import ObjectStorage, ObjectWords, translate_error
from ootheca.storage.retry import DEFAULT_RETRY
from ootheca.uri import URI, decode_base64

if TYPE_CHECKING:
    from obstore.store import GCSCredential, ObjectStore

__all__ = [
    "AZURE_LABEL",
    "GS_LABEL",
    "HTTP_LABEL",
    "open_azure",
    "open_gs",
    "open_http",
    "validate_azure",
    "validate_gs",
    "validate_http",
]

GS_LABEL: Final = "gcs object does not exist"
AZURE_LABEL: Final = "azure blob does not exist"
HTTP_LABEL: Final = "http storage file does not exist"

_AZURE_CLIENT_PARAMS: Final = ("AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_TENANT_ID")
_AZURE_PARAMS: Final = (
    *_AZURE_CLIENT_PARAMS,
    "AUTH",
    "AZURE_ACCESS_TIER",
    "AZURE_ACCOUNT_KEY",
    "AZURE_ACCOUNT_NAME",
    "AZURE_ENVIRONMENT",
)
_GS_PARAMS: Final = ("ASSUME_ROLE", "AUTH", "BEARER_TOKEN", "CREDENTIALS", "GOOGLE_BILLING_PROJECT")
_AZURE_DOMAINS: Final = {
    "": "blob.core.windows.net",
    "AZUREPUBLICCLOUD": "blob.core.windows.net",
    "AZUREUSGOVERNMENTCLOUD": "blob.core.usgovcloudapi.net",
    "AZUREUSGOVERNMENT": "blob.core.usgovcloudapi.net",
    "AZURECHINACLOUD": "blob.core.chinacloudapi.cn",
    "AZUREGERMANCLOUD": "blob.core.cloudapi.de",
}


@dataclass(frozen=True, slots=True)
class CloudSettings:
    """What a URI says, checked: options for obstore's client, secrets among them."""

    config: dict[str, Any] = field(default_factory=dict, repr=False)
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    attributes: dict[str, str] | None = None
    bearer_token: str = field(default="", repr=False)
    roles: tuple[str, ...] = ()


def validate_gs(uri: URI, env: StorageEnv) -> CloudSettings:
    """Check a `gs` URI in the server's order.

    Raises:
        InvalidOptionError: credentials are missing or malformed, or AUTH has no meaning.
    """
    check_params(uri, _GS_PARAMS, env, "GS")
    _require_host(uri, "bucket")
    auth, credentials, bearer = uri.param("AUTH"), uri.param("CREDENTIALS"), uri.param("BEARER_TOKEN")
    service_account_key = ""
    if env.profile.gs_needs_credentials:
        if auth != "implicit" and not (credentials or bearer) and (auth or not env.sandbox):
            raise _invalid('CREDENTIALS must be set unless "AUTH" is "implicit"')
    elif auth == "specified" and not (credentials or bearer):
        raise _invalid("AUTH is set to 'specified', but CREDENTIALS is not set")
    if auth == "default" and not env.profile.gs_needs_credentials:
        if not env.gs_default_key:
            raise _invalid("expected settings value for cloudstorage.gs.default.key")
        service_account_key = env.gs_default_key
    elif auth not in ("", "specified", "implicit"):
        raise _invalid(f"unsupported value {auth} for AUTH")
    elif auth == "implicit" and not env.allow_implicit:
        raise _invalid(
            "implicit credentials disallowed for gs due to --external-io-implicit-credentials flag"
        )
    elif auth != "implicit" and credentials:
        service_account_key = decode_base64(credentials, "decoding value of CREDENTIALS").decode(
            "utf-8", "replace"
        )
    elif not auth and not bearer:
        service_account_key = env.gs_default_key
    _require_json(service_account_key)
    billing = uri.param("GOOGLE_BILLING_PROJECT")
    return CloudSettings(
        config={"service_account_key": service_account_key} if service_account_key else {},
        headers={"x-goog-user-project": billing} if billing else {},
        bearer_token=bearer if auth != "implicit" and not service_account_key else "",
        roles=parse_google_roles(uri.param("ASSUME_ROLE")),
    )


def open_gs(uri: URI, env: StorageEnv) -> ObjectStorage:
    """Open a location in a Google Cloud Storage bucket; with ASSUME_ROLE a first token is asked for.

    Raises:
        InvalidOptionError: as `validate_gs`.
        UnsupportedError: ASSUME_ROLE, and Google's client is not installed.
        StorageError: a role was not assumed, or the settings make no client.
    """
    settings = validate_gs(uri, env)
    words = ObjectWords("gs", GS_LABEL, env.profile)
    provider = _token_provider(settings)
    # A key may name another server, as emulators' keys do; those speak plain HTTP.
    is_plain = '"gcs_base_url": "http://' in settings.config.get("service_account_key", "")

    def make() -> ObjectStore:
        return GCSStore(
            uri.host,
            config=settings.config,  # type: ignore[arg-type]
            client_options={
                **DEFAULT_RETRY.client_options(),
                "allow_http": is_plain,
                "default_headers": settings.headers,
            },
            retry_config=DEFAULT_RETRY.obstore_options(),
            credential_provider=provider,
        )

    # obstore does not repeat the request that begins an upload in parts to this service.
    return replace(_open(make, uri, uri.path.strip("/"), words, settings), upload_retry=DEFAULT_RETRY)


def validate_azure(uri: URI, env: StorageEnv) -> CloudSettings:
    """Check an `azure` URI in the server's order.

    Raises:
        InvalidOptionError: the account or its credentials are missing or malformed, or AUTH has no meaning.
    """
    check_params(uri, _AZURE_PARAMS, env, "azure")
    _require_host(uri, "container")
    auth, account = uri.param("AUTH"), uri.param("AZURE_ACCOUNT_NAME")
    if auth not in ("", "specified", "implicit"):
        raise _invalid(f"unsupported value {auth} for AUTH")
    if not account:
        raise _invalid('azure uri missing "AZURE_ACCOUNT_NAME" parameter')
    config: dict[str, Any] = {"account_name": account}
    given = [name for name in _AZURE_CLIENT_PARAMS if uri.param(name)]
    if auth == "implicit":
        if not env.allow_implicit:
            raise _invalid(
                "implicit credentials disallowed for azure due to --external-io-implicit-credentials flag"
            )
    elif given:
        for name in _AZURE_CLIENT_PARAMS:
            if name not in given:
                raise _invalid(f'azure uri missing "{name}" parameter')
            config[name.removeprefix("AZURE_").lower()] = uri.param(name)
    elif not uri.param("AZURE_ACCOUNT_KEY"):
        raise _invalid('azure uri missing "AZURE_ACCOUNT_KEY" parameter')
    else:
        # A `+` that was not encoded in the URI arrives as a blank; base64 has no blanks.
        config["account_key"] = uri.param("AZURE_ACCOUNT_KEY").replace(" ", "+")
        decode_base64(config["account_key"], "azure credential")
    environment = uri.param("AZURE_ENVIRONMENT")
    domain = _AZURE_DOMAINS.get(environment.upper())
    if domain is None:
        raise _invalid(f"unsupported value {environment} for AZURE_ENVIRONMENT")
    # Always said, so that no variable of the environment sends our requests elsewhere.
    config["endpoint"] = env.azure_endpoint or f"https://{account}.{domain}"
    tier = uri.param("AZURE_ACCESS_TIER")
    return CloudSettings(config=config, attributes={"Storage-Class": tier} if tier else None)


def open_azure(uri: URI, env: StorageEnv) -> ObjectStorage:
    """Open a location in an Azure Blob container."""
    settings = validate_azure(uri, env)
    words = ObjectWords("azure", AZURE_LABEL, env.profile)

    def make() -> ObjectStore:
        return AzureStore(
            uri.host,
            config=settings.config,  # type: ignore[arg-type]
            client_options={
                **DEFAULT_RETRY.client_options(),
                "allow_http": settings.config["endpoint"].startswith("http://"),
            },
            retry_config=DEFAULT_RETRY.obstore_options(),
        )

    # obstore does not repeat a request whose connection closed just as it was taken from the pool.
    return replace(_open(make, uri, uri.path.strip("/"), words, settings), upload_retry=DEFAULT_RETRY)


def validate_http(uri: URI, env: StorageEnv) -> CloudSettings:
    """Check an `http` or `https` URI.

    Raises:
        InvalidOptionError: external http access is disabled.
        UnsupportedError: a query, which would have to go to the server with every request.
    """
    if not env.allow_http:
        raise _invalid("external http access disabled")
    _require_host(uri, "server")
    if set(uri.params) - {LOCALITY_PARAM}:
        raise UnsupportedError("query parameters are not supported for http storage")
    if uri.user is None:
        return CloudSettings()
    userinfo = f"{uri.user}:{uri.password or ''}".encode()
    return CloudSettings(headers={"authorization": "Basic " + base64.b64encode(userinfo).decode()})


def open_http(uri: URI, env: StorageEnv) -> ObjectStorage:
    """Open a location on a web server, by GET, HEAD, PUT and DELETE; it cannot be listed."""
    settings = validate_http(uri, env)
    words = ObjectWords("http", HTTP_LABEL, env.profile)
    scheme = uri.scheme.removeprefix("file-")

    def make() -> ObjectStore:
        return HTTPStore.from_url(
            f"{scheme}://{uri.host}",
            client_options={
                **DEFAULT_RETRY.client_options(),
                "allow_http": scheme == "http",
                "default_headers": settings.headers,
            },
            retry_config=DEFAULT_RETRY.obstore_options(),
        )

    return _open(make, uri, uri.path.strip("/"), words, settings, is_http=True)


def _open(
    make: Callable[[], ObjectStore],
    uri: URI,
    prefix: str,
    words: ObjectWords,
    settings: CloudSettings,
    *,
    is_http: bool = False,
) -> ObjectStorage:
    try:
        store = make()
    except (BaseError, ValueError) as exc:
        raise translate_error(exc, "open", uri, "", words) from None
    return ObjectStorage(
        store,
        prefix,
        uri,
        words,
        can_list=not is_http,
        attributes=settings.attributes,
        has_conditional_put=not is_http,
        has_parts=not is_http,
    )


def _token_provider(settings: CloudSettings) -> Callable[[], GCSCredential] | None:
    """Return where obstore gets tokens; None leaves it to its own ways, with the service account's key if any."""
    token = settings.bearer_token
    if settings.roles:
        key = settings.config.get("service_account_key")
        tokens = GoogleRoleTokens(None if key is None else json.loads(key), token, settings.roles)
        DEFAULT_RETRY.run(tokens)  # at once, for a refusal is told best where it can be typed
        return tokens
    return (lambda: {"token": token, "expires_at": None}) if token else None


def _require_host(uri: URI, what: str) -> None:
    if not uri.host:
        raise _invalid(f"host component of {uri.scheme} URI must be a {what}: {uri}")


def _require_json(service_account_key: str) -> None:
    if not service_account_key:
        return
    try:
        is_object = isinstance(json.loads(service_account_key), dict)
    except ValueError:
        is_object = False
    if not is_object:
        raise _invalid("creating GCS client: the credentials are not a service account's key in JSON")


def _invalid(message: str) -> InvalidOptionError:
    return InvalidOptionError(message, sqlstate="XXUUU")
