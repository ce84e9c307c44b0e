"""The whole screen as rows of text, at every width that people have."""

from __future__ import annotations

import pytest
from exploring import exploring
from rich.cells import cell_len

from tui_telescope.settings import Settings
from tui_telescope.tui.widgets.status_line import StatusLine

PLAIN = Settings(depth=8, residual=True)


@pytest.mark.parametrize(
    ("columns", "rows", "ascii_only"),
    [(50, 20, False), (80, 24, False), (80, 24, True), (120, 40, False), (200, 50, True)],
)
async def test_every_row_is_filled_to_its_width_and_in_its_place(columns: int, rows: int, ascii_only: bool) -> None:
    async with exploring(PLAIN, size=(columns, rows), ascii_only=ascii_only) as explorer:
        await explorer.press("p", "s", "g", "f")
        lines = explorer.screen_rows()
    assert len(lines) == rows
    assert {cell_len(line) for line in lines} == {columns}
    assert lines[-1].startswith(" ? help  q quit")
    if ascii_only:
        assert "\n".join(lines).isascii()


async def test_the_first_screen_at_80x24() -> None:
    async with exploring(Settings()) as explorer:
        await explorer.until(lambda: "Try r" in explorer.text(StatusLine))
        rows = explorer.screen_rows()
    assert rows[0] == " Telescope    1 gradient  2 factor 3 signal 4 depth 5 map 6 learn 7 train 8 spec"
    assert rows[1][:25] == " NETWORK                 "
    assert rows[3][:25] == ">d Depth              50 "
    assert rows[8][:25] == " r Residual          off "
    assert rows[19].split()[-6:] == ["1", "10", "20", "30", "40", "50"]
    assert rows[20] == "  ▼ VANISHING  Layer 1 receives 2.51e-18 (factor 0.43 a layer). 33 of 50 layers "
    assert rows[21] == " are frozen in float32. Try r: the residual connection brings 8.39e+01.         "
    assert rows[23].startswith(" ? help  q quit  r residual  p pin  g ghost  ")


async def test_at_50_columns_the_chart_has_the_whole_width() -> None:
    async with exploring(PLAIN, size=(50, 20)) as explorer:
        rows = explorer.screen_rows()
    assert rows[0].startswith(" d Depth 8 ")
    assert rows[1].lstrip().startswith("┌")
    assert rows[1].rstrip().endswith("┐")
    assert len(rows[1].rstrip()) == 50


async def test_at_200_columns_the_footer_and_the_top_line_use_the_room() -> None:
    async with exploring(Settings(), size=(200, 50)) as explorer:
        rows = explorer.screen_rows()
    assert "the telephone game: vanishing: 50 sigmoid layers" in rows[0]
    for words in ("f floors", "y copy", "e save", "Ctrl+P palette"):
        assert words in rows[-1]
    assert "layers that the" in "\n".join(rows), "the selected setting is explained"


async def test_what_is_on_the_screen_after_a_modal_screen_is_what_was_there_before() -> None:
    async with exploring() as explorer:
        await explorer.until(lambda: explorer.app.shown and explorer.app.shown.remedy)
        await explorer.pilot.pause()
        before = explorer.screen_rows()
        await explorer.pilot.press("question_mark")
        assert explorer.screen_rows() != before
        await explorer.pilot.press("escape")
        await explorer.pilot.pause()
        assert explorer.screen_rows() == before
