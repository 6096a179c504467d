"""The prompt, keystroke by keystroke."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from ootheca.exec.session import Session
from ootheca.shell.options import DEFAULT_PROMPT, Options
from ootheca.shell.prompt import continuation, format_prompt
from ootheca.shell.repl import is_ready, run_prompt
from ootheca.shell.session_io import Shell

CTRL_C, CTRL_D, ENTER = "\x03", "\x04", "\r"


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with Session(None) as opened:
        for _ in opened.execute(
            "CREATE DATABASE shop; CREATE TABLE shop.orders (a INT PRIMARY KEY); CREATE TABLE here (a INT)"
        ):
            pass
        yield opened


def typed(session: Session, keys: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[int, Shell]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    shell = Shell(
        session, Options(check_syntax=True, errexit=False, display_format="csv"), is_interactive=True
    )
    with create_pipe_input() as keyboard, create_app_session(input=keyboard, output=DummyOutput()):
        keyboard.send_text(keys)
        return run_prompt(shell, output=DummyOutput()), shell


@pytest.mark.parametrize(
    ("keys", "printed"),
    [
        (f"SELECT 1 AS a;{ENTER}{CTRL_D}", "a\n1\n"),
        (f"SELECT{ENTER}1 AS a{ENTER};{ENTER}\\q{ENTER}", "a\n1\n"),
        (f"SELECT nope{CTRL_C}SELECT 2 AS b;{ENTER}quit{ENTER}", "b\n2\n"),
        (f"{ENTER}{ENTER}SELECT 3 AS c;{ENTER}exit{ENTER}", "c\n3\n"),
        (f"SELECT{ENTER}\\p{ENTER}\\r{ENTER}SELECT 4 AS d;{ENTER}{CTRL_D}", "SELECT\nd\n4\n"),
        (f"\\echo x{ENTER}SELEC;{ENTER}SELECT 5 AS e;{ENTER}{CTRL_D}", "x\ne\n5\n"),
    ],
)
def test_what_is_typed_is_run(
    keys: str,
    printed: str,
    session: Session,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    status, _ = typed(session, keys, tmp_path, monkeypatch)
    assert (status, capsys.readouterr().out) == (0, printed)


def test_an_interrupt_just_after_a_statement_does_not_end_the_shell(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    feed = Shell.feed

    def feed_and_interrupt(shell: Shell, line: str) -> None:
        feed(shell, line)
        if line == "SELECT 1 AS a;":
            raise KeyboardInterrupt

    monkeypatch.setattr(Shell, "feed", feed_and_interrupt)
    status, _ = typed(session, f"SELECT 1 AS a;{ENTER}SELECT 2 AS b;{ENTER}\\q{ENTER}", tmp_path, monkeypatch)
    assert (status, capsys.readouterr().out) == (0, "a\n1\nb\n2\n")


def test_syntax_error_says_that_nothing_ran_and_decides_the_exit_status(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    status, _ = typed(session, f"SELEC;{ENTER}{CTRL_D}", tmp_path, monkeypatch)
    assert status == 1
    err = capsys.readouterr().err
    assert 'invalid syntax: statement ignored: at or near "selec": syntax error\n' in err
    assert err.startswith("#\n# Welcome to ootheca")
    assert "Failed running" not in err


def test_history_is_written_without_secrets(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "SHOW BACKUP 'nodelocal://1/x' WITH encryption_passphrase = 'hunter2hunter2';"
    typed(session, f"{secret}{ENTER}SELECT 1;{ENTER}{CTRL_D}", tmp_path, monkeypatch)
    written = (tmp_path / "ootheca" / "history").read_text()
    assert "SHOW BACKUP" in written
    assert "SELECT 1;" in written
    assert "hunter2" not in written


@pytest.mark.parametrize(
    ("text", "pending", "is_run"),
    [
        ("SELECT 1;", "", True), ("SELECT 1", "", False), ("", "", True), ("\\q", "", True), ("help", "", True),
        ("SELECT\nhelp", "", False), ("SELECT\n\\p", "", True), ("SELECT 'a\n;", "", False), (";", "SELECT 1", True),
        ("help", "SELECT", False), ("-- note", "", True), ("SELECT 1 \\", "", False),
    ],
)  # fmt: skip
def test_enter_runs_what_is_complete(text: str, pending: str, is_run: bool) -> None:
    assert is_ready(text, pending) is is_run


def test_prompt_shows_where_you_are(session: Session) -> None:
    assert format_prompt(DEFAULT_PROMPT, session) == "root@ootheca/defaultdb> "
    assert format_prompt("%% %n %? %", session) == "% root %? % "
    assert continuation("root@ootheca/defaultdb> ") == " " * 21 + "-> "
    assert continuation("> ") == "> "
    session.begin()
    assert format_prompt(DEFAULT_PROMPT, session) == "root@ootheca/defaultdb  OPEN> "
    session.rollback()
