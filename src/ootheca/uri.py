"""External URIs of storage and KMS: parse as the server does, join, and never print a secret.

A `URI` prints redacted wherever it is printed; only `URI.reveal()` gives the text with its secrets. Parsing
follows Go's `net/url`, whose words users meet in CockroachDB's errors; texts that cannot be parsed are
masked before they are quoted.

Source: reference/sql/07 (§1, §3, §4, §6), 04 §4 and §6, 09 §4; conformance/*/scenarios/02_kms, 08_uris,
09_jobs_schedules.
"""

from __future__ import annotations

import base64
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final
from urllib.parse import unquote_plus

from ootheca.errors import InvalidOptionError, InvalidValueError
from ootheca.url import (
    MalformedURLError,
    encode_query,
    escape_fragment,
    escape_host,
    escape_path,
    escape_userinfo,
    parse_authority,
    query_pairs,
    quoted,
    split_scheme,
    unescape,
)

__all__ = [
    "REDACTED",
    "REDACT_FAILED",
    "SECRET_PARAMS",
    "URI",
    "decode_base64",
    "is_kms_uri",
    "join",
    "mask_uri",
    "parse_assumed_roles",
    "parse_kms_uri",
    "parse_storage_uri",
    "redact_uri",
]

REDACTED: Final = "redacted"
REDACT_FAILED: Final = "<uri_failed_to_redact>"

SECRET_PARAMS: Final = frozenset(
    {
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AZURE_ACCOUNT_KEY",
        "AZURE_CLIENT_SECRET",
        "BEARER_TOKEN",
        "CREDENTIALS",
        "SASL_PASSWORD",
    }
)
"""Parameters whose value is never printed; compared without case, so that a misspelt name leaks nothing."""

_WORKLOAD_SCHEMES: Final = frozenset({"workload", "experimental-workload"})

_PARAM: Final = re.compile(r"(?<![^?&;=/\s])([^?&;=/\s]++)=[^&]*+")  # also where the `?` was forgotten
_KEY_PATH: Final = re.compile(r"^([A-Za-z0-9+\-.]*:/{0,3}).+", re.DOTALL)
_KMS_START: Final = re.compile(r"(?:aws|aws-kms|gcp-kms|azure-kms|testkms):|gs:///", re.IGNORECASE)


@dataclass(frozen=True, slots=True, repr=False)
class URI:
    """One external URI, taken apart; `str()` and `repr()` are redacted.

    Attributes:
        scheme: lower case, empty when the text has none.
        host: decoded authority without user-info (bucket, container, node id).
        path: decoded, with its leading `/` when it has one.
        params: decoded query parameters in the order of the text; the first of repeated ones.
        user, password: user-info; None when absent.
        is_kms: names a master key, so that redaction hides the path too.
    """

    scheme: str
    host: str = ""
    path: str = ""
    user: str | None = None
    password: str | None = None
    is_kms: bool = False
    raw_path: str = ""
    raw_query: str = ""
    opaque: str = ""
    fragment: str = ""
    has_authority: bool = True
    params: Mapping[str, str] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        first: dict[str, str] = {}
        for name, value in query_pairs(self.raw_query):
            first.setdefault(name, value)
        object.__setattr__(self, "params", MappingProxyType(first))

    def param(self, name: str) -> str:
        """Return a parameter's value, empty when it is absent (the server does not tell the two apart)."""
        return self.params.get(name, "")

    def reveal(self) -> str:
        """Return the whole text, secrets included. For opening the location, never for messages."""
        return _format(self, self.raw_query)

    def redacted(self, *, hide_key: bool | None = None) -> str:
        """Return the text with every secret replaced and the query re-encoded in alphabetical order.

        Args:
            hide_key: replace the path by `/redacted`, as for a KMS URI; `is_kms` decides when omitted.
        """
        if self.scheme in _WORKLOAD_SCHEMES:
            return self.reveal()
        masked = self
        if hide_key if hide_key is not None else self.is_kms:
            masked = replace(masked, path=f"/{REDACTED}", raw_path="")
        if self.password is not None:
            masked = replace(masked, password=REDACTED)
        if self.opaque and "@" in self.opaque:
            masked = replace(masked, opaque=_mask_userinfo(self.opaque))
        return _format(masked, _redacted_query(self.raw_query))

    def bare(self) -> str:
        """Return the text without user-info and parameters: what names the place, and is no secret."""
        return _format(replace(self, user=None, password=None, fragment=""), "")

    def without_param(self, name: str) -> URI:
        """Return the URI without one parameter; the query is re-encoded in alphabetical order."""
        pairs = [(key, value) for key, value in query_pairs(self.raw_query) if key != name]
        return replace(self, raw_query=encode_query(pairs))

    def __str__(self) -> str:
        return self.redacted()

    def __repr__(self) -> str:
        return f"URI({self.redacted()!r})"


