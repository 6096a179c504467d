"""Options of the shell: what they take, and what they answer to nonsense."""

from __future__ import annotations

import pytest

from ootheca.errors import InvalidOptionError
from ootheca.shell.options import DEFAULT_PROMPT, OPTIONS, Options


@pytest.mark.parametrize(
    ("text", "value"), [("true", True), ("ON", True), ("1", True), ("", True), ("no", False), ("off", False)]
)
def test_booleans(text: str, value: bool) -> None:
    options = Options(errexit=not value)
    options.set("errexit", text)
    assert options.errexit is value


@pytest.mark.parametrize(
    ("name", "value"), [("errexit", "maybe"), ("border", "4"), ("display_format", "bogus"), ("no_such", "1")]
)
def test_nonsense_is_refused(name: str, value: str) -> None:
    with pytest.raises(InvalidOptionError):
        Options().set(name, value)


def test_every_option_is_described_and_can_be_reset() -> None:
    options = Options(border=2, display_format="csv", errexit=False, prompt1="x")
    for name in OPTIONS:
        options.reset(name)
    assert options == Options()
    assert options.prompt1 == DEFAULT_PROMPT
    assert [name for name, _, _ in options.items()] == sorted(OPTIONS)


def test_options_of_other_clients_are_accepted() -> None:
    options = Options()
    options.set("smart_prompt", "whatever")
    assert options == Options()
