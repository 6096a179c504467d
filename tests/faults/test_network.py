"""A network that breaks, stalls and refuses, before real servers: what may heal is survived, the rest is told."""

from __future__ import annotations

import base64
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ootheca import connect
from ootheca.errors import AccessDeniedError, ObjectNotFoundError, StorageError, UnavailableError
from ootheca.storage import clouds, s3
from ootheca.storage.base import Storage
from ootheca.storage.retry import RetryPolicy
from tests.support.proxy import Fault, FaultProxy, fault_proxy
from tests.support.servers import Place

CONTENT = random.Random(2).randbytes(17 << 20)  # more than one range, and several parts
MB = 1 << 20

SURVIVED_READING = {
    "503, three times": [Fault("busy")] * 3,
    "connections refused, three times": [Fault("refuse")] * 3,
    "cut in the answer's head": [Fault("reset", 30)],
    "cut in the middle": [Fault("reset", 5 * MB)],
    "cut in the middle, three times": [
        Fault("reset", 5 * MB),
        Fault("reset", 2 * MB),
        Fault("reset", 16 * MB),
    ],
    "silent in the middle": [Fault("stall", 5 * MB)],
    "silent from the start": [Fault("stall", 0)],
    "slow": [Fault("slow")],
}
SURVIVED_WRITING = {
    "503, three times": [Fault("busy")] * 3,
    "connections refused, three times": [Fault("refuse")] * 3,
    "cut in the middle": [Fault("reset", 3 * MB, "up")],
    "cut in the middle, three times": [Fault("reset", 3 * MB, "up")] * 3,
    "silent in the middle": [Fault("stall", 3 * MB, "up")],
    "the answer is lost": [Fault("reset", 1)],
    "the answer does not come": [Fault("stall", 0)],
}


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    policy = RetryPolicy(max_retries=5, first_wait=0.01, max_wait=0.05, silence=2.0, request=30.0)
    monkeypatch.setattr(s3, "DEFAULT_RETRY", policy)
    monkeypatch.setattr(clouds, "DEFAULT_RETRY", policy)


@pytest.fixture(params=["seaweed", "fake_gcs", "azurite", "nginx"])
def place(request: pytest.FixtureRequest, start: Callable[[str], Place]) -> Place:
    return start(request.param)


@pytest.fixture
def proxy(place: Place) -> Iterator[FaultProxy]:
    with fault_proxy(place.endpoint) as running:
        yield running


@pytest.fixture
def direct(place: Place, tmp_path: Path) -> Storage:
    """The location, reached without the proxy."""
    return place.open(tmp_path.name)


@pytest.fixture
def storage(place: Place, proxy: FaultProxy, tmp_path: Path) -> Storage:
    """The same location, reached through the proxy."""
    return place.through(proxy.endpoint).open(tmp_path.name)


@pytest.mark.parametrize("fault", SURVIVED_READING)
def test_reading_survives(storage: Storage, direct: Storage, proxy: FaultProxy, fault: str) -> None:
    direct.write("object", CONTENT)
    proxy.plan(*SURVIVED_READING[fault])
    assert storage.read("object") == CONTENT
    assert not proxy.faults  # all of them were met


@pytest.mark.parametrize("fault", SURVIVED_WRITING)
def test_writing_survives(storage: Storage, direct: Storage, proxy: FaultProxy, fault: str) -> None:
    proxy.plan(*SURVIVED_WRITING[fault])
    with storage.writer("object") as writer:
        writer.write(CONTENT)
    assert not proxy.faults
    assert direct.read("object") == CONTENT


def test_what_stays_down_is_told_and_leaves_nothing(
    storage: Storage, direct: Storage, proxy: FaultProxy
) -> None:
    direct.write("object", b"before")
    for fault in (Fault("busy"), Fault("refuse"), Fault("reset", MB, "up")):
        proxy.plan(always=fault)
        with pytest.raises(UnavailableError) as caught:
            storage.write("object", CONTENT)
        assert caught.value.retryable
        assert caught.value.hint
        assert "\n" not in caught.value.message
    proxy.plan()
    assert direct.read("object") == b"before"
    if direct.can_list:
        assert [info.name for info in direct.list()] == ["object"]


def test_patience_ends(storage: Storage, direct: Storage, proxy: FaultProxy) -> None:
    direct.write("object", b"x")
    proxy.plan(always=Fault("busy"))
    with pytest.raises(UnavailableError):
        storage.read("object")
    assert proxy.connections == 6  # one attempt and five retries


def test_patience_with_silence_ends_too(
    storage: Storage,
    direct: Storage,
    proxy: FaultProxy,
    monkeypatch: pytest.MonkeyPatch,
    place: Place,
    tmp_path: Path,
) -> None:
    """The time in all is bounded: after it no attempt begins, though there are retries left."""
    impatient = RetryPolicy(max_retries=1000, first_wait=0.01, max_wait=0.05, total=1.0, silence=0.4)
    monkeypatch.setattr(s3, "DEFAULT_RETRY", impatient)
    monkeypatch.setattr(clouds, "DEFAULT_RETRY", impatient)
    direct.write("object", b"x")
    proxy.plan(always=Fault("stall"))
    with pytest.raises(UnavailableError):
        place.through(proxy.endpoint).open(tmp_path.name).read("object")
    assert 1 < proxy.connections <= 5


