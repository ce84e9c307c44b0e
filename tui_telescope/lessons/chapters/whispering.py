"""The message fades: what a factor is, by hand and at every depth.

Hochreiter (1991); Bengio, Simard and Frasconi (1994); Glorot and Bengio (2010).
"""

from __future__ import annotations

import math

from tui_telescope.engine.activations.definitions import ACTIVATIONS
from tui_telescope.lessons.measures import (
    Measures,
    at,
    factor,
    first,
    frozen,
    last,
    near,
    plain,
    saturated,
    slope,
    slope_at,
)
from tui_telescope.lessons.networks_shown import (
    BEST_CASE,
    BY_HAND,
    PRODUCT,
    SPLIT,
    STACK,
    THIRTY,
    WHISPER,
    WIDE,
)
from tui_telescope.lessons.step import Scene, Step
from tui_telescope.notation import scientific

OTHERS = range(WHISPER.seed + 1, WHISPER.seed + 9)
RELU_THIRTY = THIRTY.replace(activation="relu", initializer="he")
FADING, GROWING, DOUBLING = (PRODUCT.replace(scale=s, depth=d) for s, d in ((0.1, 21), (1.5, 21), (2.0, 51)))


def _best_of_others(measures: Measures) -> str:
    return scientific(max(measures.first(WHISPER.replace(seed=seed)) for seed in OTHERS))


def _best_activation(measures: Measures) -> str:
    """The one whose factor is nearest to 1 in the wide stack."""
    return min(ACTIVATIONS, key=lambda activation: abs(math.log(measures.factor(WIDE.replace(activation=activation)))))


