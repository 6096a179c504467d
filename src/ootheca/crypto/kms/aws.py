"""AWS KMS: what its URIs say, and the calls Encrypt and Decrypt.

Source: reference/sql/04 §4.1; conformance/*/scenarios/02_kms. The calls carry the key id as the URI has it
and no encryption context, as CockroachDB's do. Deviations: `AWS_ENDPOINT` counts with `AUTH=implicit` too
(CockroachDB 20.2 then goes to AWS itself), blanks become `+` in the session token as they do in the secret,
and what one replica of a multi-region key wrapped is found by the ARN of any other (in CockroachDB from 25.1).
"""

from __future__ import annotations

import re
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
from ootheca.uri import URI, parse_assumed_roles

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

__all__ = ["AWSKMS", "parse_aws_key"]

_PARAMS: Final = frozenset(
    {
        "ASSUME_ROLE",
        "AUTH",
        "AWS_ACCESS_KEY_ID",
        "AWS_ENDPOINT",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "REGION",
    }
)
# Short, for another region may be waiting to be asked.
_CONNECT_TIMEOUT_S: Final = 3
_READ_TIMEOUT_S: Final = 5
_MAX_ATTEMPTS: Final = 2

_MULTI_REGION: Final = re.compile(r"(?:(arn:[\w-]+:kms):[\w-]+:(\d+):key/)?(mrk-[0-9a-zA-Z-]+)")
_REGIONS: Final = (
    "af-south-1", "ap-east-1", "ap-east-2", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1",
    "ap-south-2", "ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5",
    "ap-southeast-6", "ap-southeast-7", "ca-central-1", "ca-west-1", "cn-north-1", "cn-northwest-1",
    "eu-central-1", "eu-central-2", "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-2",
    "eu-west-3", "il-central-1", "me-central-1", "me-south-1", "mx-central-1", "sa-east-1", "us-east-1",
    "us-east-2", "us-gov-east-1", "us-gov-west-1", "us-west-1", "us-west-2",
)  # fmt: skip

_DENIED: Final = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AuthFailure",
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "NotAuthorized",
        "OptInRequired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_TEMPORARY: Final = frozenset(
    {
        "DependencyTimeoutException",
        "KMSInternalException",
        "KeyUnavailableException",
        "LimitExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "Throttling",
        "ThrottlingException",
    }
)


def parse_aws_key(uri: URI, env: KMSEnvironment) -> MasterKey:
    """`aws:///<key id, alias or ARN>?AUTH=…&REGION=…`; the host is ignored.

    Raises:
        InvalidOptionError: the words of CockroachDB, in its order: endpoint, AUTH, credentials, region, path.
    """
    check_outbound(env, "AWS KMS")
    check_params(uri, _PARAMS, env)
    if uri.param("AWS_ENDPOINT") and env.disable_http:
        raise uri_error("custom endpoints disallowed for aws kms due to --aws-kms-disable-http flag")
    auth = uri.param("AUTH")
    if auth in ("", "specified"):
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            if not uri.param(name):
                raise uri_error(
                    f"AUTH is set to 'specified', but {name} is not set",
                    hint="add it to the URI, or use AUTH=implicit for the environment's credentials",
                )
    elif auth == "implicit":
        if env.disable_implicit_credentials:
            raise uri_error(
                "implicit credentials disallowed for s3 due to --external-io-implicit-credentials flag"
            )
    else:
        raise auth_error(auth)
    region = uri.param("REGION") or ("default-region" if uri.param("AWS_ENDPOINT") else "")
    if not region:
        raise uri_error("could not find the aws kms region", hint="add REGION=<region> to the URI")
    parse_assumed_roles(uri.param("ASSUME_ROLE"))
    key_id = check_path(uri)
    shared_id, replica_ids = _replicas(key_id)
    return MasterKey(uri.scheme, "aws", key_id, region, shared_id, replica_ids)


def _replicas(key_id: str) -> tuple[str, tuple[str, ...]]:
    """Of a multi-region key what its replicas share, and under which ids they may have been filed."""
    match = _MULTI_REGION.fullmatch(key_id)
    if match is None:
        return "", ()
    service, account, shared_id = match.groups()
    if service is None:
        return shared_id, ()  # its replicas in other regions have the same bare id
    arns = (f"{service}:{region}:{account}:key/{shared_id}" for region in _REGIONS)
    return shared_id, (shared_id, *(arn for arn in arns if arn != key_id))


