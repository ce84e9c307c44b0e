"""The command line: `tui-telescope` explores, `print` gives one reading, `presets` lists the presets.

Flags come from the settings' registry. Nothing heavy is imported until it is known what is wanted, so that
`--help`, `--version` and a mistyped flag answer at once.
"""

from __future__ import annotations

import argparse
import gc
import os
import re
import sys
import textwrap
from collections.abc import Callable, Sequence
from typing import Literal, NoReturn

from tui_telescope.charts.views import VIEWS
from tui_telescope.presets import PRESETS, PresetError, preset_named
from tui_telescope.setting_kinds import Switch
from tui_telescope.settings import REGISTRY, Settings, SettingsError
from tui_telescope.version import __version__

PROGRAM = "tui-telescope"
COMMANDS = ("print", "tour", "presets")
FORMATS = ("text", "json", "csv", "svg")
USAGE_ERROR, INTERRUPTED, BROKEN_PIPE = 2, 130, 141


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; returns its exit status."""
    options = _parse(arguments)
    if options.command == "presets":
        return _list_presets()
    try:
        settings = options.preset.settings.replace(
            **{name: getattr(options, name) for name in REGISTRY if hasattr(options, name)}
        )
    except SettingsError as error:
        return _fail(str(error))
    # One thread is right for products this small (two stall each other); a user's own choice wins.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if options.command != "print" and sys.stdin.isatty() and sys.stdout.isatty():
        return _explore(settings, options)
    return _quietly(_tell_tour if options.command == "tour" else lambda: _print(settings, options))


def _explore(settings: Settings, options: argparse.Namespace) -> int:
    # What is made while starting stays: looking through it for garbage again and again is a seventh of the start.
    # Once all is loaded, `load_telescope` lets the collector begin.
    gc.disable()
    from tui_telescope.tui.terminal.signals import end_at_once_on_signals

    end_at_once_on_signals()
    from tui_telescope.tui.app import run

    ascii_only = options.ascii or not _speaks_unicode()
    tour: Literal["", "led", "unattended"] = ""
    if options.command == "tour":
        tour = "unattended" if options.autoplay else "led"
    return run(settings, view=options.view, ascii_only=ascii_only, mouse=options.mouse, tour=tour)


def _list_presets() -> int:
    column = max(map(len, PRESETS))
    for preset in PRESETS.values():
        print(f"{preset.name:<{column}}  {preset.line}")
    return 0


def _print(settings: Settings, options: argparse.Namespace) -> None:
    from tui_telescope.printing import write_reading

    ascii_only = options.ascii or not _speaks_unicode()
    write_reading(sys.stdout, settings, options.format, options.view, ascii_only=ascii_only, depths=options.depths)


def _tell_tour() -> None:
    """The tour as text, for pipes and screen readers."""
    from tui_telescope.lessons.measures import Measures
    from tui_telescope.lessons.tour import STEPS

    measures = Measures()
    for number, step in enumerate(STEPS, 1):
        print(f"{number}. {step.title}\n\n{textwrap.fill(step.told(measures), 78)}\n\n{step.question}\n")


def _quietly(write: Callable[[], None]) -> int:
    """Write to standard output; whoever reads it may stop at any time."""
    try:
        write()
        sys.stdout.flush()
    except SettingsError as error:
        return _fail(str(error))
    except BrokenPipeError:
        # Whoever read has enough; keep the interpreter from complaining about the closed pipe at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


def _speaks_unicode() -> bool:
    """Whether the output is UTF-8, and so is the user's locale, if one is named.

    Where the locale is C, POSIX or not installed, Python goes on with UTF-8 and overwrites LC_CTYPE (PEP 538): what
    the user named is in LANG then.
    """
    everything, language = os.environ.get("LC_ALL", ""), os.environ.get("LANG", "")
    characters = os.environ.get("LC_CTYPE", "")
    if language and characters in ("C.UTF-8", "C.utf8", "UTF-8"):
        characters = language
    named = everything or characters or language or "UTF-8"
    return _is_utf8(sys.stdout.encoding or "") and _is_utf8(named.partition(".")[2] or named)


def _is_utf8(encoding: str) -> bool:
    return encoding.lower().replace("-", "").partition("@")[0] == "utf8"


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, without the usage in front of it."""

    def error(self, message: str) -> NoReturn:
        raise SystemExit(_fail(message))

    def format_help(self) -> str:
        """One screen of 80x24."""
        return HELP.format(settings="\n".join(_settings_in_columns()), views="|".join(VIEWS), formats="|".join(FORMATS))


