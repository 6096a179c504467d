"""Run files of evidence: what a real CockroachDB answered, statement by statement.

    python tests/conformance/run.py [--external-io-dir DIR] [--version V] FILE...

Takes parse.jsonl, scenarios/*.json, shell.json and ddl.json, told apart by their content;
fixtures/conformance/README.md describes them. A file's profile is the version in its path, or `--version`.
Prints every mismatch, ends with `N passed, N failed`, and exits with 1 if any failed.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.conformance.checks import Outcome, check_file

__all__ = ["main", "run_file", "version_of"]

_DEFAULT_VERSION = "21.2"


def version_of(path: Path) -> str:
    """Return the profile that a path names, or the default."""
    named = [part for part in path.absolute().parts if re.fullmatch(r"\d\d\.\d", part)]
    return named[-1] if named else _DEFAULT_VERSION


def run_file(path: Path, version: str | None = None, external_io_dir: Path | None = None) -> list[Outcome]:
    """Check one file and return how each of its answers compares."""
    return list(check_file(path, version or version_of(path), external_io_dir))


def main(argv: list[str] | None = None) -> int:
    """Run the files; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--external-io-dir", type=Path, help="what nodelocal:// serves (a new directory each time)"
    )
    parser.add_argument("--version", help="the profile, instead of the one that each path names")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    arguments = parser.parse_args(argv)
    passed = failed = 0
    for path in arguments.files:
        outcomes = run_file(path, arguments.version, arguments.external_io_dir)
        wrong = [outcome for outcome in outcomes if outcome.differences]
        for outcome in wrong:
            print(f"{path}: {outcome.statement}")
            for difference in outcome.differences:
                print(f"  {difference}")
        passed += len(outcomes) - len(wrong)
        failed += len(wrong)
        if len(arguments.files) > 1:
            print(f"{path}: {len(outcomes) - len(wrong)} passed, {len(wrong)} failed")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
