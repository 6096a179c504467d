"""`ootheca report` as a user meets it: where the page goes, which flags it takes, what stays secret."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.golden import PASSPHRASE, GoldenSet
from tests.support.reports import Node, parse_page

CHAIN = GoldenSet("21.2", "d_chain").extern
SEALED = GoldenSet("21.2", "b_passphrase").extern
KMS = GoldenSet("21.2", "c_kms").extern
WHOLE = "# Whole: everything was opened and verified, and no problem was found.\n"
LOCKED = "# Not opened: no key that was given opens it.\n"


def report(*argv: str, extern: Path = CHAIN, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("OOTHECA_")} | variables
    words = [sys.executable, "-m", "ootheca", "report", *argv, "--external-io-dir", str(extern)]
    return subprocess.run(words, capture_output=True, text=True, encoding="utf-8", cwd=cwd, env=env)


def heading(page: str) -> str:
    return next(parse_page(page).all("h1")).text


def test_the_page_goes_to_standard_output_where_that_is_no_terminal(tmp_path: Path) -> None:
    done = report("nodelocal://1/app", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, WHOLE)
    assert heading(done.stdout) == "Backup nodelocal://1/app"
    assert list(tmp_path.iterdir()) == []  # no store is left where there was none


def test_the_page_goes_to_a_file(tmp_path: Path) -> None:
    done = report("nodelocal://1/app", "-o", "page.html", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", WHOLE)
    assert heading((tmp_path / "page.html").read_text("utf-8")) == "Backup nodelocal://1/app"


def test_on_a_terminal_the_page_goes_to_a_file(tmp_path: Path) -> None:
    pty: Any = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    words = [sys.executable, "-m", "ootheca", "report", "nodelocal://1/full", "--external-io-dir", str(CHAIN)]
    try:
        done = subprocess.run(words, stdout=theirs, stderr=subprocess.PIPE, text=True, cwd=tmp_path)
    finally:
        os.close(theirs)
        os.close(ours)
    assert done.returncode == 0, done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_a_passphrase_comes_from_a_file_or_the_environment(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(f"{PASSPHRASE}\n", encoding="utf-8")
    by_file = report(
        "nodelocal://1/enc", "--encryption-passphrase-file", "secret", extern=SEALED, cwd=tmp_path
    )
    by_variable = report("nodelocal://1/enc", extern=SEALED, cwd=tmp_path, OOTHECA_PASSPHRASE=PASSPHRASE)
    for done in (by_file, by_variable):
        assert (done.returncode, done.stderr) == (0, WHOLE)
        assert PASSPHRASE not in done.stdout
    none = report("nodelocal://1/enc", extern=SEALED, cwd=tmp_path)
    assert (none.returncode, none.stderr) == (0, LOCKED)


def test_a_passphrase_is_no_flag(tmp_path: Path) -> None:
    done = report("nodelocal://1/enc", f"--encryption-passphrase={PASSPHRASE}", extern=SEALED, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (4, "")
    assert "give --encryption-passphrase-file" in done.stderr
    assert PASSPHRASE not in done.stderr


def test_master_keys_are_named_by_their_uris(tmp_path: Path) -> None:
    key = "testkms:///keyB?AUTH=implicit&CREDENTIALS=hunter2"
    done = report("nodelocal://1/kms2", "--sandbox", "--kms", key, extern=KMS, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, WHOLE)
    cells = [cell.text for cell in parse_page(done.stdout).all("td")]
    assert "master key keyB (testkms)" in cells
    assert "hunter2" not in done.stdout


def test_without_verification_no_data_file_is_read(tmp_path: Path) -> None:
    shutil.copytree(CHAIN / "app", tmp_path / "extern" / "app")
    shutil.rmtree(tmp_path / "extern" / "app" / "data")
    done = report("nodelocal://1/app", "--no-verify", extern=tmp_path / "extern", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "# Opened, 1 backup. Data files were not read.\n")


def test_damage_is_told_on_the_page_and_is_no_failure(tmp_path: Path) -> None:
    shutil.copytree(CHAIN / "full", tmp_path / "extern" / "full")
    next((tmp_path / "extern" / "full" / "data").iterdir()).unlink()
    done = report("nodelocal://1/full", extern=tmp_path / "extern", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "# 1 problem found.\n")
    problems = next(parse_page(done.stdout).all("ul", "problems"))
    assert "file doesn't exist" in problems.text
    checked = report("nodelocal://1/full", "--check", extern=tmp_path / "extern", cwd=tmp_path)
    assert (checked.returncode, checked.stderr) == (1, "# 1 problem found.\n")
    assert next(parse_page(checked.stdout).all("ul", "problems")).text == problems.text


def test_a_check_fails_where_no_key_opens_a_backup_and_no_other(tmp_path: Path) -> None:
    locked = report("nodelocal://1/enc", "--check", extern=SEALED, cwd=tmp_path)
    assert (locked.returncode, locked.stderr) == (1, LOCKED)
    for flags in ((), ("--no-verify",)):
        assert report("nodelocal://1/app", "--check", *flags, extern=CHAIN, cwd=tmp_path).returncode == 0


@pytest.mark.parametrize(
    ("argv", "error"),
    [
        (["nodelocal://1/nothing"], "ERROR: no backup found in nodelocal://1/nothing"),
        (["nodelocal://1/app", "-o", "no/such/folder/x.html"], "ERROR: cannot write no/such/folder/x.html: "),
        (
            ["nodelocal://1/app", "--encryption-passphrase-file", "none"],
            "ERROR: cannot read the passphrase file none: No such file",
        ),
        (["nodelocal://1/app", "--kms", "nokms:///x"], "ERROR: no factory method found for scheme nokms"),
        (["s3://b?AWS_SECRET_ACCESS_KEY=hunter2"], "ERROR: "),
    ],
)
def test_what_cannot_be_done_is_an_error(tmp_path: Path, argv: list[str], error: str) -> None:
    done = report(*argv, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(error)
    assert "Traceback" not in done.stderr
    assert "hunter2" not in done.stderr


def test_a_binary_passphrase_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"\xff\xfe")
    done = report("nodelocal://1/enc", "--encryption-passphrase-file", "secret", extern=SEALED, cwd=tmp_path)
    assert done.returncode == 1
    assert "the passphrase file secret is no text" in done.stderr


@pytest.mark.parametrize("argv", [[], ["--no-such-flag"], ["-o"]])
def test_wrong_flags_exit_with_4(tmp_path: Path, argv: list[str]) -> None:
    assert report(*argv, cwd=tmp_path).returncode == 4


def test_help_names_the_variable_of_the_passphrase(tmp_path: Path) -> None:
    done = report("--help", cwd=tmp_path)
    assert done.returncode == 0
    assert "OOTHECA_PASSPHRASE" in done.stdout


def test_names_are_escaped_on_the_way_from_a_store(tmp_path: Path) -> None:
    """A table of a hostile name goes through BACKUP, the files and the page, and is text."""
    name = "<img src=x onerror=alert(1)>"
    program = f"""CREATE DATABASE "{name}"; CREATE TABLE "{name}"."{name}" (id INT PRIMARY KEY);
        INSERT INTO "{name}"."{name}" VALUES (1); BACKUP DATABASE "{name}" INTO 'nodelocal://1/x'"""
    store = ["--store", str(tmp_path / "store")]
    made = subprocess.run(
        [sys.executable, "-m", "ootheca", *store, "-e", program], capture_output=True, text=True
    )
    assert made.returncode == 0, made.stderr
    words = [sys.executable, "-m", "ootheca", "report", "nodelocal://1/x", *store]
    done = subprocess.run(words, capture_output=True, text=True, encoding="utf-8")
    page: Node = parse_page(done.stdout)
    assert not list(page.all("img"))
    assert f"{name}.public.{name}" in [cell.text for cell in page.all("td")]
