"""The one place that decides on retries: how often, how long, and of which errors.

Object stores retry inside obstore, with the options made here; calls of our own go through `run`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, TypeVar

from ootheca.errors import OothecaError

if TYPE_CHECKING:
    from obstore.store import RetryConfig

__all__ = ["DEFAULT_RETRY", "RetryPolicy"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How patient we are with a service that fails in passing.

    Attributes:
        max_retries: attempts after the first one.
        first_wait, max_wait, total: seconds: before the first retry (doubled for each further one), between
            two, and for all attempts together.
    """

    max_retries: int = 5
    first_wait: float = 0.1
    max_wait: float = 5.0
    total: float = 60.0

    def obstore_options(self) -> RetryConfig:
        """Return the same policy in obstore's words."""
        return {
            "max_retries": self.max_retries,
            "retry_timeout": timedelta(seconds=self.total),
            "backoff": {
                "init_backoff": timedelta(seconds=self.first_wait),
                "max_backoff": timedelta(seconds=self.max_wait),
                "base": 2,
            },
        }

    def run(
        self,
        operation: Callable[[], T],
        *,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> T:
        """Call an operation, again where it fails with a `retryable` error and patience is left."""
        deadline = monotonic() + self.total
        wait = self.first_wait
        for _ in range(self.max_retries):
            try:
                return operation()
            except OothecaError as exc:
                if not exc.retryable or monotonic() + wait > deadline:
                    raise
            sleep(wait)
            wait = min(wait * 2, self.max_wait)
        return operation()


DEFAULT_RETRY: Final = RetryPolicy()
