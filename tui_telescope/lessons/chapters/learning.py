"""What becomes of all this when networks learn, and what a single update does.

He et al. (2015, residual networks): 56 plain layers learn worse than 20.
"""

from __future__ import annotations

from tui_telescope.lessons.measures import Measures, accuracy, largest_change, loss, unchanged
from tui_telescope.lessons.networks_shown import (
    FIFTY_SIX,
    LEARNING,
    ONE_STEP,
    RATE,
    RESIDUAL_FIFTY_SIX,
    TWENTY,
)
from tui_telescope.lessons.step import Scene, Step
from tui_telescope.networks import USUAL_STEPS
from tui_telescope.observations.observation import measured

RESIDUAL = LEARNING.replace(residual=True)


def _spread_at_the_top(measures: Measures) -> float:
    """log10 of how far the last layer tells inputs apart, after learning."""
    signal = measured(measures.learned(LEARNING, USUAL_STEPS).observation.signal)
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
            bool(m.learned(LEARNING, USUAL_STEPS).unchanged[:4].all())
            and m.learned(LEARNING, USUAL_STEPS).accuracy < 0.2
        ),
        lambda m: m.learned(LEARNING, USUAL_STEPS).log10_change.max() > -2 and _spread_at_the_top(m) < -6,
        {"unchanged": unchanged(LEARNING, USUAL_STEPS), "accuracy": accuracy(LEARNING, USUAL_STEPS)},
        {"largest": largest_change(LEARNING, USUAL_STEPS)},
        explains=("accuracy",),
        view="learn",
    ),
    Step(
        "With the skip they learn",
        "learning: residual beside plain",
        "The same network with residual connections; its ghost, without them, learns beside it. Press Space: "
        "after 600 steps accuracy is {residual}, where the ghost has {plain}.",
        "Press v twice to see the change since the start. Is any layer where it was?",
        "None: layer 1, which hears the least without them, has moved by {first} of its size.",
        RESIDUAL,
        lambda m: m.learned(RESIDUAL, USUAL_STEPS).accuracy > 0.8 and m.learned(LEARNING, USUAL_STEPS).accuracy < 0.2,
        lambda m: (
            not m.learned(RESIDUAL, USUAL_STEPS).unchanged.any()
            and m.learned(RESIDUAL, USUAL_STEPS).log10_change[0] > -1
        ),
        {"residual": accuracy(RESIDUAL, USUAL_STEPS), "plain": accuracy(LEARNING, USUAL_STEPS)},
        {
            "first": lambda m: f"{10 ** m.learned(RESIDUAL, USUAL_STEPS).log10_change[0]:.0%}",
        },
        view="learn",
        scene=Scene(ghost=True),
    ),
    Step(
        "One step too many",
        "learning: a single update of an exploding network, and clipping",
        "An exploding gradient is a step that is too long. Press the full stop for a single update: the weights of one "
        "layer change by {wild} times their own size, and what the network had is gone.",
        "Press comma, then k for clipping, and step again. How far do the weights go now?",
        "By {tame} of their size: clipping shortens the step and keeps its direction. The gradient's profile is as "
        "steep as before.",
        ONE_STEP,
        lambda m: m.learned(ONE_STEP, 1).log10_change.max() > 1,
        lambda m: m.learned(ONE_STEP.replace(clip=1.0), 1).log10_change.max() < -2,
        {"wild": largest_change(ONE_STEP, 1)},
        {"tame": largest_change(ONE_STEP, 1, clip=1.0)},
        explains=("update",),
        view="learn",
    ),
    Step(
        "The learning rate",
        "learning: a rate that is too large, and one that is too small",
        "No gradient survives steps of any size. This network is healthy, and at a learning rate of 3 it is lost "
        "after step {lost}: press Space. A rate multiplies all layers alike, so it cannot mend a fade either.",
        "Lower Learning rate, which is selected (or Enter). Which of 1, 0.1 and 0.001 learn in 600 steps?",
        "The first two: accuracy is {one} and {tenth}. At 0.001 it is {small}: 600 steps as short as that do not lead "
        "far.",
        RATE,
        lambda m: m.learned(RATE, 150).diverged is not None and m.state(RATE) == "healthy",
        lambda m: (
            min(m.learned(RATE.replace(learning_rate=rate), USUAL_STEPS).accuracy for rate in (1.0, 0.1)) > 0.95
            and m.learned(RATE.replace(learning_rate=0.001), USUAL_STEPS).accuracy < 0.5
        ),
        {"lost": lambda m: str(m.learned(RATE, 150).step)},
        {
            name: accuracy(RATE, USUAL_STEPS, learning_rate=rate)
            for name, rate in (("one", 1.0), ("tenth", 0.1), ("small", 0.001))
        },
        explains=("learning rate",),
        view="learn",
        scene=Scene(selected="learning_rate"),
    ),
    Step(
        "56 layers worse than 20",
        "learning: 56 plain layers worse than 20, and residual ones",
        "In 2015 He et al. saw 56 plain layers learn worse than 20, on the very samples they learned from. Press "
        "Space: after 600 steps the loss of 56 ReLU layers is {deep}, that of 20, pinned, {shallow}, though the "
        "message reaches layer 1 of both.",
        "The ghost is residual, with 56 layers. Is it better than 20 plain ones?",
        "Yes: its loss is {residual}, with the branch at 1/sqrt(L). This is why deep networks are residual.",
        FIFTY_SIX.replace(branch_scale="1/sqrt(L)"),
        lambda m: (
            m.learned(FIFTY_SIX, USUAL_STEPS).loss > m.learned(TWENTY, USUAL_STEPS).loss + 0.2
            and m.state(FIFTY_SIX) == m.state(TWENTY) == "healthy"
        ),
        lambda m: m.learned(RESIDUAL_FIFTY_SIX, USUAL_STEPS).loss < m.learned(TWENTY, USUAL_STEPS).loss - 0.3,
        {
            "deep": loss(FIFTY_SIX, USUAL_STEPS),
            "shallow": loss(TWENTY, USUAL_STEPS),
        },
        {"residual": loss(RESIDUAL_FIFTY_SIX, USUAL_STEPS)},
        view="learn",
        scene=Scene(pins=(TWENTY,), ghost=True),
    ),
)
