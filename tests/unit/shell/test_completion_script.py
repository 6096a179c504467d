"""`ootheca completion`: a script that a shell can read, with this command's own words in it."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from ootheca.shell.completion_script import SHELLS
from ootheca.shell.main import main
from ootheca.shell.render.registry import FORMATS

_ASK = "source /dev/stdin; COMP_WORDS=({words}); COMP_CWORD={index}; _shtab_ootheca; echo ${{COMPREPLY[@]}}"


@pytest.fixture(scope="module")
def bash_script() -> str:
    pytest.importorskip("shtab")
    return subprocess.run(
        [sys.executable, "-m", "ootheca", "completion", "bash"], capture_output=True, text=True, check=True
    ).stdout


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["--external-io-dis"], {"--external-io-disabled", "--external-io-disable-http"}),
        (["demo", ""], {"movr", "bank", "none"}), (["--format", ""], set(FORMATS)), ([""], {"sql", "demo"}),
        (["demo", "--fo"], {"--format"}),
    ],
)  # fmt: skip
def test_bash_offers_the_words_of_the_command(bash_script: str, words: list[str], offered: set[str]) -> None:
    quoted = " ".join(f'"{word}"' for word in ["ootheca", *words])
    ask = _ASK.format(words=quoted, index=len(words))
    answer = subprocess.run(
        ["bash", "-c", ask], input=bash_script, capture_output=True, text=True, check=True
    )
    assert offered <= set(answer.stdout.split())


@pytest.mark.parametrize("shell", SHELLS)
def test_every_shell_gets_a_script(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("shtab")
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert "external-io-disable-http" in script
    assert "starlog" in script


def test_what_is_missing_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "shtab", None)
    assert main(["completion", "bash"]) == 4
    assert "pip install 'ootheca[completion]'" in capsys.readouterr().err
    assert main(["completion", "ksh"]) == 4
    assert "invalid choice: 'ksh'" in capsys.readouterr().err
