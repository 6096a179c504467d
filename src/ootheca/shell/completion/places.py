"""Inside a string: URIs, folders and backups of a collection, times. Only places on this machine are looked into."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Final

from ootheca.errors import OothecaError
from ootheca.shell.completion.context import Context, Suggestion

if TYPE_CHECKING:
    from ootheca.exec.session import Session
    from ootheca.storage.base import Storage

__all__ = ["suggest_places"]

_MAX_FILES = 5000  # that are looked at for one answer
_COLLECTION = re.compile(r"\bIN\s*\(?\s*'([^']+)'", re.IGNORECASE)
_CREDENTIALS: Final = {
    "s3": "?AUTH=implicit",
    "gs": "?AUTH=implicit",
}  # what the sandbox asks for, as the cloud does
_KMS_WORDS = frozenset({"kms", "new_kms", "old_kms"})
_BACKUP_WORDS = frozenset({"backup", "restore", "export", "import"})

_STORAGE_URIS: Final = {
    "nodelocal://1/": "files below the external I/O directory",
    "userfile:///": "files kept in the store",
    "external://": "a named connection",
    "s3://": "Amazon S3: s3://BUCKET/PATH?AUTH=implicit",
    "gs://": "Google Cloud Storage: gs://BUCKET/PATH?AUTH=implicit",
    "azure-blob://": "Azure Blob Storage: azure-blob://CONTAINER/PATH?AZURE_ACCOUNT_NAME=…",
    "http://": "a web server",
    "https://": "a web server",
}
_KMS_URIS: Final = {
    "aws-kms:///": "Amazon KMS: aws-kms:///KEY?AUTH=implicit&REGION=…",
    "gcp-kms:///": "Google Cloud KMS: gcp-kms:///projects/…/cryptoKeys/KEY?AUTH=implicit",
    "azure-kms:///": "Azure Key Vault: azure-kms:///KEY/VERSION?AZURE_VAULT_NAME=…",
    "external://": "a named connection",
}
_TIMES: Final = {"-10s": "ten seconds ago", "-1h": "an hour ago", "-1d": "yesterday at this time"}


def suggest_places(
    context: Context, session: Session, recent: Callable[[], Iterable[str]]
) -> Iterator[Suggestion]:
    """Yield what the string at the cursor may become.

    Args:
        recent: statements that were entered before, newest first, to find a collection that they name.
    """
    typed = context.string or ""
    match _slot(context):
        case "time":
            yield from _whole(_TIMES.items(), context)
        case "database":
            names = [(one.name, "database") for one in session.catalog.databases()]
            yield from _whole(names, context)
        case "kms":
            yield from _uris(typed, _KMS_URIS, "KMS", session)
        case "storage":
            collection = _collection(context, recent)
            if collection and (not typed or typed[0] in "/0123456789"):
                yield from _backups(collection, context, session)
            yield from _uris(typed, _STORAGE_URIS, "STORAGE", session)
            yield from _folders(typed, session)


def _slot(context: Context) -> str:
    """Return what kind of string stands at the cursor; empty for texts that nobody can guess."""
    words = [context.word(index) for index in range(len(context.tokens))]
    if words[-2:] == ["system", "time"]:
        return "time"
    index = len(words) - 1
    while index > 0 and not words[index]:  # over the strings of a list, its bracket, and an equals sign
        index -= 1
    word = words[index] if words else ""
    if word in _KMS_WORDS:
        return "kms"
    if word == "into_db":
        return "database"
    if word in ("encryption_passphrase", "password") or (
        context.is_op(-1, "=") and word != "incremental_location"
    ):
        return ""
    is_ours = bool(_BACKUP_WORDS & set(words[:3])) or "connection" in words[:4] or "backups" in words[:2]
    return "storage" if is_ours or "schedule" in words[:2] else ""


def _whole(values: Iterable[tuple[str, str]], context: Context) -> Iterator[Suggestion]:
    """Yield values that end the string."""
    typed = context.string or ""
    end = "" if context.after.startswith("'") else "'"
    for value, meaning in values:
        if value.startswith(typed):
            yield Suggestion(f"{value}{end}", len(typed), meaning, value)


def _uris(typed: str, schemes: dict[str, str], kind: str, session: Session) -> Iterator[Suggestion]:
    """Yield beginnings of URIs, and the connections of a kind."""
    from ootheca.exec.connections import Connections

    for scheme, meaning in schemes.items():
        if scheme.startswith(typed) and scheme != typed:
            yield Suggestion(scheme, len(typed), meaning)
    for one in Connections(session).all():
        uri = f"external://{one.name}"
        if one.type == kind and uri.startswith(typed) and "external".startswith(typed[:8]):
            yield Suggestion(uri, len(typed), one.redacted)


def _collection(context: Context, recent: Callable[[], Iterable[str]]) -> str:
    """Return the collection that a subdirectory would be in: named behind the cursor, or in an earlier statement."""
    found = _COLLECTION.search(context.after)
    if found is None:
        found = next((match for text in recent() if (match := _COLLECTION.search(text))), None)
    return found[1] if found else ""


def _backups(collection: str, context: Context, session: Session) -> Iterator[Suggestion]:
    from ootheca.backup.collection import list_full_backups
    from ootheca.uri import redact_uri

    typed = context.string or ""
    storage = _open(collection, session)
    if storage is None:
        return
    try:
        found = list_full_backups(storage)
    except OothecaError:
        return
    slash = "/" if not typed or typed.startswith("/") else ""
    yield from _whole(((slash + name, f"in {redact_uri(collection)}") for name in reversed(found)), context)


def _folders(typed: str, session: Session) -> Iterator[Suggestion]:
    """Yield the folders and files below the last `/` of a URI."""
    parent, slash, name = typed.rpartition("/")
    scheme, separator, _ = parent.partition("://")
    if not separator or not slash or "?" in typed:
        return
    storage = _open(f"{parent}/{_CREDENTIALS.get(scheme, '')}", session)
    if storage is None:
        return
    try:
        files = list(islice(storage.list(), _MAX_FILES))
    except OothecaError:
        return
    entries: dict[str, None] = {}
    for file in files:
        first, below, _ = file.name.partition("/")
        entries[first + below] = None
    for entry in entries:
        if entry.startswith(name):
            yield Suggestion(entry, len(name), "folder" if entry.endswith("/") else "file")


def _open(uri: str, session: Session) -> Storage | None:
    """Open a place; None when looking into it would take a network, or it does not open."""
    from ootheca.exec.places import storage_environment
    from ootheca.storage.registry import open_storage

    scheme = uri.partition(":")[0]
    if not session.sandbox and scheme not in ("nodelocal", "userfile"):
        return None
    try:
        storage = open_storage(uri, storage_environment(session))
    except OothecaError:
        return None
    return storage if storage.can_list else None
