"""What the operator allows of the world outside the store."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["NO_LIMITS", "ExternalLimits"]


@dataclass(frozen=True, slots=True)
class ExternalLimits:
    """The server's flags about external storage and key services.

    Attributes:
        disabled: `--external-io-disabled`: no storage but userfile, and no key service.
        disable_local: `--external-io-dir=disabled`: no nodelocal.
        disable_http: `--external-io-disable-http`: no web servers, and no endpoints of one's own.
        disable_implicit_credentials: `--external-io-disable-implicit-credentials`: every URI brings its own.
    """

    disabled: bool = False
    disable_local: bool = False
    disable_http: bool = False
    disable_implicit_credentials: bool = False


NO_LIMITS = ExternalLimits()
