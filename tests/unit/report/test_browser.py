"""The page in a real browser, headless Chromium: it fits a narrow screen, and what it draws is where it belongs."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from ootheca.report.page import render_page
from tests.support.golden import GoldenSet
from tests.support.reports import report_on

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")

# A frame may be narrower than the smallest window; the page itself forbids every script.
FRAME = """<!DOCTYPE html><meta charset="utf-8">
<iframe id="f" style="width:{width}px;height:900px;border:0" src="page.html"></iframe>
<script>
onload = () => {{
  const page = document.getElementById("f").contentDocument;
  const drawn = [...page.querySelectorAll("svg.strip rect")].map(rect => {{
    const box = rect.getBoundingClientRect();
    return {{
      kind: rect.getAttribute("class"), left: box.left, right: box.right, fill: getComputedStyle(rect).fill
    }};
  }});
  const root = page.documentElement;
  document.title = JSON.stringify({{needed: root.scrollWidth, given: root.clientWidth, drawn: drawn}});
}};
</script>"""


def measure(folder: Path, page: str, width: int) -> Any:
    """Show a page at a width, and return what its layout came to."""
    assert CHROMIUM is not None
    (folder / "page.html").write_text(page, encoding="utf-8")
    frame = folder / "frame.html"
    frame.write_text(FRAME.format(width=width), encoding="utf-8")
    flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files"]
    done = subprocess.run(
        [CHROMIUM, *flags, f"--user-data-dir={folder / 'profile'}", "--virtual-time-budget=5000", "--dump-dom",
         frame.as_uri()],
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    title = re.search(r"<title>(.*?)</title>", done.stdout)
    assert title is not None, done.stdout
    return json.loads(html.unescape(title[1]))


@pytest.mark.parametrize("width", [400, 1100])
def test_the_page_fits_its_width_and_layers_follow_each_other(tmp_path: Path, width: int) -> None:
    page = render_page(report_on(GoldenSet("21.2", "e_revision").extern, "nodelocal://1/app"))
    found = measure(tmp_path, page, width)
    assert found["needed"] <= found["given"] <= width
    layers = sorted(
        (each for each in found["drawn"] if each["kind"] == "incremental"), key=lambda each: each["left"]
    )
    [full] = [each for each in found["drawn"] if each["kind"] == "full"]
    assert (full["left"] + full["right"]) / 2 == pytest.approx(layers[0]["left"], abs=1)
    for below, layer in pairwise(layers):
        assert layer["left"] == pytest.approx(below["right"], abs=1)
    assert 0 < full["left"] < layers[-1]["right"] < width
    assert len({each["fill"] for each in found["drawn"]}) == 3  # full, incremental, any time
