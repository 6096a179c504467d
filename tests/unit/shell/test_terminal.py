"""Sessions in a pseudo-terminal, compared with what the screen shows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("pexpect")

from tests.support.terminal import Terminal

UP, TAB, CTRL_C, CTRL_D, CTRL_R, ENTER = "\x1b[A", "\t", "\x03", "\x04", "\x12", "\r"
MANY_ROWS = "SELECT a.n FROM numbers AS a, numbers AS b;"  # 400 million
PROMPT = "root@ootheca/defaultdb>"


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    with Terminal("--store", ":memory:", "--sandbox", home=tmp_path, size=(30, 130)) as opened:
        opened.see(PROMPT)
        yield opened


@pytest.fixture
def numbers(terminal: Terminal) -> Terminal:
    terminal.enter("CREATE TABLE numbers (n INT PRIMARY KEY);", until="Time")
    terminal.enter("INSERT INTO numbers SELECT * FROM generate_series(1, 20000);", until="INSERT 20000")
    return terminal


def test_a_session(terminal: Terminal) -> None:
    terminal.enter("SELECT 1 AS a, 'x' AS b;", until="Time:")
    screen = "\n".join(terminal.lines)
    assert f"{PROMPT} SELECT 1 AS a, 'x' AS b;\n  a | b\n----+----\n  1 | x\n(1 row)\n" in screen
    assert re.search(r"\n\nTime: [\d.]+m?s\n\n", screen)
    terminal.send("SELECT" + ENTER)
    terminal.see(" ->")
    terminal.enter("2 AS second;", until="second\n")
    terminal.enter("BEGIN;", until="OPEN>")
    terminal.enter("SELECT nope;", until="ERROR>")
    terminal.enter("ROLLBACK;", until="ROLLBACK\n")
    terminal.send(CTRL_D)
    assert terminal.leave() == 0


def test_continuation_prompt_is_as_wide_as_the_prompt(terminal: Terminal) -> None:
    terminal.send("SELECT 1," + ENTER + "2")
    terminal.see("-> 2")
    first, second = terminal.lines[-2:]
    assert first == f"{PROMPT} SELECT 1,"
    assert second == " " * (len(PROMPT) - 2) + "-> 2"


def test_a_line_longer_than_the_screen_goes_on_without_a_prompt(terminal: Terminal) -> None:
    statement = f"SELECT '{'0123456789' * 12}' AS a"
    terminal.send(statement)
    terminal.see("' AS a")
    last = next(index for index, line in enumerate(terminal.lines) if line.startswith(f"{PROMPT} SELECT"))
    assert "".join(terminal.lines[last:]) == f"{PROMPT} {statement}"


def test_words_have_colours(terminal: Terminal) -> None:
    terminal.send("SELECT 'text', 42 FROM t -- why")
    terminal.see("-- why")
    colours = [terminal.color_of(text) for text in ("SELECT", "'text'", "42", "t -- why"[:2], "-- why")]
    assert colours == ["cyan", "green", "magenta", "default", "brightblack"]


def test_tab_shows_options_with_their_meaning_and_completes_one(terminal: Terminal) -> None:
    terminal.send("BACKUP INTO 'x' WITH r" + TAB)
    terminal.see("WITH revision_history")
    terminal.send(CTRL_C + "BACKUP INTO 'x' WITH i" + TAB)
    terminal.see("incremental_location = ")
    terminal.see("where the incremental layers are")


def test_a_secret_shows_while_it_is_typed_and_never_again(terminal: Terminal, tmp_path: Path) -> None:
    secret = "SHOW BACKUP LATEST IN 'nodelocal://1/x' WITH encryption_passphrase = 'hunter2hunter2"
    terminal.send(secret)
    terminal.see("'hunter2hunter2")
    terminal.send("';" + ENTER)
    terminal.see("SQLSTATE")
    terminal.wait(lambda: terminal.is_at_prompt, "the prompt")
    assert "hunter2" not in terminal.everything
    terminal.send(UP)
    terminal.see("= '••••••••••••••';")
    assert "hunter2" not in terminal.everything
    terminal.send(CTRL_C)
    terminal.send("\\p" + ENTER + "\\q" + ENTER)
    assert terminal.leave() == 0
    assert "'*****';" in (tmp_path / "state" / "ootheca" / "history").read_text()


def test_a_masked_secret_of_an_earlier_day_is_not_taken_for_a_passphrase(tmp_path: Path) -> None:
    with Terminal("--store", ":memory:", home=tmp_path) as terminal:
        terminal.see(PROMPT)
        terminal.enter("BACKUP INTO 'nodelocal://1/x' WITH encryption_passphrase = 'pw';", until="Time")
        terminal.send(CTRL_D)
        assert terminal.leave() == 0
    with Terminal("--store", ":memory:", home=tmp_path) as terminal:
        terminal.see(PROMPT)
        terminal.send(UP + ENTER)
        terminal.see("a secret of this statement was masked when it was kept")
        terminal.enter("SHOW BACKUPS IN 'nodelocal://1/x';", until="(0 rows)")


def test_history_is_searched(terminal: Terminal) -> None:
    terminal.enter("SELECT 'needle' AS n;", until="needle")
    terminal.enter("SELECT 2 AS two;", until="two\n")
    terminal.send(CTRL_R + "needl")
    terminal.see("I-search backward: needl")
    terminal.send(ENTER + ENTER)
    terminal.wait(lambda: "\n".join(terminal.lines).count("(1 row)") == 3, "the needle again")


def test_pasted_lines_wait_for_enter(terminal: Terminal) -> None:
    terminal.send("\x1b[200~SELECT 1 AS one;\nSELECT 2 AS two;\n\x1b[201~")
    terminal.see("two;")
    assert "(1 row)" not in "\n".join(terminal.lines)
    terminal.send(ENTER)
    terminal.wait(lambda: "\n".join(terminal.lines).count("(1 row)") == 2, "both answers")


def test_ctrl_c_forgets_what_was_typed_and_ends_what_runs(terminal: Terminal, numbers: Terminal) -> None:
    terminal.send("SELECT nonsense" + CTRL_C)
    terminal.enter("SELECT 3 AS three;", until="three")
    terminal.enter("\\set echo on", until="echo on")
    terminal.send("SELECT max(a.n) FROM numbers AS a, numbers AS b, numbers AS c;" + ENTER)
    terminal.see("\n> SELECT max")
    terminal.send(CTRL_C)
    terminal.see("query execution canceled")
    terminal.enter("SELECT 4 AS four;", until="four")


def test_a_long_result_starts_the_pager_at_once_and_leaving_it_ends_the_query(
    terminal: Terminal, numbers: Terminal
) -> None:
    terminal.send(MANY_ROWS + ENTER)
    terminal.wait(lambda: terminal.lines[-1].startswith(":"), "the pager")
    assert [line.strip() for line in terminal.lines[-5:-1]][-1].isdigit()
    terminal.send("q")
    terminal.wait(lambda: terminal.is_at_prompt, "the prompt")
    terminal.enter("SELECT 5 AS five;", until="five")
    assert "(error" not in terminal.everything


def test_without_the_pager_a_long_result_streams(terminal: Terminal, numbers: Terminal) -> None:
    terminal.enter("\\set pager off", until="pager off")
    terminal.send(MANY_ROWS + ENTER)
    terminal.wait(lambda: terminal.lines[-1].strip().isdigit(), "rows")
    terminal.send(CTRL_C)
    terminal.see("query execution canceled")


def test_editor_gets_no_secret_and_the_statement_keeps_it(tmp_path: Path) -> None:
    editor = tmp_path / "editor"
    editor.write_text(
        '#!/bin/sh\ncp "$1" seen.sql\nsed -i s/nodelocal:..1.x/nodelocal:\\\\/\\\\/1\\\\/y/ "$1"\n'
    )
    editor.chmod(0o755)
    with Terminal(
        "--store", ":memory:", home=tmp_path, size=(40, 130), env={"EDITOR": str(editor), "VISUAL": ""}
    ) as terminal:
        terminal.see(PROMPT)
        terminal.enter(
            "BACKUP INTO 'nodelocal://1/x' WITH encryption_passphrase = 'hunter2hunter2';", until="Time"
        )
        terminal.send("\\e" + ENTER)
        terminal.see("BACKUP INTO 'nodelocal://1/y' WITH encryption_passphrase = '••••••••••••••';")
        assert "'*****'" in (tmp_path / "seen.sql").read_text()
        terminal.send(ENTER)
        terminal.wait(lambda: "\n".join(terminal.lines).count("succeeded") == 2, "the second backup")
        terminal.wait(lambda: terminal.is_at_prompt, "the prompt")
        terminal.enter("\\set pager off", until="pager off")
        opened = "SHOW BACKUP LATEST IN 'nodelocal://1/y' WITH encryption_passphrase = 'hunter2hunter2';"
        terminal.enter(opened, until=" rows)")
        assert "hunter2" not in terminal.everything


def test_startup_file_is_read_from_home(tmp_path: Path) -> None:
    (tmp_path / ".ootheca_rc").write_text(
        "\\set prompt1 %/>\n\\set show_times off\nSELEC;\n\\echo hello from home\n"
    )
    with Terminal("--store", ":memory:", home=tmp_path) as terminal:
        terminal.see("hello from home\ndefaultdb>")
    with Terminal("--store", ":memory:", "--no-rc", home=tmp_path) as terminal:
        terminal.see(PROMPT)
        assert "hello" not in terminal.everything


def test_results_go_where_they_are_sent(terminal: Terminal, tmp_path: Path) -> None:
    terminal.enter("\\o out.txt", until="out.txt")
    terminal.enter("SELECT 6 AS six;", until="Time")
    terminal.enter("\\o", until=f"{PROMPT} \\o\n")
    terminal.enter("SELECT 7 AS seven;", until="seven\n")
    assert (tmp_path / "out.txt").read_text() == "  six\n-------\n    6\n(1 row)\n"


def test_the_tour_goes_on_with_enter_and_can_be_left(tmp_path: Path) -> None:
    with Terminal("demo", "intro", home=tmp_path, size=(40, 130)) as terminal:
        terminal.see("Enter \\tour for a guided tour of encrypted backups.")
        terminal.see("root@ootheca/intro>")
        terminal.send("\\tour" + ENTER)
        terminal.see("# Enter goes on, q leaves:")
        terminal.send(ENTER)
        terminal.see("# 1/8 Encrypt")
        terminal.wait(lambda: terminal.lines[-1] == "# Enter goes on, q leaves:", "the second question")
        assert "succeeded" in terminal.everything
        terminal.send("q" + ENTER)
        terminal.see("root@ootheca/intro>")
        terminal.enter("SELECT v FROM mytable WHERE l = 18;", until="sealed, and kept till it is needed")
