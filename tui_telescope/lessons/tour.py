"""The tour: vanishing and exploding gradients in fourteen steps.

The history: Hochreiter (1991); Bengio, Simard and Frasconi (1994); Hochreiter and Schmidhuber (1997); Glorot and
Bengio (2010); Pascanu, Mikolov and Bengio (2013); He et al. (2015, initialisation); He et al. (2015, residual
networks); Poole et al. (2016), Schoenholz et al. (2017), Yang et al. (2019, batch norm).
"""

from __future__ import annotations

import math

from tui_telescope.engine.activations.definitions import ACTIVATIONS
from tui_telescope.engine.mean_field.theory import critical_scale
from tui_telescope.lessons.measures import Measures, factor, first, frozen, last
from tui_telescope.lessons.step import Step
from tui_telescope.settings import Settings

WHISPER = Settings()
STACK = Settings(width=32, initializer="xavier", scale=1.0, loss="probe")
WIDE = Settings(width=128, initializer="xavier", scale=1.0, loss="probe", generator="numpy")
EDGE = WIDE.replace(scale=10.15)
RELU = WIDE.replace(activation="relu")
HE = RELU.replace(initializer="he")
NARROW_RELU = Settings(activation="relu", initializer="he", scale=1.0)
BATCH_RELU = RELU.replace(norm="batch", samples=64, depth=30)
SCREAM = Settings(width=32, activation="tanh", initializer="xavier", scale=3.0, loss="probe")
CHAOS = WIDE.replace(activation="tanh", scale=1.0, depth=200)
DEEP = RELU.replace(depth=152, norm="batch", residual=True, width=32, samples=32)
PRE_NORM = HE.replace(depth=96, norm="layer", norm_place="pre", residual=True, width=32)
LSTM = Settings(cell="lstm", activation="tanh", width=16, initializer="xavier", scale=0.7, forget_bias=2.0)


def _near(value: float, target: float, tolerance: float) -> bool:
    return abs(value - target) <= tolerance


def _frozen(measures: Measures, settings: Settings) -> int:
    return measures.observe(settings).verdict.frozen_layers or 0


def _best_activation(measures: Measures) -> str:
    """The one whose factor is nearest to 1 in the wide stack."""
    return min(ACTIVATIONS, key=lambda activation: abs(math.log(measures.factor(WIDE.replace(activation=activation)))))


def _critical_scale(settings: Settings) -> float:
    return critical_scale(settings) or math.nan


def _clip_keeps_ratios(measures: Measures, clip: float) -> bool:
    """Whether clipping lowers the weight gradient, by the same factor in every layer."""
    free = measures.observe(SCREAM).weight_gradient
    clipped = measures.observe(SCREAM.replace(clip=clip)).weight_gradient
    if free is None or clipped is None:
        return False
    shift = free.log10 - clipped.log10
    return bool(shift.min() > 0 and shift.max() - shift.min() < 1e-9)


