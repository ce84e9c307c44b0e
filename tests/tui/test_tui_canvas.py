"""What a canvas sends: the difference, and nothing where there is none."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from exploring import exploring
from hypothesis import given
from hypothesis import strategies as st
from rich.style import Style
from textual.color import Color
from textual.geometry import Region
from textual.theme import BUILTIN_THEMES, Theme
from textual.widgets import Input

from tui_telescope.settings import REGISTRY, Settings
from tui_telescope.tui.widgets.canvas import Canvas, Line, Seams, Word, changed_regions, fit, without_default_colors
from tui_telescope.tui.widgets.chart_view import ChartView
from tui_telescope.tui.widgets.inks import INKS, ink_style
from tui_telescope.tui.widgets.panels import Panels, setting_row
from tui_telescope.tui.widgets.status_line import ending_in_ellipsis
from tui_telescope.tui.widgets.themes import TERMINAL

BRIGHT_BLUE = 12
"""Its number among the terminal's own sixteen."""


def test_equal_pictures_have_no_changed_region() -> None:
    lines = [(Word("abc"), Word("de", "key"))]
    assert changed_regions(lines, [(Word("abc"), Word("de", "key"))], 5) == []


def test_a_changed_region_runs_from_the_first_changed_cell_to_the_last() -> None:
    before = [(Word("same row"),), (Word("a....b.."),)]
    after = [(Word("same row"),), (Word("a.xx.b!."),)]
    assert changed_regions(before, after, 8) == [Region(2, 1, 5, 1)]


def test_between_seams_each_stretch_of_a_row_is_a_region_of_its_own() -> None:
    before, after = [(Word("aaaaaaaaaa"),)], [(Word("abaaaaabba"),)]
    assert changed_regions(before, after, 10, seams=(4, 8)) == [
        Region(1, 0, 1, 1),
        Region(7, 0, 1, 1),
        Region(8, 0, 1, 1),
    ]


@pytest.mark.parametrize("size", [(80, 24), (50, 20), (160, 50)])
async def test_the_seams_lie_under_chart_and_verdict_where_they_say_they_are(size: tuple[int, int]) -> None:
    async with exploring(size=(80, 24)) as explorer:
        await explorer.pilot.resize_terminal(*size)
        await explorer.pilot.pause()
        (seams,) = explorer.app.screen.query(Seams)
        for canvas in (explorer.app.chart_view, explorer.app.status_line):
            left, right = canvas.region.column_span
            edges = [stretch.region.right for stretch in seams.children]
            assert [edge for edge in edges if left < edge < right] == [left + seam for seam in canvas.seams]
        assert canvas.region.bottom <= seams.region.bottom


def test_another_ink_is_a_change_and_another_cut_of_the_same_words_is_none() -> None:
    plain = [(Word("abc"),)]
    assert changed_regions(plain, [(Word("a"), Word("b", "key"), Word("c"))], 3) == [Region(1, 0, 1, 1)]
    assert changed_regions(plain, [(Word("a"), Word("bc"))], 3) == []


@given(st.lists(st.text("ab ", max_size=6), max_size=5), st.integers(1, 12))
def test_a_fitted_line_has_the_width_asked_for_and_begins_as_it_did(texts: list[str], width: int) -> None:
    line = [Word(text) for text in texts]
    fitted = "".join(word.text for word in fit(line, width))
    assert len(fitted) == width
    assert fitted == "".join(texts)[:width].ljust(width)


def test_the_terminals_own_colours_cost_no_codes() -> None:
    assert without_default_colors(Style.parse("default on default")) is None
    assert without_default_colors(Style.parse("bold red on default")) == Style.parse("bold red")


@pytest.mark.parametrize("ink", INKS)
def test_no_ink_paints_a_background(ink: str) -> None:
    variables = TERMINAL.to_color_system().generate()
    assert ink_style(ink, variables).bgcolor is None


