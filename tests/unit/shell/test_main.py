"""The command as a user meets it: flags, exit statuses, scripts, meta-commands, errors."""

from __future__ import annotations

import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ootheca.exec.session import Session
from ootheca.shell.flags import EXIT_CODES
from ootheca.shell.interrupts import Interrupts
from ootheca.shell.main import main
from ootheca.shell.options import Options
from ootheca.shell.session_io import Shell

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with Session(None, sandbox=True) as opened:
        yield opened


@pytest.fixture
def run(session: Session, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    def call(*argv: str, stdin: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        status = main(list(argv), session=session)
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return call


def command(*argv: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "ootheca", *argv], capture_output=True, text=True, **options)


# Flags


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--no-such-flag"], "unrecognized arguments: --no-such-flag"),
        (
            ["--format=bogus", "-e", "SELECT 1"],
            "invalid table display format: bogus (possible values: table, csv",
        ),
        (
            ["--set=errexit=maybe", "-e", "SELECT 1"],
            'invalid value for option "errexit": "maybe" is no boolean',
        ),
        (["--set=nope=1"], 'unknown option "nope"'),
        (["-e", "SELECT 1", "-f", "x.sql"], "unsupported combination: --execute and --file"),
        (["demo", "-e", "SELECT 1", "-f", "x.sql"], "unsupported combination: --execute and --file"),
        (["demo", "bank", "--run"], "unsupported combination: --run works with movr"),
        (["demo", "nope"], "invalid choice: 'nope'"),
        (["-e"], "expected one argument"),
    ],
)
def test_wrong_flags_exit_with_4(run: Run, argv: list[str], message: str) -> None:
    status, out, err = run(*argv)
    assert (status, out) == (4, "")
    assert message in err


def test_help_shows_every_exit_status(run: Run) -> None:
    status, out, _ = run("--help")
    assert status == 0
    for code, meaning in EXIT_CODES.items():
        assert f"  {code}  {meaning}" in out


def test_sql_word_may_stand_first(run: Run) -> None:
    assert run("sql", "--format=csv", "-e", "SELECT 1 AS a") == (0, "a\n1\n", "")


def test_database_flag(run: Run) -> None:
    assert run("-d", "postgres", "--format=csv", "-e", "SHOW database")[1] == "database\npostgres\n"
    run("-d", "defaultdb", "-e", "SELECT 1")


def test_echo_writes_statements_to_standard_error(run: Run) -> None:
    assert run("--echo-sql", "--format=csv", "-e", "SELECT 1 AS a") == (0, "a\n1\n", "> SELECT 1 AS a\n")


def test_verbose_shows_where_an_error_came_from(run: Run) -> None:
    status, _, err = run("--verbose", "-e", "SELECT nope")
    assert status == 1
    assert "Traceback" in err
    assert "Traceback" not in run("-e", "SELECT nope")[2]


# Scripts


def test_pasted_documentation_runs(run: Run) -> None:
    script = "> SELECT 1 AS a;\n> SELECT \\\n2 \\\nAS b;\n\n  > SELECT\n  3 AS c;\n"
    assert run("--format=csv", stdin=script) == (0, "a\n1\nb\n2\nc\n3\n", "")


def test_script_stops_at_its_first_error(run: Run) -> None:
    status, out, err = run("--format=csv", stdin="SELECT 1 AS a;\nSELEC;\nSELECT 2 AS b;\n")
    assert (status, out) == (1, "a\n1\n")
    assert err.endswith('Failed running "sql"\n')
    assert err.count("ERROR") == 1


def test_script_goes_on_when_told(run: Run) -> None:
    status, out, err = run("--format=csv", "--set", "errexit=false", stdin="SELEC;\nSELECT 2 AS b;\n")
    assert (status, out) == (0, "b\n2\n")
    assert "Failed" not in err


def test_last_statement_decides_when_errors_do_not(run: Run) -> None:
    assert run("--set", "errexit=false", stdin="SELECT 1;\nSELEC;\n")[0] == 1


def test_last_statement_without_semicolon_runs_with_a_notice(run: Run) -> None:
    status, out, err = run("--format=csv", stdin="SELECT 1 AS a;\n\nSELECT 2\n AS b\n-- the end")
    assert (status, out) == (0, "a\n1\nb\n2\n")
    assert err.startswith("NOTICE: the last statement has no semicolon")


def test_open_string_at_the_end_is_an_error(run: Run) -> None:
    status, out, err = run("--format=csv", stdin="SELECT 'abc\n")
    assert (status, out) == (1, "")
    assert "lexical error: unterminated string" in err


