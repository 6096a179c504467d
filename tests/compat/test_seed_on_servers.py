"""The documented session without the sandbox: SeaweedFS for S3, moto for AWS KMS, fake-gcs-server for GCS.

It prints what the sandbox prints: every row count, every row, every refusal. Only moments (and jobs' ids, which are
some) and the sizes of a cluster's backups differ, for its jobs tell of longer URIs.
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


def without_moments_and_sizes(text: str) -> str:
    """Hide ids and sizes of what jobs answer, fractions of seconds, and the size of the table of jobs."""
    text = re.sub(r"^ +\d+ (\| succeeded \|.*\|) +\d+$", r"<id> \1 <size>", text, flags=re.MULTILINE)
    text = re.sub(r"\.\d{6}\+00", ".<µs>+00", text)
    text = re.sub(r"(\| jobs .*\+00:00:00 \|) +\d+", r"\1 <size>", text)
    return re.sub(r"-+$", "-", text, flags=re.MULTILINE)


def test_the_documented_session_on_real_servers(
    start: Callable[[str], Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    # AUTH=implicit takes its credentials from the environment.
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY)
    with local_aws() as aws:
        script = with_servers(SCRIPT.read_text(), start("seaweed"), start("fake_gcs"), aws)
        assert DOCUMENTED_KEYS not in script
        shown = transcript(script, sandbox=False)
    assert without_moments_and_sizes(shown) == without_moments_and_sizes(TRANSCRIPT.read_text())
    assert shown.count("succeeded") > 5
