"""The chains along one time axis, as SVG: positions in percent, so that a drawing is as wide as the page.

A full backup is a bar at its time; an incremental layer reaches from the end of the layer below to its own. The line
below them tells where any time can be restored, and what is hatched is missing.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

from ootheca.clock import Timestamp
from ootheca.exec.quantities import format_size
from ootheca.report.facts import ChainSummary, LayerSummary, Report, gaps
from ootheca.report.markup import Markup, element, joined
from ootheca.report.parts import count
from ootheca.report.times import Axis, format_duration, format_time

__all__ = ["HATCH", "axis_of", "chain_strip", "marks_strip", "points_strip"]

_LAYER_TOP, _LAYER_HEIGHT = 8, 18
_FULL_TOP, _FULL_HEIGHT, _FULL_WIDTH = 2, 30, 6
_WINDOW_TOP, _WINDOW_HEIGHT = 36, 5
_STRIP_HEIGHT: Final = 44
_POINTS_HEIGHT, _POINT_RADIUS = 20, 3.5
_MARKS_HEIGHT, _MARKS_BASE = 22, 16
_MIN_JOINED: Final = 0.8  # percent; of shorter layers the ends are not drawn, for they would hide the layers
_MANY_MARKS: Final = 3  # of more, a narrow page shows every other one
_BORDER: Final = 93  # percent; a label beyond it ends at its mark instead of being centred

HATCH = Markup(
    '<svg class="defs" width="0" height="0" aria-hidden="true"><defs><pattern id="hatch" width="6" height="6" '
    'patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="hatch" width="3" height="6"/></pattern>'
    "</defs></svg>"
)
"""The pattern of what is missing, once on a page."""


def axis_of(report: Report) -> Axis | None:
    """Return the axis of all restore points; None where no layer's time is known."""
    return Axis.over(list(report.ends)) if report.ends else None


def chain_strip(chain: ChainSummary, axis: Axis) -> Markup:
    """Draw the layers of a chain."""
    known = [layer for layer in chain.layers if layer.kind != "compacted"]
    drawn = [_window(layer, axis) for layer in known]
    drawn += [_missing(below, layer, axis) for below, layer in pairwise(known)]
    below_each = zip(known, [None, *known], strict=False)
    # A full backup is drawn last: the layer that begins at its time must not hide it.
    drawn += reversed([_layer(layer, below, axis) for layer, below in below_each])
    return _svg("strip", _STRIP_HEIGHT, _describe(chain), joined([_grid(axis, _STRIP_HEIGHT), *drawn]))


def points_strip(report: Report, axis: Axis) -> Markup:
    """Draw every restore point, and the steps between them that are unusually long."""
    found = gaps(report)
    drawn = [
        _span(
            "missing", axis, gap.start, gap.end, 3, _POINTS_HEIGHT - 6, f"gap: {_between(gap.start, gap.end)}"
        )
        for gap in found
    ]
    drawn += [
        element(
            "circle",
            element("title", format_time(end)),
            class_="point",
            cx=_percent(axis.percent(end.wall_ns)),
            cy=_POINTS_HEIGHT / 2,
            r=_POINT_RADIUS,
        )
        for end in report.ends
    ]
    label = f"{len(report.ends)} restore points, {len(found)} gaps"
    return _svg("strip", _POINTS_HEIGHT, label, joined([_grid(axis, _POINTS_HEIGHT), *drawn]))


def marks_strip(axis: Axis) -> Markup:
    """Write the labels of the axis."""
    labels, marks = [], axis.marks()
    for number, (ns, label) in enumerate(marks):
        at = axis.percent(ns)
        anchor = "end" if at > _BORDER else "start" if at < 100 - _BORDER else "middle"
        classes = "mark odd" if number % 2 and len(marks) > _MANY_MARKS else "mark"
        labels.append(
            element("text", label, class_=classes, x=_percent(at), y=_MARKS_BASE, text_anchor=anchor)
        )
    return _svg("marks", _MARKS_HEIGHT, "time, UTC", joined(labels))


def _grid(axis: Axis, height: int) -> Markup:
    return joined(
        element("line", class_="grid", x1=at, x2=at, y1=0, y2=height)
        for at in (_percent(axis.percent(ns)) for ns, _ in axis.marks())
    )


def _layer(layer: LayerSummary, below: LayerSummary | None, axis: Axis) -> Markup | None:
    if layer.end is None:
        return None
    words = f"{layer.kind}, {format_time(layer.end)}"
    if layer.stored_size is not None:
        words += f", {format_size(layer.stored_size)}"
    state = "" if layer.is_opened else " broken" if layer.problem else " locked"
    if layer.kind == "full":
        at = axis.percent(layer.end.wall_ns)
        return element(
            "rect",
            element("title", words),
            class_=f"full{state}",
            x=_percent(at),
            y=_FULL_TOP,
            width=_FULL_WIDTH,
            height=_FULL_HEIGHT,
            transform=f"translate({-_FULL_WIDTH / 2})",
        )
    start = layer.start or (below.end if below is not None else None) or layer.end
    span = _span(f"incremental{state}", axis, start, layer.end, _LAYER_TOP, _LAYER_HEIGHT, words)
    at = axis.percent(layer.end.wall_ns)
    if at - axis.percent(start.wall_ns) < _MIN_JOINED:
        return span
    bottom = _LAYER_TOP + _LAYER_HEIGHT
    joint = element("line", class_="joint", x1=_percent(at), x2=_percent(at), y1=_LAYER_TOP, y2=bottom)
    return joined((span, joint))


def _window(layer: LayerSummary, axis: Axis) -> Markup | None:
    """Draw where any time can be restored; from the border on, where nothing tells since when."""
    if not layer.has_revision_history or layer.end is None:
        return None
    start = layer.window_start or Timestamp(0)
    since = f"since {format_time(start)}" if start else "(since when, its manifest does not tell)"
    words = f"any time up to {format_time(layer.end)} {since}"
    return _span("window", axis, start, layer.end, _WINDOW_TOP, _WINDOW_HEIGHT, words)


def _missing(below: LayerSummary, layer: LayerSummary, axis: Axis) -> Markup | None:
    # The name of a folder tells its time in hundredths of a second only.
    if not below.is_opened or below.end is None or layer.start is None or layer.start <= below.end:
        return None
    words = f"no layer covers {_between(below.end, layer.start)}"
    return _span("missing", axis, below.end, layer.start, _LAYER_TOP, _LAYER_HEIGHT, words)


def _span(
    class_: str, axis: Axis, start: Timestamp, end: Timestamp, top: int, height: int, words: str
) -> Markup:
    first, last = axis.percent(start.wall_ns), axis.percent(end.wall_ns)
    return element(
        "rect",
        element("title", words),
        class_=class_,
        x=_percent(first),
        y=top,
        width=_percent(max(last - first, 0.0)),
        height=height,
    )


def _between(start: Timestamp, end: Timestamp) -> str:
    return f"{format_time(start)} to {format_time(end)} ({format_duration(end.wall_ns - start.wall_ns)})"


def _describe(chain: ChainSummary) -> str:
    """Tell in words what a strip draws."""
    layers = count(len(chain.layers) - 1, "incremental layer")
    ends = chain.ends
    return f"a full backup and {layers}" + (
        f", {format_time(ends[0])} to {format_time(ends[-1])}" if ends else ""
    )


def _percent(value: float) -> str:
    return f"{value:.3f}%"


def _svg(class_: str, height: int, label: str, content: Markup) -> Markup:
    return element("svg", content, class_=class_, width="100%", height=height, role="img", aria_label=label)
