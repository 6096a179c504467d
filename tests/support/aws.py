"""A local AWS: moto's server in a thread, for tests that speak S3, KMS or STS over HTTP."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

__all__ = ["ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "LocalAWS", "local_aws"]

ACCESS_KEY_ID = "test-access-key"
SECRET_ACCESS_KEY = "test-secret+key/with=signs"


@dataclass(frozen=True, slots=True)
class LocalAWS:
    """A running server.

    Attributes:
        endpoint: `http://127.0.0.1:<port>`, for every service.
    """

    endpoint: str

    def client(self, service: str, *, region: str = "us-east-1") -> Any:
        """A boto3 client that talks to this server."""
        import boto3

        make: Any = boto3.client  # its type is one overload for each service's literal name
        return make(
            service,
            region_name=region,
            endpoint_url=self.endpoint,
            aws_access_key_id=ACCESS_KEY_ID,
            aws_secret_access_key=SECRET_ACCESS_KEY,
        )

    def create_key(self, *, region: str = "us-east-1", alias: str | None = None) -> str:
        """Create a symmetric KMS key and return its ARN."""
        kms = self.client("kms", region=region)
        metadata = kms.create_key()["KeyMetadata"]
        if alias is not None:
            kms.create_alias(AliasName=f"alias/{alias}", TargetKeyId=metadata["KeyId"])
        return str(metadata["Arn"])

    def kms_uri(self, key: str, *, scheme: str = "aws", **params: str) -> str:
        """A KMS URI for a key id, alias or ARN; keyword arguments add or replace parameters."""
        defaults = {
            "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
            "REGION": "us-east-1",
            "AWS_ENDPOINT": self.endpoint,
        }
        return f"{scheme}:///{key}?{urlencode({**defaults, **params})}"

    def s3_uri(self, bucket: str, path: str, **params: str) -> str:
        """A storage URI for a path in a bucket; keyword arguments add or replace parameters."""
        defaults = {
            "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT": self.endpoint,
        }
        return f"s3://{bucket}/{quote(path)}?{urlencode({**defaults, **params})}"

    @contextmanager
    def denying(self) -> Iterator[None]:
        """Check credentials and policies while the context lasts: those of the tests are then refused."""
        from moto import settings
        from moto.core.authorization import ActionAuthenticatorMixin

        before = settings.INITIAL_NO_AUTH_ACTION_COUNT
        settings.INITIAL_NO_AUTH_ACTION_COUNT = 0
        ActionAuthenticatorMixin.request_count = 0
        try:
            yield
        finally:
            settings.INITIAL_NO_AUTH_ACTION_COUNT = before


@contextmanager
def local_aws() -> Iterator[LocalAWS]:
    """Start a server on a free loopback port; it and all it holds are gone at the end."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield LocalAWS(f"http://{host}:{port}")
    finally:
        server.stop()
