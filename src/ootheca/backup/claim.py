"""The claim on a folder: a file that says that a backup is being written there; only one writer can make it.

It holds the cluster's id and the backup's, and behind them its checkpoint. A cluster runs in one process, which knows
what backups of its own run or are paused: any other claim of its own that it finds is one that an interrupted backup
left. The same backup goes on from it; another takes the folder over, and removes what lies there.

Source: reference/format/01 §7 (order of writing; BACKUP-CHECKPOINT, whose content is CockroachDB's own affair).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress

from ootheca.backup.chain import manifest_in
from ootheca.codec import filenames
from ootheca.errors import ObjectExistsError, ObjectNotFoundError, StorageError
from ootheca.storage.base import Storage

__all__ = ["Claim"]

_IN_PROGRESS = " (is another operation already in progress?)"


class Claim:
    """A writer's claim on the folder of one backup.

    Args:
        parts: the folders of the other localities, each with the name of its list of files.
        alive: ids of backups of this cluster that go on: their claims are not taken over.
    """

    def __init__(
        self,
        storage: Storage,
        parts: Sequence[tuple[Storage, str]],
        cluster_id: bytes,
        backup_id: bytes,
        alive: Collection[bytes] = (),
    ) -> None:
        self._storage = storage
        self._parts = parts
        self._cluster_id = cluster_id
        self._content = cluster_id + backup_id
        self._alive = tuple(cluster_id + id_ for id_ in alive)

    def take(self) -> bytes | None:
        """Make the claim; of one that this very backup has made before, return what was noted in it.

        A store that reports a failure may have written the file all the same, and an attempt that was repeated behind
        our back finds our own file in the way.

        Raises:
            ObjectExistsError: the folder holds a backup, or another writer's claim.
            StorageError: it cannot be stored.
        """
        self._require_no_manifest()
        holder = self._holder()
        if holder is not None and holder.startswith(self._content):
            return holder[len(self._content) :]
        self._take_over(holder)
        self._require_no_parts()
        try:
            self._storage.write(filenames.CHECKPOINT, self._content, overwrite=False)
        except ObjectExistsError as exc:
            if not self._is_held():
                raise self._taken(filenames.CHECKPOINT, _IN_PROGRESS) from exc
        except StorageError:
            with suppress(StorageError):
                if self._is_held():
                    self.release()
            raise
        try:
            self._require_no_manifest()  # another writer may have finished before the claim
        except BaseException:
            with suppress(StorageError):
                self.release()
            raise
        return None

    def check(self) -> None:
        """Make sure that the claim still stands: a copy of this cluster may have taken it over.

        Raises:
            ObjectExistsError: it does not.
        """
        if not self._is_held():
            raise self._taken(filenames.CHECKPOINT, _IN_PROGRESS)

    def note(self, checkpoint: bytes) -> None:
        """Keep a checkpoint in the claim, in place of the one before; errors as for `check` and `Storage.write`."""
        self.check()
        self._storage.write(filenames.CHECKPOINT, self._content + checkpoint)

    def clear(self, keep: Collection[str] = ()) -> None:
        """Remove what an interrupted backup left, but for some files; errors as for `Storage.delete`."""
        others = [storage for storage, _ in self._parts if not _holds_another(storage)]
        for storage in (self._storage, *others):
            for name in _left_in(storage):
                if name not in keep:
                    storage.delete(name)

    def is_lost(self) -> bool:
        """Tell whether another writer has the folder; a store that does not answer says nothing of that kind."""
        try:
            return not self._is_held()
        except StorageError:
            return False

    def release(self) -> None:
        """Let go of the folder; errors as for `Storage.delete`."""
        self._storage.delete(filenames.CHECKPOINT)

    def _require_no_manifest(self) -> None:
        name = manifest_in(self._storage)
        if name is not None:
            raise self._taken(name, "")

    def _require_no_parts(self) -> None:
        """Refuse a store in which the list of another backup's files would be replaced."""
        for storage, name in self._parts:
            if storage.exists(name):
                raise self._taken(name, "", storage)

    def _take_over(self, holder: bytes | None) -> None:
        """Clear what an interrupted backup of this cluster left; refuse any other claim."""
        if holder is None:
            return
        if not holder.startswith(self._cluster_id) or holder.startswith(self._alive):
            raise self._taken(filenames.CHECKPOINT, _IN_PROGRESS)
        self.clear()
        self.release()

    def _is_held(self) -> bool:
        holder = self._holder()
        return holder is not None and holder.startswith(self._content)

    def _holder(self) -> bytes | None:
        try:
            return bytes(self._storage.read(filenames.CHECKPOINT))
        except ObjectNotFoundError:
            return None

    def _taken(self, name: str, explanation: str, storage: Storage | None = None) -> ObjectExistsError:
        hint = "back up to another location, or append to the backup that is there"
        if explanation:
            hint = (
                f"wait for that operation; if it was interrupted, delete the file {name} there and try again"
            )
        return ObjectExistsError(
            f"{(storage or self._storage).uri} already contains a {name} file{explanation}", hint=hint
        )


def _holds_another(storage: Storage) -> bool:
    """Whether another locality's folder belongs to a backup, or to what became of one: it may be anyone's."""
    if manifest_in(storage) is not None:
        return True
    return any(filenames.parse_partition_name(name) is not None for name in _left_in(storage))


def _left_in(storage: Storage) -> list[str]:
    if not storage.can_list:
        return []
    return [entry.name for entry in storage.list() if filenames.is_part_of_backup(entry.name)]
