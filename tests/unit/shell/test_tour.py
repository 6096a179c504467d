"""The guided tour does what it says, and says so when it does not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ootheca.exec.session import Session
from ootheca.shell.options import Options
from ootheca.shell.session_io import LeaveShell, Shell
from ootheca.shell.tour import STEPS, run_tour


def test_every_step_does_what_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    with Session(None) as session:
        shell = Shell(session, Options())
        run_tour(shell)
        assert not shell.has_failed
        assert session.catalog.find_database("movr") is None
    out, err = capsys.readouterr()
    for number, step in enumerate(STEPS, 1):
        assert f"# {number}/{len(STEPS)} {step.title}\n" in out
    assert "    0 |      1001\n" in out
    assert out.endswith(f"{len(STEPS)} steps, and each did what it said.\n")
    assert err.count("ERROR") == sum(step.fails for step in STEPS)
    assert "could not find an entry in the encryptedDataKeyMap" in err
    assert "region us-east-1 is switched off" in err


@pytest.mark.parametrize("wrong", [{"claim": "SELECT false"}, {"claim": "SELECT nope"}, {"fails": 1}])
def test_a_step_that_does_something_else_is_an_error(
    wrong: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    with Session(None) as session, pytest.raises(LeaveShell):
        run_tour(Shell(session, Options()), [replace(STEPS[0], **wrong)])
    assert "the tour expected something else in step 1" in capsys.readouterr().err
