"""Who may read a store: it holds rows in clear, and secrets of connections and of jobs."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

import ootheca

pytestmark = pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")


@pytest.fixture(autouse=True)
def _usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def test_a_new_store_is_its_owners_alone(tmp_path: Path) -> None:
    store = tmp_path / "deep" / "store"
    with ootheca.connect(store) as con:
        con.execute("CREATE TABLE t (a INT)")
        assert stat.S_IMODE(store.stat().st_mode) == 0o700


def test_a_directory_that_was_there_keeps_its_mode(tmp_path: Path) -> None:
    store = tmp_path / "store"
    store.mkdir(mode=0o755)
    with ootheca.connect(store):
        assert stat.S_IMODE(store.stat().st_mode) == 0o755
