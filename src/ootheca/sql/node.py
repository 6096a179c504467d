"""The root of the syntax tree's classes, what makes one of them, and how a tree is walked and changed.

Importing makes two hundred classes, and a process uses a handful: what can wait until the first object of a class is
made waits, and what all have in common is written once instead of generated for each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import FrozenInstanceError, dataclass, field, fields, is_dataclass, make_dataclass, replace
from typing import Any, TypeVar, cast, dataclass_transform

__all__ = ["Node", "children", "transform", "walk"]  # of `ast`; `node` is for the modules that it is made of

_Made = TypeVar("_Made")


class Node:
    """The root of the tree's classes.

    Nodes of one class are equal when the fields that take part in comparison are. A repr names the class alone,
    because a field may hold a secret.
    """

    __slots__ = ()

    def __setattr__(self, name: str, value: object) -> None:
        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> None:
        raise FrozenInstanceError(f"cannot delete field {name!r}")

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in _compared(type(self)))

    def __hash__(self) -> int:
        return hash((type(self), *[getattr(self, name) for name in _compared(type(self))]))

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def __reduce__(self) -> tuple[Any, ...]:
        class_ = type(self)
        return _remade, (class_, {name: getattr(self, name) for name in _field_names(class_)})


def _remade(class_: type[Node], values: dict[str, object]) -> Node:
    """Make a node again, from a pickle or for a copy."""
    return class_(**values)


_COMPARED: dict[Any, tuple[str, ...]] = {}
_FIELDS: dict[Any, tuple[str, ...]] = {}


def _compared(class_: Any) -> tuple[str, ...]:
    names = _COMPARED.get(class_)
    if names is None:
        names = _COMPARED[class_] = tuple(item.name for item in fields(class_) if item.compare)
    return names


def _field_names(class_: Any) -> tuple[str, ...]:
    names = _FIELDS.get(class_)
    if names is None:
        names = _FIELDS[class_] = tuple(item.name for item in fields(class_)) if is_dataclass(class_) else ()
    return names


@dataclass_transform(frozen_default=True, eq_default=False, field_specifiers=(field,))
def node(class_: type[_Made]) -> type[_Made]:
    """Make a frozen dataclass with slots; its `__init__` is compiled when the first object is made."""
    made: Any = dataclass(init=False, repr=False, eq=False, slots=True)(cast(Any, class_))

    def init(self: Node, *values: object, **named: object) -> None:
        members = [(item.name, item.type, item) for item in fields(made)]
        donor: Any = make_dataclass(made.__name__, members, repr=False, eq=False, frozen=True)
        made.__init__ = donor.__init__
        made.__init__(self, *values, **named)

    made.__init__ = init
    return cast(type[_Made], made)


def children(node: Node) -> Iterator[Node]:
    """Yield the nodes directly below a node, in the order of its fields, whatever tuples they stand in."""
    pending: list[Any] = [getattr(node, name) for name in reversed(_field_names(type(node)))]
    while pending:
        value = pending.pop()
        if isinstance(value, Node):
            yield value
        elif isinstance(value, tuple):
            pending.extend(reversed(value))


def walk(node: Node) -> Iterator[Node]:
    """Yield the node and every node below it, parents first, in the order of their fields. Does not recurse."""
    pending = [node]
    while pending:
        current = pending.pop()
        yield current
        pending.extend(reversed(list(children(current))))


_N = TypeVar("_N", bound=Node)


def transform(node: _N, change: Callable[[Node], Node]) -> _N:
    """Return the tree with `change` applied to every node, children first; unchanged parts are shared."""
    updates: dict[str, Any] = {}
    for name in _field_names(type(node)):
        value = getattr(node, name)
        changed = _transform_value(value, change)
        if changed is not value:
            updates[name] = changed
    rebuilt = replace(cast(Any, node), **updates) if updates else node
    return cast(_N, change(rebuilt))


def _transform_value(value: Any, change: Callable[[Node], Node]) -> Any:
    if isinstance(value, Node):
        return transform(value, change)
    if isinstance(value, tuple):
        changed = tuple(_transform_value(part, change) for part in value)
        return changed if any(a is not b for a, b in zip(changed, value, strict=True)) else value
    return value
