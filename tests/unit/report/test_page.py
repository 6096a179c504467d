"""The page: well formed, alone, its numbers those of the facts, and every name in it nothing but text."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from ootheca.backup.verify import VerifyReport
from ootheca.clock import Timestamp
from ootheca.errors import CorruptionError
from ootheca.report.chains import restorable
from ootheca.report.facts import ChainSummary, KeySummary, LayerSummary, Problem, Report, TableSummary
from ootheca.report.markup import Markup, element, visible
from ootheca.report.page import render_page, verdict
from ootheca.report.times import Axis, format_duration, format_time
from tests.support.golden import PASSPHRASE, GoldenSet, golden_sets
from tests.support.reports import NOW, Node, keys_of, parse_page, report_on

HOSTILE = '<script>alert(\'x\')</script>" onload="x" &amp; </style><img src=x> \u202egnp.exe\x1b[2J\ud800'


def at(second: int) -> Timestamp:
    return Timestamp(1_795_000_000_000_000_000 + second * 1_000_000_000)


FULL = LayerSummary("", "full", None, at(0), is_opened=True, stored_size=10, data_size=5, rows=2, num_files=3)


def page_of(report: Report) -> Node:
    return parse_page(render_page(report))


def rows(page: Node) -> list[list[str]]:
    """The cells of all tables."""
    return [[cell.text for cell in row.all("td")] for row in page.all("tr") if list(row.all("td"))]


def shares(page: Node) -> list[float]:
    """The lengths of the bars in percent."""
    bars = [list(svg.all("rect"))[1] for svg in page.all("svg", "bar")]
    return [float((bar.attributes["width"] or "").rstrip("%")) for bar in bars]


# The page as a whole


@pytest.mark.parametrize("golden", golden_sets("d_chain", "e_revision"))
def test_numbers_are_those_of_the_backup(golden: GoldenSet) -> None:
    report = report_on(golden.extern, "nodelocal://1/app")
    page = page_of(report)
    [chain] = report.chains
    cells = rows(page)
    layers = cells[: len(chain.layers)]
    assert [row[1] for row in layers] == [format_time(layer.end) for layer in chain.layers if layer.end]
    assert [row[7] for row in layers] == [
        str(manifest.entry_counts.rows) for manifest in golden.layers("app")
    ]
    tables = cells[len(chain.layers) :]
    assert [row[0] for row in tables] == [table.name for table in chain.tables if table.data_size]
    assert [row[3] for row in tables] == [str(table.rows) for table in chain.tables if table.data_size]
    assert sum(shares(page)[len(layers) :]) == pytest.approx(100, abs=0.1)
    strip = next(page.all("svg", "strip"))
    assert len(list(strip.all("rect", "full"))) == 1
    assert len(list(strip.all("rect", "incremental"))) == 3
    assert len(list(strip.all("rect", "window"))) == (3 if golden.name == "e_revision" else 0)
    assert "Whole: everything was opened and verified" in page.text


def test_the_page_needs_nothing_else() -> None:
    text = render_page(report_on(GoldenSet("21.2", "d_chain").extern, "nodelocal://1/app"))
    page = parse_page(text)
    names = {node.name for node in page.all("html")} | {
        name for name in ("script", "link", "img", "iframe", "object") if list(page.all(name))
    }
    assert names == {"html"}
    assert not re.search(r"@import|@font-face|url\((?!#)|https?:", text)
    policies = [
        meta.attributes.get("content") for meta in page.all("meta") if "http-equiv" in meta.attributes
    ]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'"]
    links = [link.attributes["href"] for link in page.all("a")]
    ids = {f"#{node.attributes['id']}" for node in page.all("section") if "id" in node.attributes}
    assert set(links) == ids


def test_drawings_are_told_in_words() -> None:
    page = page_of(report_on(GoldenSet("21.2", "d_chain").extern, "nodelocal://1/app"))
    pictures = [svg for svg in page.all("svg") if svg.attributes.get("role") == "img"]
    assert pictures
    assert all(svg.attributes.get("aria-label") for svg in pictures)
    strip = next(page.all("svg", "strip"))
    assert "a full backup and 3 incremental layers" in (strip.attributes["aria-label"] or "")


# Hostile names


def hostile_report() -> Report:
    keys = (KeySummary(HOSTILE, "kms", HOSTILE, HOSTILE, "fails", HOSTILE),)
    verification = VerifyReport(1, 1, 1, 1, 1, (CorruptionError(HOSTILE, location=HOSTILE, hint=HOSTILE),))
    chain = ChainSummary(
        HOSTILE,
        (FULL, replace(FULL, kind="incremental", path=HOSTILE, start=at(0), end=at(5))),
        keys=keys,
        is_latest=True,
        file_versions=(HOSTILE,),
        is_full_cluster=True,
        databases=(HOSTILE,),
        cluster_version=HOSTILE,
        localities=(HOSTILE,),
        tables=(TableSummary(HOSTILE, 5, 2, 1, 10), TableSummary(HOSTILE, 0, 0, 0)),
        problems=(Problem(HOSTILE, HOSTILE, HOSTILE),),
        verification=verification,
    )
    return Report(HOSTILE, NOW, True, (chain,), (Problem(HOSTILE, HOSTILE, HOSTILE),), (HOSTILE,))


def test_a_name_is_nothing_but_text() -> None:
    text = render_page(hostile_report())
    page = parse_page(text)
    text.encode()  # holds no lone surrogate
    assert not list(page.all("script"))
    assert not list(page.all("img"))
    assert not re.search(r"[\u202a-\u202e\u2066-\u2069\x00-\x09\x0b-\x1f]", text)
    for node in (
        node for name in ("section", "td", "span", "code", "svg", "a", "h1") for node in page.all(name)
    ):
        assert not {key for key in node.attributes if key.startswith("on")}
    assert "<script>alert('x')</script>" in next(page.all("h1")).text
    assert text.count("<style>") == text.count("</style>") == 1


def test_what_cannot_be_seen_is_shown_by_its_code() -> None:
    assert visible("a\u202eb\x00\u200b\ue000") == "a\\u{202e}b\\u{0}\\u{200b}\\u{e000}"
    assert visible("Žluťoučký kůň 🐎 – 馬") == "Žluťoučký kůň 🐎 – 馬"


def test_only_markup_is_left_as_it_is() -> None:
    nested = element("b", "<i>", Markup("<i>x</i>"), title='"<&')
    assert nested == '<b title="&quot;&lt;&amp;">&lt;i&gt;<i>x</i></b>'
    assert (
        element("svg", width=5, hidden=True, role=None, aria_label="a")
        == '<svg width="5" hidden aria-label="a"></svg>'
    )


# States


def test_a_damaged_backup_gives_a_page(tmp_path: Path) -> None:
    shutil.copytree(GoldenSet("21.2", "d_chain").extern / "app", tmp_path / "app")
    shutil.rmtree(tmp_path / "app" / "data")
    manifest = min((tmp_path / "app").glob("*/*/BACKUP_MANIFEST"))
    manifest.write_bytes(b"x")
    report = report_on(tmp_path, "nodelocal://1/app")
    page = page_of(report)
    assert f"{report.num_problems} problems found." in page.text
    assert len(list(page.all("li"))) > report.num_problems  # and the legend
    strip = next(page.all("svg", "strip"))
    assert len(list(strip.all("rect", "incremental broken"))) == 1
    assert not list(strip.all("rect", "missing"))  # the layer's folder still tells its time


def test_a_lost_layer_is_drawn_as_missing(tmp_path: Path) -> None:
    shutil.copytree(GoldenSet("21.2", "d_chain").extern / "app", tmp_path / "app")
    shutil.rmtree(sorted((tmp_path / "app").glob("*/*/BACKUP_MANIFEST"))[1].parent)
    strip = next(page_of(report_on(tmp_path, "nodelocal://1/app")).all("svg", "strip"))
    [missing] = strip.all("rect", "missing")
    assert "no layer covers 2026-11-21 18:41:41.654 to 2026-11-21 18:41:42.428 (775 ms)" in missing.text


@pytest.mark.parametrize("golden", golden_sets("c_kms"))
def test_a_locked_backup_shows_its_layers_and_keys(golden: GoldenSet) -> None:
    report = report_on(golden.extern, "nodelocal://1/kms2")
    page = page_of(report)
    assert "Not opened: no key that was given opens it." in page.text
    assert "Nothing could be opened, so nothing was verified." in page.text
    for key in report.chains[0].keys:
        assert key.master_key_hash
        assert key.master_key_hash in page.text
    strip = next(page.all("svg", "strip"))
    assert len(list(strip.all("rect", "incremental locked"))) == 2


def test_no_secret_is_on_the_page() -> None:
    extern = GoldenSet("21.2", "b_passphrase").extern
    uri = "nodelocal://1/enc?AWS_SECRET_ACCESS_KEY=hunter2"
    text = render_page(report_on(extern, uri, keys=keys_of(PASSPHRASE)))
    assert "Whole" in text
    assert PASSPHRASE not in text
    assert "hunter2" not in text
    kms = "testkms:///keyA?AUTH=specified&CREDENTIALS=hunter2"
    text = render_page(
        report_on(GoldenSet("21.2", "c_kms").extern, "nodelocal://1/kms2", keys=keys_of(None, kms))
    )
    assert "keyA (testkms)" in text
    assert "hunter2" not in text


def test_the_verdict_names_the_worst() -> None:
    whole = VerifyReport(1, 0, 0, 0, 0, ())
    sound = ChainSummary("a", (FULL,), verification=whole)
    locked = ChainSummary("b", (replace(FULL, is_opened=False),), keys=(KeySummary("k", "passphrase", None),))
    broken = ChainSummary("c", (replace(FULL, is_opened=False, problem=Problem("x")),))

    def of(*chains: ChainSummary) -> str:
        return verdict(Report("u", NOW, True, chains))

    assert of(sound) == "Whole: everything was opened and verified, and no problem was found."
    assert of(sound, replace(sound, verification=None)) == "Opened, 2 backups. Data files were not read."
    assert of(sound, locked) == "Not opened (1 of 2 backups): no key that was given opens it."
    assert of(sound, locked, broken) == "1 problem found."
    failed = replace(sound, keys=(KeySummary("k", "kms", "00", "k", "fails", "switched off"),))
    assert of(failed).endswith("no problem was found. 1 key that should open a backup did not.")


def test_of_a_locked_layer_nobody_knows_whether_it_has_revision_history() -> None:
    locked = ChainSummary("b", (replace(FULL, is_opened=False),), keys=(KeySummary("k", "passphrase", None),))
    assert restorable(locked) == "1 restore point"
    assert restorable(ChainSummary("b", (FULL,))) == "1 restore point, no revision history"


def test_a_long_chain_is_drawn_whole_and_listed_in_two_parts() -> None:
    layers = [replace(FULL, kind="incremental", path=str(i), start=at(i), end=at(i + 1)) for i in range(200)]
    page = page_of(Report("u", NOW, False, (ChainSummary("", (FULL, *layers)),)))
    assert "171 more layers" in [node.text for node in page.all("summary")]
    assert len(rows(page)) == 201
    strip = next(page.all("svg", "strip"))
    assert len(list(strip.all("rect", "incremental"))) == 200
    assert not list(strip.all("line", "joint"))  # they would hide layers of a few pixels


def test_of_many_chains_the_newest_and_the_damaged_are_open() -> None:
    whole = VerifyReport(1, 0, 0, 0, 0, ())
    chains = [ChainSummary(str(i), (replace(FULL, end=at(i)),), verification=whole) for i in range(6)]
    chains[2] = replace(chains[2], problems=(Problem("x"),))
    page = page_of(Report("u", NOW, True, tuple(chains)))
    closed = [s.attributes["id"] for s in page.all("section", "chain") if list(s.all("details"))]
    assert closed == ["chain-5", "chain-4", "chain-2", "chain-1"]


# Times


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "0 ms"),
        (999_000_000, "999 ms"),
        (1_400_000_000, "1.4 s"),
        (60_000_000_000, "1 min"),
        (3_725_000_000_000, "1 h 2 min"),
        (273_600_000_000_000, "3 d 4 h"),
        (-60_000_000_000, "-1 min"),
    ],
)
def test_durations(ns: int, text: str) -> None:
    assert format_duration(ns) == text


@pytest.mark.parametrize("seconds", [0.005, 1, 7, 90, 5000, 86400, 30 * 86400, 3000 * 86400, 40_000 * 86400])
def test_marks_are_few_ascend_and_lie_on_the_axis(seconds: float) -> None:
    axis = Axis.over([at(0), Timestamp(at(0).wall_ns + int(seconds * 1e9))])
    marks = axis.marks()
    assert 1 <= len(marks) <= 6
    assert [ns for ns, _ in marks] == sorted({ns for ns, _ in marks})
    assert all(axis.start_ns <= ns <= axis.end_ns for ns, _ in marks)
    assert len({label for _, label in marks}) == len(marks)
