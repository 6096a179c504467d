"""URLs as Go's `net/url` reads and writes them, and texts as its `%q` quotes them, whose words users meet in errors.

Source: reference/sql/07 §1; conformance/*/scenarios/08_uris.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote, quote_plus, unquote_plus, unquote_to_bytes

__all__ = [
    "MalformedURLError",
    "encode_query",
    "escape_fragment",
    "escape_host",
    "escape_path",
    "escape_userinfo",
    "parse_authority",
    "query_pairs",
    "quoted",
    "split_scheme",
    "unescape",
]

# Characters that Go leaves alone besides letters and digits, by the part of the URL they stand in.
_UNRESERVED: Final = "-_.~"
_PATH_SAFE: Final = _UNRESERVED + "$&+,/:;=@"
_HOST_SAFE: Final = _UNRESERVED + "!$&'()*+,;=:[]<>\""
_USER_SAFE: Final = _UNRESERVED + "$&+,;="
_VALID_RAW_PATH: Final = re.compile(r"[A-Za-z0-9\-_.~$&+,/:;=@!'()*\[\]%]*\Z")
_VALID_USERINFO: Final = re.compile(r"[A-Za-z0-9\-._:~!$&'()*+,;=%@]*\Z")
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+\-.]*)?:")
_BAD_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_PORT: Final = re.compile(r"(:[0-9]*)?\Z")
_BAD_HOST_ESCAPE: Final = re.compile(r"%(?!25)[0-7][0-9A-Fa-f]")
_BAD_HOST_CHARACTER: Final = re.compile(r"[^A-Za-z0-9\-_.~!$&'()*+,;=:\[\]<>\"%\u0080-\U0010ffff]")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


class MalformedURLError(Exception):
    """Why a text is no URL, in Go's words."""


def split_scheme(text: str) -> tuple[str, str]:
    """Return the scheme in lower case, empty where there is none, and what follows it.

    Raises:
        MalformedURLError: it begins with a colon, or holds a control character.
    """
    if _CONTROL.search(text):
        raise MalformedURLError("net/url: invalid control character in URL")
    match = _SCHEME.match(text)
    if match is None:
        return "", text
    if match[1] is None:
        raise MalformedURLError("missing protocol scheme")
    return match[1].lower(), text[match.end() :]


def parse_authority(authority: str) -> tuple[str | None, str | None, str]:
    """Return user, password and host, decoded; the first two are None where they are absent.

    Raises:
        MalformedURLError: a part that Go refuses.
    """
    userinfo, at, host = authority.rpartition("@")
    colon_port = host[host.rfind("]") + 1 :] if host.startswith("[") else host[host.rfind(":") :]
    if host.startswith("[") and "]" not in host:
        raise MalformedURLError("missing ']' in host")
    if (":" in host or host.startswith("[")) and not _PORT.match(colon_port):
        raise MalformedURLError(f"invalid port {quoted(colon_port)} after host")
    host = _unescape_host(host)
    if not at:
        return None, None, host
    if not _VALID_USERINFO.match(userinfo):
        raise MalformedURLError("net/url: invalid userinfo")
    user, colon, password = userinfo.partition(":")
    return unescape(user), unescape(password) if colon else None, host


def _unescape_host(host: str) -> str:
    if bad := _BAD_HOST_ESCAPE.search(host):
        raise MalformedURLError(f"invalid URL escape {quoted(bad[0])}")
    if bad := _BAD_HOST_CHARACTER.search(host):
        raise MalformedURLError(f"invalid character {quoted(bad[0])} in host name")
    return unescape(host)


def unescape(text: str) -> str:
    """Decode percent escapes; bytes that are no UTF-8 are kept by surrogateescape.

    Raises:
        MalformedURLError: a percent sign that begins none.
    """
    if bad := _BAD_ESCAPE.search(text):
        raise MalformedURLError(f"invalid URL escape {quoted(text[bad.start() : bad.start() + 3])}")
    return unquote_to_bytes(text).decode("utf-8", "surrogateescape") if "%" in text else text


def query_pairs(raw_query: str) -> Iterable[tuple[str, str]]:
    """Decode a query; as in Go, pairs with bad escapes or semicolons are left out."""
    for pair in raw_query.split("&"):
        if not pair or ";" in pair or _BAD_ESCAPE.search(pair):
            continue
        name, _, value = pair.partition("=")
        yield unquote_plus(name, errors="surrogateescape"), unquote_plus(value, errors="surrogateescape")


def encode_query(pairs: Iterable[tuple[str, str]]) -> str:
    """Encode a query in alphabetical order of the names."""

    def encode(text: str) -> str:
        return quote_plus(text, safe=_UNRESERVED, errors="surrogateescape")

    return "&".join(
        f"{encode(name)}={encode(value)}" for name, value in sorted(pairs, key=lambda pair: pair[0])
    )


def escape_host(host: str) -> str:
    """Encode a host."""
    return quote(host, safe=_HOST_SAFE, errors="surrogateescape")


def escape_userinfo(user: str | None, password: str | None) -> str:
    """Encode user and password, with the `@` behind them; empty where there is no user."""
    if user is None:
        return ""
    userinfo = quote(user, safe=_USER_SAFE, errors="surrogateescape")
    if password is not None:
        userinfo += ":" + quote(password, safe=_USER_SAFE, errors="surrogateescape")
    return userinfo + "@"


def escape_path(path: str, raw_path: str) -> str:
    """Keep the spelling that the user chose where it is a valid one; else encode the path."""
    if raw_path and _VALID_RAW_PATH.match(raw_path):
        return raw_path
    return quote(path, safe=_PATH_SAFE, errors="surrogateescape")


def escape_fragment(fragment: str) -> str:
    """Encode what follows a `#`."""
    return quote(fragment, safe=_PATH_SAFE + "?!()*", errors="surrogateescape")


_GO_ESCAPES: Final = {
    "\\": "\\\\",
    '"': '\\"',
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\x07": "\\a",
    "\x08": "\\b",
}
_GO_ESCAPES_MORE: Final = {"\x0b": "\\v", "\x0c": "\\f"}


def quoted(text: str) -> str:
    """Quote a text as Go's `%q` does."""
    table = {**_GO_ESCAPES, **_GO_ESCAPES_MORE}
    shown: list[str] = []
    for character in text:
        code = ord(character)
        if character in table:
            shown.append(table[character])
        elif character.isprintable():
            shown.append(character)
        elif 0xDC80 <= code <= 0xDCFF:  # a byte that is no UTF-8, kept by surrogateescape
            shown.append(f"\\x{code - 0xDC00:02x}")
        elif code < 0x80:
            shown.append(f"\\x{code:02x}")
        else:
            shown.append(f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")
    return '"' + "".join(shown) + '"'
