"""Any text is a statement or a ParseError, and what is printed of a statement says the same.

`OOTHECA_FAULTS=1` tries two hundred thousand texts, and has a coverage-guided search look for more where
it is installed.
"""

from __future__ import annotations

import importlib.util
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.fuzz_parser import check, seeds, varied

IS_LONG = bool(os.environ.get("OOTHECA_FAULTS"))
TEXTS = 25_000 if IS_LONG else 300
SEEDS = seeds()


@pytest.mark.parametrize("number", range(4))
def test_texts_that_resemble_statements(number: int) -> None:
    source = random.Random(number)
    accepted = sum(check(varied(source, SEEDS)) for _ in range(TEXTS))
    assert TEXTS // 20 < accepted < TEXTS


@pytest.mark.parametrize("number", range(4))
def test_texts_of_any_characters(number: int) -> None:
    source = random.Random(number)
    alphabet = "'\"$-/*;()[]{}\\ \n\t,.=:<>@0e1bBx_aé日\x00\udcff\U0001f600"
    for _ in range(TEXTS):
        check("".join(source.choices(alphabet, k=source.randrange(40))))


@pytest.mark.skipif(not IS_LONG, reason="part of `make faults`")
@pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="atheris is not installed")
def test_search_for_texts_that_break_the_parser(tmp_path: Path) -> None:
    for number, text in enumerate(SEEDS):
        (tmp_path / f"{number}.sql").write_text(text, encoding="utf-8", errors="surrogateescape")
    words = [sys.executable, "-m", "tests.faults.fuzz_parser", str(tmp_path), "-runs=100000", "-max_len=400"]
    done = subprocess.run(
        [*words, f"-artifact_prefix={tmp_path}/"], capture_output=True, text=True, check=False
    )
    assert "Done 100000 runs" in done.stderr, done.stdout + done.stderr
