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
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final
from urllib.parse import quote, quote_plus, unquote_plus, unquote_to_bytes

from ootheca.errors import InvalidOptionError, InvalidValueError

__all__ = [
    "DEFAULT_LOCALITY",
    "LOCALITY_PARAM",
    "REDACTED",
    "REDACT_FAILED",
    "SECRET_PARAMS",
    "URI",
    "LocalityURIs",
    "decode_base64",
    "is_kms_uri",
    "join",
    "mask_uri",
    "order_localities",
    "parse_assumed_roles",
    "parse_kms_uri",
    "parse_locality",
    "parse_storage_uri",
    "redact_uri",
    "resolve_localities",
]

REDACTED: Final = "redacted"
REDACT_FAILED: Final = "<uri_failed_to_redact>"
LOCALITY_PARAM: Final = "COCKROACH_LOCALITY"
DEFAULT_LOCALITY: Final = "default"

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
_PARAM: Final = re.compile(r"(?<![^?&;=/\s])([^?&;=/\s]++)=[^&]*+")  # also where the `?` was forgotten
_KEY_PATH: Final = re.compile(r"^([A-Za-z0-9+\-.]*:/{0,3}).+", re.DOTALL)
_KMS_START: Final = re.compile(r"(?:aws|aws-kms|gcp-kms|azure-kms|testkms):|gs:///", re.IGNORECASE)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


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
        for name, value in _query_pairs(self.raw_query):
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
        pairs = [(key, value) for key, value in _query_pairs(self.raw_query) if key != name]
        return replace(self, raw_query=_encode_query(pairs))

    def __str__(self) -> str:
        return self.redacted()

    def __repr__(self) -> str:
        return f"URI({self.redacted()!r})"


@dataclass(frozen=True, slots=True)
class LocalityURIs:
    """The places of one backup: where the manifest lies, and by `key=value` where the other parts lie.

    The URIs no longer carry the locality parameter.
    """

    default: URI
    by_locality: Mapping[str, URI]


def parse_storage_uri(text: str) -> URI:
    """Parse a storage URI by the rules of Go's `url.Parse`.

    A text without scheme is accepted here (`scheme` is empty); opening it is what fails.

    Raises:
        InvalidValueError: `parse "<text>": <reason>`, secrets masked.
    """
    body, _, fragment = text.partition("#")
    try:
        uri = _parse(body, via_request=False)
        return replace(uri, fragment=_unescape(fragment)) if fragment else uri
    except _MalformedError as exc:
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
    except _MalformedError as exc:
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


def resolve_localities(uris: Sequence[URI]) -> LocalityURIs:
    """Sort the URIs of one backup location by their `COCKROACH_LOCALITY` parameter.

    Raises:
        InvalidOptionError: a lone URI with a locality, a missing or doubled default, a doubled or malformed
            locality.
    """
    if len(uris) == 1:
        locality = uris[0].param(LOCALITY_PARAM)
        if locality not in ("", DEFAULT_LOCALITY):
            raise _locality_error(f"{LOCALITY_PARAM} {locality} is invalid for a single BACKUP location")
        return LocalityURIs(_without_locality(uris[0]), MappingProxyType({}))
    default: URI | None = None
    by_locality: dict[str, URI] = {}
    for uri in uris:
        locality = uri.param(LOCALITY_PARAM)
        if not locality:
            raise _locality_error(
                f"multiple URLs are provided for partitioned BACKUP, but {LOCALITY_PARAM} is not specified"
            )
        if locality == DEFAULT_LOCALITY:
            if default is not None:
                raise _locality_error("multiple default URLs provided for partition backup")
            default = _without_locality(uri)
            continue
        try:
            _check_tier(locality)
        except InvalidOptionError as exc:
            raise exc.prefixed("failed to parse backup locality") from exc
        if locality in by_locality:
            raise _locality_error(f"duplicate URIs for locality {locality}")
        by_locality[locality] = _without_locality(uri)
    if default is None:
        raise _locality_error("no default URL provided for partitioned backup")
    return LocalityURIs(default, MappingProxyType(by_locality))


