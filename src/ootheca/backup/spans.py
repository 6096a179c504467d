"""Key spans `[start, end)` as sets: what they cover together, and what one set leaves of another."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence

__all__ = ["Span", "subtract", "union"]

Span = tuple[bytes, bytes]


def union(spans: Iterable[Span]) -> list[Span]:
    """Return what spans cover, as sorted spans that do not touch."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def subtract(spans: Iterable[Span], covered: Sequence[Span]) -> list[Span]:
    """Return the parts of spans that `covered`, a result of `union`, does not cover, in the order of the spans."""
    starts = [start for start, _ in covered]
    found: list[Span] = []
    for low, end in spans:
        start = low
        for covered_start, covered_end in covered[max(bisect_right(starts, start) - 1, 0) :]:
            if covered_start >= end or start >= end:
                break
            if covered_end <= start:
                continue
            if covered_start > start:
                found.append((start, covered_start))
            start = max(start, covered_end)
        if start < end:
            found.append((start, end))
    return found
