"""What the words of a command line ask for, and which of them make no sense."""

from __future__ import annotations

import re
import shlex
from typing import get_args

import pytest

from tui_telescope.arguments import COMMANDS, OPTIONS, STATES, Answer, parse
from tui_telescope.charts.views import RUN_VIEWS, VIEWS
from tui_telescope.manual import PAGES
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


def test_a_quiz_that_nobody_answers_is_refused() -> None:
    assert parse(["tour", "--quiz"], in_terminal=True).quiz
    with pytest.raises(UsageError, match="--autoplay: the quiz waits for its answers"):
        parse(["tour", "--quiz", "--autoplay"], in_terminal=True)


def test_without_a_terminal_no_command_is_print() -> None:
    assert parse(["--format", "csv"], in_terminal=False).command == "print"
    with pytest.raises(UsageError, match="--format: exploring does not use it; allowed with: print"):
        parse(["--format", "csv"], in_terminal=True)
    with pytest.raises(UsageError, match="--no-mouse: print does not use it"):
        parse(["--no-mouse"], in_terminal=False)


def test_on_the_screen_a_preset_opens_in_its_view_unless_another_is_asked_for() -> None:
    for words, view in (
        (["--preset", "isometry"], "spectrum"),
        (["tour", "--preset", "frozen-sigmoids", "--scale", "2"], "learn"),
        (["--preset", "isometry", "--view", "gradient"], "gradient"),
        (["--preset", "he-relu"], "gradient"),
        (["print", "--preset", "isometry"], "gradient"),
    ):
        assert parse(words, in_terminal=True).view == view
    assert parse(["--preset", "isometry"], in_terminal=False).view == "gradient"


def test_a_flag_that_only_some_views_use_is_refused_for_the_others() -> None:
    with pytest.raises(UsageError, match="--depths: the view factor does not use it; allowed with: depth, map"):
        parse(["print", "--depths", "5", "--view", "factor"], in_terminal=False)
    with pytest.raises(UsageError, match="--expect: the view map does not use it"):
        parse(["print", "--expect", "dead", "--view", "map"], in_terminal=False)


def test_learning_has_no_picture_and_takes_a_number_of_steps() -> None:
    assert parse(["learn"], in_terminal=True).steps == 600
    with pytest.raises(UsageError, match="--format: 'svg' is not allowed; allowed: text, json, csv"):
        parse(["learn", "--format", "svg"], in_terminal=True)
    with pytest.raises(UsageError, match="--steps: '0' is not allowed; allowed: a whole number from 1 to 1000000"):
        parse(["learn", "--steps", "0"], in_terminal=True)


def test_a_mistyped_word_is_answered_with_what_the_command_takes_alone() -> None:
    watch = ["watch", "runs/a"]
    for words, allowed in ((["--view", "heatmp"], RUN_VIEWS), (["--format", "svg"], ("text", "json", "csv"))):
        with pytest.raises(UsageError, match=f"is not allowed; allowed: {', '.join(allowed)}(;|$)"):
            parse([*watch, *words], in_terminal=True)
    with pytest.raises(UsageError, match=r"^no flag --vieww; did you mean --view\?$"):
        parse([*watch, "--vieww"], in_terminal=True)
    settings = "; did you mean --loss, --bias?"
    for words, said in ((watch, ""), (["print"], settings), ([], settings)):
        with pytest.raises(UsageError, match=f"^no flag --bogus{re.escape(said)}$"):
            parse([*words, "--bogus"], in_terminal=True)


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


def asked(*words: str) -> str:
    with pytest.raises(Answer) as answer:
        parse(words, in_terminal=True)
    return str(answer.value)


def test_help_is_one_screen_and_names_every_command_and_view_and_where_the_rest_is() -> None:
    lines = asked("--help", "--nonsense").splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80
    for word in (*COMMANDS, *VIEWS, "--preset", "--version", "COMMAND --help"):
        assert word in "\n".join(lines)


@pytest.mark.parametrize("command", [command for command in COMMANDS if command])
def test_a_commands_own_help_says_all_of_its_flags_its_values_and_its_exit_statuses(command: str) -> None:
    text = asked(command, "--help", "--nonsense")
    assert max(map(len, text.splitlines())) <= 80
    for title in ("NAME", "SYNOPSIS", "DESCRIPTION", "EXAMPLES", "EXIT STATUS"):
        assert f"{title}\n" in text
    above_the_examples = text.partition("EXAMPLES\n")[0]
    for flag in FLAGS:
        words = (f"  {flag} ", f"  --[no-]{flag[2:]} ")
        assert any(word in above_the_examples for word in words) == (flag in COMMANDS[command].flags), flag
    for setting in REGISTRY.values():
        if setting.flag in COMMANDS[command].flags:
            assert " ".join(f"{setting.help} ({setting.allowed}".split()) in " ".join(text.split())
    if "--expect" in COMMANDS[command].flags:
        assert all(state in text for state in STATES)


def test_the_help_says_how_far_depth_goes_and_which_cell_goes_less_far() -> None:
    assert "(a whole number from 1 to 10000; transformer: to 512)" in " ".join(asked("print", "--help").split())


def test_the_help_of_learning_says_which_settings_change_nothing_there_and_why() -> None:
    text = " ".join(asked("learn", "--help").split())
    assert "change nothing here: --loss (" in text
    assert "--tokens (a sample of the task has its own: a glyph's eight rows, or the one point of the spirals)" in text


@pytest.mark.parametrize("command", list(PAGES))
def test_the_examples_of_a_commands_help_make_sense(command: str) -> None:
    for words, said in PAGES[command].examples:
        parse(shlex.split(re.split(r" [>|] ", words)[0]), in_terminal=False)
        assert said


def test_the_help_of_watch_lists_the_views_and_formats_that_a_run_has() -> None:
    text = asked("watch", "runs/a", "--help")
    assert f"  {'|'.join(RUN_VIEWS)}\n" in text
    assert "text|json|csv\n" in text


def test_every_state_can_be_expected() -> None:
    assert set(STATES) == set(get_args(State))