def parse_storage_uri(text: str) -> URI:
    """Parse a storage URI by the rules of Go's `url.Parse`.

    A text without scheme is accepted here (`scheme` is empty); opening it is what fails.

    Raises:
        InvalidValueError: `parse "<text>": <reason>`, secrets masked.
    """
    body, _, fragment = text.partition("#")
    try:
        uri = _parse(body, via_request=False)
        return replace(uri, fragment=unescape(fragment)) if fragment else uri
    except MalformedURLError as exc:
        raise _parse_error(body, exc) from None


def parse_kms_uri(text: str, *, quote_escaped: bool = False) -> URI:
    """Parse a KMS URI by the rules of Go's `url.ParseRequestURI`: absolute, and `#` is an ordinary character.

    Args:
        quote_escaped: quote the offending text percent-encoded, as CockroachDB 20.2 does.

    Raises:
        InvalidValueError: `parse "<text>": invalid URI for request`, secrets masked.
    """
    try:
        return replace(_parse(text, via_request=True), is_kms=True)
    except MalformedURLError as exc:
        raise _parse_error(redact_uri(text) if quote_escaped else text, exc) from None


def redact_uri(text: str, *, kms: bool = False, hide_kms_key: bool = True) -> str:
    """Return a URI's text as job descriptions and messages show it, or `<uri_failed_to_redact>`.

    Args:
        kms: the text names a master key.
        hide_kms_key: replace a KMS URI's path by `/redacted`.
    """
    try:
        uri = parse_storage_uri(text)
    except InvalidValueError:
        return REDACT_FAILED
    if uri.scheme in _WORKLOAD_SCHEMES:
        return text
    return uri.redacted(hide_key=kms and hide_kms_key)


def mask_uri(text: str, *, kms: bool = False) -> str:
    """Return a text with what may be a secret replaced and the rest as it was typed, whether it is a valid URI or not.

    Args:
        kms: the text names a master key, whose path is replaced too.
    """
    masked = _PARAM.sub(
        lambda found: f"{found[1]}={REDACTED}" if _is_secret(unquote_plus(found[1])) else found[0], text
    )
    head, question, query = masked.partition("?")
    if kms:
        head = _KEY_PATH.sub(rf"\g<1>{REDACTED}", head)
    return _mask_userinfo(head) + question + query


def is_kms_uri(text: str) -> bool:
    """Whether a text can only be the URI of a master key: by its scheme, or `gs` without a bucket."""
    return _KMS_START.match(text) is not None


def decode_base64(text: str, what: str) -> bytes:
    """Return the bytes of a parameter in base64.

    Raises:
        InvalidOptionError: Go's `base64.StdEncoding` refuses it, with the offset that it names.
    """
    bad = re.search(r"[^A-Za-z0-9+/=\r\n]|=(?!=?[\r\n]*\Z)", text)
    plain = re.sub(r"[\r\n]", "", text)
    if bad or len(plain) % 4:
        offset = bad.start() if bad else len(text) - len(plain) % 4
        raise InvalidOptionError(f"{what}: illegal base64 data at input byte {offset}", sqlstate="XXUUU")
    return base64.b64decode(text)


