"""Whether the layers of a chain join: that nothing happened to a key between one layer and the next.

A chain whose layers are out of order, or lack one in the middle, would give wrong rows without any file being damaged.

Source: reference/format/07 §1 step 11; conformance/*/scenarios/03_incremental.json (words of both versions).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ootheca.backup.chain import Chain, Layer
from ootheca.backup.plan import BackupPlan, index_spans
from ootheca.backup.spans import Span, union
from ootheca.catalog.table import Table
from ootheca.clock import ZERO_TIMESTAMP, Timestamp
from ootheca.codec.pretty import pretty_key
from ootheca.errors import OothecaError
from ootheca.profile import DEFAULT_VERSION, Profile, profile

__all__ = ["check_cover", "check_next_layer"]


@dataclass(frozen=True, slots=True)
class _Spans:
    """Key spans as sorted bounds; spans that touch are one."""

    starts: list[bytes]
    ends: list[bytes]

    @staticmethod
    def of(spans: Iterable[Span]) -> _Spans:
        joined = union(spans)
        return _Spans([start for start, _ in joined], [end for _, end in joined])

    def holds(self, start: bytes, end: bytes) -> bool:
        """Whether one of the spans holds all of `[start, end)`."""
        place = bisect_right(self.starts, start) - 1
        return place >= 0 and end <= self.ends[place]

    def cuts(self, start: bytes, end: bytes) -> list[bytes]:
        """Return the bounds strictly within `(start, end)`."""
        found: list[bytes] = []
        for bounds in (self.starts, self.ends):
            found.extend(bounds[bisect_right(bounds, start) : bisect_left(bounds, end)])
        return found


@dataclass(frozen=True, slots=True)
class _Interval:
    """What one layer covers: `spans` from its start to its end, `introduced` ones also before."""

    start: Timestamp
    end: Timestamp
    spans: _Spans
    introduced: _Spans


def check_cover(
    chain: Chain, tables: Iterable[Table], *, facts: Profile | None = None, key_prefix: bytes = b""
) -> None:
    """Check that the chain covers all time up to its end for every index of some tables.

    Args:
        facts: whose words the refusal has; those of the default version if omitted.
        key_prefix: of all keys of the tables, where they are a tenant's.

    Raises:
        OothecaError: `no backup covers time […) for range […) …`.
    """
    facts = facts or profile(DEFAULT_VERSION)
    intervals = [_interval(layer) for layer in chain.layers]
    # Where the full backup itself is missing, the newer build names the first index alone.
    merges = facts.merges_spans and not chain.full.start
    for table in tables:
        if not table.has_data:
            continue
        for start, end in index_spans(table, merges=merges):
            try:
                _check_span(intervals, key_prefix + start, key_prefix + end, facts)
            except OothecaError as exc:
                if facts.merges_spans:
                    raise
                raise exc.prefixed(f"making import requests for {len(intervals)} backups") from exc


def check_next_layer(chain: Chain, plan: BackupPlan, *, facts: Profile) -> None:
    """Check that a chain and a planned layer on top of it cover all time up to its end.

    Raises:
        OothecaError: `new backup would not cover expected time: …`.
    """
    period = plan.period
    new = _Interval(period.after, period.until, _Spans.of(plan.spans), _Spans.of(plan.introduced))
    intervals = [*(_interval(layer) for layer in chain.layers), new]
    for start, end in plan.spans:
        try:
            _check_span(intervals, start, end, facts)
        except OothecaError as exc:
            words = (
                "new backup would not cover expected time"
                if facts.merges_spans
                else "invalid previous backups"
            )
            raise exc.prefixed(words) from exc


def _interval(layer: Layer) -> _Interval:
    manifest = layer.manifest
    spans, introduced = (
        _Spans.of((span.key, span.end_key) for span in part)
        for part in (manifest.spans, manifest.introduced_spans)
    )
    return _Interval(layer.start, layer.end, spans, introduced)


def _check_span(intervals: Sequence[_Interval], start: bytes, end: bytes, facts: Profile) -> None:
    """Walk the layers for each piece of a span, whose cover has no bounds within it."""
    cuts = {start, end}
    for interval in intervals:
        cuts.update(interval.spans.cuts(start, end), interval.introduced.cuts(start, end))
    latest = max(interval.end for interval in intervals)
    for low, high in pairwise(sorted(cuts)):
        until = ZERO_TIMESTAMP
        for interval in intervals:
            if not until and interval.introduced.holds(low, high):
                until = interval.start
            if not interval.spans.holds(low, high):
                continue
            if until != interval.start:
                raise _uncovered((start, end), (until, interval.start), facts, is_gap=True)
            until = interval.end
        if until != latest:
            raise _uncovered((start, end), (until, latest), facts, is_gap=False)


def _uncovered(
    span: tuple[bytes, bytes],
    times: tuple[Timestamp, Timestamp],
    facts: Profile,
    *,
    is_gap: bool,
) -> OothecaError:
    """Word the refusal: the version that merges spans has one text, the older one tells a gap from a missing end."""
    since, until = (time.format_hlc() if time else "0,0" for time in times)
    start, end = (pretty_key(key) for key in span)
    message = f"no backup covers time [{since},{until}) for range [{start},{end})"
    if facts.merges_spans:
        message += " (or backups listed out of order)"
    else:
        message += (
            " or backups listed out of order (mismatched start time)"
            if is_gap
            else " (or backups out of order)"
        )
    return OothecaError(message, hint="list every layer from the full backup on, oldest first")
