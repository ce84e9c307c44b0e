"""What the words of a command line ask for, and which of them make no sense."""

from __future__ import annotations

from typing import get_args

import pytest

from tui_telescope.arguments import COMMANDS, OPTIONS, STATES, Answer, parse
from tui_telescope.charts.views import VIEWS
from tui_telescope.observations.observation import State
from tui_telescope.presets import PRESETS
from tui_telescope.printing.standard_output import UsageError
from tui_telescope.settings import REGISTRY, Settings

EXAMPLES = {
    "--preset": ("residual",), "--view": ("factor",), "--depths": ("5",), "--format": ("csv",), "--expect": ("dead",),
    "--steps": ("5",),
}  # fmt: skip
FLAGS = {
    **{flag: (flag, *EXAMPLES.get(flag, ())) for flag in OPTIONS},
    **{setting.flag: tuple(setting.arguments(setting.default)) for setting in REGISTRY.values()},
}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_takes_the_flags_that_it_uses_and_refuses_all_others_by_name(command: str) -> None:
    word = [command, *filter(None, [COMMANDS[command].operand])] if command else []
    for flag, words in FLAGS.items():
        view = ["--view", "map"] if flag == "--depths" and command == "print" else []
        if flag in COMMANDS[command].flags:
            parse([*word, *words, *view], in_terminal=True)
        else:
            with pytest.raises(UsageError) as refusal:
                parse([*word, *words], in_terminal=True)
            assert str(refusal.value).startswith(f"{flag}: {COMMANDS[command].name} does not use it")


def test_without_a_terminal_no_command_is_print() -> None:
    assert parse(["--format", "csv"], in_terminal=False).command == "print"
    with pytest.raises(UsageError, match="--format: exploring does not use it; allowed with: print"):
        parse(["--format", "csv"], in_terminal=True)
    with pytest.raises(UsageError, match="--no-mouse: print does not use it"):
        parse(["--no-mouse"], in_terminal=False)


def test_a_flag_that_only_some_views_use_is_refused_for_the_others() -> None:
    with pytest.raises(UsageError, match="--depths: the view factor does not use it; allowed with: depth, map"):
        parse(["print", "--depths", "5", "--view", "factor"], in_terminal=False)
    with pytest.raises(UsageError, match="--expect: the view map does not use it"):
        parse(["print", "--expect", "dead", "--view", "map"], in_terminal=False)


def test_learning_has_no_picture_and_takes_a_number_of_steps() -> None:
    assert parse(["learn"], in_terminal=True).steps == 600
    with pytest.raises(UsageError, match="--format: svg is not allowed; allowed: text, json, csv"):
        parse(["learn", "--format", "svg"], in_terminal=True)
    with pytest.raises(UsageError, match="--steps: '0' is not allowed; allowed: a whole number from 1 to 1000000"):
        parse(["learn", "--steps", "0"], in_terminal=True)


def test_settings_win_over_the_preset() -> None:
    options = parse(["--depth", "7", "--preset", "residual"], in_terminal=True)
    assert options.settings == PRESETS["residual"].settings.replace(depth=7)
    assert parse([], in_terminal=True).settings == Settings()


@pytest.mark.parametrize("value", ["-1e-5", "-.5", "-5.", "-1_0", "-0", "-1.5E+0"])
def test_a_negative_number_is_a_value_in_any_notation(value: str) -> None:
    for words in (["--forget-bias", value], [f"--forget-bias={value}"]):
        assert parse(words, in_terminal=True).settings.forget_bias == float(value)


@pytest.mark.parametrize("value", ["-inf", "-nan", "-x", "-1e", "-11"])
def test_what_is_no_allowed_number_is_refused_as_a_value(value: str) -> None:
    with pytest.raises(UsageError, match=f"^--forget-bias: '{value}' is not allowed; allowed: a number from -10 to 10"):
        parse(["--forget-bias", value], in_terminal=True)


def test_a_flag_in_the_place_of_a_value_is_a_flag() -> None:
    with pytest.raises(UsageError, match=r"^--depth: expected one argument"):
        parse(["--depth", "--residual"], in_terminal=True)
    with pytest.raises(UsageError, match=r"^--forget-bias: expected one argument"):
        parse(["--forget-bias"], in_terminal=True)


def test_help_is_little_more_than_a_screen_and_names_every_flag_view_and_state() -> None:
    with pytest.raises(Answer) as answer:
        parse(["print", "--help", "--nonsense"], in_terminal=True)
    lines = str(answer.value).splitlines()
    assert len(lines) <= 28
    assert max(map(len, lines)) <= 80
    for word in (*FLAGS, *VIEWS, *STATES, "--version", "--no-residual"):
        assert word in str(answer.value)


def test_every_state_can_be_expected() -> None:
    assert set(STATES) == set(get_args(State))
