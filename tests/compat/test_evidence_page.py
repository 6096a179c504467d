"""The evidence page says what the backups at hand say now, and is what its facts render to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.compat import evidence
from tests.support.public import PublicSet, public_sets

LINES = evidence.load()


def golden_sources() -> list[Any]:
    """Every golden set at hand, those outside the repository marked."""
    return [
        pytest.param(source, id=source.title, marks=[] if source.is_inside else [pytest.mark.shared])
        for source in evidence.golden_sources()
    ]


def lines_of(name: str) -> list[evidence.Line]:
    return [line for line in LINES if line.set == name]


@pytest.mark.parametrize("source", golden_sources())
def test_lines_of_a_golden_set_are_what_is_measured_now(source: evidence.Source, tmp_path: Path) -> None:
    assert lines_of(source.title) == list(evidence.golden_lines(source, tmp_path))


@pytest.mark.parametrize("public", public_sets())
def test_line_of_a_public_set_is_what_opening_it_says_now(public: PublicSet) -> None:
    """How it restores is proven in test_public."""
    (line,) = lines_of(public.name)
    assert line.facts == evidence.facts_of(public.open())
    assert line.encrypted == evidence.encryption_of(public.folder)


def test_every_set_at_hand_has_a_line() -> None:
    at_hand = {source.title for source in evidence.golden_sources()}
    at_hand |= {public.name for public in evidence.public_sources()}
    assert at_hand <= {line.set for line in LINES}


def test_page_is_what_the_facts_render_to() -> None:
    assert evidence.PAGE.read_text() == evidence.render(LINES)


def test_no_line_claims_more_than_was_compared() -> None:
    """A "yes" to restoring says what it was compared with, and comes with rows that were read and found whole."""
    claims = [line for line in LINES if line.restores.startswith(evidence.YES)]
    assert claims
    for line in claims:
        assert line.restores.endswith(")"), line
        assert line.facts.opens.startswith(evidence.YES), line
        assert line.facts.verifies == evidence.YES, line