def test_nothing_of_a_line_runs_when_a_part_cannot_be_parsed(run: Run) -> None:
    assert run("--format=csv", stdin="SELECT 1; SELEC 2;\n")[1] == ""


def test_file_flag(run: Run, tmp_path: Path) -> None:
    script = tmp_path / "s.sql"
    script.write_text("SELECT 'é' AS a;\r\n\\ir more.sql\r\n")
    (tmp_path / "more.sql").write_text("SELECT 2 AS b;")
    assert run("--format=csv", "-f", str(script)) == (0, "a\né\nb\n2\n", "")


def test_file_of_another_system(run: Run, tmp_path: Path) -> None:
    """A byte order mark, CRLF, comments in comments, dollar quotes, and semicolons inside all of them."""
    script = tmp_path / "s.sql"
    script.write_bytes(
        b"\xef\xbb\xbf-- elsewhere;\r\n\\set display_format=csv\r\nSELECT $q$a;\r\nb$q$ AS x, /* ; /* ; */ ; */\r\n"
        b"  e'it\\'s;' AS y;\r\n\\i more.sql\r\n\\ir more.sql\r\nSELECT length('a\rb') AS n;\r\n"
    )
    (tmp_path / "more.sql").write_bytes(b"\xef\xbb\xbfSELECT 2 AS b;\r\n")
    status, out, err = run("--set", "errexit=false", "-f", str(script))
    assert out == 'x,y\n"a;\nb",it\'s;\nb\n2\nn\n3\n'
    assert err == "cannot read more.sql: No such file or directory\n"
    assert status == 0


def test_notice_about_a_missing_semicolon_shows_no_secret(run: Run) -> None:
    _, _, err = run(stdin="SHOW BACKUP 'nodelocal://1/none' WITH\nencryption_passphrase = 'hunter2'")
    assert "has no semicolon" in err
    assert "hunter2" not in err


def test_echo_shows_no_secret(run: Run) -> None:
    _, _, err = run(
        "--echo-sql", "-e", "SHOW BACKUP 'nodelocal://1/none' WITH encryption_passphrase = 'hunter2'"
    )
    assert "encryption_passphrase = '*****'" in err
    assert "hunter2" not in err


def test_missing_file(run: Run, tmp_path: Path) -> None:
    status, _, err = run("-f", str(tmp_path / "none.sql"))
    assert status == 1
    assert err == f'ERROR: cannot read {tmp_path}/none.sql: No such file or directory\nFailed running "sql"\n'


def test_tags_of_statements_without_rows(run: Run) -> None:
    status, out, _ = run("-e", "CREATE TABLE tags (a INT PRIMARY KEY); INSERT INTO tags VALUES (1), (2)")
    assert (status, out) == (0, "INSERT 2\n")
    script = "UPDATE tags SET a = a + 10;\nDELETE FROM tags;\nDROP TABLE tags;\n"
    assert run(stdin=script)[1] == "UPDATE 2\nDELETE 2\nDROP TABLE\n"


def test_errors_are_json_when_results_are(run: Run) -> None:
    status, out, err = run(
        "--format=ndjson", "--set", "errexit=false", stdin="SELECT 1 AS a;\nSELECT nope;\n"
    )
    assert (status, out) == (1, '{"a":"1"}\n')
    error = json.loads(err)
    assert (error["severity"], error["sqlstate"]) == ("ERROR", "42703")
    assert run("--format=json", "-e", "SELEC")[2].count("\n") == 1


# Meta-commands


def test_meta_commands_in_a_script(run: Run, tmp_path: Path) -> None:
    script = f"""\\echo  one   two
-- a comment
\\! echo three
\\| echo "SELECT 4 AS a;"
\\set display_format=csv
SELECT 5 AS b;
\\set border 2
\\unset display_format
\\x
SELECT 6 AS c;
\\x off
\\p
\\r
\\i {tmp_path / "i.sql"}
\\q
\\echo never
"""
    (tmp_path / "i.sql").write_text("\\echo inside\n")
    status, out, err = run(stdin=script)
    assert (status, err) == (0, "")
    assert "one two\n" in out
    assert out.endswith("b\n5\n-[ RECORD 1 ]\nc | 6\ninside\n")