HELP = """\
tui-telescope [print | tour | presets] [SETTINGS] [OPTIONS]

See, live, how much of the loss's gradient reaches each layer of a deep network.
Without a command: explore (? is help, q quits); without a terminal: print.
print: one reading.  tour: the guided tour.  presets: list them.

Settings, with their values at the start (? inside tells what each one means):
{settings}

Options:
  --preset NAME       start from a preset; single settings win over it
  --view VIEW         {views}
  --depths 5,10,50    depths for the views depth and map
  --format FORMAT     of print: {formats}
  --ascii             draw in ASCII      --no-mouse   leave the mouse alone
  --autoplay          unattended tour    --version    -h, --help
"""


def _settings_in_columns() -> list[str]:
    """Every flag with its value at the start, three to a line."""
    flags = [" ".join(setting.arguments(setting.default)) for setting in REGISTRY.values()]
    flags = [flag.replace("--no-residual", "--residual/--no-residual") for flag in flags]
    return ["  " + "".join(f"{flag:<26}" for flag in flags[row : row + 3]).rstrip() for row in range(0, len(flags), 3)]


def _fail(message: str) -> int:
    print(f"{PROGRAM}: error: {message} (see {PROGRAM} --help)", file=sys.stderr)
    return USAGE_ERROR


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """What the words ask for. An unknown flag is told before its value, which would pass for a command."""
    parser = _parser()
    options, unknown = parser.parse_known_args(arguments)
    for flag in (word.partition("=")[0] for word in unknown if word.startswith("-")):
        from difflib import get_close_matches  # a few milliseconds that only a mistake should cost

        near = get_close_matches(flag, re.findall("--[a-z-]+", parser.format_usage()))
        parser.error(f"no flag {flag[:40]}" + (f"; did you mean {', '.join(near)}?" if near else ""))
    for word in (options.command, *unknown):
        if word is not None and (word not in COMMANDS or word in unknown):
            parser.error(f"unexpected {word[:40]!r}; allowed: one of {', '.join(COMMANDS)}, and flags")
    return options


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog=PROGRAM, allow_abbrev=False)
    add = parser.add_argument
    add("--version", action="version", version=f"{PROGRAM} {__version__}")
    add("command", nargs="?")
    add("--preset", type=_as_argument(preset_named), default=next(iter(PRESETS)))
    add("--autoplay", action="store_true")
    add("--view", choices=list(VIEWS), default=next(iter(VIEWS)))
    add("--depths", type=_depths)
    add("--format", choices=FORMATS, default=FORMATS[0])
    add("--ascii", action="store_true")
    add("--no-mouse", dest="mouse", action="store_false")
    for name, setting in REGISTRY.items():
        if isinstance(setting, Switch):
            add(setting.flag, action=argparse.BooleanOptionalAction, dest=name, default=argparse.SUPPRESS)
        else:
            add(setting.flag, type=_as_argument(setting.parse), dest=name, default=argparse.SUPPRESS)
    return parser


def _depths(words: str) -> list[int]:
    """Depths, ascending, from a list with commas."""
    depth = _as_argument(REGISTRY["depth"].parse)
    return sorted({int(str(depth(word))) for word in words.split(",")})


def _as_argument(parse: Callable[[str], object]) -> Callable[[str], object]:
    """The same for argparse, which has a word of its own for what it should tell the user."""

    def parse_argument(word: str) -> object:
        try:
            return parse(word)
        except (SettingsError, PresetError) as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return parse_argument
