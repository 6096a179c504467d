"""From the URIs and options of a statement to opened places: storage, keys, a chain.

What a place needs to be opened (sandbox, directories, profile) is the session's; what is asked for is the statement's.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ootheca.backup.localities import Stores
from ootheca.backup.localities import open_stores as open_all
from ootheca.crypto.envelope import EncryptionOptions
from ootheca.crypto.kms.base import KMSEnvironment
from ootheca.crypto.kms.keyring import DirectoryKeyring
from ootheca.errors import OothecaError, UnsupportedError
from ootheca.exec.connections import Connections
from ootheca.exec.roles import Roles
from ootheca.exec.statements.cluster_settings import current_setting
from ootheca.locality import resolve_localities
from ootheca.sql.ast import Placeholder, StringOrPlaceholder
from ootheca.storage.base import Storage, StorageEnv, storage_profile
from ootheca.storage.registry import open_storage
from ootheca.uri import parse_storage_uri

if TYPE_CHECKING:
    from ootheca.exec.session import Session

# How other clients of Azure are led to another server, such as an emulator; its URIs have no parameter for it.
_AZURE_ENDPOINT = "AZURE_STORAGE_ENDPOINT"

__all__ = [
    "encryption_options",
    "kms_environment",
    "kms_uri",
    "open_destination",
    "open_place",
    "open_stores",
    "storage_environment",
    "text_of",
]


def text_of(value: StringOrPlaceholder) -> str:
    """Return the text of a string position.

    Raises:
        OothecaError: it is a placeholder that has no value.
    """
    if isinstance(value, Placeholder):
        raise OothecaError(f"no value provided for placeholder: {value}", sqlstate="08P01")
    return value


def encryption_options(
    session: Session, passphrase: StringOrPlaceholder | None, kms: Sequence[StringOrPlaceholder]
) -> EncryptionOptions:
    """Return what a statement's options say about encryption, with the URIs behind `external://` names.

    Raises:
        OothecaError: no such connection, or not to a key service.
    """
    return EncryptionOptions(
        passphrase=None if passphrase is None else text_of(passphrase),
        kms=tuple(kms_uri(session, text_of(uri)) for uri in kms),
    )


def kms_uri(session: Session, text: str) -> str:
    """Return the text of a KMS URI; that of the connection behind it for `external://name`."""
    if not text.lower().startswith("external:"):
        return text
    return Connections(session).uri_of(parse_storage_uri(text).host, "KMS")


def storage_environment(session: Session) -> StorageEnv:
    """Return what opening storage depends on in this session."""
    limits = session.limits
    return StorageEnv(
        external_io_dir=session.external_io_dir,
        sandbox=session.sandbox,
        sandbox_dir=_sandbox_dir(session) / "storage" if session.sandbox else None,
        userfile_dir=session.directory / "userfile",
        profile=storage_profile(session.profile.version),
        user=session.user,
        is_admin=Roles(session).is_admin(session.user),
        allow_outbound=not limits.disabled,
        allow_local=not limits.disable_local,
        allow_http=not limits.disable_http,
        allow_implicit=not limits.disable_implicit_credentials,
        gs_default_key=current_setting(session, "cloudstorage.gs.default.key"),
        azure_endpoint=os.environ.get(_AZURE_ENDPOINT, ""),
        resolve_external=lambda name: Connections(session).uri_of(name, "STORAGE"),
    )


def kms_environment(session: Session) -> KMSEnvironment:
    """Return what opening key services depends on in this session; in the sandbox its own keyring."""
    return KMSEnvironment(
        keyring=DirectoryKeyring(_sandbox_dir(session) / "keyring", random=session.random)
        if session.sandbox
        else None,
        disable_outbound=session.limits.disabled,
        disable_http=session.limits.disable_http,
        disable_implicit_credentials=session.limits.disable_implicit_credentials,
        quotes_escaped=session.profile.version == "20.2",
        audit=session.audit,
    )


def _sandbox_dir(session: Session) -> Path:
    return session.directory / "sandbox"


def open_stores(session: Session, uris: Sequence[StringOrPlaceholder]) -> Stores:
    """Open a place to read from: a lone URI, or those of all localities of a spread backup.

    Raises:
        OothecaError: a URI that cannot be opened.
    """
    return open_all([text_of(uri) for uri in uris], storage_environment(session))


def open_destination(session: Session, uris: Sequence[StringOrPlaceholder]) -> tuple[Stores, tuple[str, ...]]:
    """Open the place that a backup goes to.

    Returns:
        Its stores, and the localities of those besides the default's.

    Raises:
        OothecaError: a URI that cannot be opened, or localities that do not fit together.
    """
    places = resolve_localities([parse_storage_uri(text_of(uri)) for uri in uris])
    localities, env = tuple(sorted(places.by_locality)), storage_environment(session)
    others = tuple(open_storage(places.by_locality[locality], env) for locality in localities)
    return Stores(open_storage(places.default, env), others), localities


def open_place(session: Session, uris: Sequence[StringOrPlaceholder]) -> Storage:
    """Open a place to write to that has one store.

    Raises:
        OothecaError: a URI that cannot be opened, or is said to be of a locality.
        UnsupportedError: several URIs.
    """
    stores, localities = open_destination(session, uris)
    if localities:
        raise UnsupportedError("one location is needed here", hint="name it without COCKROACH_LOCALITY")
    return stores.default
