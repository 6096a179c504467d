"""`ootheca completion`: a script that a shell can read, with this command's own words in it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pexpect
import pytest

from ootheca.shell.completion_script import SHELLS
from ootheca.shell.main import main
from ootheca.shell.render.registry import FORMATS

_ASK = "source /dev/stdin; COMP_WORDS=({words}); COMP_CWORD={index}; _shtab_ootheca; echo ${{COMPREPLY[@]}}"


_OFFERS = [
    (["--external-io-dis"], {"--external-io-disabled", "--external-io-disable-http"}),
    (["demo", ""], {"movr", "bank", "none"}),
    (["--format", ""], set(FORMATS)),
    ([""], {"sql", "demo", "userfile", "nodelocal"}),
    (["demo", "--fo"], {"--format"}),
    (["userfile", ""], {"upload", "list", "get", "delete"}),
    (["userfile", "get", "--ext"], {"--external-io-dir"}),
]  # fmt: skip


@pytest.fixture(scope="module")
def scripts() -> dict[str, str]:
    pytest.importorskip("shtab")
    return {shell: _run(sys.executable, "-m", "ootheca", "completion", shell) for shell in SHELLS}


def _run(*command: str, **more: Any) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60, **more).stdout


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
@pytest.mark.parametrize(("words", "offered"), _OFFERS)
def test_bash_offers_the_words_of_the_command(
    scripts: dict[str, str], words: list[str], offered: set[str]
) -> None:
    quoted = " ".join(f'"{word}"' for word in ["ootheca", *words])
    ask = _ASK.format(words=quoted, index=len(words))
    assert offered <= set(_run("bash", "-c", ask, input=scripts["bash"]).split())


@pytest.mark.skipif(shutil.which("fish") is None, reason="no fish")
@pytest.mark.parametrize(("words", "offered"), _OFFERS)
def test_fish_offers_the_words_of_the_command(
    scripts: dict[str, str], words: list[str], offered: set[str], tmp_path: Path
) -> None:
    ask = f"source; complete -C 'ootheca {' '.join(words)}'"
    answer = _run(
        "fish", "--no-config", "-c", ask, input=scripts["fish"], env={**os.environ, "HOME": str(tmp_path)}
    )
    assert offered <= {line.partition("\t")[0] for line in answer.splitlines()}


@pytest.mark.skipif(shutil.which("zsh") is None, reason="no zsh")
@pytest.mark.parametrize(("words", "offered"), _OFFERS)
def test_zsh_offers_the_words_of_the_command(
    scripts: dict[str, str], words: list[str], offered: set[str], tmp_path: Path
) -> None:
    (tmp_path / "_ootheca").write_text(scripts["zsh"])
    env = {**os.environ, "HOME": str(tmp_path), "TERM": "dumb", "PS1": "> "}
    zsh = pexpect.spawn("zsh", ["-f", "-i"], env=env, dimensions=(60, 200), encoding="utf-8", timeout=60)
    try:
        zsh.sendline(
            "fpath=(" + str(tmp_path) + " $fpath); autoload -U compinit; compinit -u -D; echo rea''dy"
        )
        zsh.expect("ready\r\n")
        zsh.send(f"ootheca {' '.join(words)}\t")
        if words[-1] and len(offered) > 1:
            zsh.send("\t")  # the first one writes what they have in common
        for word in sorted(offered):  # the order in which zsh lists them
            zsh.expect_exact(word.removeprefix(words[-1]) if len(offered) == 1 else word)
    finally:
        zsh.close(force=True)


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
