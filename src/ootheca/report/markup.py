"""HTML out of elements: every text is escaped unless it is `Markup`, so that forgetting it shows nothing but text.

A name in a backup may hold anything. Characters that cannot be seen, or that change the order of others, are shown by
their code, as in `a\\u{202e}b`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from html import escape
from typing import Final

__all__ = ["Child", "Markup", "element", "joined", "visible"]

_VOID: Final = frozenset({"br", "circle", "line", "meta", "rect"})
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


Child = str | Markup | None
"""What an element may hold: text, elements, or nothing."""


def visible(text: str) -> str:
    """Return a text with what cannot be seen as its code."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        f"\\u{{{ord(char):x}}}" if unicodedata.category(char) in _HIDDEN else char for char in text
    )


def joined(children: Iterable[Child]) -> Markup:
    """Return several texts and elements as one."""
    return Markup("".join(_markup(child) for child in children))


def element(name: str, /, *children: Child, **attributes: str | float | bool | None) -> Markup:
    """Return an element.

    Args:
        attributes: by name, `-` written as `_`, with a `_` after a word of Python (`class_`); None and False leave one
            out, True is one without value.
    """
    written = "".join(
        f" {key.rstrip('_').replace('_', '-')}"
        + ("" if value is True else f'="{escape(visible(str(value)))}"')
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    if name in _VOID and not children:
        return Markup(f"<{name}{written}/>")
    return Markup(f"<{name}{written}>{joined(children)}</{name}>")


def _markup(child: Child) -> str:
    if child is None:
        return ""
    return child if isinstance(child, Markup) else escape(visible(child))
