"""The command palette: everything by name."""

from __future__ import annotations

import re

import pytest
from exploring import Explorer, exploring
from textual import events

from tui_telescope.lessons.tour import STEPS
from tui_telescope.presets import PRESETS
from tui_telescope.settings import REGISTRY, Settings
from tui_telescope.tui.actions import EXPLORING, all_actions
from tui_telescope.tui.screens.glossary import meanings
from tui_telescope.tui.screens.help_screen import HelpText, help_lines
from tui_telescope.tui.screens.palette import LONGEST_QUERY, NOT_LISTED, Choices, Entry, Palette, entries, matching
from tui_telescope.tui.screens.synonyms import LEAST_TYPED, SYNONYMS
from tui_telescope.tui.watching.keys import WATCHING
from tui_telescope.tui.widgets.text_field import TextField
from tui_telescope.tui.widgets.themes import OFFERED
from tui_telescope.tui.widgets.value_editor import ValueEditor


def rows(explorer: Explorer) -> list[str]:
    return [row.rstrip() for row in explorer.lines(Choices)]


def selected_row(explorer: Explorer) -> str:
    (row,) = (row for row in rows(explorer) if row.startswith(">"))
    return row


def test_everything_is_on_offer() -> None:
    calls = [entry.call for entry in entries()]
    assert {action.call for action in all_actions()} - set(NOT_LISTED) <= set(calls)
    assert {f"show_preset('{name}')" for name in PRESETS} <= set(calls)
    assert {f"select_setting('{name}')" for name in REGISTRY} <= set(calls)
    assert next(call for call in calls if "theme" in call) == "use_theme('terminal')"
    assert {f"use_theme('{name}')" for name in OFFERED} <= set(calls)
    assert "toggle_ascii" in calls
    assert len(calls) == len(set(calls))


def test_what_begins_a_word_of_the_title_comes_before_what_is_within_and_that_before_the_help() -> None:
    within, begins, in_help, neither = (
        Entry("the upscale", "", ""), Entry("the Scale", "", ""), Entry("width", "", "beside scale"), Entry("x", "", "")
    )  # fmt: skip
    assert matching("scale", [in_help, within, neither, begins]) == [begins, within, in_help]
    assert matching("SCALE the", [in_help, within, neither, begins]) == [begins, within]
    assert matching("  ", [in_help, neither]) == [in_help, neither]
    assert matching("(", [neither]) == []


def test_the_text_finds_an_entry_behind_all_that_its_title_and_its_help_find() -> None:
    told, text = Entry("x", "", "he who gates"), Entry("x", "", "", text="a gate of 1991")
    assert matching("gate", [text, told]) == [told, text]
    assert matching("a gate", [text, told]) == [text]


def test_a_number_is_found_as_a_whole_and_a_word_of_two_letters_where_a_word_begins() -> None:
    longer = [Entry(f"scale {number}", "", "") for number in ("4096", "64", "0.6", "6.5", "2.60")]
    whole = [Entry(title, "", "") for title in ("scale 6", "at 6, or 6.", "float6")]
    assert matching("6", [*longer, *whole]) == whole
    assert matching("6.5", longer) == [longer[3]]
    within, begins = Entry("the theory", "", "of inheritance"), Entry("heads", "", "")
    assert matching("he", [within, begins]) == [begins]


def test_a_word_that_is_the_titles_own_comes_before_one_that_begins_so() -> None:
    begins, own = Entry("healthy", "", ""), Entry("Xavier and He", "", "")
    assert matching("he", [begins, own]) == [own, begins]


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("loss scaling", ["Preset loss-scale", "Select setting: Loss scale", "Number formats"]),
        ("sigma_w", ["Select setting: Scale", "Scale 1 and scale 6", "The edge of chaos"]),
        ("10.15", ["Preset knife-edge", ": The knife edge"]),
        ("derivative", ["View spectrum", ": The slope"]),
        ("dynamical isometry", ["Preset isometry", "View spectrum", "Help: direction"]),
        ("forget gate", ["Select setting: Forget bias", ": Time"]),
        ("he init", ["Preset he-relu", ": Xavier and He", "Select setting: Init"]),
        ("scale 6", ["Scale 1 and scale 6"]),
    ],
)
def test_who_asks_in_the_words_of_the_field_finds_it_among_the_first(query: str, titles: list[str]) -> None:
    found = [each.title for each in matching(query, list(entries()))[:8]]
    assert [title for title in titles if not any(title in each for each in found)] == []