def luminance(color: Color) -> float:
    """WCAG 2's relative luminance."""
    parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in color.normalized]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


@pytest.mark.parametrize(
    "theme", [theme for theme in BUILTIN_THEMES.values() if not theme.ansi], ids=lambda each: each.name
)
@pytest.mark.parametrize("ink", [ink for ink, (variable, _) in INKS.items() if variable])
def test_every_ink_is_legible_on_the_ground_of_every_theme(theme: Theme, ink: str) -> None:
    variables = theme.to_color_system().generate() | theme.variables
    shade = Color.parse(variables[INKS[ink][0]])
    darker, lighter = sorted((luminance(shade), luminance(Color.parse(variables["background"]))))
    assert (lighter + 0.05) / (darker + 0.05) >= 3, "WCAG 2's least contrast of graphics"


def test_curves_that_may_meet_have_colours_of_their_own_in_the_terminals_palette() -> None:
    variables = TERMINAL.to_color_system().generate()
    colors = [ink_style(f"curve-{number}", variables).color for number in range(1, 7)]
    assert len(set(colors)) == len(colors)


def test_the_selected_row_is_marked_without_colour() -> None:
    row = setting_row(Settings(), "depth", 24, True)
    assert row[0].text == ">"
    assert not setting_row(Settings(), "depth", 24, False)[0].text.strip()


@pytest.mark.parametrize("name", REGISTRY)
@pytest.mark.parametrize("end", [0, 1])
def test_a_value_at_either_end_of_its_range_stands_whole_in_its_row(name: str, end: int) -> None:
    setting = REGISTRY[name]
    value = setting.ends[end]
    settings = Settings(depth=1, residual=True, norm="layer").replace(**{name: value})
    text = "".join(word.text for word in setting_row(settings, name, 24, False))
    assert len(text) == 24
    assert text.endswith((f" {setting.show(value)}", f" ({setting.show(value)})"))


def test_a_setting_without_effect_has_no_row() -> None:
    def labels(settings: Settings) -> str:
        return " ".join(
            word.text for line in Panels(settings, "depth", settings, "gradient").draw(24, 60) for word in line
        )

    assert "Branch" not in labels(Settings())
    assert " Branch " in labels(Settings(residual=True))


def test_an_ellipsis_cuts_between_words() -> None:
    assert ending_in_ellipsis("one two three", 20) == "one two three ..."
    assert ending_in_ellipsis("one two three", 13) == "one two ..."


class Counting(Canvas):
    """Shows two rows and counts how often it is asked to render one."""

    def __init__(self) -> None:
        super().__init__()
        self.second = "before"
        self.rendered: list[int] = []

    def draw(self, width: int, height: int) -> Sequence[Line]:
        return [(Word("first"),), (Word(self.second),)]

    def render_line(self, y: int) -> object:  # type: ignore[override]
        self.rendered.append(y)
        return super().render_line(y)


async def test_only_changed_rows_are_rendered_again() -> None:
    async with exploring() as explorer:
        counting = Counting()
        await explorer.app.mount(counting)
        await explorer.pilot.pause()
        counting.rendered.clear()
        counting.redraw()
        await explorer.pilot.pause()
        assert counting.rendered == []
        counting.second = "after"
        counting.redraw()
        await explorer.pilot.pause()
        assert counting.rendered == [1]


async def test_a_theme_of_its_own_colours_the_chart() -> None:
    def colours() -> set[object]:
        chart = explorer.app.screen.query_one(ChartView)
        styles = [segment.style for y in range(chart.size.height) for segment in chart.render_line(y)]
        return {style.color.number for style in styles if style and style.color}

    async with exploring() as explorer:
        assert BRIGHT_BLUE in colours()
        explorer.app.theme = "nord"
        await explorer.pilot.pause()
        assert colours()
        assert BRIGHT_BLUE not in colours()
        await explorer.pilot.press("enter")
        assert explorer.app.screen.query_one(Input).has_focus
