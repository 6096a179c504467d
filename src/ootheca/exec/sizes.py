"""Sizes in bytes, as people write them and as a cluster prints them."""

from __future__ import annotations

import re
from typing import Final

from ootheca.errors import InvalidOptionError

__all__ = ["format_size", "parse_size"]

_SIZE: Final = re.compile(r"\s*([0-9]*\.?[0-9]*)\s*([KMGTPE]?)(i?)B?\s*\Z", re.IGNORECASE)
_MAX_SIZE: Final = (1 << 63) - 1


def parse_size(text: str) -> int:
    """Return the bytes that a text such as `10MB` or `1.5 GiB` means; a number alone is bytes.

    Raises:
        InvalidOptionError: it is no size, or negative.
    """
    match = _SIZE.match(text.replace(",", ""))
    try:
        number = float(match[1]) if match is not None else None
    except ValueError:
        number = None
    if match is None or number is None:
        raise InvalidOptionError(
            f'parsing "{text}": invalid syntax', hint="write a number and a unit, such as '10MB' or '10MiB'"
        )
    power = " kmgtpe".index(match[2].lower() or " ")
    return min(int(number * (1024 if match[3] else 1000) ** power), _MAX_SIZE)


def format_size(size: float) -> str:
    """Return a size in the unit that a cluster would choose: `128 MiB`, `1.5 GiB`."""
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if size < 1024 or unit == "TiB":
            break
        size /= 1024
    is_whole = unit == "B" or size >= 10 or size == int(size)
    return f"{size:.0f} {unit}" if is_whole else f"{size:.1f} {unit}"
