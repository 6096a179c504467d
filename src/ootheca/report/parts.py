"""The parts that a page is built of: tables, lists, bars."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from ootheca.exec.quantities import format_size
from ootheca.report.facts import Problem, State
from ootheca.report.markup import Child, Markup, element, joined

__all__ = ["Column", "badge", "bar", "count", "definitions", "problem_list", "size_text", "table"]

_BAR_HEIGHT: Final = 8
_MAX_PROBLEMS: Final = 100
_STATES: Final[dict[State, str]] = {
    "sound": "whole",
    "damaged": "damaged",
    "locked": "not opened",
    "unverified": "not verified",
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; `class_` is `num` for numbers and `wide` for a bar."""

    name: str
    class_: str | None = None


def table(columns: Sequence[Column], rows: Iterable[Sequence[Child]]) -> Markup:
    """Return a table; on a narrow page each row is a block, where the cells have their column's name."""
    head = element(
        "tr", *(element("th", column.name, class_=column.class_, scope="col") for column in columns)
    )
    body = [
        element(
            "tr",
            *(
                element("td", cell, class_=column.class_, data_label=column.name or None)
                for column, cell in zip(columns, row, strict=True)
            ),
        )
        for row in rows
    ]
    return element("table", element("thead", head), element("tbody", *body))


def definitions(pairs: Iterable[tuple[str, Child]]) -> Markup:
    """Return names and what they stand for; those without anything are left out."""
    return element(
        "dl",
        *(joined((element("dt", name), element("dd", about))) for name, about in pairs if about),
        class_="facts",
    )


def bar(part: float, whole: float, label: str) -> Markup:
    """Return a bar, as long as its part of the whole."""
    percent = 100 * part / whole if whole else 0.0
    return element(
        "svg",
        element("rect", class_="track", width="100%", height=_BAR_HEIGHT, rx=2),
        element("rect", width=f"{percent:.2f}%", height=_BAR_HEIGHT, rx=2),
        class_="bar",
        width="100%",
        height=_BAR_HEIGHT,
        role="img",
        aria_label=label,
    )


def badge(state: State) -> Markup:
    """Return a state as a word on its colour."""
    return element("span", _STATES[state], class_=f"badge {state}")


def problem_list(problems: Sequence[Problem]) -> Markup | None:
    """Return what is wrong, the first hundred in words."""
    if not problems:
        return None
    items = [element("li", *_problem(problem)) for problem in problems[:_MAX_PROBLEMS]]
    if len(problems) > _MAX_PROBLEMS:
        items.append(element("li", f"… and {len(problems) - _MAX_PROBLEMS} more"))
    return element("ul", *items, class_="problems")


def _problem(problem: Problem) -> Iterable[Child]:
    yield from _lines(problem.message)
    if problem.location and problem.location not in problem.message:
        yield element("br")
        yield element("code", problem.location, class_="faint")
    if problem.hint:
        yield element("br")
        yield element("span", problem.hint, class_="faint")


def _lines(text: str) -> Iterable[Child]:
    for number, line in enumerate(text.split("\n")):
        if number:
            yield element("br")
        yield line


def size_text(size: int | None) -> str:
    """Return a size for people; a dash where it is unknown."""
    return "–" if size is None else format_size(size)


def count(number: int, noun: str) -> str:
    """Return a number and its noun: `1 layer`, `2 layers`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
