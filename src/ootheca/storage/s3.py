"""`s3://bucket/prefix`: Amazon S3 and what speaks its protocol.

Source: reference/sql/07 §1-§2; conformance/*/scenarios/08_uris.json.
"""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from obstore.exceptions import BaseError
from obstore.store import S3Store

from ootheca.errors import InvalidOptionError, StorageError, UnavailableError
from ootheca.storage.assume_role import RoleCredentials
from ootheca.storage.base import AWSCredentials, StorageEnv, check_params
from ootheca.storage.objects import ObjectStorage, ObjectWords, translate_error
from ootheca.storage.retry import DEFAULT_RETRY
from ootheca.uri import URI, parse_assumed_roles

if TYPE_CHECKING:
    from obstore.store import S3Credential

__all__ = ["S3_LABEL", "S3Settings", "find_bucket_region", "open_s3", "validate_s3"]

S3_LABEL: Final = "s3 object does not exist"
_PARAMS: Final = (
    "ASSUME_ROLE",
    "AUTH",
    "AWS_ACCESS_KEY_ID",
    "AWS_ENDPOINT",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SERVER_ENC_MODE",
    "AWS_SERVER_KMS_ID",
    "AWS_SESSION_TOKEN",
    "AWS_SKIP_CHECKSUM",
    "AWS_SKIP_TLS_VERIFY",
    "AWS_USE_PATH_STYLE",
    "S3_STORAGE_CLASS",
)
_ENC_MODES: Final = ("", "AES256", "aws:kms")
_LOOKUP_ENDPOINT: Final = "https://s3.amazonaws.com"
_LOOKUP_TIMEOUT_SECONDS: Final = 20


@dataclass(frozen=True, slots=True)
class S3Settings:
    """What an `s3` URI says, checked.

    Attributes:
        credentials: None with `AUTH=implicit`.
        roles: that are assumed with them, one after the other, and their external ids.
        region: empty when it has to be asked for.
    """

    bucket: str
    prefix: str
    region: str
    endpoint: str
    credentials: AWSCredentials | None
    roles: tuple[tuple[str, str], ...] = ()
    enc_mode: str = ""
    kms_key_id: str = ""
    storage_class: str = ""
    is_path_style: bool = True
    skips_tls_verify: bool = field(default=False)


def validate_s3(uri: URI, env: StorageEnv) -> S3Settings:
    """Check an `s3` URI in the server's order, before any network contact.

    Raises:
        InvalidOptionError: a parameter is missing, unknown to the server as a value, or disallowed.
    """
    check_params(uri, _PARAMS, env, "S3")
    endpoint = uri.param("AWS_ENDPOINT")
    if endpoint and not env.allow_http:
        raise _invalid("custom endpoints disallowed for s3 due to --external-io-disable-http flag")
    credentials = _validate_auth(uri, env)
    enc_mode, kms_key_id = uri.param("AWS_SERVER_ENC_MODE"), uri.param("AWS_SERVER_KMS_ID")
    if enc_mode not in _ENC_MODES:
        raise _invalid(
            f"unsupported server encryption mode {enc_mode}. Supported values are `aws:kms` and `AES256`."
        )
    if enc_mode == "aws:kms" and not kms_key_id:
        raise _invalid("AWS_SERVER_KMS_ID param must be set when using aws:kms server side encryption mode.")
    roles = parse_assumed_roles(uri.param("ASSUME_ROLE"))
    if not uri.host:
        raise _invalid(f"host component of s3 URI must be a bucket: {uri}")
    return S3Settings(
        bucket=uri.host,
        prefix=uri.path.strip("/"),
        region=uri.param("AWS_REGION") or ("default-region" if endpoint else ""),
        endpoint=endpoint,
        credentials=credentials,
        roles=roles,
        enc_mode=enc_mode,
        kms_key_id=kms_key_id,
        storage_class=uri.param("S3_STORAGE_CLASS"),
        is_path_style=bool(endpoint) or _is_true(uri.param("AWS_USE_PATH_STYLE")),
        skips_tls_verify=_is_true(uri.param("AWS_SKIP_TLS_VERIFY")),
    )


