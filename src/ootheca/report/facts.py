"""What a report says, as plain data: collected once (`collect`), rendered after (`page`).

Sizes are bytes, times are HLC timestamps. None stands for what could not be told, never for zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Literal

from ootheca.backup.verify import VerifyReport
from ootheca.clock import Timestamp
from ootheca.errors import OothecaError

__all__ = [
    "ChainSummary",
    "KeySummary",
    "LayerSummary",
    "Problem",
    "Report",
    "State",
    "Step",
    "TableSummary",
    "gaps",
    "longest_step",
]

State = Literal["damaged", "locked", "unverified", "sound"]
"""From the worst to the best; `locked` lacks a key, `unverified` was opened and no more."""

_GAP_FACTOR = 2
_MIN_STEPS = 3  # fewer have no usual length


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: in the words of the error, with the file and the offset where they are known."""

    message: str
    location: str | None = None
    hint: str | None = None

    @staticmethod
    def of(error: OothecaError) -> Problem:
        """Return what an error tells."""
        return Problem(error.message, error.location, error.hint)


@dataclass(frozen=True, slots=True)
class LayerSummary:
    """One backup folder.

    Attributes:
        path: of the folder, relative to the full backup's; empty for that itself.
        start: the end of the layer below; None of a full layer, and where the manifest was not read.
        end: of the manifest, or as far as the folder's name tells it, in hundredths of a second.
        is_opened: the manifest was read; else all that it holds is None.
        has_revision_history: any time within (start, end] can be restored, of a full layer since `revision_start`.
        num_files, stored_size: of everything in the folder, in all localities; None where storage cannot list.
        data_size, rows, index_entries: as BACKUP counted them.
        problem: why the manifest was not read; None too where only the key is missing.
    """

    path: str
    kind: Literal["full", "incremental", "compacted"]
    start: Timestamp | None = None
    end: Timestamp | None = None
    is_opened: bool = False
    has_revision_history: bool = False
    revision_start: Timestamp | None = None
    num_files: int | None = None
    stored_size: int | None = None
    data_size: int | None = None
    rows: int | None = None
    index_entries: int | None = None
    problem: Problem | None = None

    @property
    def duration_ns(self) -> int | None:
        """The time that an incremental layer covers."""
        if self.start is None or self.end is None:
            return None
        return self.end.wall_ns - self.start.wall_ns

    @property
    def window_start(self) -> Timestamp | None:
        """Since when any time can be restored; None with revision history means that nothing tells."""
        return self.start or self.revision_start


@dataclass(frozen=True, slots=True)
class TableSummary:
    """One table, view or sequence: what all layers of a chain hold of it, every version of a row counted.

    Attributes:
        stored_size: its part of the data files; None where storage cannot list.
    """

    name: str
    data_size: int
    rows: int
    num_layers: int
    stored_size: int | None = None


