"""A location in an object store: the door to obstore, whose errors become ours here.

What obstore says about a failure runs over many lines and quotes requests. Only three things are taken from
it: the HTTP status, and the provider's own code and message; and any secret of the URI is cut out of those.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Literal

import obstore
from obstore.exceptions import (
    AlreadyExistsError,
    BaseError,
    InvalidPathError,
    NotSupportedError,
    PermissionDeniedError,
    PreconditionError,
    UnauthenticatedError,
)

from ootheca.errors import (
    AccessDeniedError,
    ObjectNotFoundError,
    OothecaError,
    StorageError,
    UnavailableError,
    UnsupportedError,
)
from ootheca.storage.base import (
    Buffer,
    ObjectInfo,
    StorageProfile,
    StorageWriter,
    invalid_name,
    is_object_name,
    object_exists,
    object_not_found,
    relative_name,
)
from ootheca.storage.retry import RetryPolicy
from ootheca.uri import REDACTED, SECRET_PARAMS, URI, join

if TYPE_CHECKING:
    from obstore import Attributes, GetOptions
    from obstore.store import ObjectStore

__all__ = ["ObjectStorage", "ObjectWords", "translate_error"]

_STATUS: Final = re.compile(r"status code: (\d{3})")
_CODE: Final = re.compile(r"<Code>([^<]{1,100})</Code>")
_MESSAGE: Final = re.compile(r"<Message>([^<\n]{1,300})")
_BUSY_STATUS: Final = frozenset({408, 425, 429})
_DENIED_STATUS: Final = frozenset({401, 403})
_SECRET_HINT: Final = "the secret does not fit; within a URI write + as %2B, / as %2F and = as %3D"
_REGION_HINT: Final = "name the bucket's region with AWS_REGION"
_HINTS: Final = {
    "AccountIsDisabled": "the account is disabled",
    "AuthorizationHeaderMalformed": _REGION_HINT,
    "AuthenticationFailed": _SECRET_HINT,
    "ContainerNotFound": "make the container first, or correct its name",
    "ExpiredToken": "get new temporary credentials",
    "InvalidAccessKeyId": "nobody has this AWS_ACCESS_KEY_ID there",
    "InvalidToken": "AWS_SESSION_TOKEN does not belong to these credentials",
    "NoSuchBucket": "make the bucket first, or correct its name",
    "PermanentRedirect": _REGION_HINT,
    "SignatureDoesNotMatch": _SECRET_HINT,
}
# Some services say 400 and not 403 to these.
_DENIED_CODES: Final = frozenset(
    {"ExpiredToken", "InvalidAccessKeyId", "InvalidToken", "SignatureDoesNotMatch"}
)
_SPOOL_SIZE: Final = 8 << 20
# Four parts at once, and each in the time that `retry.silence` grants: 350 kB/s are enough.
_PART_SIZE: Final = 5 << 20
_RANGE_SIZE: Final = 16 << 20


@dataclass(frozen=True, slots=True)
class ObjectWords:
    """How a provider's failures are told.

    Attributes:
        provider: as in `failed to read s3 object`.
        label: what is said of a missing object, as `s3 object does not exist`.
        profile: the version's facts.
    """

    provider: str
    label: str
    profile: StorageProfile


@dataclass(frozen=True, slots=True)
class ObjectStorage:
    """Objects under a prefix of a bucket.

    Attributes:
        attributes: given to each object written.
        has_conditional_put: a condition can come with a PUT.
        has_parts: large objects go in parts, several at once; elsewhere each goes whole, through memory.
        upload_retry: where a client does not begin an upload again by itself, how patient we are.
    """

    store: ObjectStore = field(repr=False)
    prefix: str = field(repr=False)
    uri: URI
    words: ObjectWords = field(repr=False)
    can_list: bool = True
    attributes: Attributes | None = field(default=None, repr=False)
    has_conditional_put: bool = field(default=True, repr=False)
    has_parts: bool = field(default=True, repr=False)
    upload_retry: RetryPolicy | None = field(default=None, repr=False)

    def at(self, subpath: str) -> ObjectStorage:
        """Return the location below this one."""
        prefix = f"{self.prefix}/{subpath.strip('/')}"
        return replace(self, prefix=prefix, uri=join(self.uri, subpath))

    def read(self, name: str) -> bytes:
        """Return a whole object; a large one is asked for in ranges, so that a failure loses one range at most.

        Raises:
            StorageError: it was replaced in the meantime.
        """
        key = self._key(name)
        try:
            with self._translated("read", name):
                found = obstore.get(self.store, key, options={"range": (0, _RANGE_SIZE)})
                parts = [found.bytes()]
        except (ObjectNotFoundError, AccessDeniedError, UnavailableError):
            raise
        except (StorageError, UnsupportedError):
            # An empty object has no ranges, and some web servers know none.
            with self._translated("read", name):
                return bytes(obstore.get(self.store, key).bytes())
        size, version = found.meta["size"], found.meta["e_tag"]
        for start in range(_RANGE_SIZE, size, _RANGE_SIZE):
            options: GetOptions = {"range": (start, min(start + _RANGE_SIZE, size))}
            if version is not None:
                options["if_match"] = version
            with self._translated("read", name):
                parts.append(obstore.get(self.store, key, options=options).bytes())
        return b"".join(parts)

    def read_range(self, name: str, offset: int, length: int) -> bytes:
        """Return bytes `[offset, offset + length)`, fewer where the object ends."""
        if length <= 0:
            self.size(name)
            return b""
        key = self._key(name)
        try:
            with self._translated("read", name):
                return bytes(obstore.get_range(self.store, key, start=offset, length=length))
        except (ObjectNotFoundError, AccessDeniedError, UnavailableError):
            raise
        except StorageError:
            # Services word a range that begins at the object's end in many ways.
            if offset < self.size(name):
                raise
            return b""
        except UnsupportedError:
            # An HTTP server need not know ranges; then the whole object is read for the part.
            return self.read(name)[offset : offset + length]

    def size(self, name: str) -> int:
        """Return an object's size in bytes."""
        key = self._key(name)
        with self._translated("read", name):
            return int(obstore.head(self.store, key)["size"])

    def exists(self, name: str) -> bool:
        """Tell whether an object is there."""
        try:
            self.size(name)
        except ObjectNotFoundError:
            return False
        return True

    def write(self, name: str, data: Buffer, *, overwrite: bool = True) -> None:
        """Create or replace an object; a large one in parts, which appear together."""
        key = self._key(name)
        # Asked first as well, because some services ignore the condition.
        if not overwrite and self.exists(name):
            raise object_exists(self.uri, name)
        is_conditional = not overwrite and self.has_conditional_put
        self._put(name, key, lambda: bytes(data), mode="create" if is_conditional else "overwrite")

    @contextmanager
    def writer(self, name: str) -> Iterator[StorageWriter]:
        """Write an object piece by piece; pieces wait in a temporary file until the block ends."""
        key = self._key(name)
        with tempfile.SpooledTemporaryFile(max_size=_SPOOL_SIZE) as spool:
            yield spool

            def rewound() -> bytes | Iterator[bytes]:
                spool.seek(0)
                return iter(lambda: spool.read(_PART_SIZE), b"") if self.has_parts else spool.read()

            self._put(name, key, rewound)

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """Yield the objects whose names start with a text, in the order of their names."""
        if not self.can_list:
            raise UnsupportedError(
                f"{self.words.provider} storage does not support listing", sqlstate="XXUUU"
            )
        base = relative_name(self.prefix, "")
        start = "" if base == "." else f"{base}/"
        folder = relative_name(self.prefix, prefix.rpartition("/")[0])
        with self._translated("list", ""):
            listed = [
                ObjectInfo(meta["path"].removeprefix(start), meta["size"])
                for page in obstore.list(self.store, prefix=None if folder == "." else folder)
                for meta in page
            ]
        # Services that keep real folders do not list in the order of the names.
        listed.sort(key=lambda info: info.name.encode("utf-8", "surrogateescape"))
        yield from (info for info in listed if info.name.startswith(prefix))

    def delete(self, name: str) -> None:
        """Remove an object; an absent one is no error."""
        key = self._key(name)
        with suppress(ObjectNotFoundError), self._translated("delete", name):
            obstore.delete(self.store, key)

    def _put(
        self,
        name: str,
        key: str,
        content: Callable[[], bytes | Iterator[bytes]],
        mode: Literal["create", "overwrite"] = "overwrite",
    ) -> None:
        def attempt() -> None:
            with self._translated("write", name):
                obstore.put(
                    self.store,
                    key,
                    content(),
                    mode=mode,
                    attributes=self.attributes,
                    use_multipart=None if self.has_parts and mode == "overwrite" else False,
                    chunk_size=_PART_SIZE,
                    max_concurrency=4,
                )

        if self.upload_retry is None:
            attempt()
        else:
            self.upload_retry.run(attempt)

    def _key(self, name: str) -> str:
        key = relative_name(self.prefix, name)
        if not is_object_name(name) or key.split("/", 1)[0] in ("..", "."):
            raise invalid_name(self.uri, name)
        return key

    @contextmanager
    def _translated(self, operation: str, name: str) -> Iterator[None]:
        try:
            yield
        except (BaseError, FileNotFoundError, ValueError) as exc:
            raise translate_error(exc, operation, self.uri, name, self.words) from _without_secrets(
                exc, self.uri
            )