class AWSKMS(NamedKMS):
    """A symmetric master key in AWS KMS. The service is contacted by `wrap` and `unwrap` alone."""

    def __init__(self, key: MasterKey, uri: URI) -> None:
        super().__init__(key)
        self._uri = uri
        self._connected: Any = None  # the client, made once: reading the service's description takes a while

    def wrap(self, data_key: bytes) -> bytes:
        with _translated(self.key):
            answer = self._client().encrypt(KeyId=self.key.key_id, Plaintext=data_key)
        return bytes(answer["CiphertextBlob"])

    def unwrap(self, wrapped: bytes) -> bytes:
        with _translated(self.key):
            answer = self._client().decrypt(KeyId=self.key.key_id, CiphertextBlob=wrapped)
        return bytes(answer["Plaintext"])

    def _client(self) -> Any:
        if self._connected is None:
            self._connected = self._service(self._session(), "kms")
        return self._connected

    def _session(self) -> Any:
        """Credentials from the URI or the environment, then each role of `ASSUME_ROLE` in turn."""
        from boto3.session import Session

        if self._uri.param("AUTH") == "implicit":
            session = Session(region_name=self.key.region)
        else:
            session = Session(
                region_name=self.key.region,
                aws_access_key_id=self._uri.param("AWS_ACCESS_KEY_ID"),
                aws_secret_access_key=self._uri.param("AWS_SECRET_ACCESS_KEY").replace(" ", "+"),
                aws_session_token=self._uri.param("AWS_SESSION_TOKEN").replace(" ", "+") or None,
            )
        for role, external_id in parse_assumed_roles(self._uri.param("ASSUME_ROLE")):
            conditions = {"ExternalId": external_id} if external_id else {}
            answer = self._service(session, "sts").assume_role(
                RoleArn=role, RoleSessionName="ootheca", **conditions
            )
            credentials = answer["Credentials"]
            session = Session(
                region_name=self.key.region,
                aws_access_key_id=credentials["AccessKeyId"],
                aws_secret_access_key=credentials["SecretAccessKey"],
                aws_session_token=credentials["SessionToken"],
            )
        return session

    def _service(self, session: Any, name: str) -> Any:
        from botocore.config import Config

        config = Config(
            connect_timeout=_CONNECT_TIMEOUT_S,
            read_timeout=_READ_TIMEOUT_S,
            retries={"total_max_attempts": _MAX_ATTEMPTS, "mode": "standard"},
        )
        return session.client(name, endpoint_url=self._uri.param("AWS_ENDPOINT") or None, config=config)


@contextmanager
def _translated(key: MasterKey) -> Iterator[None]:
    """Turn botocore's exceptions into ours. Its own texts may quote secrets; only the service's are kept."""
    from botocore.exceptions import (
        BotoCoreError,
        ClientError,
        HTTPClientError,
        NoCredentialsError,
        ParamValidationError,
    )
    from botocore.exceptions import (
        ConnectionError as UnreachableError,
    )

    try:
        yield
    except ClientError as exc:
        raise _service_error(exc, key) from exc
    except NoCredentialsError as exc:
        raise AccessDeniedError(
            "NoCredentialProviders: no valid providers in chain",
            hint="set AWS credentials in the environment, or give them in the URI with AUTH=specified",
        ) from exc
    except ParamValidationError as exc:
        raise KMSError("InvalidParameter: the key id or a role is not in a form that AWS has") from exc
    except (HTTPClientError, UnreachableError) as exc:
        raise KMSError(
            f"RequestError: send request failed: {type(exc).__name__}",
            hint="the key service was not reached; check REGION, AWS_ENDPOINT and the network",
            retryable=True,
        ) from exc
    except BotoCoreError as exc:
        raise KMSError(f"RequestError: {type(exc).__name__}") from exc
    except ValueError as exc:
        raise uri_error("AWS_ENDPOINT is no usable endpoint") from exc


def _service_error(exc: ClientError, key: MasterKey) -> OothecaError:
    code = exc.response.get("Error", {}).get("Code", "Unknown")
    text = exc.response.get("Error", {}).get("Message", "")
    status = exc.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if (
        code.isdecimal()
    ):  # An answer that is not the service's own, of a proxy for instance; its body is no message.
        message = f"the key service answered with HTTP status {status}"
    else:
        message = f"{code}: {text}" if text else code
    if code in _DENIED or status in (401, 403):
        return AccessDeniedError(message, hint="these credentials may not use the key")
    hint = NOT_SYMMETRIC if code == "InvalidKeyUsageException" else _other_region(key)
    return KMSError(message, hint=hint, retryable=code in _TEMPORARY or status >= 500)


def _other_region(key: MasterKey) -> str | None:
    """A likely cause: the service of one region is asked for a key of another."""
    parts = key.key_id.split(":")
    if parts[0] != "arn" or len(parts) < 6 or parts[3] == key.region:
        return None
    return f"the ARN is of region {parts[3]}, and REGION says {key.region}"
