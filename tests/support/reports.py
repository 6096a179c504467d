"""Reports about backups on disk, and their pages as a browser's parser would read them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

from ootheca.backup.localities import open_stores
from ootheca.clock import Timestamp
from ootheca.crypto.kms import KMSEnvironment, open_kms
from ootheca.crypto.kms.keyring import MemoryKeyring
from ootheca.report.collect import collect
from ootheca.report.facts import Report
from ootheca.report.keys import Keys
from ootheca.storage.base import StorageEnv

__all__ = ["NOW", "Node", "keys_of", "parse_page", "report_on"]

NOW = Timestamp(1_800_000_000_000_000_000)


def report_on(
    extern: Path,
    *uris: str,
    keys: Keys | None = None,
    incremental_location: str | None = None,
    verifies: bool = True,
) -> Report:
    """Collect the facts of a backup that lies in a directory."""
    env = StorageEnv(external_io_dir=extern)
    return collect(
        open_stores(uris, env),
        keys or Keys(),
        now=NOW,
        incremental_location=open_stores([incremental_location], env) if incremental_location else None,
        verifies=verifies,
    )


def keys_of(passphrase: str | None = None, *kms: str) -> Keys:
    """Return keys, those of KMS URIs from a sandbox."""
    env = KMSEnvironment(keyring=MemoryKeyring())
    return Keys(passphrase, tuple(open_kms(uri, env) for uri in kms))


@dataclass
class Node:
    """An element of a page."""

    name: str
    attributes: dict[str, str | None]
    children: list[Node | str] = field(default_factory=list)

    def all(self, name: str, class_: str | None = None) -> Iterator[Node]:
        """Yield the elements of a name below this one, in order."""
        for child in self.children:
            if isinstance(child, Node):
                if child.name == name and class_ in (None, child.attributes.get("class")):
                    yield child
                yield from child.all(name, class_)

    @property
    def text(self) -> str:
        return "".join(child if isinstance(child, str) else child.text for child in self.children)


class _Parser(HTMLParser):
    """Refuses what is not well formed."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Node("", {})
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_startendtag(tag, attrs)
        node = self.open[-1].children[-1]
        assert isinstance(node, Node)
        self.open.append(node)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs)
        self.open[-1].children.append(Node(tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().name == tag

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)


def parse_page(text: str) -> Node:
    """Parse a page in which every element is closed."""
    parser = _Parser()
    parser.feed(text)
    parser.close()
    assert parser.open == [parser.root]
    return parser.root