def translate_error(exc: Exception, operation: str, uri: URI, name: str, words: ObjectWords) -> OothecaError:
    """Return our error for one of obstore's, in one line without secrets."""
    text = str(exc)
    status = int(match[1]) if (match := _STATUS.search(text)) else 0
    code = match[1] if (match := _CODE.search(text)) else ""
    location = join(uri, name).bare()
    if isinstance(exc, FileNotFoundError) and operation in ("read", "delete"):
        detail = _provider_words(text).rstrip(".") if code else location
        return object_not_found(words.profile, words.label, detail, uri, name)
    if isinstance(exc, PreconditionError) and operation == "read":
        return StorageError(f"{location} was replaced while it was read", location=location)
    if isinstance(exc, AlreadyExistsError | PreconditionError):
        return object_exists(uri, name)
    if isinstance(exc, NotSupportedError):
        return UnsupportedError(f"{words.provider} storage cannot {operation} {location}", location=location)
    if isinstance(exc, ValueError | InvalidPathError) and operation not in ("open", "list"):
        return invalid_name(uri, name)
    what = "storage" if operation in ("open", "list") else "object"
    message = f"failed to {operation} {words.provider} {what} {location}: {_provider_words(text)}"
    message, hint = _scrub(message, uri), _HINTS.get(code)
    is_refused = isinstance(exc, PermissionDeniedError | UnauthenticatedError) or status in _DENIED_STATUS
    if is_refused or code in _DENIED_CODES:
        hint = (
            hint
            or "these credentials may not do that there: look at the bucket's policy and the user's rights"
        )
        return AccessDeniedError(message, location=location, hint=hint)
    if status >= 500 or status in _BUSY_STATUS:
        return UnavailableError(
            message, location=location, hint="the service is not well or too busy: try again"
        )
    if not status and "HTTP error" in text:
        hint = "is the address right, and can it be reached from here?"
        return UnavailableError(message, location=location, hint=hint)
    return StorageError(message, location=location, hint=hint)


def _provider_words(text: str) -> str:
    """Return the provider's code and message, or the status, or the outermost sentence of the client."""
    code, message = _CODE.search(text), _MESSAGE.search(text)
    if code:
        return f"{code[1]}: {message[1]}" if message else code[1]
    if status := _STATUS.search(text):
        return f"HTTP status {status[1]}"
    if "HTTP error" in text:
        return "the service was not reached"
    return text.partition("\n")[0].rpartition(": ")[2][:200] or "the request failed"


def _scrub(message: str, uri: URI) -> str:
    for name, value in uri.params.items():
        if name.upper() in SECRET_PARAMS and len(value) >= 4:
            message = message.replace(value, REDACTED)
    return message


def _without_secrets(exc: Exception, uri: URI) -> Exception | None:
    """Return the cause to keep: none when its text quotes a secret."""
    text = str(exc)
    return exc if _scrub(text, uri) == text else None
