"""The page: one HTML file that needs nothing else, no script, no font, no network.

Its content security policy forbids all of them, whatever a name in a backup may try.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Final

from ootheca.clock import Timestamp
from ootheca.report.chains import chain_name, chain_section, restorable
from ootheca.report.facts import ChainSummary, Report, State, gaps, longest_step
from ootheca.report.markup import Child, Markup, element, joined
from ootheca.report.parts import badge, count, problem_list, size_text
from ootheca.report.timeline import HATCH, axis_of, chain_strip, marks_strip, points_strip
from ootheca.report.times import format_duration, format_time

__all__ = ["render_page", "verdict"]

_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
_OPEN_CHAINS: Final = 3  # of more, only the newest and those that need a look show their details at once


def render_page(report: Report) -> str:
    """Return the page as HTML, with a line end at its end."""
    title = f"Backups in {report.uri}" if report.is_collection else f"Backup {report.uri}"
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="referrer", content="no-referrer"),
        element("title", title),
        element("style", Markup(files("ootheca.report").joinpath("style.css").read_text(encoding="utf-8"))),
    )
    newest = len(report.chains)
    sections = [
        chain_section(
            chain,
            number,
            is_open=newest <= _OPEN_CHAINS or number == newest or chain.state in ("damaged", "locked"),
        )
        for number, chain in enumerate(report.chains, 1)
    ]
    body = element("body", HATCH, _header(report, title), _timeline(report), *reversed(sections), _footer())
    return f"<!DOCTYPE html>\n{element('html', head, body, lang='en')}\n"


def _header(report: Report, title: str) -> Markup:
    return joined((
        element(
            "header",
            element("h1", title),
            element("p", f"Looked at on {format_time(report.made_at)[:19]} UTC"),
        ),
        element(
            "div",
            element("p", verdict(report)),
            element("p", _basis(report), class_="faint"),
            class_=f"verdict {report.state}",
            role="status",
        ),
        problem_list(report.problems),
        element("p", f"Given, but not a key of any backup here: {', '.join(report.unused_keys)}")
        if report.unused_keys
        else None,
        _tiles(report),
    ))  # fmt: skip


def verdict(report: Report) -> str:
    """Return the outcome in a sentence."""
    states = [chain.state for chain in report.chains]
    backups = count(len(states), "backup")
    num_locked = states.count("locked")
    which = "" if num_locked == len(states) else f" ({num_locked} of {backups})"
    lines: dict[State, str] = {
        "damaged": f"{count(report.num_problems, 'problem')} found.",
        "locked": f"Not opened{which}: no key that was given opens it.",
        "unverified": f"Opened, {backups}. Data files were not read.",
        "sound": "Whole: everything was opened and verified, and no problem was found.",
    }
    failed = sum(key.result == "fails" for chain in report.chains for key in chain.keys)
    note = f" {count(failed, 'key')} that should open a backup did not." if failed else ""
    return lines[report.state] + note


def _basis(report: Report) -> str:
    """Return what the outcome rests on."""
    found = [chain.verification for chain in report.chains if chain.verification is not None]
    num_layers = sum(len(chain.layers) for chain in report.chains)
    verified = f"{sum(each.layers for each in found):,} of {count(num_layers, 'layer')} verified"
    read = f"{count(sum(each.files for each in found), 'data file')} read"
    parts = [f"{verified}, {read}, {size_text(sum(each.size for each in found))}."]
    if any(chain.is_locked for chain in report.chains):
        parts.append("What is encrypted and was not opened is not verified.")
    return " ".join(parts)


def _tiles(report: Report) -> Markup:
    ends, step = report.ends, longest_step(report)
    sizes = [chain.stored_size for chain in report.chains]
    stored = None if None in sizes else sum(size for size in sizes if size is not None)
    num_layers = sum(len(chain.layers) for chain in report.chains)
    tiles: list[tuple[str, str, str | None]] = [
        ("Full backups" if len(report.chains) != 1 else "Full backup", f"{len(report.chains):,}", None),
        ("Incremental layers", f"{num_layers - len(report.chains):,}", None),
        ("Stored", size_text(stored), None),
    ]
    if ends:
        tiles.append(("Newest restore point", _age(report, ends[-1]), f"{format_time(ends[-1])} UTC"))
    if step is not None:
        tiles.append((
            "Longest step between restore points",
            format_duration(step.duration_ns),
            f"up to {format_time(step.end)}",
        ))  # fmt: skip
    return element("dl", *(
        element("div", element("dt", name), element("dd", value, element("small", more) if more else None))
        for name, value, more in tiles
    ), class_="tiles")  # fmt: skip


def _age(report: Report, time: Timestamp) -> str:
    age = report.made_at.wall_ns - time.wall_ns
    return f"{format_duration(age)} old" if age >= 0 else f"{format_duration(-age)} ahead of this clock"


def _timeline(report: Report) -> Markup:
    axis = axis_of(report)
    if axis is None:
        words = "No layer tells its time without being opened."
        return element("section", element("h2", "Timeline"), element("p", words, class_="faint"))
    rows: list[Child] = []
    for number, chain in enumerate(report.chains, 1):
        rows += [_row_name(chain, number), chain_strip(chain, axis)]
    if len(report.ends) > 1:
        found = gaps(report)
        words = f"Restore points: {len(report.ends):,}" + (f", {count(len(found), 'gap')}" if found else "")
        rows += [element("div", words, class_="name"), points_strip(report, axis)]
    first, last = (format_time(Timestamp(ns))[:10] for ns in (axis.start_ns, axis.end_ns))
    days = first if first == last else f"{first} to {last}"
    rows += [element("div", f"{days}, UTC", class_="name faint"), marks_strip(axis)]
    drawn = joined(rows)
    return element("section", element("h2", "Timeline"), element("div", drawn, class_="rows"), _legend(drawn))


def _row_name(chain: ChainSummary, number: int) -> Markup:
    return element(
        "div",
        element("a", chain_name(chain), href=f"#chain-{number}"),
        " ",
        badge(chain.state),
        element("div", restorable(chain), class_="faint"),
        class_="name",
    )


def _legend(drawn: Markup) -> Markup:
    """Explain what was drawn, and nothing else."""

    def sample(class_: str) -> Markup:
        return element(
            "svg", element("rect", class_=class_, x=1, y=1, width=14, height=10), width=16, height=12
        )

    return element("ul", *(
        element("li", sample(class_), words)
        for class_, words in (
            ("full", "full backup"),
            ("incremental", "incremental layer"),
            ("window", "any time can be restored"),
            ("missing", "not covered, or a step over twice the usual one"),
            ("incremental locked", "layer, not opened"),
            ("incremental broken", "layer, cannot be read"),
            ("full locked", "full backup, not opened"),
            ("full broken", "full backup, cannot be read"),
        )
        if f'class="{class_}"' in drawn
    ), class_="legend")  # fmt: skip


def _footer() -> Markup:
    return element(
        "footer",
        element(
            "p",
            "A layer covers the time from the end of the layer below it to its own end; it can be restored to its end, "
            "and with revision history to any time in between. Data is counted as BACKUP counts it, keys and values of "
            "all versions; stored is what lies in storage. A size of a table is of all layers together. Restore points "
            "are those that were taken, also of layers that are damaged or were not opened.",
        ),
        element("p", "Made by ootheca report."),
    )