def test_lists(run: Run) -> None:
    run("-e", "CREATE TABLE listed (a INT PRIMARY KEY, b STRING)")
    status, out, _ = run(
        "--format=csv", stdin="\\l\n\\dt\n\\d listed\n\\dT\n\\du\n\\d\n\\c\n\\c postgres\n\\c defaultdb\n"
    )
    assert status == 0
    assert "defaultdb,root" in out
    assert "listed" in out
    assert "a,INT8,false" in out
    assert "Database: defaultdb\n" in out
    run("-e", "DROP TABLE listed")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("\\foo", "invalid syntax: \\foo. Try \\? for help.\n"),
        ("\\q now", "invalid syntax: \\q now. Try \\? for help.\n"),
        (
            "\\set border 9",
            'invalid syntax: \\set border 9. Try \\? for help.\ninvalid value for option "border": "9"\n',
        ),
        ("\\set a b c", "invalid syntax: \\set a b c. Try \\? for help.\n"),
        ("\\h nope", 'no help available for "nope".\nTry \\h with no argument to see available help.\n'),
        ("\\! exit 3", "command failed: error in external command: exit status 3\n"),
        ("\\| exit 4", "command failed: error in external command: exit status 4\n"),
        ("\\i /no/such.sql", "cannot read /no/such.sql: No such file or directory\n"),
        ("\\i", "\\i needs a file name\n"),
        ("\\e", "\\e needs a terminal\n"),
        ("\\di", "\\di needs a table\n"),
        ("\\o /no/such/folder/x", "cannot write /no/such/folder/x: No such file or directory\n"),
        (
            "\\timing x",
            'invalid syntax: \\timing x. Try \\? for help.\ninvalid value for option "show_times": "x" is no boolean\n',
        ),
        ("\\region r", "invalid syntax: \\region r. Try \\? for help.\n"),
        ("\\region r maybe", "invalid syntax: \\region r maybe. Try \\? for help.\n"),
    ],
)
def test_meta_command_that_is_wrong_ends_a_script(run: Run, line: str, message: str) -> None:
    assert run(stdin=f"{line}\n\\echo never\n") == (1, "", f'{message}Failed running "sql"\n')