STEPS: tuple[Step, ...] = (
    Step(
        "The whispering line",
        "the gradient fades from the last layer to the first: 50 sigmoid layers",
        "A network learns from its loss: how wrong its answer was. That message, the gradient, travels from the last "
        "layer (right) to layer 1 (left), and each passes it on a little quieter. {last} leaves the top and {first} "
        "arrives.",
        "Press Space for other weights. Do any of them carry the message?",
        "None does: of the next eight networks the luckiest lets {best} arrive. It is not the draw of the weights, it "
        "is how the network is built.",
        WHISPER,
        lambda m: m.state(WHISPER) == "vanishing" and m.first(WHISPER) < m.last(WHISPER) - 15,
        lambda m: all(m.state(WHISPER.replace(seed=seed)) == "vanishing" for seed in OTHERS),
        {"last": last(WHISPER), "first": first(WHISPER)},
        {"best": _best_of_others},
        explains=("1e-18", "weights", "verdict", "frozen"),
    ),
    Step(
        "By hand",
        "a computation by hand: slope 0.2 over five layers, 0.2^5, against slope 1",
        "One unit a layer, each with weight 1 and, from layer 6 on, with the sigmoid's slope at 0.2. The error at the "
        "top is 1 (loss unit). On layer 5, where the cursor stands, 0.2 x 0.2 x 0.2 x 0.2 x 0.2 = {five} is left. "
        "Pinned is ReLU, whose slope is 1: there it is {relu}.",
        "Press < and > to read off layers 9, 8 and 7. What is left after one layer, two and three?",
        "{nine}, {eight} and {seven}. The chain rule multiplies: what arrives is the product of a weight and a slope "
        "for each layer on the way.",
        BY_HAND,
        lambda m: (
            near(m.at(5, BY_HAND), 5 * math.log10(0.2), 1e-3)
            and near(m.first(BY_HAND.replace(activation="relu")), 0, 1e-12)
        ),
        lambda m: all(near(m.at(10 - k, BY_HAND), k * math.log10(0.2), 1e-3) for k in (1, 2, 3)),
        {"five": plain(5, BY_HAND), "relu": plain(5, BY_HAND, activation="relu")},
        {"nine": plain(9, BY_HAND), "eight": plain(8, BY_HAND), "seven": plain(7, BY_HAND)},
        explains=("unit", "slope", "pin"),
        scene=Scene(pins=(BY_HAND.replace(activation="relu"),), cursor=5),
    ),
    Step(
        "The best case",
        "0.25^5, 0.25^10, 0.25^20 against 1.0: a chain in the sigmoid's best case",
        "The sigmoid's slope is highest at 0: 0.25. In this chain nearly every unit sits there, with weight 1. Ten "
        "layers below the top {ten} is left, twenty below it {twenty}: powers of 0.25. With a slope of 1, pinned, the "
        "message stays what it was at any depth.",
        "Read off with < from the top. After how many layers is less than a thousandth left?",
        "After five: {five}, which is 0.25 to the power of five. With weight 1 a factor is a slope, and no slope of "
        "the sigmoid is steeper.",
        BEST_CASE,
        lambda m: (
            all(near(m.at(25 - k, BEST_CASE), k * math.log10(0.25), 1e-3) for k in (5, 10, 20))
            and near(m.first(BEST_CASE.replace(activation="linear")), 0, 1e-12)
        ),
        lambda m: m.at(20, BEST_CASE) < -3 < m.at(21, BEST_CASE) and max(m.factors(BEST_CASE)) < 0.25 + 1e-9,
        {"ten": at(15, BEST_CASE), "twenty": at(5, BEST_CASE)},
        {"five": at(20, BEST_CASE)},
        scene=Scene(pins=(BEST_CASE.replace(activation="linear"),)),
    ),
    Step(
        "The slope",
        "sigma and sigma' at 0, 1, 2, 4 and -3, and where the units sit",
        "The sigmoid is flat far from 0. Its slope is 0.25 at 0, {one} at 1, {two} at 2 and {four} at 4, left of 0 as "
        "well. The shaded hill is where this network's units sit. Those far out pass hardly anything down: they are "
        "saturated. View 3 counts them; t comes back here.",
        "Press s for larger weights. What becomes of the share of saturated units?",
        "It grows: {now} of them at scale 2, {ten} at scale 10. Larger weights push units outwards, where their slope "
        "is lost: at -3 it is {three}.",
        WHISPER,
        lambda m: (
            slope_at("sigmoid", 4) < 0.1 * slope_at("sigmoid", 0)
            and near(slope_at("sigmoid", -2), slope_at("sigmoid", 2), 1e-12)
        ),
        lambda m: m.saturated(WHISPER) < 0.15 < 0.5 < m.saturated(WHISPER.replace(scale=10.0)),
        {"one": slope("sigmoid", 1), "two": slope("sigmoid", 2), "four": slope("sigmoid", 4)},
        {"now": saturated(WHISPER), "ten": saturated(WHISPER, scale=10.0), "three": slope("sigmoid", -3)},
        explains=("saturated", "rms", "spread"),
        scene=Scene(slope=True),
    ),
    Step(
        "One factor a layer",
        "the factor of a layer, and why equal factors make a straight line",
        "What one layer does to the message is its factor: above 1 it screams, below 1 it whispers. In this wider "
        "stack it is about {factor}, and forty-nine such factors in a row take {last} down to {first}. Press 1: there "
        "they make a straight line, for equal factors are equal steps on a log axis.",
        "Press D, or Enter and a depth. How deep may the stack be for 1e-06 or more to arrive?",
        "Eleven layers: {eleven} arrives there, and at twelve {twelve}. Each layer costs more than half a decade.",
        STACK,
        lambda m: m.factor(STACK) < 0.5 and m.state(STACK) == "vanishing",
        lambda m: (
            m.first(STACK.replace(depth=11)) > -6 > m.first(STACK.replace(depth=12)) and m.factor(STACK) < 10**-0.5
        ),
        {"factor": factor(STACK), "last": last(STACK), "first": first(STACK)},
        {"eleven": first(STACK, depth=11), "twelve": first(STACK, depth=12)},
        explains=("log axis", "decade", "probe"),
        view="factor",
    ),
    Step(
        "Two parts of a factor",
        "the two parts of a factor: ||W|| and phi'",
        "A factor is made of the weights and of the slopes. Weights that only turn a vector (orthogonal) times 2 have "
        "exactly factor 2: the pinned, linear curve shows {linear}. The sigmoid's slopes take it down to {sigmoid}. "
        "So the slopes' own part is about {slopes}.",
        "Press s until the two parts cancel. Which scale do the weights need?",
        "About 10, where the factor is {ten}; at 6 it is still {six}. But the more the weights grow, the flatter "
        "the slopes become: each part pulls at the other.",
        SPLIT,
        lambda m: near(m.factor(SPLIT.replace(activation="linear")), 2.0, 1e-9) and m.factor(SPLIT) < 0.5,
        lambda m: near(m.factor(SPLIT.replace(scale=10.0)), 1.0, 0.02) and m.factor(SPLIT.replace(scale=6.0)) < 0.8,
        {
            "linear": factor(SPLIT, activation="linear"),
            "sigmoid": factor(SPLIT),
            "slopes": lambda m: f"{m.factor(SPLIT) / 2:.2f}",
        },
        {"ten": factor(SPLIT, scale=10.0), "six": factor(SPLIT, scale=6.0)},
        scene=Scene(pins=(SPLIT.replace(activation="linear"),)),
    ),
    Step(
        "Why the sigmoid fades",
        "all activations under the same weights; sigmoid against tanh",
        "Its slope is never above 0.25. That is a ceiling of the slope, not of the factor, for weights multiply it. "
        "Here the factor is {sigmoid}. tanh, pinned, has slope 1 in the middle, and the same weights give {tanh}. "
        "Hochreiter saw this in 1991; Glorot and Bengio measured it in 2010.",
        "Press a. Which activation passes the message on best with these weights?",
        "The linear one, at {linear}, which learns nothing curved; then selu, at {selu}, whose constants were chosen "
        "for such weights. ReLU gives {relu}: it needs larger ones, as a later step shows.",
        WIDE,
        lambda m: 0.2 < m.factor(WIDE) < 0.25 and m.factor(WIDE.replace(activation="tanh")) > 0.9,
        lambda m: (
            _best_activation(m) == "linear"
            and near(m.factor(WIDE.replace(activation="selu")), 1.0, 0.05)
            and near(m.factor(WIDE.replace(activation="relu")), 0.5**0.5, 0.04)
        ),
        {"sigmoid": factor(WIDE), "tanh": factor(WIDE, activation="tanh")},
        {each: factor(WIDE, activation=each) for each in ("linear", "selu", "relu")},
        explains=("10-90%",),
        scene=Scene(pins=(WIDE.replace(activation="tanh"),)),
    ),
    Step(
        "Sigmoid and ReLU",
        "sigmoid and ReLU over 30 layers on one axis",
        "Thirty layers, and both on one axis: sigmoid with Xavier's weights, and ReLU, pinned, with He's. {sigmoid} "
        "of the message arrives by the one and {relu} by the other.",
        "Press i twice (the first, lecun, is Xavier here). Do He's weights save the sigmoid?",
        "No: with them its factor is {he} in place of {xavier}. He's constant is made for ReLU's slopes; the sigmoid's "
        "need weights many times as large.",
        THIRTY,
        lambda m: m.state(THIRTY) == "vanishing" and m.state(RELU_THIRTY) == "healthy",
        lambda m: m.state(THIRTY.replace(initializer="he")) == "vanishing",
        {"sigmoid": first(THIRTY), "relu": first(RELU_THIRTY)},
        {"he": factor(THIRTY, initializer="he"), "xavier": factor(THIRTY)},
        explains=("Xavier",),
        scene=Scene(pins=(RELU_THIRTY,)),
    ),
    Step(
        "Depth",
        "the gradient at layer 1 for depth 5, 20 and 50; frozen layers",
        "With 5 layers {five} arrives at layer 1, with 20 {twenty}, with 50 {fifty}. Nothing is wrong with any single "
        "layer: each passes on about half of what it hears. But factors multiply, and a chain of small losses is a "
        "large one. Layers that receive too little are frozen in float32.",
        "Press d and D, or Enter and a depth. From which depth on are layers frozen?",
        "From 22 on: {few} layers there and none at 21; at 50 they are {many}.",
        WHISPER.replace(depth=20),
        lambda m: (
            [m.first(WHISPER.replace(depth=d)) for d in (50, 20, 5)]
            == sorted(m.first(WHISPER.replace(depth=d)) for d in (5, 20, 50))
            and all(0.4 < m.factor(WHISPER.replace(depth=d)) < 0.7 for d in (5, 20, 50))
        ),
        lambda m: (
            not any(m.frozen(WHISPER.replace(depth=d)) for d in range(1, 22))
            and all(m.frozen(WHISPER.replace(depth=d)) for d in (22, 23, 24, 25, 30, 40, 50))
        ),
        {"five": first(WHISPER, depth=5), "twenty": first(WHISPER, depth=20), "fifty": first(WHISPER)},
        {"few": frozen(WHISPER, depth=22), "many": frozen(WHISPER)},
        explains=("float32",),
    ),
    Step(
        "The last layer looks healthy",
        "the last layer's gradient does not depend on depth",
        "Look at the right end. With 20 layers, pinned, the last one receives {twenty}, with 50 {fifty}. Whoever "
        "watches the last layer alone sees a network that learns.",
        "Press d and D. Which end of the line moves, and which stays?",
        "The right end stays near {last}, for nothing has multiplied its gradient yet, whatever the depth. The left "
        "one falls: at depth 80 layer 1 receives {first}.",
        WHISPER,
        lambda m: all(near(m.last(WHISPER.replace(depth=d)), m.last(WHISPER), 0.5) for d in (20, 500)),
        lambda m: (
            near(m.last(WHISPER.replace(depth=80)), m.last(WHISPER), 0.5)
            and m.first(WHISPER.replace(depth=80)) < m.first(WHISPER) - 5
        ),
        {"twenty": last(WHISPER, depth=20), "fifty": last(WHISPER)},
        {"last": last(WHISPER), "first": first(WHISPER, depth=80)},
        scene=Scene(pins=(WHISPER.replace(depth=20),)),
    ),
    Step(
        "It multiplies both ways",
        "0.1^20, 1.5^20 and 2^50: vanishing and exploding on one plot",
        "A chain where every factor is the weight itself. Twenty factors of 0.1 leave {fading} and twenty of 1.5 make "
        "{growing}, both pinned; fifty of 2 make {doubling}. Vanishing and exploding are one thing: a number that is "
        "not 1, multiplied by itself.",
        "Press S until the line is level. Which positive weight alone keeps it so?",
        "1, exactly, and then at any depth. All that follows on this tour is about keeping the factor of a layer near "
        "1 although its slopes are not.",
        DOUBLING,
        lambda m: (
            near(m.first(FADING), -20, 1e-9)
            and near(m.first(GROWING), 20 * math.log10(1.5), 1e-9)
            and near(m.first(DOUBLING), 50 * math.log10(2), 1e-9)
        ),
        lambda m: (
            near(m.first(PRODUCT.replace(depth=500, scale=1.0)), 0, 1e-9)
            and m.state(PRODUCT.replace(depth=500, scale=0.8)) == "vanishing"
            and m.state(PRODUCT.replace(depth=500, scale=1.2)) == "exploding"
        ),
        {"fading": first(FADING), "growing": first(GROWING), "doubling": first(DOUBLING)},
        scene=Scene(pins=(FADING, GROWING)),
    ),
)