def test_a_year_or_a_name_in_a_steps_text_finds_it() -> None:
    offered = list(entries())
    told = [f"{step.text} {step.answer}" for step in STEPS]
    years = [(number, year) for number, text in enumerate(told) for year in re.findall(r"\b(?:19|20)\d\d\b", text)]
    assert len(years) > 5
    for number, year in years:
        assert f"show_step({number})" in [entry.call for entry in matching(year, offered)]
    (number,) = (number for number, text in enumerate(told) if "Hochreiter saw" in text)
    assert [entry.call for entry in matching("hochreiter 1991", offered)] == [f"show_step({number})"]


def test_a_gap_that_a_step_fills_with_a_number_is_no_word_of_its_text() -> None:
    assert any("{edge}" in step.text for step in STEPS)
    assert not any("{" in each.text for each in entries())


FIELD = (
    "spectrum underflow overflow degradation warm-up xavier glorot he kaiming attention resnet gpt bert saturation fp8 "
    "initialization batchnorm layernorm bptt criticality momentum adam amp fp16 gelu silu swish lecun spread heatmap"
)


@pytest.mark.parametrize("word", FIELD.split())
def test_a_word_of_the_field_finds_something(word: str) -> None:
    assert matching(word, list(entries()))


@pytest.mark.parametrize("word", SYNONYMS)
def test_every_synonym_leads_to_entries_that_hold_what_it_means(word: str) -> None:
    offered = list(entries())
    for meant in SYNONYMS[word]:
        assert any(meant in f"{each.title} {each.help} {each.also}".lower() for each in offered), meant
    found = matching(word.upper(), offered)
    assert found
    assert set(found) <= set(matching(word[:LEAST_TYPED], offered)), "as soon as so much of it is typed"


@pytest.mark.parametrize(("query", "title"), [("spectrum", "View spectrum"), ("xavier", "Select setting: Init")])
def test_views_go_by_their_names_and_settings_by_their_values(query: str, title: str) -> None:
    assert any(each.title.startswith(title) for each in matching(query, list(entries())))


async def test_a_word_of_the_help_opens_it_there() -> None:
    async with exploring() as explorer:
        await explorer.pilot.press("ctrl+p", *"help: spread", "enter")
        await explorer.pilot.pause()
        assert explorer.lines(HelpText)[0].startswith(" spread")
        await explorer.pilot.press("home")
        assert explorer.lines(HelpText)[0].startswith(" Gradient Telescope")


def test_every_word_of_the_help_is_a_line_of_it() -> None:
    for keys in (EXPLORING, WATCHING):
        terms = [line[0].text.strip() for line in help_lines(100, next(iter(keys.views)), keys) if line]
        assert {each.term for each in meanings(of_runs=not keys.has_settings)} <= set(terms)


@pytest.mark.parametrize("name", PRESETS)
def test_a_presets_name_finds_it_first(name: str) -> None:
    assert f"show_preset('{name}')" in [entry.call for entry in matching(name, list(entries()))[:3]]


async def test_a_preset_is_chosen_by_typing_a_part_of_its_name() -> None:
    async with exploring() as explorer:
        await explorer.pilot.press("ctrl+p", *"dying", "enter")
        await explorer.settle()
        assert len(explorer.app.screen_stack) == 1
        assert explorer.app.settings == PRESETS["dying-relu"].settings


async def test_it_opens_once_and_escape_closes_it_without_a_change() -> None:
    async with exploring() as explorer:
        await explorer.pilot.press("ctrl+p", "ctrl+p")
        assert len(explorer.app.screen_stack) == 2
        await explorer.pilot.press(*"dying", "escape")
        assert len(explorer.app.screen_stack) == 1
        assert explorer.app.settings == Settings()


async def test_the_keys_move_the_selection_and_stop_at_the_ends() -> None:
    offered = list(entries())
    async with exploring() as explorer:
        await explorer.pilot.press("ctrl+p", "down", "down", "up")
        assert offered[1].title in selected_row(explorer)
        await explorer.pilot.press("pagedown", *["pageup"] * 2, "up")
        assert offered[0].title in selected_row(explorer)
        await explorer.pilot.press(*["pagedown"] * 20)
        assert "ASCII: " in selected_row(explorer)
        await explorer.pilot.press(*"lstm")
        assert selected_row(explorer).startswith("> Preset lstm")