def test_results_go_to_a_file_or_a_command(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "o.csv"
    script = (
        f"\\o {out}\nSELECT 1 AS a;\n\\echo here\n\\o |tr a-z A-Z\nSELECT 'x' AS b;\n\\o\nSELECT 2 AS c;\n"
    )
    done = command("--store", ":memory:", "--format=csv", input=script, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "here\nB\nX\nc\n2\n"
    assert out.read_text() == "a\n1\n"


def test_more_lists(run: Run) -> None:
    run("-e", "CREATE TABLE listed (a INT PRIMARY KEY); CREATE SEQUENCE counted")
    run("-e", "CREATE VIEW seen AS SELECT a FROM listed")
    status, out, _ = run("--format=csv", stdin="\\dv\n")
    assert status == 0
    assert "public,seen,view" in out
    assert "public,listed,table" not in out
    status, out, _ = run("--format=csv", stdin="\\dn\n\\ds\n\\di listed\n")
    assert status == 0
    assert "public" in out
    assert "counted" in out
    assert "listed,primary" in out or "listed,listed_pkey" in out
    run("-e", "DROP VIEW seen; DROP TABLE listed; DROP SEQUENCE counted")


def test_entered_statement_is_shown_without_its_secret(
    session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    shell = Shell(session, Options(), is_interactive=True)
    shell.feed("SHOW BACKUP 'x' WITH encryption_passphrase = 'hunter2'")
    shell.feed("\\p")
    assert capsys.readouterr().out == "SHOW BACKUP 'x' WITH encryption_passphrase = '*****'\n"


def test_a_region_that_is_switched_off_and_every_call_to_a_key_service(run: Run) -> None:
    kms = "kms = ('aws:///a?AUTH=implicit&REGION=r1', 'aws:///b?AUTH=implicit&REGION=r2')"
    script = f"""BACKUP TO 'nodelocal://1/regions' WITH {kms};
\\region r1 off
\\region
SHOW BACKUP 'nodelocal://1/regions' WITH {kms};
\\region r1 on
\\region
"""
    status, out, err = run("--verbose", stdin=script)
    assert status == 0
    assert out.count("r1 off\n") == 1
    off = "region r1 is switched off in the sandbox"
    assert err == (
        "KMS encrypt with a (aws, r1): succeeded\n"
        "KMS encrypt with b (aws, r2): succeeded\n"
        f"KMS decrypt with a (aws, r1): {off}\n"
        "KMS decrypt with b (aws, r2): succeeded\n"
        f"NOTICE: failed to decrypt data key with a (aws, r1): {off}; b (aws, r2) decrypted it\n"
    )


def test_regions_are_the_sandboxs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--store", str(tmp_path / "s"), "-e", "\\region r1 off"]) == 1
    assert "\\region works in the sandbox alone" in capsys.readouterr().err


def test_files_that_run_each_other_end(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text(f"\\i {tmp_path / 'a.sql'}\n")
    status, _, err = run("-f", str(tmp_path / "a.sql"))
    assert status == 1
    assert err.startswith("\\i: too many recursion levels (max 10)")


def test_help(run: Run) -> None:
    out = run(stdin="help\n\\h BACKUP\n\\h\n\\set\n")[1]
    assert "\\echo TEXT" in out
    assert "BACKUP: write tables, databases or the whole cluster to storage" in out
    assert "Schedules and jobs" in out
    assert "  display_format | table" in out


# Errors


def test_duplicate_key_shows_its_fields(run: Run) -> None:
    run("-e", "CREATE TABLE dup (a INT PRIMARY KEY)")
    status, out, err = run("-e", "INSERT INTO dup VALUES (1), (1)")
    assert (status, out) == (1, "")
    assert "SQLSTATE: 23505\n" in err
    run("-e", "DROP TABLE dup")


def test_wrong_passphrase(run: Run) -> None:
    run(
        "-e",
        "CREATE DATABASE pw",
        "-e",
        "BACKUP DATABASE pw TO 'nodelocal://1/pw' WITH encryption_passphrase = 'right'",
    )
    status, out, err = run("-e", "SHOW BACKUP 'nodelocal://1/pw' WITH encryption_passphrase = 'wrong'")
    assert (status, out) == (1, "")
    assert err.startswith(
        "ERROR: failed to decrypt — maybe incorrect key: cipher: message authentication failed\n"
    )
    assert "right" not in err
    assert "wrong" not in err


def test_notices_go_to_standard_error(run: Run) -> None:
    run("-e", "CREATE TABLE IF NOT EXISTS noticed (a INT PRIMARY KEY)")
    assert (
        run("--format=csv", "-e", "CREATE TABLE IF NOT EXISTS noticed (a INT PRIMARY KEY)")[1]
        == "CREATE TABLE\n"
    )


# Processes


def test_result_is_all_that_standard_output_holds() -> None:
    done = command("--store", ":memory:", "--format=ndjson", "-e", "SELECT 1 AS a, NULL AS b")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == {"a": "1", "b": "NULL"}


def test_interrupt_exits_with_3() -> None:
    sql = "SELECT i FROM generate_series(1, 20000000) AS g(i)"
    argv = [sys.executable, "-m", "ootheca", "--store", ":memory:", "--format=raw", "-e", sql]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as started:
        assert started.stdout is not None
        assert started.stdout.readline() == "# 1 column\n"
        started.send_signal(signal.SIGINT)
        _, err = started.communicate(timeout=60)
    assert started.returncode == 3
    assert err == (
        "(error encountered after some results were delivered)\nERROR: query execution canceled\nSQLSTATE: 57014\n"
    )


def interrupt_myself() -> None:
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(10)


def test_interrupt_reaches_the_engine_while_it_keeps_the_main_thread() -> None:
    stopped = threading.Event()
    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt), Interrupts(stopped.set) as interrupts:
        hashlib.pbkdf2_hmac("sha256", b"", b"", 5_000_000)  # one step: no handler runs before its end
    assert stopped.wait(10)
    assert interrupts.happened
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_interrupt_leaves_the_engine_alone_once_the_main_thread_has_heard() -> None:
    stopped = threading.Event()
    with pytest.raises(KeyboardInterrupt), Interrupts(stopped.set) as interrupts:
        interrupt_myself()
    assert interrupts.happened
    assert not stopped.is_set()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_reader_that_goes_away_is_no_error_to_speak_of() -> None:
    sql = "SELECT i FROM generate_series(1, 300000) AS g(i)"
    program = f"{sys.executable} -m ootheca --store :memory: --format=csv -e '{sql}' | head -1"
    done = subprocess.run(program, shell=True, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("i\n", "")


@pytest.mark.parametrize(
    ("sql", "ending", "out", "status"),
    [
        ("SELECT 1", "| true", "", 1),
        ("SELECT 1", ">&-", "", 0),
        ("SELECT 1; SELEC 2", "2>&-", "", 1),
        ("SELECT 1", "", "?column?\n1\n", 0),
    ],
)
def test_closed_streams_are_no_bug(sql: str, ending: str, out: str, status: int) -> None:
    program = f"{sys.executable} -m ootheca --store :memory: --format=csv -e '{sql}' {ending}"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {program}"], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr, done.returncode) == (out, "", status)


def test_nothing_is_read_from_a_closed_stream() -> None:
    program = f"{sys.executable} -m ootheca --store :memory: <&-"
    done = subprocess.run(program, shell=True, capture_output=True, text=True)
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
@pytest.mark.parametrize("rows", [1, 300_000], ids=["at the end", "at once"])
def test_a_full_disk_is_told(rows: int) -> None:
    sql = f"SELECT i FROM generate_series(1, {rows}) AS g(i)"
    program = f"{sys.executable} -m ootheca --store :memory: --format=csv -e '{sql}' > /dev/full"
    done = subprocess.run(program, shell=True, capture_output=True, text=True)
    assert done.stderr == (
        "ERROR: No space left on device\nSQLSTATE: 53100\n"
        "HINT: make room where the answer and temporary files go, then run it again\n"
        'Failed running "sql"\n'
    )
    assert done.returncode == 1


def test_store_is_kept_and_its_place_may_come_from_the_environment(tmp_path: Path) -> None:
    place = os.environ | {"OOTHECA_STORE": str(tmp_path / "kept")}
    assert (
        command("-e", "CREATE TABLE t (a INT PRIMARY KEY); INSERT INTO t VALUES (7)", env=place).returncode
        == 0
    )
    done = command("--store", str(tmp_path / "kept"), "--format=csv", stdin=None, input="TABLE t;")
    assert (done.returncode, done.stdout) == (0, "a\n7\n")


def test_output_is_utf8_whatever_the_locale() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ootheca", "--store", ":memory:", "--format=csv"],
        input="SELECT '日本' AS a;".encode(),
        capture_output=True,
        env=os.environ | {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    )
    assert done.stdout.decode() == "a\n日本\n"


def test_version_and_help_load_nothing_heavy() -> None:
    program = (
        "import sys; from ootheca.shell.main import main; main(['--help']); "
        "print([m for m in ('duckdb', 'pyarrow', 'prompt_toolkit', 'boto3', 'lark', 'tabulate') if m in sys.modules],"
        " file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stderr == "[]\n"


def test_a_query_needs_no_prompt_and_no_cloud() -> None:
    program = (
        "import sys; from ootheca.shell.main import main; main(['--store', ':memory:', '-e', 'SELECT 1']); "
        "print([m for m in ('prompt_toolkit', 'boto3', 'lark', 'tabulate') if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stderr == "[]\n"


@pytest.mark.parametrize(
    ("flag", "place", "said"),
    [
        ("--external-io-disabled", "nodelocal://1/x", "external network access is disabled"),
        ("--external-io-dir=disabled", "nodelocal://1/x", "local file access is disabled"),
        ("--external-io-disable-http", "http://127.0.0.1/x", "external http access disabled"),
        (
            "--external-io-disable-implicit-credentials",
            "s3://b/p?AUTH=implicit",
            "implicit credentials disallowed for s3",
        ),
    ],
)
def test_what_lies_outside_can_be_disallowed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], flag: str, place: str, said: str
) -> None:
    sql = f"CREATE DATABASE d; BACKUP DATABASE d INTO '{place}'"
    assert main(["--store", str(tmp_path / "s"), "--sandbox", flag, "-e", sql]) == 1
    assert said in capsys.readouterr().err
    assert main(["--store", str(tmp_path / "s"), flag, "-e", "BACKUP DATABASE d INTO 'userfile:///x'"]) == 0


def test_the_sample_data_of_the_demo_has_a_past(capsys: pytest.CaptureFixture[str]) -> None:
    query = "SELECT count(*) FROM rides AS OF SYSTEM TIME "
    assert main(["demo", "--format", "csv", "-e", f"{query}'-10s'"]) == 0
    assert capsys.readouterr().out == "count\n500\n"


@pytest.mark.parametrize("words", [["worker"], ["report", "nodelocal://1/x"], ["-e", "SELECT 1"]])
def test_a_store_that_does_not_open_is_an_error_for_every_subcommand(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, words: list[str]
) -> None:
    (tmp_path / "file").touch()
    assert main([*words, "--store", str(tmp_path / "file" / "store")]) == 1
    err = capsys.readouterr().err
    assert err.startswith("ERROR: cannot make the store's directory")
    assert "Traceback" not in err
    assert ('Failed running "sql"' in err) == (words[0] == "-e")
