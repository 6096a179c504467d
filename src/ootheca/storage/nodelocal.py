"""`nodelocal://<node id or self>/path`: files under the external-io-dir.

Source: reference/sql/07 §2; conformance/*/scenarios/08_uris.json; fixtures/golden/*/k_errors/output.txt
(node 7).
"""

from __future__ import annotations

import re
from typing import Final

from ootheca.errors import AccessDeniedError, InvalidOptionError, StorageError
from ootheca.storage.base import StorageEnv, check_params
from ootheca.storage.directory import DirectoryStorage, DirectoryWords
from ootheca.uri import URI

__all__ = ["open_nodelocal"]

_NODE_ID: Final = re.compile(r"[+-]?[0-9]+\Z")


def open_nodelocal(uri: URI, env: StorageEnv) -> DirectoryStorage:
    """Open a location under the external-io-dir; every node that can be reached shares it.

    Raises:
        InvalidOptionError: the host is empty or no node id, or the path is missing.
        StorageError: there is no such node.
        AccessDeniedError: the operator disabled local files.
    """
    check_params(uri, (), env, "nodelocal")
    node_id = _parse_node_id(uri)
    if not uri.path:
        raise InvalidOptionError("local storage requested but path not provided", sqlstate="XXUUU")
    if not env.allow_local:
        raise AccessDeniedError("local file access is disabled", sqlstate="XXUUU")
    if node_id and node_id not in env.node_ids:
        raise StorageError(
            f"failed to create blob client: connecting to node {node_id}: "
            f"failed to resolve n{node_id}: unable to look up descriptor for n{node_id}",
            sqlstate="XXUUU",
            hint="use nodelocal://self or nodelocal://1",
            location=uri.bare(),
        )
    words = DirectoryWords(
        "nodelocal storage file does not exist",
        env.profile,
        is_local=True,
        # Only what goes through another node's file service asks for the size first.
        read_prefix="getting stat of file: " if node_id and env.profile.has_stat_prefix else "",
    )
    return DirectoryStorage(env.external_io_dir, uri.path, uri, words)


def _parse_node_id(uri: URI) -> int:
    if not uri.host:
        raise InvalidOptionError(
            "host component of nodelocal URI must be a node ID "
            f"(use 'self' to specify each node should access its own local filesystem): {uri}",
            sqlstate="XXUUU",
        )
    if uri.host == "self":
        return 0
    if not _NODE_ID.match(uri.host):
        raise InvalidOptionError(
            f"host component of nodelocal URI must be a node ID: {uri}", sqlstate="XXUUU"
        )
    return int(uri.host)
