"""feature.<name>.enabled: what an administrator has switched off."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import ootheca
from ootheca import Connection
from ootheca.errors import OothecaError
from tests.support.golden import VERSIONS
from tests.support.jobs import gate_at, wait_for


@pytest.fixture(params=VERSIONS)
def con(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Connection]:
    with ootheca.connect(tmp_path / "store", version=request.param, sandbox=True) as con:
        con.execute("CREATE DATABASE shop; CREATE TABLE shop.t (a INT); INSERT INTO shop.t VALUES (1)")
        con.execute("BACKUP DATABASE shop TO 'nodelocal://1/b'")
        yield con


@pytest.mark.parametrize(
    ("feature", "sql"),
    [
        ("BACKUP", "BACKUP DATABASE shop TO 'nodelocal://1/x' WITH encryption_passphrase = 'p', kms = 'k'"),
        ("BACKUP", "BACKUP DATABASE shop TO 'nodelocal://1/x' WITH detached"),
        ("BACKUP", "CREATE SCHEDULE FOR BACKUP DATABASE shop INTO 'nodelocal://1/x' RECURRING '@daily'"),
        ("RESTORE", "RESTORE DATABASE shop FROM 'nodelocal://1/nothing'"),
        ("RESTORE", "BEGIN; RESTORE DATABASE shop FROM 'nodelocal://1/b'"),
        ("EXPORT", "EXPORT INTO CSV 'nodelocal://1/x' FROM TABLE shop.t"),
    ],
)
def test_what_is_switched_off_is_refused_before_all_else(con: Connection, feature: str, sql: str) -> None:
    con.execute(f"SET CLUSTER SETTING feature.{feature.lower()}.enabled = false")
    with pytest.raises(OothecaError) as caught:
        con.execute(sql).fetchall()
    is_old = con.session.profile.version == "20.2"
    words = f"{feature} feature" if is_old else f"feature {feature}"
    assert caught.value.message.endswith(f"{words} was disabled by the database administrator")
    assert caught.value.sqlstate == "57000"
    assert caught.value.hint == (
        f"an administrator can say: SET CLUSTER SETTING feature.{feature.lower()}.enabled = true"
    )


def test_what_is_switched_on_again_runs(con: Connection) -> None:
    con.execute("SET CLUSTER SETTING feature.backup.enabled = false")
    con.execute("RESET CLUSTER SETTING feature.backup.enabled")
    assert con.execute("BACKUP DATABASE shop TO 'nodelocal://1/x'").fetchall()[0][1] == "succeeded"


def test_a_job_that_goes_on_was_allowed_when_it_began(
    con: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    with gate_at(monkeypatch, 0) as gate:
        ((job_id,),) = con.execute("BACKUP DATABASE shop TO 'nodelocal://1/x' WITH detached").fetchall()
        gate.wait()
        con.execute(f"PAUSE JOB {job_id}")
    wait_for(con, job_id)
    assert con.execute(f"SELECT status FROM [SHOW JOB {job_id}]").fetchall() == [("paused",)]
    con.execute(f"SET CLUSTER SETTING feature.backup.enabled = false; RESUME JOB {job_id}")
    assert wait_for(con, job_id) == "succeeded"
