"""The one place that decides on retries: how often, how long, and of which errors.

Object stores retry inside obstore, with the options made here; calls of our own go through `run`. Retried are what may
heal: connections that fail or break, answers that do not come, 5xx and 429. Refusals, missing objects and malformed
requests fail at once. Large objects go in parts, each with a patience of its own, so that what was done is kept.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, TypeVar

from ootheca.errors import OothecaError

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig

__all__ = ["DEFAULT_RETRY", "RetryPolicy"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How patient we are with a service that fails in passing.

    Attributes:
        max_retries: attempts after the first one.
        first_wait, max_wait, total: seconds: before the first retry (doubled for each further one), between
            two, and after which no attempt begins.
        connect, silence, request: seconds that one attempt may take: to connect, without a byte of the answer,
            and as a whole.
    """

    max_retries: int = 12
    first_wait: float = 0.2
    max_wait: float = 10.0
    total: float = 120.0
    connect: float = 10.0
    silence: float = 60.0
    request: float = 300.0

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

    def client_options(self) -> ClientConfig:
        """Return what one attempt may take, in obstore's words."""
        return {
            "connect_timeout": timedelta(seconds=self.connect),
            "read_timeout": timedelta(seconds=self.silence),
            "timeout": timedelta(seconds=self.request),
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
