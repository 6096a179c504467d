"""`python -m ootheca` is the `ootheca` command."""

from __future__ import annotations

import gc
import os
from typing import Final, NoReturn

from ootheca.shell.main import main

__all__ = ["run"]

_YOUNG_OBJECTS: Final = 100_000  # until the collector looks: importing makes so many, and leaves no garbage


def run() -> NoReturn:
    """Run the command, and leave without taking the interpreter to pieces: that takes longer than a short command."""
    gc.set_threshold(_YOUNG_OBJECTS, 20, 20)
    os._exit(main())  # it has flushed both streams


if __name__ == "__main__":
    run()
