"""The help of the command line: one screen for all, and a page for each command.

This module imports the standard library alone: `--help` must not wait for numpy.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tui_telescope.arguments import COMMANDS, EXPLORING, OPTIONS, views_of
from tui_telescope.printing.standard_output import PROGRAM
from tui_telescope.settings import REGISTRY, meaning_of
from tui_telescope.settings.effects import NOT_LEARNED_BY
from tui_telescope.settings.kinds import Setting, Switch

_WIDTH = 80

_UNHEEDED = "; ".join(f"{REGISTRY[name].flag} ({why})" for name, why in NOT_LEARNED_BY.items())

OVERVIEW = """\
{program}: see, live, how much of the loss's gradient reaches each layer.

  {program} [SETTINGS]         explore in the terminal (? helps, q quits)
  {program} tour [--quiz]      from a whisper to a cure, step by step
  {program} presets            what there is to be seen, by topic
  {program} print [SETTINGS]   one reading, for pipes and scripts
  {program} learn [SETTINGS]   train it: what each layer has learned
  {program} watch PATH         your own model, while it trains

Without a terminal the first is print. Some of the settings, and what they are:
{settings}
Options: {options}
  --view {views}

  {program} --preset he-relu --depth 100
  {program} --activation tanh --init xavier --scale 1 --residual --view map
  {program} print --preset he-relu --expect healthy > /dev/null || echo no
  {program} learn --preset frozen-sigmoids --steps 300
  {program} watch runs/a

All settings, options and exit statuses: {program} COMMAND --help
"""

FIRST_SETTINGS = ("cell", "depth", "width", "activation", "residual", "norm", "initializer", "scale", "bias", "loss")
"""The settings that are met first."""


class Page(NamedTuple):
    """What is to be said of a command beside what its flags say."""

    summary: str
    description: tuple[str, ...]
    examples: tuple[tuple[str, str], ...]
    """Arguments, each with what they do."""
    program: tuple[str, ...] = ()
    """Lines for a program of the user's own."""


PAGES: dict[str, Page] = {
    "print": Page(
        "one reading of a network, for pipes, scripts and screen readers",
        (
            "Describes a network by its settings, observes it and writes what the view shows: as text (the verdict, "
            "the settings that differ from the start, the chart, a table of layers), as strict JSON, as CSV with a "
            "line a layer, or as an SVG picture. Without a terminal it is what the program does without a command.",
            "The same settings give the same numbers on every machine, but for the last digits.",
        ),
        (
            ("print --residual --format json | jq '.gradient.log10_mean[0]'", "one number of the reading"),
            ("print --preset he-relu --depth 100 --expect healthy > /dev/null", "a check for CI"),
            ("print --view depth --depths 5,10,20,50", "layer 1's gradient at four depths"),
            ("print --view signal --format svg > signal.svg", "a picture"),
        ),
    ),
    "learn": Page(
        "train a network that the settings describe, and tell what each layer has learned",
        (
            "The network gets a read-in and a head, and learns a task that is made here (two spirals, or ten digits), "
            "in float32. Told are loss and accuracy, how far each layer has moved, and which layers are bit for bit "
            "what they were. It ends early where a number is not finite, and says at which step and in which layer.",
            f"Settings that change nothing here: {_UNHEEDED}.",
            "CSV has a line for each layer at each of about 60 steps; JSON has all of it. On the screen the same is "
            "view 6: Space plays and pauses.",
        ),
        (
            ("learn --preset frozen-sigmoids", "the first layers keep every bit"),
            ("learn --preset frozen-sigmoids --residual", "with residual connections they learn"),
            ("learn --preset one-step --steps 1", "one update of an exploding network"),
            ("learn --depth 20 --width 32 --format json > learned.json", "for a script"),
        ),
    ),
    "watch": Page(
        "a model that trains elsewhere, live",
        (
            "PATH is the folder of a run, or one of its files. Your program writes it with the lines below; nothing "
            "else of it changes, and the recorder never stops a training. TensorBoard event files, metrics.csv, JSON "
            "lines and trainer_state.json are read too, where they hold a number a layer.",
            "The newest record is followed as it comes; a run that has not begun is waited for. Of a folder with "
            "several runs a list is shown first, which l shows again: Enter watches one, c compares. Space freezes and "
            "follows again, left and right go from record to record, g shows the first beside it, < and > name a layer "
            "and its numbers, r shows the layers of one role alone, ? says the rest.",
            "With --once, --format or --expect, or without a terminal, it prints the newest record and ends.",
        ),
        (
            ("watch runs/a", "follow it, in another terminal or over SSH"),
            ("watch runs/a --once", "one reading as text"),
            ("watch runs/a --once --format json | jq .nonfinite", "where NaN or infinity began"),
            ("watch runs/a --once --expect healthy > /dev/null || echo look", "for a script that guards a job"),
        ),
        (
            "from tui_telescope import Recorder",
            'recorder = Recorder(model, optimizer, "runs/a")   # once, before the loop',
            "",
            "Without PyTorch:",
            'recorder = Recorder("runs/a", layers=names)',
            "recorder.write(step, gradient=[...], weight_gradient=[...])   # at each step",
        ),
    ),
    "tour": Page(
        "what vanishing and exploding gradients are, and what mends them, step by step",
        (
            "Each step says a few sentences, asks a question and leaves the keys to you; Tab shows the answer, then "
            "the next step. At the end stand what was learned and what each cure does to a layer's factor. In a pipe "
            "it is text.",
        ),
        (
            ("tour", "begin"),
            ("tour --quiz", "eight questions that are answered by playing"),
            ("tour | less", "read it"),
        ),
    ),
    "presets": Page(
        "networks and steps of the tour, by what they show",
        (
            "One line each. A preset's line begins with its verdict. On the screen those that learn open in the view "
            "learn, and those whose line names a view in that one.",
        ),
        (("presets | grep -i norm", "find one"), ("--preset post-norm", "see it")),
    ),
}
"""By the command's word."""

