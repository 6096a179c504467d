"""Work on batches by several threads, results in order: Arrow and NumPy work outside Python's interpreter lock."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

__all__ = ["map_in_order"]

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def map_in_order(function: Callable[[_Item], _Result], items: Iterator[_Item]) -> Iterator[_Result]:
    """Yield `function(item)` for each item, in their order.

    The items are drawn by the caller's thread, a few ahead. A single item, as small tables have, starts no thread.
    Stopping early leaves no work behind.
    """
    num_threads = os.cpu_count() or 1
    first = next(items, None)
    if first is None:
        return
    second = next(items, None) if num_threads > 1 else None
    if second is None:
        yield function(first)
        for item in items:
            yield function(item)
        return
    waiting: deque[Future[_Result]] = deque()
    with ThreadPoolExecutor(num_threads, thread_name_prefix="ootheca-batch") as pool:
        try:
            waiting.extend((pool.submit(function, first), pool.submit(function, second)))
            del first, second  # a batch is let go once it is done
            for item in items:
                waiting.append(pool.submit(function, item))
                if len(waiting) > num_threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
