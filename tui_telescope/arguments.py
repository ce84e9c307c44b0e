"""What the words of a command line ask for: one table of options, one of commands with the options that each uses.

Flags of settings come from the settings' registry. This module imports the standard library alone, so that `--help`,
`--version` and a mistyped flag answer at once.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, NoReturn

from tui_telescope.charts.views import RUN_VIEWS, VIEWS
from tui_telescope.networks import USUAL_STEPS
from tui_telescope.presets import PRESETS, PresetError, preset_named
from tui_telescope.printing.standard_output import PROGRAM, UsageError
from tui_telescope.settings import REGISTRY
from tui_telescope.settings.kinds import Choice, SettingsError, Switch, Whole
from tui_telescope.version import __version__

FORMATS = ("text", "json", "csv", "svg")
STATES = ("vanishing", "healthy", "exploding", "dead")
"""What a verdict can be."""
EXPECTABLE = {**{state: state for state in STATES}, "nonfinite": "not finite"}
"""What may be foretold of a reading, and what that is called in words."""


class Option(NamedTuple):
    """A flag that is not a setting's."""

    default: Any
    metavar: str
    """What stands for its value in the help; empty for a flag without one, which turns the default over."""
    help: str
    parse: Callable[[str], Any] = str


class Command(NamedTuple):
    """What may be asked for, and the flags that it uses: all others are refused."""

    name: str
    """As it is spoken of."""
    flags: frozenset[str] = frozenset()
    operand: str = ""
    """What its one word more is called, which it needs."""
    formats: tuple[str, ...] = FORMATS


def _depths(words: str) -> list[int]:
    """Depths, ascending, from a list with commas."""
    return sorted({int(REGISTRY["depth"].parse(word)) for word in words.split(",")})


def _one_of(name: str, values: Iterable[str]) -> Callable[[str], Any]:
    return Choice(name, "", "", name=name, values=tuple(values)).parse


def _expected(word: str) -> str:
    return EXPECTABLE[_one_of("expect", EXPECTABLE)(word)]


_steps = Whole("", USUAL_STEPS, "", name="steps", minimum=1, maximum=1_000_000).parse

_EVERY_VIEW = {**VIEWS, **RUN_VIEWS}

OPTIONS: dict[str, Option] = {
    "--preset": Option(
        next(iter(PRESETS.values())), "NAME", "start from one of `presets`; single settings win over it", preset_named
    ),
    "--view": Option(next(iter(VIEWS)), "VIEW", "|".join(VIEWS)),
    "--depths": Option(None, "5,10,50", "which ones the views depth and map show", _depths),
    "--format": Option(FORMATS[0], "FORMAT", "|".join(FORMATS)),
    "--steps": Option(USUAL_STEPS, "N", "how many to learn for", _steps),
    "--expect": Option(None, "STATE", f"{'|'.join(EXPECTABLE)}: exit status 1 if the verdict is another", _expected),
    "--ascii": Option(False, "", "draw with plain characters alone"),
    "--no-mouse": Option(True, "", "leave the mouse to the terminal"),
    "--autoplay": Option(False, "", "go on by itself and quit at the end"),
    "--quiz": Option(False, "", "eight questions that are answered by playing"),
    "--once": Option(False, "", "print the newest record and exit"),
}

EXPLORING = ""
"""What no command's word asks for."""
_SETTINGS = frozenset(setting.flag for setting in REGISTRY.values())
_ON_SCREEN = _SETTINGS | {"--preset", "--view", "--ascii", "--no-mouse"}
_PRINTED = _SETTINGS | {"--preset", "--view", "--depths", "--format", "--expect", "--ascii"}
_WATCHED = frozenset({"--once", "--view", "--format", "--expect", "--ascii", "--no-mouse"})
_LEARNED = _SETTINGS | {"--preset", "--steps", "--format", "--ascii"}

