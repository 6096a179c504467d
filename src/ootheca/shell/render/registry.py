"""The display formats by name; each one's module is imported when it is first used."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import TypeAlias

from ootheca.errors import InvalidOptionError
from ootheca.shell.render.values import TextRows

__all__ = ["FORMATS", "JSON_FORMATS", "Renderer", "check_format", "renderer"]

_MODULES = {
    "table": "table",
    "csv": "delimited",
    "tsv": "delimited",
    "records": "records",
    "sql": "sql",
    "html": "html",
    "unnumbered-html": "html",
    "raw": "raw",
    "json": "json",
    "ndjson": "json",
}
JSON_FORMATS = frozenset({"json", "ndjson"})
"""Formats whose errors and notices are JSON too."""

FORMATS = tuple(_MODULES)
"""Names that `--format` and `\\set display_format` take."""


Renderer: TypeAlias = Callable[[TextRows, Callable[[str], object]], int]
"""Writes one row set and returns the number of its rows."""


def check_format(name: str) -> str:
    """Return the name.

    Raises:
        InvalidOptionError: there is no such format.
    """
    if name not in _MODULES:
        raise InvalidOptionError(
            f"invalid table display format: {name} (possible values: {', '.join(FORMATS)})", sqlstate="XXUUU"
        )
    return name


def renderer(name: str, *, border: int = 0, streams: bool = False) -> Renderer:
    """Return what writes the format: `render_<name>` of its module; `border` and `streams` are for tables alone.

    Raises:
        InvalidOptionError: there is no such format.
    """
    module = import_module(f"ootheca.shell.render.{_MODULES[check_format(name)]}")
    render: Callable[..., int] = getattr(module, f"render_{name.replace('-', '_')}")
    return partial(render, border=border, streams=streams) if name == "table" else render