async def test_a_click_runs_an_entry_and_the_wheel_moves_the_selection() -> None:
    async with exploring() as explorer:
        await explorer.pilot.press("ctrl+p")
        choices = explorer.app.screen.query_one(Choices)
        await choices.on_mouse_scroll_down()
        assert selected_row(explorer).startswith("> Preset residual")
        await explorer.pilot.click(Choices, offset=(4, 3))
        await explorer.settle()
        assert explorer.app.settings == list(PRESETS.values())[3].settings


async def test_where_nothing_is_found_it_is_said_and_enter_does_nothing() -> None:
    async with exploring() as explorer:
        await explorer.pilot.press("ctrl+p", *"zzz", "down", "enter")
        assert isinstance(explorer.app.screen, Palette)
        assert "Nothing here is called that." in explorer.text(Choices)
        assert "0 of 0" in explorer.text(Choices)


@pytest.mark.parametrize("size", [(60, 16), (80, 24)])
async def test_every_entry_stands_whole_while_it_is_selected(size: tuple[int, int]) -> None:
    async with exploring(size=size) as explorer:
        await explorer.pilot.press("ctrl+p")
        choices = explorer.app.screen.query_one(Choices)
        for entry in list(choices.found):
            text = " ".join(explorer.text(Choices).split())
            assert " ".join(f"{entry.title} {entry.help}".split()) in text
            assert selected_row(explorer).startswith(f"> {entry.title[:20]}")
            choices.move(1)


async def test_a_setting_without_a_key_is_selected_and_a_value_typed_from_the_palette() -> None:
    async with exploring() as explorer:
        await explorer.pilot.press("ctrl+p", *"networks", "enter")
        assert explorer.app.selected == "networks"
        await explorer.pilot.press("ctrl+p", *"type an exact", "enter")
        assert explorer.app.query(ValueEditor)
        await explorer.press("3", "enter")
        assert explorer.app.settings.networks == 3


async def test_a_theme_is_chosen_by_name() -> None:
    async with exploring() as explorer:
        await explorer.pilot.press("ctrl+p", *"nord", "enter")
        assert explorer.app.theme == "nord"


@pytest.mark.parametrize("size", [(1, 1), (30, 8), (200, 60)])
async def test_at_any_size_and_back_it_searches_on(size: tuple[int, int]) -> None:
    async with exploring() as explorer:
        await explorer.pilot.press("ctrl+p")
        await explorer.pilot.resize_terminal(*size)
        await explorer.pilot.press("down", "pagedown")
        await explorer.pilot.resize_terminal(80, 24)
        await explorer.pilot.press(*"lstm")
        assert selected_row(explorer).startswith("> Preset lstm")


async def test_below_the_telescopes_own_size_palette_and_help_stay_in_sight() -> None:
    async with exploring(size=(30, 8)) as explorer:
        await explorer.pilot.press("ctrl+p", *"lstm")
        assert selected_row(explorer).startswith("> Preset lstm")
        await explorer.pilot.press("escape", "question_mark")
        assert "Gradient Telescope" in explorer.text(HelpText)


async def test_a_long_paste_is_cut_to_what_the_field_takes() -> None:
    async with exploring() as explorer:
        await explorer.pilot.press("ctrl+p", "x")
        explorer.app.post_message(events.Paste("preset " * 20_000))
        field = explorer.app.screen.query_one(TextField)
        await explorer.until(lambda: len(field.value) > 1)
        assert field.value == ("x" + "preset " * LONGEST_QUERY)[:LONGEST_QUERY]


async def test_plain_characters_are_switched_on_and_off_while_it_runs() -> None:
    async with exploring() as explorer:
        assert not "".join(explorer.screen_rows()).isascii()
        await explorer.pilot.press("ctrl+p", *"ascii", "enter")
        await explorer.settle()
        assert "".join(explorer.screen_rows()).isascii()
        await explorer.pilot.press("ctrl+p", *"ascii", "enter")
        await explorer.settle()
        assert "┤" in "".join(explorer.screen_rows())


async def test_every_theme_on_offer_is_there() -> None:
    async with exploring() as explorer:
        assert set(OFFERED) <= set(explorer.app.available_themes)
