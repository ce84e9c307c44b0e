"""What becomes of all this when networks learn, and how to look at one's own.

He et al. (2015, residual networks): 56 plain layers learn worse than 20.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from tui_telescope.lessons.measures import Measures, accuracy, largest_change, loss, unchanged
from tui_telescope.lessons.networks_shown import (
    DEEP,
    FIFTY_SIX,
    LEARNING,
    ONE_STEP,
    RATE,
    RESIDUAL_FIFTY_SIX,
    TWENTY,
)
from tui_telescope.lessons.step import Scene, Step
from tui_telescope.observations.observation import measured

STEPS_OF_THE_SCREEN = 600
"""How many Space lets a network take."""
SHORTER = 400
"""As many show how 20 and 56 layers differ."""
RESIDUAL = LEARNING.replace(residual=True)


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


def _spread_at_the_top(measures: Measures) -> float:
    """log10 of how far the last layer tells inputs apart, after learning."""
    signal = measured(measures.learned(LEARNING, STEPS_OF_THE_SCREEN).observation.signal)
    return float(measured(signal.log10_spread)[-1])


STEPS: tuple[Step, ...] = (
    Step(
        "The early layers stay",
        "learning: the first layers stay bit for bit what they were",
        "Twenty sigmoid layers shall tell ten digits apart. Press Space and let them learn: the crosses are layers "
        "that no step changes by a single bit. After 600 steps {unchanged} of them are bit for bit what they were, "
        "and accuracy is {accuracy}, which is guessing.",
        "The last layers do change. Why does that not help?",
        "What they read has come through the layers below, which never learned and have made all inputs alike. The "
        "layer that moved most moved by {largest} of its size, to no avail.",
        LEARNING,
        lambda m: (
            bool(m.learned(LEARNING, STEPS_OF_THE_SCREEN).unchanged[:4].all())
            and m.learned(LEARNING, STEPS_OF_THE_SCREEN).accuracy < 0.2
        ),
        lambda m: m.learned(LEARNING, STEPS_OF_THE_SCREEN).log10_change.max() > -2 and _spread_at_the_top(m) < -6,
        {"unchanged": unchanged(LEARNING, STEPS_OF_THE_SCREEN), "accuracy": accuracy(LEARNING, STEPS_OF_THE_SCREEN)},
        {"largest": largest_change(LEARNING, STEPS_OF_THE_SCREEN)},
        explains=("accuracy",),
        view="learn",
    ),
    Step(
        "With the skip they learn",
        "learning: residual beside plain",
        "The same network with residual connections; its ghost, without them, learns beside it. Press Space: from the "
        "first layer on all of them move, and after 600 steps accuracy is {residual}, where the ghost has {plain}.",
        "Press v twice to see the change since the start. Is any layer where it was?",
        "None: layer 1, which hears the least without them, has moved by {first} of its size.",
        RESIDUAL,
        lambda m: (
            m.learned(RESIDUAL, STEPS_OF_THE_SCREEN).accuracy > 0.8
            and m.learned(LEARNING, STEPS_OF_THE_SCREEN).accuracy < 0.2
        ),
        lambda m: (
            not m.learned(RESIDUAL, STEPS_OF_THE_SCREEN).unchanged.any()
            and m.learned(RESIDUAL, STEPS_OF_THE_SCREEN).log10_change[0] > -1
        ),
        {"residual": accuracy(RESIDUAL, STEPS_OF_THE_SCREEN), "plain": accuracy(LEARNING, STEPS_OF_THE_SCREEN)},
        {
            "first": lambda m: f"{10 ** m.learned(RESIDUAL, STEPS_OF_THE_SCREEN).log10_change[0]:.0%}",
        },
        view="learn",
        scene=Scene(ghost=True),
    ),
    Step(
        "One step too many",
        "learning: a single update of an exploding network, and clipping",
        "An exploding gradient is a step that is too long. Press the full stop for a single update: some layer's "
        "weights change by {wild} times their own size, and what the network had is gone.",
        "Press comma, then k for clipping, and step again. How far do the weights go now?",
        "By {tame} of their size: clipping shortens the step and keeps its direction. The gradient's profile is as "
        "steep as before.",
        ONE_STEP,
        lambda m: m.learned(ONE_STEP, 1).log10_change.max() > 1,
        lambda m: m.learned(ONE_STEP.replace(clip=1.0), 1).log10_change.max() < -2,
        {"wild": largest_change(ONE_STEP, 1)},
        {"tame": largest_change(ONE_STEP, 1, clip=1.0)},
        view="learn",
    ),
    Step(
        "The learning rate",
        "learning: a rate that is too large, and one that is too small",
        "No gradient survives steps of any size. This network is healthy, and at a learning rate of 3 it is lost "
        "after step {lost}: press Space. A rate multiplies all layers alike, so it cannot mend a fade either.",
        "Select Learning rate and lower it. Which rate learns best in 150 steps?",
        "About 1: accuracy {one}, against {tenth} at 0.1 and {small} at 0.001, which is too slow to have begun.",
        RATE,
        lambda m: m.learned(RATE, 150).diverged is not None and m.state(RATE) == "healthy",
        lambda m: (
            m.learned(RATE.replace(learning_rate=1.0), 150).accuracy
            > m.learned(RATE.replace(learning_rate=0.1), 150).accuracy
            > m.learned(RATE.replace(learning_rate=0.001), 150).accuracy + 0.2
        ),
        {"lost": lambda m: str(m.learned(RATE, 150).step)},
        {
            name: accuracy(RATE, 150, learning_rate=rate)
            for name, rate in (("one", 1.0), ("tenth", 0.1), ("small", 0.001))
        },
        view="learn",
    ),
    Step(
        "56 layers worse than 20",
        "learning: 56 plain layers worse than 20, and residual ones",
        "In 2015 He et al. saw 56 plain layers learn worse than 20, on the very samples they learned from. Here too: "
        "after 400 steps the loss is {shallow} with 20 ReLU layers and {deep} with 56, though the message reaches the "
        "first in both.",
        "Press r, then Space. Do 56 residual layers learn better than 20 plain ones?",
        "Yes: their loss is {residual}, with the branch at 1/sqrt(L). This is why deep networks are residual.",
        FIFTY_SIX.replace(branch_scale="1/sqrt(L)"),
        lambda m: (
            m.learned(FIFTY_SIX, SHORTER).loss > m.learned(TWENTY, SHORTER).loss + 0.2
            and m.state(FIFTY_SIX) == m.state(TWENTY) == "healthy"
        ),
        lambda m: m.learned(RESIDUAL_FIFTY_SIX, SHORTER).loss < m.learned(TWENTY, SHORTER).loss - 0.3,
        {"shallow": loss(TWENTY, SHORTER), "deep": loss(FIFTY_SIX, SHORTER)},
        {"residual": loss(RESIDUAL_FIFTY_SIX, SHORTER)},
        view="learn",
    ),
    Step(
        "Your own model",
        "how to record a PyTorch model and watch it",
        "The same picture can be had of a PyTorch model while it trains. One line in your program, recorder = "
        'Recorder(model, optimizer, "runs/a"), writes what each layer receives; in another terminal, tui-telescope '
        "watch runs/a shows it, over SSH too. The recorder never stops a training.",
        "Describe your model here first, with the keys. What does this network say of it?",
        "If it is healthy here and fades there, look at what the two do not share: data, normalisation, rates, number "
        "formats. tui-telescope watch --help says more.",
        DEEP,
        _is_read_back,
        lambda m: m.state(DEEP) == "healthy",
    ),
)
