"""The documented session without the sandbox: SeaweedFS for S3, moto for AWS KMS, fake-gcs-server for GCS.

It prints what the sandbox prints, byte for byte: every row count and size, every refusal.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlencode

import pytest

from tests.conformance.seed import SCRIPT, TRANSCRIPT, transcript
from tests.support.aws import ACCESS_KEY_ID, SECRET_ACCESS_KEY, LocalAWS, local_aws
from tests.support.servers import Place

DOCUMENTED_KEYS = "AWS_ACCESS_KEY_ID=123456&AWS_SECRET_ACCESS_KEY=123456"


def with_servers(script: str, storage: Place, gcs: Place, aws: LocalAWS) -> str:
    """Put real places and keys where the documentation has its examples."""
    keys = {
        "<cmk>": aws.create_key(),
        "<cmk-east>": aws.create_key(),
        "<cmk-west>": aws.create_key(region="us-west-1"),
    }
    credentials = urlencode({"AWS_ACCESS_KEY_ID": ACCESS_KEY_ID, "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY})
    endpoint = urlencode({"AWS_ENDPOINT": aws.endpoint})
    script = re.sub(
        r"s3://test/([\w/]+)\?" + re.escape(DOCUMENTED_KEYS), lambda found: storage.uri(found[1]), script
    )
    script = re.sub(r"gs://acme-co-backup/([\w-]+)", lambda found: gcs.uri(found[1]), script)
    script = re.sub(r"aws:///(<[\w-]+>)\?", lambda found: f"aws:///{keys[found[1]]}?{endpoint}&", script)
    return script.replace(DOCUMENTED_KEYS, credentials)


def test_the_documented_session_on_real_servers(
    start: Callable[[str], Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    # AUTH=implicit takes its credentials from the environment.
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY)
    with local_aws() as aws:
        script = with_servers(SCRIPT.read_text(), start("seaweed"), start("fake_gcs"), aws)
        assert DOCUMENTED_KEYS not in script
        assert transcript(script, sandbox=False) == TRANSCRIPT.read_text()
