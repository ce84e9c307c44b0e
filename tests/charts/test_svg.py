"""A picture for a page: what it draws, and what it writes."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from tui_telescope.charts.chart import Chart
from tui_telescope.charts.drawing.svg import COLORS, svg
from tui_telescope.charts.elements import Axis, Curve

PLACES = np.linspace(0.0, 1.0, 50)
CHART = Chart("a < b & c", Axis(0.0, 1.0), Axis(0.0, 1.0), (Curve(PLACES, PLACES), Curve(PLACES, 0 * PLACES)))
SIDE = 4


def elements(picture: str, kind: str) -> list[ElementTree.Element]:
    return list(ElementTree.fromstring(picture).iter(f"{{http://www.w3.org/2000/svg}}{kind}"))


def luminance(color: str) -> float:
    """Relative luminance (WCAG 2.1)."""
    channels = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels]
    return sum(share * each for share, each in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_its_ground_is_white_and_nothing_is_round():
    picture = svg(CHART)
    ground, *_ = elements(picture, "rect")
    root = ElementTree.fromstring(picture)
    assert (ground.get("fill"), ground.get("width"), ground.get("height")) == (
        "#ffffff",
        root.get("width"),
        root.get("height"),
    )
    assert elements(picture, "circle") == []


@pytest.mark.parametrize("ink", [ink for ink in COLORS if ink not in ("band", "frame", "grid", "shade")])
def test_what_is_read_stands_out_from_white(ink: str):
    assert 1.05 / (luminance(COLORS[ink]) + 0.05) >= 4.5, "WCAG 2.1, contrast of text"


def test_each_dot_of_a_curve_is_a_square_at_its_place():
    drawn = "".join(path.get("d", "") for path in elements(svg(CHART), "path"))
    squares = {(int(x), int(y)) for x, y in re.findall(rf"M(\d+) (\d+)h{SIDE}v{SIDE}h-{SIDE}z", drawn)}
    dots = CHART.draw(100, 30).text
    bits = sum(bin(ord(each) - 0x2800).count("1") for each in dots if 0x2800 <= ord(each) < 0x2900)
    assert len(squares) == bits > 200
    tops = [min(y for at, y in squares if at == x) for x in sorted({x for x, _ in squares})]
    assert tops == sorted(tops, reverse=True), "the first curve only rises"
    assert tops[0] - tops[-1] > 20 * 25


def test_words_are_kept_whole_below_the_chart_and_in_it():
    long = "word " * 60 + "end"
    picture = svg(CHART, "", long, "a caption")
    written = "".join("".join(each.itertext()) + " " for each in elements(picture, "text")).replace("\u00a0", " ")
    assert "a < b & c" in written
    assert " ".join(written.split()).endswith(f"{long} a caption")
    assert ElementTree.fromstring(svg(CHART, "", long)).get("height") < ElementTree.fromstring(picture).get("height")


def test_ascii_draws_with_letters_alone():
    picture = svg(CHART, ascii_only=True)
    assert elements(picture, "path") == []
    assert picture.replace("\u00a0", " ").isascii()
