"""`ootheca userfile …` and `ootheca nodelocal upload`."""

from __future__ import annotations

from pathlib import Path

import pytest

from ootheca import connect
from ootheca.shell.main import main

HOME = "userfile://defaultdb.public.userfiles_root"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OOTHECA_STORE", raising=False)
    Path("a.csv").write_bytes(b"1,2\n")
    Path("tree/deep").mkdir(parents=True)
    Path("tree/b.csv").write_bytes(b"b" * (3 << 20))
    Path("tree/deep/c.txt").write_bytes(b"")


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, list[str], str]:
    status = main(list(words))
    out, err = capsys.readouterr()
    return status, out.splitlines(), err


def test_userfile_goes_there_and_comes_back(capsys: pytest.CaptureFixture[str]) -> None:
    up = run(capsys, "userfile", "upload", "a.csv", "/x/a.csv", "--certs-dir=certs")
    assert up == (0, [f"successfully uploaded to {HOME}/x/a.csv"], "")
    assert run(capsys, "userfile", "upload", "a.csv")[1] == [f"successfully uploaded to {HOME}/a.csv"]
    assert run(capsys, "userfile", "list")[1] == [f"{HOME}/a.csv", f"{HOME}/x/a.csv"]
    assert run(capsys, "userfile", "list", "*.csv")[1] == [f"{HOME}/a.csv"]
    assert run(capsys, "userfile", "get", "x/a.csv", "back.csv")[1] == [
        "downloaded x/a.csv to back.csv (4 B)"
    ]
    assert Path("back.csv").read_bytes() == b"1,2\n"
    assert run(capsys, "userfile", "delete", "x")[1] == [f"deleted {HOME}/x/a.csv"]
    assert run(capsys, "userfile", "list")[1] == [f"{HOME}/a.csv"]


def test_directory_goes_with_or_without_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    named = run(capsys, "userfile", "upload", "-r", "tree", "userfile:///to")[1]
    assert named == [f"successfully uploaded to {HOME}/to/tree/{name}" for name in ("b.csv", "deep/c.txt")]
    bare = run(capsys, "userfile", "upload", "--recursive", "./tree/", "bare")[1]
    assert bare == [f"successfully uploaded to {HOME}/bare/{name}" for name in ("b.csv", "deep/c.txt")]
    assert run(capsys, "userfile", "get", "bare", "got")[0] == 0
    assert Path("got/bare/b.csv").read_bytes() == b"b" * (3 << 20)
    assert Path("got/bare/deep/c.txt").read_bytes() == b""


def test_tables_of_userfile_are_apart(capsys: pytest.CaptureFixture[str]) -> None:
    other = "userfile://testdb.public.uploads"
    assert run(capsys, "userfile", "upload", "a.csv", f"{other}/a.csv")[1] == [
        f"successfully uploaded to {other}/a.csv"
    ]
    assert run(capsys, "userfile", "list")[1] == []
    assert run(capsys, "userfile", "list", other)[1] == [f"{other}/a.csv"]


def test_statements_see_what_was_uploaded(capsys: pytest.CaptureFixture[str]) -> None:
    with connect("ootheca-data") as con:
        con.execute("CREATE TABLE t (a INT PRIMARY KEY); BACKUP TABLE t INTO 'nodelocal://1/b'")
    run(capsys, "userfile", "upload", "-r", "ootheca-data/extern/b/", "b")
    with connect("ootheca-data") as con:
        assert len(con.execute("SHOW BACKUPS IN 'userfile:///b'").fetchall()) == 1


def test_nodelocal_upload(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("nodelocal", "upload", "a.csv", "test/a.csv", "--host=localhost:26257", "--insecure")
    assert run(capsys, *words) == (0, ["successfully uploaded to nodelocal://1/test/a.csv"], "")
    assert Path("ootheca-data/extern/test/a.csv").read_bytes() == b"1,2\n"
    status, _, err = run(capsys, *words)
    assert status == 1
    assert err.startswith("ERROR: destination file already exists for nodelocal://1/test/a.csv\n")


@pytest.mark.parametrize(
    ("words", "status", "error"),
    [
        (("userfile", "upload", "nope.csv"), 1, "ERROR: cannot read nope.csv: no such file or directory"),
        (("userfile", "upload", "tree"), 1, "ERROR: cannot read tree: is a directory"),
        (("userfile", "upload", "-r", "nope"), 1, "ERROR: cannot read nope: no files in it"),
        (("userfile", "get", "nope"), 1, f"ERROR: no files matched {HOME}/nope"),
        (("userfile", "delete", "nope*"), 1, f"ERROR: no files matched {HOME}/nope*"),
        (
            ("userfile", "list", "s3://bucket/x?AWS_SECRET_ACCESS_KEY=hunter2"),
            1,
            "ERROR: userfile commands take",
        ),
        (("userfile", "upload", "a.csv", "../../up.csv"), 1, "ERROR: "),
        (("userfile", "upload", "a.csv", "/a.csv", "--cert-dir=certs"), 4, "usage: "),
        (("userfile",), 4, "usage: "),
        (("nodelocal", "upload", "a.csv"), 4, "usage: "),
    ],
)
def test_errors(capsys: pytest.CaptureFixture[str], words: tuple[str, ...], status: int, error: str) -> None:
    found, out, err = run(capsys, *words)
    assert (found, out) == (status, [])
    assert err.startswith(error)
    assert "hunter2" not in err
    assert not Path("up.csv").exists()
