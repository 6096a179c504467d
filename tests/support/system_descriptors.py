"""Generates src/ootheca/catalog/_system_descriptors.py from fixtures/golden/*/h_cluster.

python -m tests.support.system_descriptors > src/ootheca/catalog/_system_descriptors.py
"""

from __future__ import annotations

import base64
import textwrap

from tests.support.golden import VERSIONS, GoldenSet

_HEADER = '''"""The system tables of each profile: base64, sorted by id, a blank line between. Generated; do not edit.

Source: `system.descriptor` of fixtures/golden/{version}/h_cluster; the tables that its cluster backup holds.
Made by: python -m tests.support.system_descriptors
"""

from __future__ import annotations

__all__ = ["DESCRIPTORS"]

DESCRIPTORS = {
'''


def generate() -> str:
    """Return the text of the module."""
    lines = [_HEADER]
    for version in VERSIONS:
        texts = [textwrap.fill(base64.b64encode(raw).decode(), 110) for raw in stored_descriptors(version)]
        lines += [f'    "{version}": """\n', "\n\n".join(texts), '\n""",\n']
    return "".join([*lines, "}\n"])


def stored_descriptors(version: str) -> list[bytes]:
    """Return the bytes of the system tables' descriptors that the golden cluster's backup holds, sorted by id."""
    marks = GoldenSet(version, "h_cluster").expectations()["marks"]
    stored = {int(id_): text for id_, text in marks["full"]["system"]["descriptor"]["rows"]}
    ids = {4, 5, 6, 14, 15, 21, 23, 24, 33, 37, 44}  # as the manifests' spans show
    return [bytes.fromhex(stored[id_].removeprefix("\\x")) for id_ in sorted(ids & set(stored))]


if __name__ == "__main__":
    print(generate(), end="")
