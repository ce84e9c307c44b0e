"""The tour and the quiz as text, for pipes and screen readers."""

from __future__ import annotations

import textwrap

from tui_telescope.lessons.ending import told
from tui_telescope.lessons.measures import Measures
from tui_telescope.lessons.quiz import QUESTIONS
from tui_telescope.lessons.step import Step
from tui_telescope.lessons.tour import STEPS
from tui_telescope.printing.progress_line import ProgressLine
from tui_telescope.printing.readings import Sink
from tui_telescope.watched_telescope import WatchedTelescope

_WIDTH = 78


def write_tour(stream: Sink, line: ProgressLine) -> None:
    """Every step with its answer, measured now, and the page at the end; the line tells what is measured."""
    telescope = WatchedTelescope(line)
    measures = Measures(telescope)
    for number, step in enumerate(STEPS, 1):
        telescope.begin(f"measuring for step {number} of {len(STEPS)}", None)
        stream.write(f"{number}. {step.title}\n\n{_step(step, measures)}\n\n")
    for title, lines in told(measures):
        stream.write("\n".join((title, *(_filled(each, "  ") for each in lines))) + "\n\n")


def write_quiz(stream: Sink) -> None:
    """The questions, each with what its network is called on the command line."""
    for number, question in enumerate(QUESTIONS, 1):
        command = " ".join(["tui-telescope", *question.settings.arguments()])
        stream.write(f"{number}. {question.title}\n\n{_filled(question.task)}\n\n{_filled(command, '  ')}\n\n")


def _step(step: Step, measures: Measures) -> str:
    command = " ".join(["tui-telescope", *step.settings.arguments()])
    parts = (step.told(measures), *step.explanations, command, step.question, step.answered(measures))
    return "\n\n".join(map(_filled, parts))


def _filled(text: str, hanging: str = "") -> str:
    """Wrapped; a line of a table is short enough to stay as it is."""
    if len(text) <= _WIDTH:
        return text
    return textwrap.fill(text, _WIDTH, subsequent_indent=hanging, break_on_hyphens=False, break_long_words=False)