def open_s3(uri: URI, env: StorageEnv) -> ObjectStorage:
    """Open a location in a bucket; asks Amazon for the bucket's region where the URI names neither it nor an
    endpoint.

    Raises:
        InvalidOptionError: as `validate_s3`.
        StorageError: the region was not found, a role was not assumed, or the settings make no client.
    """
    settings = validate_s3(uri, env)
    region = settings.region or DEFAULT_RETRY.run(lambda: find_bucket_region(settings.bucket))
    words = ObjectWords("s3", S3_LABEL, env.profile)
    config: dict[str, Any] = {
        "region": region,
        # Every service that speaks the protocol can delete one object; not all can delete many.
        "disable_bulk_delete": True,
        "virtual_hosted_style_request": not settings.is_path_style and "." not in settings.bucket,
    }
    if settings.endpoint:
        config["endpoint"] = settings.endpoint
        config["aws_endpoint_url_s3"] = settings.endpoint
    if settings.enc_mode:
        config["server_side_encryption"] = settings.enc_mode
    if settings.kms_key_id:
        config["sse_kms_key_id"] = settings.kms_key_id
    client = DEFAULT_RETRY.client_options()
    client["allow_http"] = settings.endpoint.startswith("http://")
    if settings.skips_tls_verify:
        client["allow_invalid_certificates"] = True
    try:
        store = S3Store(
            settings.bucket,
            config=config,  # type: ignore[arg-type]
            client_options=client,
            retry_config=DEFAULT_RETRY.obstore_options(),
            credential_provider=_credential_provider(settings, env, region),
        )
    except (BaseError, ValueError) as exc:
        raise translate_error(exc, "open", uri, "", words) from None
    attributes = {"Storage-Class": settings.storage_class} if settings.storage_class else None
    return ObjectStorage(store, settings.prefix, uri, words, attributes=attributes)


def find_bucket_region(bucket: str, *, endpoint: str = _LOOKUP_ENDPOINT) -> str:
    """Ask where a bucket lies; needs no credentials.

    Raises:
        StorageError: `could not find s3 bucket's region: …`.
        UnavailableError: not reached.
    """
    request = urllib.request.Request(f"{endpoint}/{bucket}", method="HEAD")  # noqa: S310
    opener = urllib.request.build_opener(_NoRedirect)
    try:
        with opener.open(request, timeout=_LOOKUP_TIMEOUT_SECONDS) as response:
            headers, status = response.headers, response.status
    except urllib.error.HTTPError as exc:
        headers, status = exc.headers, exc.code
        exc.close()
    except OSError as exc:
        raise UnavailableError("could not find s3 bucket's region: the service was not reached") from exc
    region = headers.get("x-amz-bucket-region")
    if region:
        return str(region)
    raise StorageError(
        f"could not find s3 bucket's region: HTTP status {status}",
        hint="name the region with AWS_REGION",
        location=f"s3://{bucket}",
    )


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """The answer that sends us elsewhere already names the region."""

    def redirect_request(self, *args: object, **kwargs: object) -> None:
        """Follow nothing."""


def _validate_auth(uri: URI, env: StorageEnv) -> AWSCredentials | None:
    auth = uri.param("AUTH")
    if auth in ("", "specified"):
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            if not uri.param(name):
                raise _invalid(f"AUTH is set to 'specified', but {name} is not set")
        return AWSCredentials(
            uri.param("AWS_ACCESS_KEY_ID"),
            # A `+` that was not encoded in the URI arrives as a blank; secrets have no blanks.
            uri.param("AWS_SECRET_ACCESS_KEY").replace(" ", "+"),
            uri.param("AWS_SESSION_TOKEN").replace(" ", "+") or None,
        )
    if auth != "implicit":
        raise _invalid(f"unsupported value {auth} for AUTH")
    if not env.allow_implicit:
        raise _invalid(
            "implicit credentials disallowed for s3 due to --external-io-implicit-credentials flag"
        )
    return None


def _credential_provider(
    settings: S3Settings, env: StorageEnv, region: str
) -> Callable[[], S3Credential] | None:
    """Return where obstore gets credentials; None leaves it to its own chain.

    Those of the URI go this way too, so that a session token of the environment is never mixed in.
    """
    source: Callable[[], AWSCredentials] | None = env.aws_credentials
    if (specified := settings.credentials) is not None:
        source = lambda: specified  # noqa: E731
    if settings.roles:
        # Asked for at once, for a refusal is told best where it can be typed.
        source = RoleCredentials(source, settings.roles, region=region, endpoint=settings.endpoint)
        source()
    if source is None:
        return None
    ask = source

    def provide() -> S3Credential:
        credentials = ask()
        return {
            "access_key_id": credentials.access_key_id,
            "secret_access_key": credentials.secret_access_key,
            "token": credentials.session_token,
            "expires_at": credentials.expires_at,
        }

    return provide


def _is_true(text: str) -> bool:
    return text in ("1", "t", "T", "true", "TRUE", "True")


def _invalid(message: str) -> InvalidOptionError:
    return InvalidOptionError(message, sqlstate="XXUUU")
