"""Optional parts of the installation: the clients of clouds."""

from __future__ import annotations

import importlib.util
import logging

from ootheca.errors import UnsupportedError

__all__ = ["require_extra"]


def require_extra(module: str, extra: str, service: str, stand_in: str) -> None:
    """Refuse a cloud whose client, an optional part of the installation, is not there.

    The client's log goes where the program's handlers take it, and not to standard error by default.

    Args:
        stand_in: what serves such a URI in the sandbox.

    Raises:
        UnsupportedError: with the line that installs it.
    """
    try:
        is_there = importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # of a package above it
        is_there = False
    if not is_there:
        raise UnsupportedError(
            f"{service} needs a client that is not installed",
            hint=f"pip install 'ootheca[{extra}]'; with --sandbox {stand_in} serves this URI",
        )
    logger = logging.getLogger(module.partition(".")[0])
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