EXIT_STATUSES = (
    ("0", "all is well"),
    ("1", "the verdict is not the one that --expect says"),
    ("2", "something cannot be done: one line on stderr says what, and what is allowed"),
    ("130", "ended by Ctrl+C"),
    ("141", "the reader of the output has gone"),
)


def overview() -> str:
    """One screen of 80x24."""
    exploring = COMMANDS[EXPLORING].flags
    settings = _in_columns((_with_default(REGISTRY[name]) for name in FIRST_SETTINGS), 3, 26)
    flags = [flag for flag, option in OPTIONS.items() if flag in exploring and not option.metavar]
    return OVERVIEW.format(
        program=PROGRAM,
        settings=settings,
        options=", ".join(["--preset NAME", *flags, "--version", "--help"]),
        views=OPTIONS["--view"].help,
    )


def page(command: str) -> str:
    """All that is to be known of a command, as a manual page has it."""
    return "\n".join(_page(command)).rstrip() + "\n"


def _page(command: str) -> Iterator[str]:
    told, known = PAGES[command], COMMANDS[command]
    has_settings = any(setting.flag in known.flags for setting in REGISTRY.values())
    yield from _section("Name", [f"{PROGRAM} {command}: {told.summary}"])
    synopsis = (
        PROGRAM,
        command,
        known.operand,
        "[SETTINGS]" if has_settings else "",
        "[OPTIONS]" if known.flags else "",
    )
    yield from _section("Synopsis", [" ".join(filter(None, synopsis))])
    yield from _section("Description", told.description)
    if told.program:
        yield from ("IN YOUR PROGRAM", *(f"  {line}".rstrip() for line in told.program), "")
    if options := [flag for flag in OPTIONS if flag in known.flags]:
        yield from _terms("Options", [_option(flag, command) for flag in options])
    if has_settings:
        for group in dict.fromkeys(setting.group for setting in REGISTRY.values()):
            of_group = [setting for setting in REGISTRY.values() if setting.group == group]
            yield from _terms(f"Settings: {group}", [(_with_default(each), meaning_of(each)) for each in of_group])
    yield from _terms("Examples", [(f"{PROGRAM} {words}", text) for words, text in told.examples])
    yield from _terms("Exit status", EXIT_STATUSES)


def _option(flag: str, command: str) -> tuple[str, str]:
    """The flag, and what it means to this command."""
    option, allowed = OPTIONS[flag], {"--format": COMMANDS[command].formats, "--view": views_of(command)}
    return f"{flag} {option.metavar}".strip(), "|".join(allowed.get(flag, ())) or option.help


def _with_default(setting: Setting) -> str:
    """The flag with its value at the start."""
    if isinstance(setting, Switch):
        return f"--[no-]{setting.flag[2:]}"
    return f"{setting.flag} {setting.write(setting.default)}"


def _section(title: str, paragraphs: Iterable[str]) -> Iterator[str]:
    yield title.upper()
    for paragraph in paragraphs:
        yield _wrapped(paragraph, 2)
        yield ""


def _terms(title: str, terms: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Terms with what they mean, beside them where they are short, below where one is not."""
    terms = list(terms)
    column = max(len(term) for term, _ in terms) + 4
    yield title.upper()
    for term, text in terms:
        if column <= 30:
            yield _wrapped(text, column, f"  {term}".ljust(column))
        else:
            yield f"  {term}"
            yield _wrapped(text, 6)
    yield ""


def _wrapped(text: str, indent: int, first: str = "") -> str:
    return textwrap.fill(
        text, _WIDTH, initial_indent=first or " " * indent, subsequent_indent=" " * indent,
        break_on_hyphens=False, break_long_words=False,
    )  # fmt: skip


def _in_columns(words: Iterable[str], columns: int, width: int) -> str:
    cells = list(words)
    rows = (cells[row : row + columns] for row in range(0, len(cells), columns))
    return "\n".join("  " + "".join(f"{cell} ".ljust(width) for cell in row).rstrip() for row in rows)
