"""What mends it, and what each cure does to the factor: residual connections, norms, clipping, gates.

Hochreiter and Schmidhuber (1997); Pascanu, Mikolov and Bengio (2013); He et al. (2015, residual networks); Yang et al.
(2019, batch norm).
"""

from __future__ import annotations

from tui_telescope.lessons.measures import Measures, factor, first, frozen, near
from tui_telescope.lessons.networks_shown import BATCH_RELU, DEEP, LSTM, SCREAM, WHISPER, WIDE
from tui_telescope.lessons.step import Scene, Step

RESIDUAL = WHISPER.replace(residual=True)
TAMED = RESIDUAL.replace(branch_scale="1/sqrt(L)")
RNN = LSTM.replace(cell="rnn")
CENTRED = WIDE.replace(norm="layer", norm_place="pre")


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
        "The residual connection",
        "skip connections against none, with the ghost",
        "Let every layer add to what it heard, a, and not replace it: a + phi(z). The message then has a way around "
        "each layer, with factor 1, whatever the layer does. The sigmoid network that let {plain} through (the ghost) "
        "now lets {residual} arrive. This is He et al.'s skip connection of 2015.",
        "Press 2. Which factors has the network with the connection, and which the ghost?",
        "About {with_skip} with it, {without} without. The derivative of a + phi(z) is 1 plus something. A product of "
        "such numbers neither vanishes nor explodes while the somethings add up to little.",
        RESIDUAL,
        lambda m: m.state(RESIDUAL) == "healthy" and m.first(RESIDUAL) > m.first(WHISPER) + 15,
        lambda m: near(m.factor(RESIDUAL), 1.0, 0.03) and m.factor(WHISPER) < 0.5,
        {"plain": first(WHISPER), "residual": first(WHISPER, residual=True)},
        {"with_skip": factor(RESIDUAL), "without": factor(WHISPER)},
        explains=("skip", "ghost"),
        scene=Scene(ghost=True),
    ),
    Step(
        "Healthy, and yet frozen",
        "residual layers that saturate; 1/sqrt(L) on the branch",
        "The message arrives, but look at the strip below the axis: {frozen} of 50 layers are frozen. The skip passes "
        "everything on, so what the layers add piles up: later units get large inputs and saturate. A gradient that "
        "arrives is not yet a layer that learns.",
        "Lower Branch, which is selected, with the left arrow. How small must a branch be for no layer to be frozen?",
        "0.3 is small enough: there none is, and at 0.4 still {more} is. A usual choice is 1/sqrt(L), L being the "
        "depth: 0.14 here.",
        RESIDUAL,
        lambda m: m.state(RESIDUAL) == "healthy" and m.frozen(RESIDUAL) > 10 and m.saturated(RESIDUAL) > 0.2,
        lambda m: (
            m.frozen(RESIDUAL.replace(branch_scale=0.4)) == 1
            and m.frozen(RESIDUAL.replace(branch_scale=0.3)) == 0
            and m.frozen(TAMED) == 0
        ),
        {"frozen": frozen(RESIDUAL)},
        {"more": frozen(RESIDUAL, branch_scale=0.4)},
        explains=("branch",),
        scene=Scene(weights=True, selected="branch_scale"),
    ),
    Step(
        "Normalisation",
        "layer norm and batch norm without a skip: Yang's 1.21 a layer",
        "Normalising keeps signals in shape, not gradients. Layer norm before the sigmoid: factor {layer}, still a "
        "whisper. Batch norm before ReLU makes a plain stack scream, factor {batch}, at any scale: Yang and others "
        "showed it in 2019. It works in residual networks, where the connection carries the message.",
        "Press m. Does another place in the block stop the scream?",
        "No: {pre} before the weights (pre), {post} after everything (post). But where a norm takes the sigmoid's mean "
        "out, before the weights, even the sigmoid has factor {centred}.",
        BATCH_RELU,
        lambda m: (
            m.state(WIDE.replace(norm="layer")) == "vanishing"
            and near(m.factor(BATCH_RELU), 1.21, 0.05)
            and near(m.factor(BATCH_RELU.replace(scale=3.0)), m.factor(BATCH_RELU), 0.02)
            and m.state(BATCH_RELU.replace(residual=True)) == "healthy"
        ),
        lambda m: (
            m.states(BATCH_RELU, "norm_place", ("pre", "post")) == ["exploding", "exploding"]
            and m.state(CENTRED) == "healthy"
        ),
        {"layer": factor(WIDE, norm="layer"), "batch": factor(BATCH_RELU)},
        {
            "pre": factor(BATCH_RELU, norm_place="pre"),
            "post": factor(BATCH_RELU, norm_place="post"),
            "centred": factor(CENTRED),
        },
        explains=("layer norm", "batch norm"),
    ),
    Step(
        "Where it went",
        "ResNet-152: residual connections, batch norm and ReLU",
        "ResNet-152 stacks residual connections, batch norm and ReLU; so does this network: {deep} arrives at layer 1 "
        "of 152. Without the connections, the ghost, it would be {bare}: batch norm alone screams.",
        "Press a and choose others. Does the connection carry them as well?",
        "It does: {tanh} arrives with tanh and {sigmoid} with sigmoid. The connection does not ask what the layer is.",
        DEEP,
        lambda m: m.state(DEEP) == "healthy" and m.first(DEEP.replace(residual=False)) > m.first(DEEP) + 5,
        lambda m: m.states(DEEP, "activation", ("tanh", "sigmoid")) == ["healthy", "healthy"],
        {"deep": first(DEEP), "bare": first(DEEP, residual=False)},
        {each: first(DEEP, activation=each) for each in ("tanh", "sigmoid")},
        scene=Scene(ghost=True),
    ),
    Step(
        "Clipping",
        "gradient clipping changes no ratio between layers",
        "Clipping shrinks the whole weight gradient when it is too long (Pascanu, Mikolov and Bengio 2013). "
        "That caps a scream: this network's factor is {scream}. But all layers shrink together, so no ratio between "
        "them changes. It cannot recover a whisper.",
        "Press k: the weights' curve is on. Which curve moves, and which stays?",
        "The weights' curve moves down as a whole; the gradient's stays, and the factor is {clipped} as before. "
        "Clipping takes care of the length of a step, not of what reaches layer 1.",
        SCREAM,
        lambda m: m.state(SCREAM) == "exploding" and _clip_keeps_ratios(m, 1.0),
        lambda m: _clip_keeps_ratios(m, 1e-6) and m.first(SCREAM.replace(clip=1e-6)) == m.first(SCREAM),
        {"scream": factor(SCREAM)},
        {"clipped": factor(SCREAM, clip=1.0)},
        scene=Scene(weights=True),
    ),
    Step(
        "Time",
        "RNN and LSTM over 50 steps; the forget bias",
        "A recurrent network reads a sequence step by step, with the same matrix each time: it is as deep as the "
        "sequence is long. Over 50 steps a plain one (rnn, pinned) brings {rnn} back to the first, an LSTM {lstm}. "
        "Bengio, Simard and Frasconi explained the fade in 1994; Hochreiter and Schmidhuber built the cell that "
        "remembers in 1997.",
        "Raise Forget bias, which is selected, with the right arrow. What does it do to the LSTM's oldest step?",
        "At 2 it receives {two}, at 5 {five}: an open forget gate (Gers et al. 2000) is a connection around each "
        "step, as a residual one is around each layer.",
        LSTM,
        lambda m: m.first(RNN) < m.first(LSTM) - 10,
        lambda m: (
            m.first(LSTM.replace(forget_bias=5.0)) > m.first(LSTM) + 1
            and m.state(LSTM.replace(forget_bias=5.0)) == "healthy"
        ),
        {"rnn": first(RNN), "lstm": first(LSTM)},
        {"two": first(LSTM), "five": first(LSTM, forget_bias=5.0)},
        explains=("forget gate",),
        scene=Scene(pins=(RNN,), selected="forget_bias"),
    ),
)
