"""Settings for every test, and the servers that several of them share."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from hypothesis import HealthCheck, settings

from tests.support import servers

# No time limits: a slow machine is no failure. The same examples on every run, so that CI is repeatable.
settings.register_profile(
    "ootheca", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("ootheca")


# Whoever starts the tests in the background may have them ignore interrupts, which some of them send.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], servers.Place]]:
    """Return what starts a server of `tests.support.servers` by name, once for all tests; skips where it is missing."""
    running: dict[str, servers.Place] = {}
    with ExitStack() as stack:

        def start_once(name: str) -> servers.Place:
            if servers.find_server(name) is None:
                pytest.skip(servers.MISSING[name])
            if name not in running:
                program = getattr(servers, name)
                running[name] = stack.enter_context(program(tmp_path_factory.mktemp(name)))
            return running[name]

        yield start_once
