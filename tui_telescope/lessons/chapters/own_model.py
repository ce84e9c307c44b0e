"""How to look at a model of one's own."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from tui_telescope.lessons.measures import Measures
from tui_telescope.lessons.networks_shown import DEEP
from tui_telescope.lessons.step import Step
from tui_telescope.observations.observation import measured


def _is_read_back(measures: Measures) -> bool:
    """Whether what a recorder wrote is judged like what it was given."""
    from tui_telescope.runs.reading.opening import open_run
    from tui_telescope.runs.recording.recorder import Recorder

    observation = measures.observe(DEEP)
    gradient = (10 ** measured(observation.gradient).log10_mean).tolist()
    with tempfile.TemporaryDirectory() as folder:
        Recorder(folder, layers=[f"layer {k}" for k in range(1, DEEP.depth + 1)]).write(0, gradient=gradient)
        run = open_run(Path(folder))
        run.poll()
        read = measured(run.observation())
    is_the_same = np.allclose(measured(read.gradient).log10_mean, np.log10(gradient), atol=1e-3)
    return read.verdict.state == observation.verdict.state and bool(is_the_same)


STEPS: tuple[Step, ...] = (
    Step(
        "Your own model",
        "how to record a PyTorch model and watch it",
        "The same picture can be had of a PyTorch model while it trains. One line in your program, recorder = "
        'Recorder(model, optimizer, "runs/a"), writes what each layer receives; in another terminal, tui-telescope '
        "watch runs/a shows it, over SSH too. The recorder never stops a training.",
        "Describe your model here first, with the keys. If it is healthy here and fades there, where do you look?",
        "At what the two do not share: data, normalisation, rates, number formats. tui-telescope watch --help says "
        "more.",
        DEEP,
        _is_read_back,
        lambda m: m.state(DEEP) == "healthy",
    ),
)
