"""CHECK EXTERNAL CONNECTION, once SHOW BACKUP CONNECTION: write, read and delete an object, and time it.

Source: reference/sql/06 §2.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from ootheca.errors import InvalidOptionError, OothecaError
from ootheca.exec.places import storage_environment
from ootheca.exec.quantities import format_size, parse_duration, parse_int, parse_size
from ootheca.exec.result import Result, boolean, integer, string
from ootheca.storage.registry import open_storage

if TYPE_CHECKING:
    from ootheca.exec.session import Session
    from ootheca.storage.base import Storage

__all__ = ["check_storage"]

_T = TypeVar("_T")
_DEFAULT_SIZE: Final = 32 << 20
_PIECE_SIZE: Final = 32 << 10
_MAX_WORKERS: Final = 64


@dataclass(slots=True)
class _Outcome:
    """What one worker saw: bytes, seconds, and the first error."""

    is_ok: bool = False
    error: str = ""
    written: int = 0
    write_seconds: float = 0.0
    read: int = 0
    read_seconds: float = 0.0
    can_delete: bool = False


def check_storage(
    session: Session, text: str, *, transfer: str = "", duration: str = "", concurrently: str = ""
) -> Result:
    """Try a place, and answer one row for each worker; a place that cannot be opened is an error instead.

    Args:
        text: the URI.
        transfer: how much each worker writes, such as `64MiB`; 32 MiB unless given.
        duration: for how long it goes on, such as `10s`; once unless given.
        concurrently: how many workers; one unless given.

    Raises:
        InvalidOptionError: an option that says nothing sensible.
    """
    size = parse_size(transfer) if transfer else _DEFAULT_SIZE
    seconds = parse_duration(duration) / 1e9 if duration else 0.0
    if seconds < 0:
        raise InvalidOptionError(f"TIME must not be negative: {duration}")
    workers = _workers(concurrently) if concurrently else 1
    env = storage_environment(session)
    try:
        storage = open_storage(text, env)
    except OothecaError as exc:
        if "://" not in text:
            exc.hint = f"to check a connection by its name, write external://{text}"
        raise exc.prefixed("connect to external storage") from exc
    piece = session.random(_PIECE_SIZE)
    names = [
        f"cockroach-storage-test-{int.from_bytes(session.random(8), 'big') >> 1}" for _ in range(workers)
    ]
    with ThreadPoolExecutor(workers, thread_name_prefix="check") as executor:
        outcomes = executor.map(lambda name: _try(storage, name, piece, size, seconds), names)
        rows = [
            (
                1,
                "",
                outcome.is_ok,
                outcome.error,
                format_size(outcome.written),
                _rate(outcome.read, outcome.read_seconds),
                _rate(outcome.written, outcome.write_seconds),
                outcome.can_delete,
            )
            for outcome in outcomes
        ]
    columns = [
        integer("node"),
        string("locality"),
        boolean("ok"),
        string("error"),
        string("transferred"),
        string("read_speed"),
        string("write_speed"),
        boolean("can_delete"),
    ]
    return Result.of_rows(columns, rows, tag="CHECK EXTERNAL CONNECTION")


def _try(storage: Storage, name: str, piece: bytes, size: int, seconds: float) -> _Outcome:
    """Write, read and delete an object, again until the time is over or something fails."""
    outcome = _Outcome()
    start = time.monotonic()
    while True:
        outcome.is_ok = outcome.can_delete = False
        try:
            _once(storage, name, piece, size, outcome)
        except OothecaError as exc:
            outcome.error = exc.message
            return outcome
        if time.monotonic() - start >= seconds:
            return outcome


def _once(storage: Storage, name: str, piece: bytes, size: int, outcome: _Outcome) -> None:
    def write() -> None:
        with storage.writer(name) as writer:
            for written in range(0, size, len(piece)):
                writer.write(piece[: size - written])

    def read() -> int:
        step = 8 << 20
        return sum(len(storage.read_range(name, offset, step)) for offset in range(0, size, step))

    _, elapsed = _timed("closing after writing", write)
    outcome.written += size
    outcome.write_seconds += elapsed
    num_read, elapsed = _timed("reading content", read)
    outcome.read += num_read
    outcome.read_seconds += elapsed
    outcome.is_ok = True
    _timed("deleting file", lambda: storage.delete(name))
    outcome.can_delete = True


def _timed(what: str, do: Callable[[], _T]) -> tuple[_T, float]:
    start = time.perf_counter()
    try:
        return do(), time.perf_counter() - start
    except OothecaError as exc:
        raise exc.prefixed(what) from exc


def _rate(size: int, seconds: float) -> str:
    if not size:
        return "0"
    return f"{size / seconds / (1 << 20):.2f} MiB/s" if seconds else "inf"


def _workers(text: str) -> int:
    try:
        number = parse_int(text)
    except InvalidOptionError:
        number = None
    if number is None or not 1 <= number <= _MAX_WORKERS:
        raise InvalidOptionError(f"CONCURRENTLY must be a number from 1 to {_MAX_WORKERS}, not {text}")
    return number