COMMANDS: dict[str, Command] = {
    EXPLORING: Command("exploring", _ON_SCREEN),
    "print": Command("print", _PRINTED),
    "learn": Command("learn", _LEARNED, formats=FORMATS[:3]),
    "tour": Command("tour", _ON_SCREEN | {"--autoplay", "--quiz"}),
    "presets": Command("presets"),
    "watch": Command("watch", _WATCHED, "PATH", FORMATS[:3]),
}
"""By the word that asks for it."""

VIEWS_THAT_USE = {
    "--depths": frozenset(view.name for view in VIEWS.values() if view.over_depths),
    "--expect": frozenset(view.name for view in _EVERY_VIEW.values() if not view.survey),
}
"""The flags that not every view uses: a verdict is had of what was observed alone."""


class Answer(Exception):
    """The words ask for nothing but this text."""


def parse(words: Sequence[str] | None, *, in_terminal: bool) -> argparse.Namespace:
    """What the words ask for: the command, the settings, and each option by its name.

    Without a command that is exploring where there is a terminal to explore in, else `print`. Raises `Answer` where
    the words ask for the help or the version, `UsageError` for words that make no sense, `SettingsError` for settings
    that do not go together.
    """
    options = _parsed(_with_negative_values(sys.argv[1:] if words is None else words))
    given = {name: value for name, value in vars(options).items() if name not in ("command", "operand")}
    if options.command is None:
        options.command = EXPLORING if in_terminal else "print"
    defaults = {_name(flag): option.default for flag, option in OPTIONS.items()}
    options = argparse.Namespace(**{**defaults, **vars(options)})
    if "view" not in given and COMMANDS[options.command].flags >= _ON_SCREEN:
        options.view = options.preset.view or options.view
    if options.command == "print" and options.view in VIEWS and options.view not in views_of("print"):
        raise UsageError(f"--view: print does not show {options.view}; the command learn tells of it")
    _check("view", options.view, views_of(options.command))
    _check("format", options.format, COMMANDS[options.command].formats)
    if options.quiz and options.autoplay:
        raise UsageError("--autoplay: the quiz waits for its answers; allowed without --quiz")
    _refuse_unused([_FLAGS[name] for name in given], options)
    changes = {name: value for name, value in given.items() if name in REGISTRY}
    options.settings = options.preset.settings.replace(**changes)
    return options


def command_in(words: Sequence[str] | None) -> str:
    """The command that the words ask for, whether they make sense or not; empty where they ask for none."""
    return next((word for word in (sys.argv[1:] if words is None else words) if word in COMMANDS), EXPLORING)


def _check(name: str, value: str, allowed: Iterable[str]) -> None:
    """Raises `UsageError` for a value that the command does not take."""
    try:
        _one_of(name, allowed)(value)
    except SettingsError as refusal:
        raise UsageError(f"--{refusal}") from None


def views_of(command: str) -> list[str]:
    """The names of the views that a command shows."""
    if command == "watch":
        return list(RUN_VIEWS)
    return [view.name for view in VIEWS.values() if command != "print" or not view.learning]


def _refuse_unused(flags: Iterable[str], options: argparse.Namespace) -> None:
    command = COMMANDS[options.command]
    for flag in flags:
        if flag not in command.flags:
            users = [each.name for each in COMMANDS.values() if flag in each.flags]
            raise UsageError(f"{flag}: {command.name} does not use it; allowed with: {', '.join(users)}")
        views = VIEWS_THAT_USE.get(flag, _EVERY_VIEW)
        if options.view not in views:
            allowed = [view for view in VIEWS if view in views]
            raise UsageError(f"{flag}: the view {options.view} does not use it; allowed with: {', '.join(allowed)}")


def _name(flag: str) -> str:
    return flag.removeprefix("--").removeprefix("no-")


_FLAGS = {**{_name(flag): flag for flag in OPTIONS}, **{name: setting.flag for name, setting in REGISTRY.items()}}
"""By the name under which it is parsed."""


