"""A store that is open: its engine, its catalog, the profile in force, its directories and its metadata."""

from __future__ import annotations

import json
import secrets
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from ootheca.catalog.catalog import Catalog
from ootheca.catalog.rules import DescriptorRules, descriptor_rules
from ootheca.clock import Clock, SystemClock
from ootheca.errors import StorageError
from ootheca.exec.persistence import create_store, load_catalog
from ootheca.profile import DEFAULT_VERSION, Profile, profile

if TYPE_CHECKING:
    import pyarrow as pa

    from ootheca.engine.base import Engine
    from ootheca.engine.version_store import RowSource

__all__ = ["OpenStore"]


class OpenStore:
    """A store, and who reads and writes it.

    Args:
        store: the store's directory, made when it is not there; None for a store in memory.
        external_io_dir: what `nodelocal://` serves; `extern` in the store unless given.
        clock: tells the time of every write; the machine's by default.
        random: returns so many random bytes; for keys, nonces and ids.
        version: the profile of a new store.
        engine: the table store.
        release: lets go of the engine when the store is closed.

    Attributes:
        catalog: descriptors, with the running statement's changes.
        engine: rows and metadata.
        own_external_io_dir: the directory that was named for `nodelocal://`, if one was.
    """

    def __init__(
        self,
        store: Path | None,
        *,
        external_io_dir: Path | None = None,
        clock: Clock | None = None,
        random: Callable[[int], bytes] = secrets.token_bytes,
        version: str | None = None,
        engine: Engine,
        release: Callable[[], object],
    ) -> None:
        self.store = store
        self.random = random
        self.clock: Clock = clock if clock is not None else SystemClock()
        self.own_external_io_dir = external_io_dir
        self._directory: Path | None = None
        self._resources = ExitStack()
        self.engine = engine
        self._resources.callback(release)
        self.engine.versions.encode = _encode_changes
        self._version = version or DEFAULT_VERSION
        try:
            if self.engine.get_meta("version") is None:
                self._create()
            self.catalog = self._load()
        except BaseException:
            self._resources.close()
            raise

    @property
    def profile(self) -> Profile:
        """The profile in force: the cluster setting `version`."""
        return profile(self._version)

    @property
    def rules(self) -> DescriptorRules:
        """The descriptor facts of the profile in force."""
        return descriptor_rules(self.profile)

    @property
    def cluster_id(self) -> UUID:
        """The id that every backup of this store carries."""
        return UUID(self.meta("cluster_id"))

    @property
    def directory(self) -> Path:
        """The store's directory; for a store in memory a temporary one that goes with the session."""
        if self._directory is None:
            if self.store is not None:
                self._directory = self.store
            else:
                folder = self._resources.enter_context(tempfile.TemporaryDirectory(prefix="ootheca-"))
                self._directory = Path(folder)
        self._directory.mkdir(parents=True, exist_ok=True)
        return self._directory

    @property
    def external_io_dir(self) -> Path:
        """The directory behind `nodelocal://`; made when it is first asked for."""
        folder = (
            self.own_external_io_dir if self.own_external_io_dir is not None else self.directory / "extern"
        )
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise StorageError(f"cannot make the external-io-dir {folder}: {exc.strerror}") from exc
        return folder

    def meta(self, key: str, default: Any = None) -> Any:
        """Return a JSON value of the store's metadata."""
        text = self.engine.get_meta(key)
        return default if text is None else json.loads(text)

    def put_meta(self, key: str, value: Any) -> None:
        """Write a JSON value of the store's metadata, in the running transaction."""
        self.engine.put_meta(key, json.dumps(value, ensure_ascii=False, sort_keys=True))

    def _create(self) -> None:
        """Write what a new store begins with."""
        now = self.clock.now()
        self.engine.begin(now=now)
        cluster_id, secret = (UUID(bytes=self.random(16), version=4) for _ in range(2))
        create_store(self.engine, profile(self._version), cluster_id, secret, now)
        self.engine.commit()

    def _load(self) -> Catalog:
        """Read the profile and the catalog."""
        self._version = self.meta("version")
        return load_catalog(self.engine)


def _encode_changes(
    before: RowSource | None, after: RowSource | None, written: frozenset[int] | None
) -> pa.RecordBatch:
    from ootheca.codec.changes import encode_changes

    return encode_changes(before, after, written)
