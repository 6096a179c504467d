"""`ASSUME_ROLE` of s3 URIs: temporary credentials of AWS's Security Token Service, one role after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from ootheca.errors import AccessDeniedError, StorageError, UnavailableError
from ootheca.storage.base import AWSCredentials
from ootheca.storage.retry import DEFAULT_RETRY

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

__all__ = ["RoleCredentials"]

_REFRESH_BEFORE: Final = timedelta(minutes=5)
_DENIED: Final = frozenset({"AccessDenied", "ExpiredToken", "InvalidClientTokenId", "SignatureDoesNotMatch"})


class RoleCredentials:
    """Gives the credentials of the last role, asked for again before they expire.

    Args:
        source: gives the credentials to begin with; None for those of the environment.
        roles: and their external ids, at least one.
        endpoint: of the service; empty for AWS's own.
    """

    def __init__(
        self,
        source: Callable[[], AWSCredentials] | None,
        roles: Sequence[tuple[str, str]],
        *,
        region: str,
        endpoint: str,
    ) -> None:
        self._source = source
        self._roles = roles
        self._region = region
        self._endpoint = endpoint
        self._current: AWSCredentials | None = None

    def __call__(self) -> AWSCredentials:
        """Return credentials that are good for some minutes.

        Raises:
            AccessDeniedError: the role may not be assumed with these credentials.
            UnavailableError: the service was not reached.
            StorageError: it says that the request makes no sense.
        """
        current = self._current
        expires_at = current.expires_at if current is not None else None
        if current is None or (expires_at is not None and expires_at - _REFRESH_BEFORE < datetime.now(UTC)):
            current = self._current = self._assume()
        return current

    def _assume(self) -> AWSCredentials:
        from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

        credentials = self._source() if self._source is not None else None
        for role, external_id in self._roles:
            try:
                credentials = self._assume_one(credentials, role, external_id)
            except ClientError as exc:
                raise _refusal(exc, role) from None
            except ParamValidationError:
                raise StorageError(
                    f"failed to assume role {role}: the role or its external id is malformed",
                    hint="a role is named by its ARN; an external id has at least two characters",
                ) from None
            except BotoCoreError as exc:
                raise UnavailableError(
                    f"failed to assume role {role}: {type(exc).__name__}",
                    hint="are there credentials, and can the Security Token Service be reached from here?",
                ) from None
        assert credentials is not None
        return credentials

    def _assume_one(self, credentials: AWSCredentials | None, role: str, external_id: str) -> AWSCredentials:
        from boto3.session import Session
        from botocore.config import Config

        keys: dict[str, Any] = {}
        if credentials is not None:
            keys = {
                "aws_access_key_id": credentials.access_key_id,
                "aws_secret_access_key": credentials.secret_access_key,
                "aws_session_token": credentials.session_token,
            }
        config = Config(connect_timeout=DEFAULT_RETRY.connect, read_timeout=DEFAULT_RETRY.silence)
        service = Session(region_name=self._region, **keys).client(
            "sts", endpoint_url=self._endpoint or None, config=config
        )
        conditions: dict[str, Any] = {"ExternalId": external_id} if external_id else {}
        answer = service.assume_role(RoleArn=role, RoleSessionName="ootheca", **conditions)["Credentials"]
        expires_at = answer["Expiration"].astimezone(UTC)
        return AWSCredentials(
            answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"], expires_at
        )


def _refusal(exc: ClientError, role: str) -> StorageError:
    error = exc.response.get("Error", {})
    code, text = str(error.get("Code", "")), str(error.get("Message", "")).partition("\n")[0]
    message = f"failed to assume role {role}: {code}: {text}"
    if code in _DENIED or exc.response.get("ResponseMetadata", {}).get("HTTPStatusCode") in (401, 403):
        return AccessDeniedError(message, hint="the role's trust policy must name who assumes it")
    return StorageError(message)