def _with_negative_values(words: Sequence[str]) -> Iterator[str]:
    """The words, with `--flag -1e-5` as `--flag=-1e-5`: argparse takes what begins with a dash for a flag, but for a
    few ways of writing a number."""
    with_value = {flag for flag, option in OPTIONS.items() if option.metavar}
    with_value |= {setting.flag for setting in REGISTRY.values() if not isinstance(setting, Switch)}
    rest = iter(words)
    for word in rest:
        value = next(rest, None) if word in with_value else None
        if value is None:
            yield word
        elif value.startswith("-") and not value.startswith("--") and value != "-h":
            yield f"{word}={value}"
        else:
            yield from (word, value)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(message.removeprefix("argument "))


class _Answering(argparse.Action):
    """Asks for a text about the command before it, if there is one, whatever else is asked for."""

    def __call__(self, parser: object, namespace: argparse.Namespace, *_: object) -> NoReturn:
        raise Answer(self.const(getattr(namespace, "command", None)))


def _version(command: str | None) -> str:
    return f"{PROGRAM} {__version__}\n"


def _help(command: str | None) -> str:
    from tui_telescope.manual import overview, page  # which knows all that stands here

    return page(command) if command and command in COMMANDS else overview()


def _parsed(words: Iterable[str]) -> argparse.Namespace:
    """What is given, and nothing else. An unknown flag is told before its value, which would pass for a command."""
    parser = _parser()
    options, unknown = parser.parse_known_args(list(words))
    for flag in (word.partition("=")[0] for word in unknown if word.startswith("-")):
        from difflib import get_close_matches  # a few milliseconds that only a mistake should cost

        used = COMMANDS[options.command].flags if options.command in COMMANDS else _FLAGS.values()
        known = re.findall("--[a-z-]+", parser.format_usage())
        near = get_close_matches(flag[:40], [each for each in known if _FLAGS.get(_name(each)) in used])
        raise UsageError(f"no flag {flag[:40]}" + (f"; did you mean {', '.join(near)}?" if near else ""))
    options.operand = _operand(options.command, unknown)
    for word in (options.command, *unknown):
        if word is not None and (word in unknown or word not in filter(None, COMMANDS)):
            allowed = ", ".join(filter(None, COMMANDS))
            raise UsageError(f"unexpected {word[:40]!r}; allowed: one of {allowed}, and flags")
    return options


def _operand(command: str | None, words: list[str]) -> str:
    """What the command is to be done with, taken from the words that are left."""
    operand = COMMANDS[command].operand if command in COMMANDS else ""
    if operand and not words:
        raise UsageError(f"{command}: {operand} is missing")
    return words.pop(0) if operand else ""


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog=PROGRAM, allow_abbrev=False, add_help=False, argument_default=argparse.SUPPRESS)
    add = parser.add_argument
    add("command", nargs="?", default=None)
    add("-h", "--help", action=_Answering, nargs=0, const=_help)
    add("--version", action=_Answering, nargs=0, const=_version)
    for flag, option in OPTIONS.items():
        if option.metavar:
            add(flag, type=_as_argument(_name(flag), option.parse), dest=_name(flag))
        else:
            add(flag, action="store_const", const=not option.default, dest=_name(flag))
    for name, setting in REGISTRY.items():
        if isinstance(setting, Switch):
            add(setting.flag, action=argparse.BooleanOptionalAction, dest=name)
        else:
            add(setting.flag, type=_as_argument(name, setting.parse), dest=name)
    return parser


def _as_argument(name: str, parse: Callable[[str], Any]) -> Callable[[str], Any]:
    """The same for argparse, which has an error of its own for what it should tell the user, after the flag's name."""

    def parse_argument(word: str) -> Any:
        try:
            return parse(word)
        except (SettingsError, PresetError) as error:
            raise argparse.ArgumentTypeError(str(error).removeprefix(f"{name}: ")) from None

    return parse_argument
