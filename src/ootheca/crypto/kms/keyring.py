"""The sandbox's master keys: one AES-256 key for each provider, key id and region.

Layout of a keyring directory (mode 0700), each file JSON with mode 0600, complete as soon as it has its name:
    key-<hash>.json   {"format", "provider", "key_id", "region", "key": base64 of 32 bytes}
    off-<hash>.json   {"format", "region"}: that region is switched off
One file for each key, and a name that is only ever given once, so that processes that share a store never
overwrite each other's master key: losing one would lose every backup that it protects.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from ootheca.errors import AccessDeniedError, CorruptionError, StorageError

__all__ = ["DirectoryKeyring", "Keyring", "MemoryKeyring"]

_FORMAT: Final = "ootheca keyring 1"
_KEY_SIZE: Final = 32


class Keyring(ABC):
    """Master keys that never leave the sandbox. Methods are safe to call from several threads."""

    @abstractmethod
    def find(self, provider: str, key_id: str, region: str) -> bytes | None:
        """Return a master key, or None when it was never made."""

    @abstractmethod
    def create(self, provider: str, key_id: str, region: str) -> bytes:
        """Return a master key, making it on first use."""

    @abstractmethod
    def set_region(self, region: str, enabled: bool) -> None:
        """Switch a region off, or on again; its master keys stay."""

    @abstractmethod
    def disabled_regions(self) -> frozenset[str]:
        """The regions that are switched off."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"


class MemoryKeyring(Keyring):
    """A keyring for a throw-away store."""

    def __init__(self, *, random: Callable[[int], bytes] = os.urandom) -> None:
        self._random = random
        self._keys: dict[tuple[str, str, str], bytes] = {}
        self._disabled: set[str] = set()

    def find(self, provider: str, key_id: str, region: str) -> bytes | None:
        return self._keys.get((provider, key_id, region))

    def create(self, provider: str, key_id: str, region: str) -> bytes:
        return self._keys.setdefault((provider, key_id, region), self._random(_KEY_SIZE))

    def set_region(self, region: str, enabled: bool) -> None:
        if enabled:
            self._disabled.discard(region)
        else:
            self._disabled.add(region)

    def disabled_regions(self) -> frozenset[str]:
        return frozenset(self._disabled)


class DirectoryKeyring(Keyring):
    """A keyring in a directory of the store, made on first use.

    Raises (all methods):
        CorruptionError: a file of the directory is not what it should be.
        StorageError, AccessDeniedError: the directory cannot be read or written.
    """

    def __init__(self, directory: Path, *, random: Callable[[int], bytes] = os.urandom) -> None:
        self._directory = directory
        self._random = random

    def find(self, provider: str, key_id: str, region: str) -> bytes | None:
        path = self._path("key", provider, key_id, region)
        fields = self._read(path)
        if fields is None:
            return None
        try:
            key = base64.b64decode(fields.get("key", ""), validate=True)
        except binascii.Error:
            key = b""
        if len(key) != _KEY_SIZE:
            raise CorruptionError("the keyring file holds no master key", location=str(path))
        return key

    def create(self, provider: str, key_id: str, region: str) -> bytes:
        found = self.find(provider, key_id, region)
        if found is None:
            key = base64.b64encode(self._random(_KEY_SIZE)).decode()
            fields = {"provider": provider, "key_id": key_id, "region": region, "key": key}
            self._write(self._path("key", provider, key_id, region), fields)
            # Another process may have been first: its key counts.
            found = self.find(provider, key_id, region)
            assert found is not None
        return found

    def set_region(self, region: str, enabled: bool) -> None:
        path = self._path("off", region)
        if not enabled:
            self._write(path, {"region": region})
            return
        try:
            path.unlink(missing_ok=True)
        except OSError as exc:
            raise _storage_error(exc, path) from exc

    def disabled_regions(self) -> frozenset[str]:
        found = (self._read(path) for path in self._directory.glob("off-*.json"))
        return frozenset(fields["region"] for fields in found if fields and "region" in fields)

    def _path(self, kind: str, *names: str) -> Path:
        joined = "\0".join(names).encode("utf-8", "surrogateescape")
        return self._directory / f"{kind}-{hashlib.sha256(joined).hexdigest()[:32]}.json"

    def _read(self, path: Path) -> dict[str, str] | None:
        try:
            text = path.read_text("utf-8")
        except FileNotFoundError:
            return None
        except OSError as exc:
            raise _storage_error(exc, path) from exc
        try:
            fields = json.loads(text)
        except ValueError:
            # The cause would quote the file's text.
            raise CorruptionError("the keyring file is no JSON", location=str(path)) from None
        if not isinstance(fields, dict) or fields.get("format") != _FORMAT:
            raise CorruptionError("not a keyring file", location=str(path))
        return fields

    def _write(self, path: Path, fields: Mapping[str, str]) -> None:
        """Write a file that is either whole or absent; one that exists is left as it is."""
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor, temporary = tempfile.mkstemp(dir=self._directory, prefix=".new-")  # mode 0600
            try:
                with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                    json.dump({"format": _FORMAT, **fields}, file)
                    file.flush()
                    os.fsync(file.fileno())
                with suppress(FileExistsError):
                    os.link(temporary, path)
            finally:
                Path(temporary).unlink()
        except OSError as exc:
            raise _storage_error(exc, path) from exc


def _storage_error(exc: OSError, path: Path) -> StorageError:
    kind = AccessDeniedError if isinstance(exc, PermissionError) else StorageError
    return kind(f"keyring: {exc.strerror or type(exc).__name__}", location=str(path))