def join(uri: URI, *parts: str) -> URI:
    """Return the URI with parts appended to its path; parameters stay as they were written."""
    appended = [part.lstrip("/") for part in parts if part.strip("/")]
    if not appended:
        return uri
    path = posixpath.normpath(posixpath.join(uri.path or ("/" if uri.host else ""), *appended))
    # POSIX keeps two leading slashes apart from one; the server does not.
    path = "/" + path.lstrip("/") if path.startswith("/") else path
    return replace(uri, path=path, raw_path="")


def parse_assumed_roles(text: str) -> tuple[tuple[str, str], ...]:
    """Split an `ASSUME_ROLE` parameter, `role[;external_id=id],…`, into roles and external ids.

    Each role is assumed with the credentials of the one before it; the last one is used.

    Raises:
        InvalidOptionError: an item that is no such role.
    """
    found = []
    for item in filter(None, text.split(",")):
        role, _, condition = item.partition(";")
        name, _, external_id = condition.partition("=")
        if not role or (condition and (name != "external_id" or not external_id)):
            raise InvalidOptionError(
                "ASSUME_ROLE must be a list of roles, each with an optional external_id",
                sqlstate="XXUUU",
                hint="write ASSUME_ROLE=<role>;external_id=<id>,<role> percent-encoded",
            )
        found.append((role, external_id))
    return tuple(found)


def _parse_error(text: str, reason: MalformedURLError) -> InvalidValueError:
    return InvalidValueError(f"parse {quoted(mask_uri(text))}: {reason}", sqlstate="XXUUU")


def _parse(text: str, *, via_request: bool) -> URI:
    if not text and via_request:
        raise MalformedURLError("empty url")
    scheme, rest = split_scheme(text)
    rest, _, raw_query = rest.partition("?")
    if not rest.startswith("/"):
        if scheme:
            return URI(scheme, opaque=rest, raw_query=raw_query, has_authority=False)
        if via_request:
            raise MalformedURLError("invalid URI for request")
        if ":" in rest.partition("/")[0]:
            raise MalformedURLError("first path segment in URL cannot contain colon")
    user, password, host = None, None, ""
    has_authority = rest.startswith("//") and bool(scheme or (not via_request and not rest.startswith("///")))
    if has_authority:
        authority, slash, tail = rest[2:].partition("/")
        rest = slash + tail
        user, password, host = parse_authority(authority)
    return URI(
        scheme,
        host,
        unescape(rest),
        user=user,
        password=password,
        raw_path=rest,
        raw_query=raw_query,
        has_authority=has_authority,
    )


def _is_secret(name: str) -> bool:
    return name.strip().upper() in SECRET_PARAMS


def _redacted_query(raw_query: str) -> str:
    shown: list[tuple[str, str]] = []
    hidden: set[str] = set()
    for name, value in query_pairs(raw_query):
        if not _is_secret(name):
            shown.append((name, value))
        elif name not in hidden:
            hidden.add(name)
            shown.append((name, REDACTED))
    return encode_query(shown)


def _format(uri: URI, query: str) -> str:
    """Put a URI together by the rules of Go's `URL.String`."""
    text = f"{uri.scheme}:" if uri.scheme else ""
    if uri.opaque:
        text += uri.opaque
    else:
        if uri.host or uri.user is not None or (uri.scheme and uri.has_authority and uri.path):
            text += "//" + escape_userinfo(uri.user, uri.password) + escape_host(uri.host)
        path = escape_path(uri.path, uri.raw_path)
        if uri.host and path and not path.startswith("/"):
            text += "/"
        elif not text and ":" in path.partition("/")[0]:
            text = "./"
        text += path
    if query:
        text += f"?{query}"
    if uri.fragment:
        text += "#" + escape_fragment(uri.fragment)
    return text


def _mask_userinfo(text: str) -> str:
    return re.sub(r"(:|//)([^/:@]*):([^/]*)@", rf"\1\2:{REDACTED}@", text, count=1)
