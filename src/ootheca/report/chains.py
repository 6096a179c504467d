"""One chain on a page: its layers, its tables, its keys, and what verification found."""

from __future__ import annotations

from typing import Final

from ootheca.report.facts import ChainSummary, KeySummary, LayerSummary, TableSummary
from ootheca.report.markup import Child, Markup, element, joined
from ootheca.report.parts import Column, badge, bar, count, definitions, problem_list, size_text, table
from ootheca.report.times import format_duration, format_time

__all__ = ["chain_name", "chain_section", "restorable"]

_SHOWN_TABLES: Final = 12
_SHOWN_LAYERS: Final = 30
_UNKNOWN: Final = "–"


def chain_name(chain: ChainSummary) -> str:
    """Return what a chain is called on the page."""
    return chain.path or "this backup"


def chain_section(chain: ChainSummary, number: int, *, is_open: bool) -> Markup:
    """Return the section of a chain.

    Args:
        number: of the chain on its page, which links lead to.
        is_open: its details are shown from the start.
    """
    latest = element("span", "LATEST", class_="badge plain") if chain.is_latest else None
    title = element(
        "h2", f"Backup {chain.path}" if chain.path else "Backup", " ", badge(chain.state), " ", latest
    )
    details = [_layers(chain), _tables(chain), _keys(chain), _verification(chain)]
    return element(
        "section",
        title,
        problem_list(chain.all_problems),
        _facts(chain),
        joined(details)
        if is_open
        else element("details", element("summary", "Layers, tables, keys"), *details),
        id=f"chain-{number}",
        class_="chain",
    )


def restorable(chain: ChainSummary) -> str:
    """Return in words which times a chain can be restored to."""
    layers = [layer for layer in chain.layers if layer.kind != "compacted" and layer.end is not None]
    if not layers:
        return "not known"
    windows = sum(layer.has_revision_history for layer in layers)
    points = count(len(layers), "restore point")
    if not windows:
        return f"{points}, no revision history" if all(layer.is_opened for layer in layers) else points
    every = "each layer" if windows == len(layers) else f"{windows} of {count(len(layers), 'layer')}"
    return f"{points}, and any time within {every} (revision history)"


def _facts(chain: ChainSummary) -> Markup:
    ends = chain.ends
    first, last = (format_time(ends[0]), format_time(ends[-1])) if ends else (None, None)
    encrypted = "no"
    if chain.keys:
        versions = ", ".join(chain.file_versions)
        encrypted = f"yes (files of version {versions})" if versions else "yes"
    return definitions([
        ("Full backup", first and f"{first} UTC"),
        ("Newest layer", f"{last} UTC" if last != first else None),
        ("Can be restored to", restorable(chain)),
        ("Stored", f"{size_text(chain.stored_size)} in {count(len(chain.layers), 'layer')}"),
        ("Holds", _cover(chain)),
        ("Encrypted", encrypted),
        ("Localities", ", ".join(("default", *chain.localities)) if chain.localities else None),
        ("Format", f"of CockroachDB {chain.cluster_version}" if chain.cluster_version else None),
    ])  # fmt: skip


def _cover(chain: ChainSummary) -> str | None:
    if chain.is_full_cluster is None:
        return None
    names = ", ".join(chain.databases)
    if chain.is_full_cluster:
        return f"the whole cluster, with {names}" if names else "the whole cluster"
    return names or "no database of its own"


def _layers(chain: ChainSummary) -> Markup:
    largest = max((layer.stored_size or 0 for layer in chain.layers), default=0)
    columns = [
        Column("Layer"), Column("Ends (UTC)", "time"), Column("Covers", "num"), Column("Any time"),
        Column("Files", "num"), Column("Stored", "num"), Column("Data", "num"), Column("Rows", "num"),
        Column("Share", "wide"),
    ]  # fmt: skip
    rows = [_layer_row(layer, largest) for layer in chain.layers]
    parts: list[Child] = [element("h3", "Layers"), table(columns, rows[:_SHOWN_LAYERS])]
    if rest := rows[_SHOWN_LAYERS:]:
        summary = element("summary", count(len(rest), "more layer"))
        parts.append(element("details", summary, table(columns, rest)))
    return joined(parts)


