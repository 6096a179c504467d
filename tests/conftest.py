"""Settings for every test."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# No time limits: a slow machine is no failure. The same examples on every run, so that CI is repeatable.
settings.register_profile(
    "ootheca", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("ootheca")
