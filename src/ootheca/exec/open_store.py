"""A store: its engine, its catalog, the profile in force, its directories and its metadata.

A store in memory begins empty, so its engine waits until something asks for it: SHOW BACKUP of a bucket never does.
"""

from __future__ import annotations

import json
import secrets
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID
from weakref import finalize

from ootheca.catalog.catalog import Catalog
from ootheca.catalog.rules import DescriptorRules, descriptor_rules
from ootheca.clock import Clock, SystemClock, Timestamp
from ootheca.errors import StorageError
from ootheca.exec.persistence import create_store, load_catalog
from ootheca.profile import DEFAULT_VERSION, Profile, profile

if TYPE_CHECKING:
    import pyarrow as pa

    from ootheca.engine.base import Engine
    from ootheca.engine.version_store import RowSource

__all__ = ["OpenStore"]


class _Birth(NamedTuple):
    """What is particular to a new store."""

    cluster_id: UUID
    secret: UUID
    at: Timestamp


class OpenStore:
    """A store, and who reads and writes it.

    Args:
        store: the store's directory, made when it is not there; None for a store in memory.
        external_io_dir: what `nodelocal://` serves; `extern` in the store unless given.
        clock: tells the time of every write; the machine's by default.
        random: returns so many random bytes; for keys, nonces and ids.
        version: the profile of a new store.
        open_engine: opens the table store.
        leave: lets go of it.

    Attributes:
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
        open_engine: Callable[[], Engine],
        leave: Callable[[Engine], object],
    ) -> None:
        self.store = store
        self.random = random
        self.clock: Clock = clock if clock is not None else SystemClock()
        self.own_external_io_dir = external_io_dir
        self._directory: Path | None = None
        self._resources = ExitStack()
        self._version = version or DEFAULT_VERSION
        self._engine: Engine | None = None
        self._open_engine, self._leave = open_engine, leave
        self._birth: _Birth | None = None

    @property
    def is_open(self) -> bool:
        """Tell whether the engine is there; in memory it is when something has asked for it."""
        return self._engine is not None

    @property
    def engine(self) -> Engine:
        """Rows and metadata."""
        if self._engine is None:
            self._open()
        assert self._engine is not None
        return self._engine

    @property
    def catalog(self) -> Catalog:
        """Descriptors, with the running statement's changes."""
        if self._engine is None:
            self._open()
        return self._catalog

    @catalog.setter
    def catalog(self, catalog: Catalog) -> None:
        self._catalog = catalog

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

    def _open(self) -> None:
        self._engine = engine = self._open_engine()
        # A session that nobody closes must not keep the store from other processes.
        release = finalize(self, self._leave, engine)
        release.atexit = False
        self._resources.callback(release)
        engine.versions.encode = _encode_changes
        try:
            if engine.get_meta("version") is None:
                self._create(engine)
            self.catalog = self._load()
        except BaseException:
            self._resources.close()
            raise

    def _be_born(self) -> _Birth:
        at = self.clock.now()
        cluster_id, secret = (UUID(bytes=self.random(16), version=4) for _ in range(2))
        return _Birth(cluster_id, secret, at)

    def _create(self, engine: Engine) -> None:
        """Write what a new store begins with."""
        birth = self._birth or self._be_born()
        engine.begin(now=birth.at)
        create_store(engine, profile(self._version), birth.cluster_id, birth.secret, birth.at)
        engine.commit()

    def _load(self) -> Catalog:
        """Read the profile and the catalog."""
        self._version = self.meta("version")
        return load_catalog(self.engine)


def _encode_changes(
    before: RowSource | None, after: RowSource | None, written: frozenset[int] | None
) -> pa.RecordBatch:
    from ootheca.codec.changes import encode_changes

    return encode_changes(before, after, written)
