"""INET: addresses with a mask.

Layout: family (0: version 4, 1: version 6), mask bits, address: 4 or 16 bytes
Source: reference 05 sections 6 and 8; table inets of fixtures/golden/20.2/a_full.

Works value by value in Python.
"""

from __future__ import annotations

import ipaddress

from ootheca.errors import CorruptionError, InvalidValueError

__all__ = ["INET_SIZES", "format_inet", "parse_inet"]

INET_SIZES = (2 + 4, 2 + 16)  # by family
_MAPPED = bytes(10) + b"\xff\xff"


def format_inet(body: bytes) -> str:
    """Return the text of one address; the mask only if it is not the full length.

    Raises:
        CorruptionError: the family or the size is impossible.
    """
    if not body or body[0] > 1 or len(body) != INET_SIZES[body[0]] or body[1] > 8 * (len(body) - 2):
        raise CorruptionError("an impossible INET value")
    family, bits, raw = body[0], body[1], body[2:]
    if family == 0:
        address = str(ipaddress.IPv4Address(raw))
    elif raw.startswith(_MAPPED):
        address = f"::ffff:{ipaddress.IPv4Address(raw[12:])}"
    else:
        address = str(ipaddress.IPv6Address(raw))
    return address if bits == 8 * len(raw) else f"{address}/{bits}"


def parse_inet(text: str) -> bytes:
    """Return the stored form of one address.

    Raises:
        InvalidValueError: it is none.
    """
    address, slash, mask = text.strip().partition("/")
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError as exc:
        raise _invalid(text) from exc
    raw = parsed.packed
    bits = 8 * len(raw)
    if slash:
        if not (mask.isascii() and mask.isdigit()) or int(mask) > bits:
            raise _invalid(text)
        bits = int(mask)
    return bytes([0 if parsed.version == 4 else 1, bits]) + raw


def _invalid(text: str) -> InvalidValueError:
    return InvalidValueError(f'could not parse "{text}" as inet. invalid IP')