def test_what_was_read_is_not_asked_for_again(storage: Storage, direct: Storage, proxy: FaultProxy) -> None:
    content = CONTENT * 2  # three ranges
    direct.write("object", content)
    proxy.plan(Fault("reset", 20 * MB))  # in the second
    assert storage.read("object") == content
    assert not proxy.faults
    assert proxy.passed_down < len(content) + 16 * MB


def test_parts_that_arrived_are_not_sent_again(
    storage: Storage, direct: Storage, proxy: FaultProxy, place: Place
) -> None:
    if place.scheme == "http":
        pytest.skip("a web server takes an object whole")
    content = CONTENT * 2
    proxy.plan(Fault("reset", 9 * MB, "up"), Fault("reset", 7 * MB, "up"))
    storage.write("object", content)
    assert not proxy.faults
    assert direct.read("object") == content
    assert proxy.passed_up < len(content) + 12 * MB


def test_what_cannot_heal_is_asked_once(storage: Storage, proxy: FaultProxy) -> None:
    proxy.plan(always=Fault("busy"))
    proxy.faults.append(None)
    with pytest.raises(ObjectNotFoundError):
        storage.read("nothing")
    assert proxy.connections == 1


@pytest.mark.parametrize(
    ("params", "kind", "hint"),
    [
        ({"AWS_SECRET_ACCESS_KEY": "wrong"}, AccessDeniedError, "%2B"),
        ({"AWS_ACCESS_KEY_ID": "nobody"}, AccessDeniedError, "AWS_ACCESS_KEY_ID"),
    ],
)
def test_wrong_credentials_fail_at_once(
    start: Callable[[str], Place], params: dict[str, str], kind: type[StorageError], hint: str
) -> None:
    place = start("seaweed")
    with fault_proxy(place.endpoint) as proxy:
        through = place.through(proxy.endpoint)
        wrong = Place(through.scheme, through.host, {**through.params, **params}, through.endpoint)
        proxy.plan(None, always=Fault("busy"))
        with pytest.raises(StorageError) as caught:
            wrong.open("x").read("object")
        assert type(caught.value) is kind
        assert hint in str(caught.value.hint)
        assert "wrong" not in caught.value.message
        assert proxy.connections == 1


def test_a_wrong_key_of_azure_fails_at_once(
    start: Callable[[str], Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    place = start("azurite")
    with fault_proxy(place.endpoint) as proxy:
        wrong = {**place.params, "AZURE_ACCOUNT_KEY": base64.b64encode(b"wrong" * 8).decode()}
        through = place.through(proxy.endpoint)
        proxy.plan(None, always=Fault("busy"))
        with pytest.raises(AccessDeniedError) as caught:
            Place(place.scheme, place.host, wrong, through.endpoint).open("x").read("object")
        assert caught.value.hint
        assert wrong["AZURE_ACCOUNT_KEY"] not in f"{caught.value!r} {caught.value.__cause__}"
        assert proxy.connections == 1


def test_a_bucket_that_is_not_there_fails_at_once(start: Callable[[str], Place]) -> None:
    place = start("seaweed")
    missing = Place(place.scheme, "no-such-bucket", place.params, place.endpoint)
    with pytest.raises(StorageError, match="NoSuchBucket") as caught:
        missing.open("x").write("object", b"x")
    assert caught.value.hint == "make the bucket first, or correct its name"


def test_a_backup_over_a_bad_network(start: Callable[[str], Place], tmp_path: Path) -> None:
    """Backed up, shown and restored while every second connection breaks in its own way."""
    place = start("seaweed")
    rng = random.Random(3)
    with fault_proxy(place.endpoint) as proxy, connect(store=tmp_path / "store") as con:
        con.execute("CREATE DATABASE bank")
        con.execute("CREATE TABLE bank.t (a INT PRIMARY KEY, b STRING)")
        values = ", ".join(f"({i}, '{rng.randbytes(40).hex()}')" for i in range(5000))
        con.execute(f"INSERT INTO bank.t VALUES {values}")
        before = con.execute("SELECT * FROM bank.t ORDER BY a").fetchall()
        uri = place.through(proxy.endpoint).uri(tmp_path.name)
        kinds = [
            Fault("busy"),
            Fault("refuse"),
            Fault("reset", 50),
            Fault("reset", 200, "up"),
            Fault("reset", 5000),
        ]
        with_key = "WITH encryption_passphrase = 'p'"
        for sql in (
            f"BACKUP DATABASE bank INTO '{uri}' {with_key}",
            f"SHOW BACKUP LATEST IN '{uri}' {with_key}",
            "DROP DATABASE bank CASCADE",
            f"RESTORE DATABASE bank FROM LATEST IN '{uri}' {with_key}",
        ):
            proxy.plan(*(fault for kind in kinds for fault in (kind, None)))
            con.execute(sql)
        assert con.execute("SELECT * FROM bank.t ORDER BY a").fetchall() == before