STEPS: tuple[Step, ...] = (
    Step(
        "The whispering line",
        "A network learns from its loss: how wrong the answer at its end was. That message travels down, from the last "
        "layer (right) to layer 1 (left), and each layer passes it on a little quieter. Here {last} leaves the top and "
        "{first} arrives. In float32 {frozen} of these 50 layers are frozen beside the loudest.",
        "Press Space for other weights. Do any of them carry the message?",
        WHISPER,
        lambda m: m.state(WHISPER) == "vanishing",
        lambda m: all(m.state(WHISPER.replace(seed=WHISPER.seed + k)) == "vanishing" for k in range(1, 9)),
        {"last": last(WHISPER), "first": first(WHISPER), "frozen": frozen(WHISPER)},
    ),
    Step(
        "One factor a layer",
        "What one layer does to the message is its factor: above 1 it screams, below 1 it whispers. In this wider "
        "stack it is about {factor}, and forty-nine such factors in a row leave {first}. Press 1: there they make a "
        "straight line, for the axis is logarithmic, and equal factors are equal steps.",
        "Press D. How deep may the stack be for a millionth, 1e-06, to arrive?",
        STACK,
        lambda m: m.factor(STACK) < 0.5 and m.state(STACK) == "vanishing",
        lambda m: m.first(STACK.replace(depth=10)) > -6 > m.first(STACK.replace(depth=12)),
        {"factor": factor(STACK), "first": first(STACK)},
        view="factor",
    ),
    Step(
        "Why sigmoid is worst",
        "The sigmoid's slope is never above 0.25. That is a ceiling, not the factor: weights multiply it, and here it "
        "is {sigmoid}. tanh has slope 1 in the middle, and the same weights give {tanh}. Hochreiter saw this in 1991; "
        "Glorot and Bengio measured it in deep networks in 2010.",
        "Press a. Which activation passes the message on best with these weights?",
        WIDE,
        lambda m: 0.2 < m.factor(WIDE) < 0.25 and m.factor(WIDE.replace(activation="tanh")) > 0.9,
        lambda m: _best_activation(m) == "linear" and _near(m.factor(WIDE.replace(activation="selu")), 1.0, 0.05),
        {"sigmoid": factor(WIDE), "tanh": factor(WIDE, activation="tanh")},
    ),
    Step(
        "Depth",
        "With 5 layers {five} arrives at layer 1, with 10 {ten}, with 20 {twenty}, with 50 {fifty}. Nothing is wrong "
        "with any single layer: each passes on about half of what it hears. But factors multiply, and a chain of small "
        "losses is a large one.",
        "Press d and D. From which depth on are layers frozen?",
        WHISPER.replace(depth=20),
        lambda m: (
            [m.first(WHISPER.replace(depth=d)) for d in (50, 20, 10, 5)]
            == sorted(m.first(WHISPER.replace(depth=d)) for d in (5, 10, 20, 50))
            and all(0.4 < m.factor(WHISPER.replace(depth=d)) < 0.7 for d in (5, 10, 20, 50))
        ),
        lambda m: not _frozen(m, WHISPER.replace(depth=20)) and _frozen(m, WHISPER.replace(depth=25)) > 0,
        {
            "five": first(WHISPER, depth=5),
            "ten": first(WHISPER, depth=10),
            "twenty": first(WHISPER, depth=20),
            "fifty": first(WHISPER),
        },
    ),
    Step(
        "The last layer looks healthy",
        "Look at the right end. With 5 layers the last one receives {five}, with 50 layers {fifty}, with 500 {many}. "
        "Depth does not touch it, because nothing has multiplied its gradient yet. Whoever watches the last layer "
        "alone sees a network that learns.",
        "Press d and D. Which end of the line moves, and which stays?",
        WHISPER,
        lambda m: all(_near(m.last(WHISPER.replace(depth=d)), m.last(WHISPER), 0.5) for d in (5, 500)),
        lambda m: (
            _near(m.last(WHISPER.replace(depth=80)), m.last(WHISPER), 0.5)
            and m.first(WHISPER.replace(depth=80)) < m.first(WHISPER) - 5
        ),
        {"five": last(WHISPER, depth=5), "fifty": last(WHISPER), "many": last(WHISPER, depth=500)},
    ),
    Step(
        "Scale and the knife edge",
        "Larger weights should help. At width 4, scale 4 they do not: {four} arrives, less than at scale 2, for the "
        "units saturate. A wide sigmoid stack is balanced only near sigma_w = 10.15, with xavier the scale: here the "
        "factor is {edge}; at scale 4 it is {below}. It explodes neither at 4 nor at 6.",
        "Press s and S. Between which scales is the verdict HEALTHY?",
        EDGE,
        lambda m: (
            m.first(WHISPER.replace(scale=4.0)) < m.first(WHISPER)
            and _near(m.factor(EDGE), 1.0, 0.08)
            and m.factor(WIDE.replace(scale=4.0)) < 0.8
            and m.factor(WIDE.replace(scale=6.0)) < 1
        ),
        lambda m: (
            [m.state(EDGE.replace(scale=s)) for s in (8, 10, 12, 15)]
            == ["vanishing", "healthy", "healthy", "exploding"]
        ),
        {"four": first(WHISPER, scale=4.0), "edge": factor(EDGE), "below": factor(WIDE, scale=4.0)},
    ),
    Step(
        "ReLU, and dying",
        "ReLU's slope is 1 or exactly 0: it does not saturate, it switches off. In this narrow stack every path "
        "closes somewhere, and exactly nothing arrives at the bottom. At width 128 there is always a way through, "
        "and {wide} arrives. A dead unit gets no gradient and stays dead.",
        "Press w. How wide must the stack be to live?",
        NARROW_RELU,
        lambda m: m.state(NARROW_RELU) == "dead" and m.state(HE) == "healthy",
        lambda m: (
            [m.state(NARROW_RELU.replace(width=w)) == "dead" for w in (4, 6, 8, 12)] == [True, True, False, False]
        ),
        {"wide": first(HE)},
    ),
    Step(
        "Xavier and He",
        "Xavier weights, of variance 1/n, suit activations with slope 1. ReLU drops half of the signal: with Xavier "
        "its factor is {xavier}, near the square root of 1/2. He et al. doubled the variance in 2015, and the factor "
        "is {he}. The right constant depends on the activation.",
        "Press i. What does plain gaussian do at this width?",
        HE,
        lambda m: _near(m.factor(RELU), 0.5**0.5, 0.04) and _near(m.factor(HE), 1.0, 0.05),
        lambda m: m.state(HE.replace(initializer="gaussian")) == "exploding",
        {"xavier": factor(RELU), "he": factor(HE)},
    ),
    Step(
        "The residual connection",
        "Now let every layer add to what it heard, and not replace it. The message gets a connection around each "
        "layer, with factor 1, whatever the layer does. The same sigmoid network that let {plain} through now lets "
        "{residual} arrive. This is He et al.'s idea of 2015.",
        "Press r again and again. Which line is with the connection, and which without?",
        WHISPER.replace(residual=True),
        lambda m: m.state(WHISPER.replace(residual=True)) == "healthy",
        lambda m: m.first(WHISPER.replace(residual=True)) > m.first(WHISPER) + 15,
        {"plain": first(WHISPER), "residual": first(WHISPER, residual=True)},
    ),
    Step(
        "Normalisation",
        "Normalising keeps signals in shape, not gradients. Layer norm before the sigmoid: factor {layer}, still a "
        "whisper. Batch norm before ReLU makes a plain stack scream, factor {batch}, at any scale: Yang and others "
        "showed it in 2019. It works in residual networks, where the connection carries the message.",
        "Press m. Does another place in the block stop the scream?",
        BATCH_RELU,
        lambda m: (
            m.state(WIDE.replace(norm="layer")) == "vanishing"
            and _near(m.factor(BATCH_RELU), 1.21, 0.05)
            and _near(m.factor(BATCH_RELU.replace(scale=3.0)), m.factor(BATCH_RELU), 0.02)
            and m.state(BATCH_RELU.replace(residual=True)) == "healthy"
        ),
        lambda m: all(m.state(BATCH_RELU.replace(norm_place=place)) == "exploding" for place in ("pre", "post")),
        {"layer": factor(WIDE, norm="layer"), "batch": factor(BATCH_RELU)},
    ),
    Step(
        "Clipping",
        "Clipping shrinks the whole weight gradient when its norm is too large (Pascanu, Mikolov and Bengio 2013). "
        "That caps a scream: this network's factor is {scream}. But all layers shrink together, so no ratio between "
        "them changes. It cannot recover a whisper.",
        "Press k. Which curve moves, and which stays?",
        SCREAM,
        lambda m: m.state(SCREAM) == "exploding" and _clip_keeps_ratios(m, 1.0),
        lambda m: _clip_keeps_ratios(m, 1e-6) and m.first(SCREAM.replace(clip=1e-6)) == m.first(SCREAM),
        {"scream": factor(SCREAM)},
    ),
    Step(
        "Time",
        "A recurrent network is as deep as its sequence is long, with the same matrix at every step. Over 50 steps an "
        "RNN brings {rnn} back to the first, a GRU {gru}, an LSTM {lstm}. Bengio, Simard and Frasconi explained the "
        "fade in 1994; Hochreiter and Schmidhuber built the cell that remembers in 1997.",
        "Press c. Which cell keeps its oldest step alive?",
        LSTM,
        lambda m: (
            m.first(LSTM.replace(cell="rnn")) < m.first(LSTM.replace(cell="gru")) - 3
            and m.first(LSTM.replace(cell="rnn")) < m.first(LSTM) - 3
        ),
        lambda m: m.first(LSTM) > m.first(LSTM.replace(cell="gru")) + 3,
        {"rnn": first(LSTM, cell="rnn"), "gru": first(LSTM, cell="gru"), "lstm": first(LSTM)},
    ),
    Step(
        "The edge of chaos",
        "Infinitely wide networks can be computed (Poole 2016, Schoenholz 2017): press o. For tanh without bias the "
        "critical sigma_w is 1. Below it signals die, and so do gradients: at 0.8 the factor is {below}. Above it "
        "close inputs part, and gradients grow: at 1.5, {above}. On the edge, {edge}: they fall as a power of depth.",
        "Press s and S around 1. On which side does the line climb towards layer 1?",
        CHAOS,
        lambda m: (
            m.factor(CHAOS.replace(scale=0.8)) < 0.85
            and m.factor(CHAOS.replace(scale=1.5)) > 1.05
            and m.factor(CHAOS) > 0.95
            and _near(_critical_scale(CHAOS), 1.0, 1e-9)
        ),
        lambda m: m.factor(CHAOS.replace(scale=1.2)) > 1 > m.factor(CHAOS.replace(scale=0.8)),
        {"below": factor(CHAOS, scale=0.8), "edge": factor(CHAOS), "above": factor(CHAOS, scale=1.5)},
    ),
    Step(
        "Where it went",
        "ResNet-152 stacks residual connections, batch norm and ReLU; so does this network: {deep} arrives at layer 1 "
        "of 152. Without the connections it would be {bare}. Transformers have them too. With the norm on the branch "
        "(pre) {pre} arrives after 96 layers; with the norm across the connection (post) every norm multiplies: "
        "{post}.",
        "Build the network that you use. What reaches its first layer?",
        DEEP,
        lambda m: (
            m.state(DEEP) != "vanishing"
            and m.first(DEEP.replace(residual=False)) > m.first(DEEP) + 5
            and m.first(PRE_NORM.replace(norm_place="post")) > m.first(PRE_NORM) + 1
        ),
        lambda m: m.state(DEEP) == "healthy" != m.state(DEEP.replace(residual=False)),
        {
            "deep": first(DEEP),
            "bare": first(DEEP, residual=False),
            "pre": first(PRE_NORM),
            "post": first(PRE_NORM, norm_place="post"),
        },
    ),
)
"""In the order in which they are told."""
