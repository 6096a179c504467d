"""Every action of the grammar, by name; a family of them is loaded when the first of its actions is needed."""

from __future__ import annotations

from importlib import import_module

from ootheca.sql.build_core import ACTIONS, HOMES, Action

__all__ = ["FAMILIES", "action_named", "load_all"]

FAMILIES = (
    "build_core",
    "build_backup",
    "build_expr",
    "build_session",
    "build_ddl",
    "build_columns",
    "build_table",
    "build_alter",
)
"""The modules that register actions, in the order in which they are searched."""


def action_named(name: str, family: int) -> Action:
    """Return an action; `family` is the place in `FAMILIES` of the module that registers it."""
    if name not in ACTIONS:
        import_module(f"ootheca.sql.{FAMILIES[family]}")
    return ACTIONS[name]


def load_all() -> dict[str, int]:
    """Load every family, and return for each action the place of its family."""
    for family in FAMILIES:
        import_module(f"ootheca.sql.{family}")
    return {name: FAMILIES.index(home.rpartition(".")[2]) for name, home in HOMES.items()}
