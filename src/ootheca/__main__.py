"""`python -m ootheca` is the `ootheca` command."""

from __future__ import annotations

import sys

from ootheca.shell.main import main

if __name__ == "__main__":
    sys.exit(main())
