"""The README keeps its word: its commands are understood, its pictures are taken, its numbers are measured."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from take_screenshots import PICTURES

from tui_telescope import Settings, observe
from tui_telescope.arguments import parse
from tui_telescope.notation import scientific
from tui_telescope.tui.actions import all_actions

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
COMMANDS = [line.strip() for line in re.findall(r"^ {4}tui-telescope.*$", README, re.MULTILINE)]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_line_is_understood(command: str) -> None:
    words = shlex.split(re.split(r" [|>#] ", command)[0], comments=True)[1:]
    assert parse(words, in_terminal=words[:1] not in (["print"], ["learn"]))


def test_there_are_commands_for_every_door() -> None:
    assert len(COMMANDS) > 15
    for word in ("tour --quiz", "presets", "--view map", "watch runs/a", "--expect healthy", "learn --depth"):
        assert any(word in command for command in COMMANDS), word


def test_every_picture_is_one_that_is_taken_from_the_app() -> None:
    shown = set(re.findall(r"\(screenshots/([\w-]+)\.svg\)", README))
    assert shown
    assert shown <= {picture.name for picture in PICTURES}


def test_the_numbers_on_the_first_screen_are_measured() -> None:
    for settings in (Settings(), Settings(residual=True)):
        assert scientific(observe(settings).gradient.log10_mean[0]) in README.partition("## Three doors")[0]


def test_every_key_of_a_letter_or_sign_that_is_listed_is_bound() -> None:
    table = README.partition("## Keys")[2].partition("\n## ")[0]
    listed = {
        key for row in table.splitlines() if row.startswith("|") for key in re.findall(r"`(.)`", row.split("|")[1])
    }
    written = {action.written for action in all_actions()}
    assert listed
    assert listed <= written


def test_links_within_it_lead_to_a_heading() -> None:
    headings = {
        re.sub(r"[^\w -]", "", line.lstrip("# ")).lower().replace(" ", "-")
        for line in README.splitlines() if line.startswith("#")
    }  # fmt: skip
    assert set(re.findall(r"\]\(#([\w-]+)\)", README)) <= headings