@dataclass(frozen=True, slots=True)
class KeySummary:
    """One way to open a chain.

    Attributes:
        master_key_hash: SHA-256 in hex of the master key's id; None of a passphrase.
        master_key: which one it is, where a key was named that has this hash.
        result: `untried` where no such key was given.
        reason: why it does not open.
    """

    key_file: str
    method: Literal["passphrase", "kms"]
    master_key_hash: str | None
    master_key: str | None = None
    result: Literal["opens", "fails", "untried"] = "untried"
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class ChainSummary:
    """A full backup and the layers on top of it.

    Attributes:
        path: in its collection; empty for a backup that has none.
        file_versions: of the encrypted files, `plain` for open ones.
        is_full_cluster, databases: what BACKUP was asked for, and the databases of which the last layer holds anything.
        cluster_version: that the last layer was written by, or for, as far as its manifest tells.
        tables: by size, the largest first.
        problems: what is wrong beside what verification found.
        verification: None where it was not asked for, or nothing could be opened.
    """

    path: str
    layers: tuple[LayerSummary, ...]
    keys: tuple[KeySummary, ...] = ()
    is_latest: bool = False
    file_versions: tuple[str, ...] = ()
    is_full_cluster: bool | None = None
    databases: tuple[str, ...] = ()
    cluster_version: str | None = None
    localities: tuple[str, ...] = ()
    tables: tuple[TableSummary, ...] = ()
    problems: tuple[Problem, ...] = ()
    verification: VerifyReport | None = None

    @property
    def is_locked(self) -> bool:
        """Whether a layer waits for a key."""
        return any(not layer.is_opened and layer.problem is None for layer in self.layers)

    @property
    def all_problems(self) -> tuple[Problem, ...]:
        """Everything that is wrong with the chain, each once."""
        found = [layer.problem for layer in self.layers if layer.problem is not None]
        found += self.problems
        if self.verification is not None:
            found += map(Problem.of, self.verification.problems)
        return tuple(dict.fromkeys(found))

    @property
    def state(self) -> State:
        if self.all_problems:
            return "damaged"
        if self.is_locked:
            return "locked"
        return "unverified" if self.verification is None else "sound"

    @property
    def stored_size(self) -> int | None:
        """Bytes of all layers; None if they are unknown of one."""
        sizes = [layer.stored_size for layer in self.layers]
        return None if None in sizes else sum(size for size in sizes if size is not None)

    @property
    def ends(self) -> tuple[Timestamp, ...]:
        """The times that the chain can be restored to, of the layers whose time is known."""
        return tuple(
            layer.end for layer in self.layers if layer.end is not None and layer.kind != "compacted"
        )


@dataclass(frozen=True, slots=True)
class Report:
    """All that a page says.

    Attributes:
        uri: what was asked for, redacted.
        made_at: the time of the report.
        chains: the oldest first.
        problems: of the collection itself.
        unused_keys: master keys that were given and that no chain names.
    """

    uri: str
    made_at: Timestamp
    is_collection: bool
    chains: tuple[ChainSummary, ...]
    problems: tuple[Problem, ...] = ()
    unused_keys: tuple[str, ...] = ()

    @property
    def state(self) -> State:
        states = {chain.state for chain in self.chains} | ({"damaged"} if self.problems else set())
        order: tuple[State, ...] = ("damaged", "locked", "unverified")
        return next((state for state in order if state in states), "sound")

    @property
    def num_problems(self) -> int:
        return len(self.problems) + sum(len(chain.all_problems) for chain in self.chains)

    @property
    def ends(self) -> tuple[Timestamp, ...]:
        """Every restore point, the oldest first."""
        return tuple(sorted({end for chain in self.chains for end in chain.ends}))


@dataclass(frozen=True, slots=True)
class Step:
    """The time between two restore points that follow each other."""

    start: Timestamp
    end: Timestamp

    @property
    def duration_ns(self) -> int:
        return self.end.wall_ns - self.start.wall_ns


def longest_step(report: Report) -> Step | None:
    """Return the longest step that no revision history bridges; None where there is none."""
    return max(_open_steps(report), key=lambda step: step.duration_ns, default=None)


def gaps(report: Report) -> tuple[Step, ...]:
    """Return the steps that no revision history bridges and that are more than twice as long as the usual one."""
    steps = _steps(report.ends)
    if len(steps) < _MIN_STEPS:
        return ()
    usual = median(step.duration_ns for step in steps)
    return tuple(step for step in _open_steps(report) if step.duration_ns > _GAP_FACTOR * usual)


def _steps(ends: Sequence[Timestamp]) -> list[Step]:
    return [Step(start, end) for start, end in pairwise(ends)]


def _open_steps(report: Report) -> list[Step]:
    windows = list(_windows(report.chains))
    return [
        step
        for step in _steps(report.ends)
        if not any(start <= step.start and step.end <= end for start, end in windows)
    ]


def _windows(chains: Iterable[ChainSummary]) -> Iterable[tuple[Timestamp, Timestamp]]:
    """Yield from when to when any time can be restored, of the layers that tell both."""
    for chain in chains:
        for layer in chain.layers:
            if layer.has_revision_history and layer.window_start is not None and layer.end is not None:
                yield layer.window_start, layer.end