def order_localities(uris: Sequence[URI]) -> tuple[URI, ...]:
    """Order the URIs of one place that is read: first the default's, then those of other localities as they stand.

    The default's is the one that says so, else the first of those that say nothing. Which locality the others are for
    need not be right: what lies there tells it. The URIs no longer carry the locality parameter.
    """
    ranks = {DEFAULT_LOCALITY: 0, "": 1}
    ordered = sorted(uris, key=lambda uri: ranks.get(uri.param(LOCALITY_PARAM), 2))
    return tuple(_without_locality(uri) for uri in ordered)


def _without_locality(uri: URI) -> URI:
    return uri.without_param(LOCALITY_PARAM) if LOCALITY_PARAM in uri.params else uri


def parse_locality(text: str) -> tuple[str, ...]:
    """Return the tiers of a node's locality, `region=east,az=e1`, from the widest to the narrowest.

    Raises:
        InvalidOptionError: a tier that is not `key=value`, or none.
    """
    if not text:
        raise _locality_error("can't have empty locality")
    tiers = tuple(text.split(","))
    for tier in tiers:
        _check_tier(tier)
    return tiers


def _check_tier(tier: str) -> None:
    key, equals, value = tier.partition("=")
    if not (key and equals and value) or "=" in value:
        raise _locality_error(f'tier must be in the form "key=value" not {_quoted(tier)}')


def _locality_error(message: str) -> InvalidOptionError:
    return InvalidOptionError(message, sqlstate="XXUUU")


class _MalformedError(Exception):
    """Why a text is no URL, in Go's words."""


def _parse_error(text: str, reason: _MalformedError) -> InvalidValueError:
    return InvalidValueError(f"parse {_quoted(mask_uri(text))}: {reason}", sqlstate="XXUUU")


def _parse(text: str, *, via_request: bool) -> URI:
    if _CONTROL.search(text):
        raise _MalformedError("net/url: invalid control character in URL")
    if not text and via_request:
        raise _MalformedError("empty url")
    scheme, rest = _split_scheme(text)
    rest, _, raw_query = rest.partition("?")
    if not rest.startswith("/"):
        if scheme:
            return URI(scheme, opaque=rest, raw_query=raw_query, has_authority=False)
        if via_request:
            raise _MalformedError("invalid URI for request")
        if ":" in rest.partition("/")[0]:
            raise _MalformedError("first path segment in URL cannot contain colon")
    user, password, host = None, None, ""
    has_authority = rest.startswith("//") and bool(scheme or (not via_request and not rest.startswith("///")))
    if has_authority:
        authority, slash, tail = rest[2:].partition("/")
        rest = slash + tail
        user, password, host = _parse_authority(authority)
    return URI(
        scheme,
        host,
        _unescape(rest),
        user=user,
        password=password,
        raw_path=rest,
        raw_query=raw_query,
        has_authority=has_authority,
    )


def _split_scheme(text: str) -> tuple[str, str]:
    match = _SCHEME.match(text)
    if match is None:
        return "", text
    if match[1] is None:
        raise _MalformedError("missing protocol scheme")
    return match[1].lower(), text[match.end() :]


def _parse_authority(authority: str) -> tuple[str | None, str | None, str]:
    userinfo, at, host = authority.rpartition("@")
    colon_port = host[host.rfind("]") + 1 :] if host.startswith("[") else host[host.rfind(":") :]
    if host.startswith("[") and "]" not in host:
        raise _MalformedError("missing ']' in host")
    if (":" in host or host.startswith("[")) and not _PORT.match(colon_port):
        raise _MalformedError(f"invalid port {_quoted(colon_port)} after host")
    host = _unescape_host(host)
    if not at:
        return None, None, host
    if not _VALID_USERINFO.match(userinfo):
        raise _MalformedError("net/url: invalid userinfo")
    user, colon, password = userinfo.partition(":")
    return _unescape(user), _unescape(password) if colon else None, host