def _layer_row(layer: LayerSummary, largest: int) -> list[Child]:
    words = {True: "yes", False: "no"}[layer.has_revision_history] if layer.is_opened else _UNKNOWN
    if layer.has_revision_history and layer.window_start is None:
        words = "yes, since when is not recorded"
    elif layer.has_revision_history and layer.start is None and layer.revision_start:
        words = f"since {format_time(layer.revision_start)}"
    opened = None if layer.is_opened else element("span", " not opened", class_="faint")
    duration = layer.duration_ns
    end = _UNKNOWN
    if layer.end is not None:
        end = element("span", format_time(layer.end), title=f"AS OF SYSTEM TIME {layer.end}")
    name = layer.kind if layer.kind == "full" else joined((f"{layer.kind} ", element("code", layer.path)))
    return [
        joined((name, opened)),
        end,
        _UNKNOWN if duration is None else format_duration(duration),
        words,
        _number(layer.num_files),
        size_text(layer.stored_size),
        size_text(layer.data_size),
        _number(layer.rows),
        bar(layer.stored_size or 0, largest, f"{size_text(layer.stored_size)} of {size_text(largest)}"),
    ]


def _number(number: int | None) -> str:
    return _UNKNOWN if number is None else f"{number:,}"


def _tables(chain: ChainSummary) -> Markup | None:
    """Return the tables that have rows by size; the others by name."""
    full = [each for each in chain.tables if each.data_size]
    empty = [each.name for each in chain.tables if not each.data_size]
    if not chain.tables:
        return None
    total = sum(each.data_size for each in full)
    parts: list[Child] = [element("h3", "Tables by size")]
    if full:
        parts.append(_table_of(full[:_SHOWN_TABLES], total))
    if rest := full[_SHOWN_TABLES:]:
        size = size_text(sum(each.data_size for each in rest))
        summary = element("summary", f"{count(len(rest), 'more table')}, {size} together")
        parts.append(element("details", summary, _table_of(rest, total)))
    if empty:
        names = element("p", ", ".join(empty), class_="faint")
        summary = element("summary", f"{count(len(empty), 'table')}, view or sequence without rows"
                          if len(empty) == 1 else f"{len(empty)} tables, views and sequences without rows")  # fmt: skip
        parts.append(element("details", summary, names))
    return joined(parts)


def _table_of(tables: list[TableSummary], total: int) -> Markup:
    columns = [
        Column("Table"), Column("Data", "num"), Column("Stored", "num"), Column("Rows", "num"),
        Column("In layers", "num"), Column("Share", "wide"),
    ]  # fmt: skip
    return table(
        columns,
        [
            [
                element("code", each.name),
                size_text(each.data_size),
                size_text(each.stored_size),
                _number(each.rows),
                _number(each.num_layers),
                bar(each.data_size, total, f"{100 * each.data_size / total:.0f} % of all data"),
            ]
            for each in tables
        ],
    )


def _keys(chain: ChainSummary) -> Markup | None:
    if not chain.keys:
        return None
    columns = [
        Column("Key"),
        Column("Opens it"),
        Column("Named in"),
        Column("SHA-256 of the master key's id"),
    ]
    return joined((element("h3", "Which keys open it"), table(columns, map(_key_row, chain.keys))))


def _key_row(key: KeySummary) -> list[Child]:
    name: Child = "passphrase"
    if key.method == "kms":
        name = "master key " + key.master_key if key.master_key else "master key"
    result = {
        "opens": element("span", "yes, tried", class_="badge sound"),
        "fails": element("span", "no", class_="badge damaged"),
        "untried": element("span", "not tried: no such key was given", class_="badge plain"),
    }[key.result]
    reason = element("div", key.reason, class_="faint") if key.reason else None
    return [
        name,
        joined((result, reason)),
        element("code", key.key_file),
        element("code", key.master_key_hash) if key.master_key_hash else _UNKNOWN,
    ]


def _verification(chain: ChainSummary) -> Markup:
    found = chain.verification
    if found is None:
        opened = any(layer.is_opened for layer in chain.layers)
        words = "Data files were not read." if opened else "Nothing could be opened, so nothing was verified."
    else:
        words = (
            f"{count(found.layers, 'layer')} and {count(found.files, 'data file')} ({size_text(found.size)}) were "
            f"read to the last byte: {count(found.entries, 'version')}, "
            f"{count(found.rows, 'row')}. "
        )
        words += (
            "No problem was found." if found.is_sound else f"{count(len(found.problems), 'problem')} found."
        )
    return joined((element("h3", "Verification"), element("p", words)))
