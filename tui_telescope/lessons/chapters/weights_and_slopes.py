"""Which weights fit which slopes: scale, the knife edge, ReLU and its deaths, Xavier and He, the edge of chaos.

Glorot and Bengio (2010); He et al. (2015, initialisation); Poole et al. (2016); Schoenholz et al. (2017).
"""

from __future__ import annotations

from tui_telescope.lessons.measures import Measures, factor, first, near, saturated
from tui_telescope.lessons.networks_shown import CHAOS, EDGE, HE, NARROW_RELU, RELU, WHISPER
from tui_telescope.lessons.step import Scene, Step
from tui_telescope.observations.observation import measured
from tui_telescope.settings import Settings

SIX = WHISPER.replace(scale=6.0)
LEAKY = NARROW_RELU.replace(activation="leaky_relu")


def _signal_dies(measures: Measures, settings: Settings) -> bool:
    """Whether less than a hundredth of the first layer's signal is left in the last."""
    log10_rms = measured(measured(measures.observe(settings).signal).log10_rms)
    return bool(log10_rms[-1] < log10_rms[0] - 2)


STEPS: tuple[Step, ...] = (
    Step(
        "Scale 1 and scale 6",
        "weight scale 1.0 and 6.0 on one plot; why 6 does not explode",
        "Larger weights should help, and texts say that at 6 the gradient explodes. On one plot: at scale 1, pinned, "
        "{one} arrives, and at scale 6 {six}. It fades all the same: large weights saturate nearly half of the units, "
        "and in 50 layers of 4 units some have none left that carries.",
        "Press w for wider layers. At which width does scale 6 explode?",
        "At 24 units, with these weights: {wide} arrives, though {share} of the units are saturated. Among many some "
        "carry, and together: what counts is sigma_w, the scale times the root of the width.",
        SIX,
        lambda m: (
            m.state(WHISPER.replace(scale=1.0)) == "vanishing"
            and m.state(SIX) == "vanishing"
            and 0.4 < m.saturated(SIX) < 0.5
        ),
        lambda m: (
            m.states(SIX, "width", (4, 16, 24, 32)) == ["vanishing", "healthy", "exploding", "exploding"]
            and m.saturated(SIX.replace(width=24)) > m.saturated(SIX)
        ),
        {"one": first(WHISPER, scale=1.0), "six": first(SIX)},
        {"wide": first(SIX, width=24), "share": saturated(SIX, width=24)},
        explains=("sigma_w",),
        scene=Scene(pins=(WHISPER.replace(scale=1.0),)),
    ),
    Step(
        "The knife edge",
        "the one scale at which a sigmoid stack is balanced",
        "With xavier weights the scale is sigma_w itself, at any width. A wide sigmoid stack is balanced only near "
        "10.15, where the factor is {edge}; at 4, pinned, it is {four}, and at 6 {six}. It explodes at neither.",
        "Press s and S. Between which scales is the verdict HEALTHY?",
        "From 10 to 12: at 8, where {eight} arrives, it fades already, and at 15, where {fifteen} does, it explodes. "
        "Press x: theory knows the edge.",
        EDGE,
        lambda m: (
            near(m.factor(EDGE), 1.0, 0.08)
            and near(m.critical_scale(EDGE), 10.15, 0.01)
            and m.factor(EDGE.replace(scale=4.0)) < m.factor(EDGE.replace(scale=6.0)) < 0.8
        ),
        lambda m: m.states(EDGE, "scale", (8.0, 10.0, 12.0, 15.0)) == ["vanishing", "healthy", "healthy", "exploding"],
        {"edge": factor(EDGE), "four": factor(EDGE, scale=4.0), "six": factor(EDGE, scale=6.0)},
        {"eight": first(EDGE, scale=8.0), "fifteen": first(EDGE, scale=15.0)},
        explains=("theory",),
        scene=Scene(pins=(EDGE.replace(scale=4.0),)),
    ),
    Step(
        "ReLU, and dying",
        "dying ReLU: exactly nothing arrives",
        "ReLU's slope is 1 or exactly 0: it does not fade, it switches off. In this narrow stack every path closes "
        "somewhere, and exactly nothing arrives at the bottom. At width 128 there is always a way through, and {wide} "
        "arrives. A layer that is off for all samples gets no gradient and stays off.",
        "Press w. How wide must the stack be for anything to arrive?",
        "8 units do here: {eight} arrives. With 6 exactly nothing does; with other weights (Space) it may. No scale "
        "helps a dead stack: without biases ReLU only multiplies.",
        NARROW_RELU,
        lambda m: m.state(NARROW_RELU) == "dead" and m.state(HE) == "healthy",
        lambda m: (
            [state == "dead" for state in m.states(NARROW_RELU, "width", (4, 6, 8, 12))] == [True, True, False, False]
            and m.states(NARROW_RELU, "scale", (0.1, 10.0)) == ["dead", "dead"]
        ),
        {"wide": first(HE)},
        {"eight": first(NARROW_RELU, width=8)},
        explains=("dead", "bias"),
    ),
    Step(
        "The leak",
        "leaky ReLU, the cure for dying",
        "Leaky ReLU has slope 0.01 where ReLU has 0. The same narrow stack is alive: {leaky} arrives. That is a cure "
        "for death, not for fading: each path that was closed now costs two decades.",
        "Press w until there are 8 units, then A for ReLU and a to come back. What does the leak do there?",
        "Hardly anything: {leaky} arrives with it and {relu} without. Where there is always an open path, the leak "
        "has nothing to do.",
        LEAKY,
        lambda m: m.state(LEAKY) == "vanishing" and m.state(NARROW_RELU) == "dead",
        lambda m: near(m.first(LEAKY.replace(width=8)), m.first(NARROW_RELU.replace(width=8)), 0.3),
        {"leaky": first(LEAKY)},
        {"leaky": first(LEAKY, width=8), "relu": first(NARROW_RELU, width=8)},
    ),
    Step(
        "Xavier and He",
        "Xavier and He initialisation under ReLU",
        "Xavier weights, of variance 1/n, suit activations with slope 1. ReLU drops half of the signal: with Xavier, "
        "pinned, its factor is {xavier}, near the square root of 1/2. He et al. doubled the variance in 2015, and the "
        "factor is {he}. The right constant depends on the activation.",
        "Press i. What does plain gaussian do at this width?",
        "It explodes: its weights of size 1 make a factor of {gaussian} at width 128, the root of half the width.",
        HE,
        lambda m: near(m.factor(RELU), 0.5**0.5, 0.04) and near(m.factor(HE), 1.0, 0.05),
        lambda m: (
            m.state(HE.replace(initializer="gaussian")) == "exploding"
            and near(m.factor(HE.replace(initializer="gaussian")), 64**0.5, 0.3)
        ),
        {"xavier": factor(RELU), "he": factor(HE)},
        {"gaussian": factor(HE, initializer="gaussian")},
        explains=("variance",),
        scene=Scene(pins=(RELU,)),
    ),
    Step(
        "The edge of chaos",
        "tanh below, on and above its critical scale, with the theory",
        "Infinitely wide networks can be computed (Poole 2016, Schoenholz 2017): the theory's curve is on. For tanh "
        "without bias the critical sigma_w is 1, and the factor {edge}: a slow fall. On one side of it signals die "
        "out; the other is called chaos.",
        "Press s and S around 1. On which side does the line climb towards layer 1?",
        "Above the edge, where chaos is: at 1.2 its factor is {above}. At 0.8, where signals die out, it is {below}. "
        "On the edge between the two a message lasts longest.",
        CHAOS,
        lambda m: (
            _signal_dies(m, CHAOS.replace(scale=0.8))
            and not _signal_dies(m, CHAOS.replace(scale=1.2))
            and m.factor(CHAOS) > 0.95
            and near(m.critical_scale(CHAOS), 1.0, 1e-9)
        ),
        lambda m: m.factor(CHAOS.replace(scale=1.2)) > 1 > m.factor(CHAOS.replace(scale=0.8)),
        {"edge": factor(CHAOS)},
        {"above": factor(CHAOS, scale=1.2), "below": factor(CHAOS, scale=0.8)},
        explains=("critical", "depth scale"),
        scene=Scene(theory=True),
    ),
)