def _unescape_host(host: str) -> str:
    if bad := _BAD_HOST_ESCAPE.search(host):
        raise _MalformedError(f"invalid URL escape {_quoted(bad[0])}")
    if bad := _BAD_HOST_CHARACTER.search(host):
        raise _MalformedError(f"invalid character {_quoted(bad[0])} in host name")
    return _unescape(host)


def _unescape(text: str) -> str:
    if bad := _BAD_ESCAPE.search(text):
        raise _MalformedError(f"invalid URL escape {_quoted(text[bad.start() : bad.start() + 3])}")
    return unquote_to_bytes(text).decode("utf-8", "surrogateescape") if "%" in text else text


def _query_pairs(raw_query: str) -> Iterable[tuple[str, str]]:
    """Decode a query; as in Go, pairs with bad escapes or semicolons are left out."""
    for pair in raw_query.split("&"):
        if not pair or ";" in pair or _BAD_ESCAPE.search(pair):
            continue
        name, _, value = pair.partition("=")
        yield unquote_plus(name, errors="surrogateescape"), unquote_plus(value, errors="surrogateescape")


def _encode_query(pairs: Iterable[tuple[str, str]]) -> str:
    def encode(text: str) -> str:
        return quote_plus(text, safe=_UNRESERVED, errors="surrogateescape")

    return "&".join(
        f"{encode(name)}={encode(value)}" for name, value in sorted(pairs, key=lambda pair: pair[0])
    )


def _is_secret(name: str) -> bool:
    return name.strip().upper() in SECRET_PARAMS


def _redacted_query(raw_query: str) -> str:
    shown: list[tuple[str, str]] = []
    hidden: set[str] = set()
    for name, value in _query_pairs(raw_query):
        if not _is_secret(name):
            shown.append((name, value))
        elif name not in hidden:
            hidden.add(name)
            shown.append((name, REDACTED))
    return _encode_query(shown)


def _format(uri: URI, query: str) -> str:
    """Put a URI together by the rules of Go's `URL.String`."""
    text = f"{uri.scheme}:" if uri.scheme else ""
    if uri.opaque:
        text += uri.opaque
    else:
        if uri.host or uri.user is not None or (uri.scheme and uri.has_authority and uri.path):
            text += "//" + _format_userinfo(uri) + quote(uri.host, safe=_HOST_SAFE, errors="surrogateescape")
        path = _escaped_path(uri)
        if uri.host and path and not path.startswith("/"):
            text += "/"
        elif not text and ":" in path.partition("/")[0]:
            text = "./"
        text += path
    if query:
        text += f"?{query}"
    if uri.fragment:
        text += "#" + quote(uri.fragment, safe=_PATH_SAFE + "?!()*", errors="surrogateescape")
    return text


def _format_userinfo(uri: URI) -> str:
    if uri.user is None:
        return ""
    userinfo = quote(uri.user, safe=_USER_SAFE, errors="surrogateescape")
    if uri.password is not None:
        userinfo += ":" + quote(uri.password, safe=_USER_SAFE, errors="surrogateescape")
    return userinfo + "@"


def _escaped_path(uri: URI) -> str:
    """Keep the spelling that the user chose where it is a valid one; else encode."""
    if uri.raw_path and _VALID_RAW_PATH.match(uri.raw_path):
        return uri.raw_path
    return quote(uri.path, safe=_PATH_SAFE, errors="surrogateescape")


def _mask_userinfo(text: str) -> str:
    return re.sub(r"(:|//)([^/:@]*):([^/]*)@", rf"\1\2:{REDACTED}@", text, count=1)


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


def _quoted(text: str) -> str:
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
