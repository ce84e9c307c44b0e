"""What the words and numbers on the screen mean, each with the views that show it."""

from __future__ import annotations

from typing import NamedTuple


class Meaning(NamedTuple):
    """A word of the screen, and what it means in plain sentences."""

    term: str
    text: str
    views: tuple[str, ...] = ()
    """The names of the views that show it; none for what is met everywhere."""


def partitioned(view: str, *, of_runs: bool = False) -> tuple[list[Meaning], list[Meaning]]:
    """What the view of this name shows, and everything else; of networks that are made up here, or of runs."""
    told = meanings(of_runs=of_runs)
    return [each for each in told if view in each.views], [each for each in told if view not in each.views]


def meanings(*, of_runs: bool = False) -> tuple[Meaning, ...]:
    """All of them, likewise."""
    return _of_runs() if of_runs else _meanings()


def _meanings() -> tuple[Meaning, ...]:
    from tui_telescope.observations.diagnosis import FROZEN_LOG10, HEALTHY_DECADES

    bound = f"{10**HEALTHY_DECADES:g} times"
    epsilon = f"{10**FROZEN_LOG10:.1e}"
    return (
        Meaning(
            "layer",
            "Counted from 1 at the input to L at the output. The loss sits above layer L, and its gradient "
            "travels down to layer 1 like a message in the game of telephone.",
        ),
        Meaning(
            "step",
            "What a layer is to the cells rnn, lstm and gru: one moment of the sequence. The loss sits at the "
            "last, and its gradient travels back in time to step 1.",
        ),
        Meaning(
            "form",
            "What a layer's branch F computes: phi(W a + b) in post-activation, W phi(a) + b in pre-activation, where "
            "the norm's places pre and activation are one, and W2 phi(W1 a + b1) + b2 in an mlp.",
        ),
        Meaning(
            "block",
            "What a layer is to a transformer: causal attention, in which a token hears itself and those before it, "
            "and an mlp, each with a residual connection and a norm of its own; at activation the norm stands in the "
            "mlp alone. A sample is a sequence of tokens; the loss acts on all, and norms are over all of them. Where "
            "it learns, a glyph's rows are the tokens, or a spiral's point, and the head reads the last one. The "
            "cursor's line tells the weights' gradient of queries and keys, of values and output, and of the mlp.",
        ),
        Meaning(
            "gradient",
            "How much of the loss's gradient reaches a layer: the norm of d loss / d a_l of each sample, averaged "
            "over samples and networks. The scale is logarithmic: 1e-18 is 18 decades below 1.",
            ("gradient",),
        ),
        Meaning(
            "10-90%",
            "The range of a gradient's norm from sample to sample, without the highest and the lowest tenth.",
            ("gradient",),
        ),
        Meaning(
            "cell state",
            "The gradient by the LSTM's memory c_t, beside the one by h_t: its forget gate decides how much of it "
            "is kept. In JSON it is cell_gradient.",
        ),
        Meaning(
            "weights",
            "The gradient by a layer's weights: the norm of d loss / d W_l, clipped if clip is on. Where it jumps "
            "from layer to layer it is drawn as points; a small triangle on the floor (in ASCII a v) says that it lies "
            "below the chart.",
            ("gradient",),
        ),
        Meaning(
            "about half zero",
            "Where a number format ends for the n entries of a gradient that is averaged over the samples: "
            "rounded to it, about half of them are zero there, and more below; they overflow above the upper "
            "line. The lines hold for the gradient and the cell state, not for the weights, which have n x n "
            "entries. With precision on they are that format's, for the sum over samples times the loss scale.",
        ),
        Meaning(
            "float16, float8",
            "With precision on, every result of the network is rounded to that format, forward and backward; products "
            "of matrices are summed in float32 first. The readings are what the format has: a gradient may be exactly "
            "zero, or NaN or infinite. The ghost is the same network in exact arithmetic, until g puts it off. The "
            "loss is the sum over samples, and its gradient is multiplied with the loss scale, which the readings "
            "leave out again.",
        ),
        Meaning(
            "gradient zero",
            "In a number format: the share of a layer's gradient, of all units and samples, that is exactly zero; "
            "overflowed: the share that is infinite or NaN.",
            ("signal",),
        ),
        Meaning(
            "rms",
            "The signal on its way up: the root mean square of a layer's outputs.",
            ("signal",),
        ),
        Meaning(
            "spread",
            "How much the samples still differ: the root mean square of what differs from their mean, as a share of "
            f"the signal's. Below a number format's epsilon ({epsilon} in float32) a layer cannot tell its inputs "
            "apart: the layers above it are given one and the same, and cannot learn which is which.",
            ("signal",),
        ),
        Meaning(
            "saturated",
            "Units whose slope is under 1% of the activation's steepest; they pass hardly anything down.",
            ("signal",),
        ),
        Meaning(
            "dead",
            "Units whose slope is zero on every sample; they pass nothing down. A layer is dead where no gradient at "
            "all arrives, or where that by its own weights is exactly zero, as of a layer that hears nothing.",
            ("signal",),
        ),
        Meaning(
            "theory",
            "Mean-field theory: the gradient of an infinitely wide network. Narrow ones scatter about it. The lstm, "
            "the gru and an rnn with a residual connection are followed as 4,000 units of a fixed seed, for up to "
            "150 steps; of more, the middle is filled in at its own pace. There is none of norms beside identity "
            "weights, of batch norm over fewer than 8 samples or beside biases that differ, of rectifiers that hear "
            "nothing, and of a network that carries nothing.",
            ("factor",),
        ),
        Meaning(
            "depth scale",
            "How many layers a signal lasts by theory: over so many the squared gradient changes by a factor e. It is "
            "a bar on the layer axis, from the last layer down, while the theory is on.",
        ),
        Meaning(
            "layer 1 receives",
            "The gradient at the far end, which is all that layer 1 has to learn from.",
            ("depth",),
        ),
        Meaning(
            "factor",
            "What one layer does to the message: the gradient below it divided by the one above. Above 1 it "
            "screams, below 1 it whispers. Factors multiply: fifty of 0.43 leave less than 1e-18.",
            ("factor",),
        ),
        Meaning(
            "loss, accuracy",
            "Of a network that learns: the mean cross-entropy over samples of its task, and the share of them that it "
            "puts into their class. Its loss is not the setting: views 1 to 3 show its gradients while it learns. A "
            "small triangle at the upper edge (in ASCII ^) says that a loss lies above the chart, and the legend how "
            "far it goes.",
            ("learn",),
        ),
        Meaning(
            "update",
            "How far one step moves a layer's weights: ||dW|| / ||W||. Where no bit changes, the layer does not learn, "
            "however long one waits.",
            ("learn",),
        ),
        Meaning(
            "change",
            "How far all steps together have moved them: ||W - W_0|| / ||W_0||. That a layer near the loss moves does "
            "not say that it learns: where its inputs look all alike, it has nothing to tell them apart by.",
            ("learn",),
        ),
        Meaning(
            "trainable",
            "Which share of the samples is put into its class after 100 steps with momentum, over the scale and the "
            "depth of the network. The dashed line is five times the depth over which theory has a signal last: about "
            "where half of what can be learned is. Your own network is marked; its rate and batch are those of all.",
            ("trainable",),
        ),
        Meaning(
            "direction",
            "The input can move in n directions at right angles, and the output answers in n: each passes at a "
            "singular value of d a_L / d a_0, the largest first, with the median and the range over the first samples. "
            "Where all are about 1 (dynamical isometry) no gradient fades, whichever way it points; one that is dead "
            "passes nothing.",
            ("spectrum",),
        ),
        Meaning(
            "sampled",
            "Weights between more than 1024 units, or of more than 1 GiB, are not stored: what they give for the "
            "samples is drawn where it is needed, distributed exactly as it would be. So it is for layers with normal "
            "weights alone.",
        ),
        Meaning(
            "decades",
            "Powers of ten. Where one layer accounts for more than half of those lost or gained, it is named, "
            "with what the others do.",
        ),
        Meaning(
            "VANISHING",
            f"Of the typical network (the median over networks), layer 1 receives over {bound} less than the last "
            "layer, and the line fitted through all layers falls by ten times at least.",
        ),
        Meaning(
            "EXPLODING",
            f"Layer 1 receives over {bound} more than the last layer, and the fitted line climbs as well.",
        ),
        Meaning(
            "HEALTHY",
            f"The two ends are within {bound} of each other, or the fitted line is level.",
        ),
        Meaning(
            "DEAD",
            "In at least half of the networks exactly nothing arrives: some layer's units pass nothing down.",
        ),
        Meaning(
            "frozen",
            "Layers whose weights would change, as a share of their size, by less than float32's epsilon "
            f"({epsilon}) times the largest layer's share: while that one moves by its own size, they keep every "
            "bit. Without master weights it is the number format's own epsilon.",
            ("gradient",),
        ),
        Meaning(
            "unheard",
            "Steps of a cell that add so little to the gradient by the weights they share that no bit of it "
            "changes in float32.",
        ),
        Meaning(
            "Try ...",
            "A change that was made and seen to be healthy on these very networks: the smallest that helps. Where a "
            "number format silences layers or overflows, one after which it does neither.",
        ),
        Meaning(
            "on the map",
            "One line runs where layer 1 receives as much as the last layer (ratio 1), another at the critical scale "
            "of the theory. The numbers between the shades are decades of that ratio.",
            ("map",),
        ),
    )


_SHARED = ("factor", "decades", "VANISHING", "EXPLODING", "HEALTHY", "frozen")
"""The words of networks made up here that mean the same of a run."""


def _of_runs() -> tuple[Meaning, ...]:
    shared = [meaning for meaning in _meanings() if meaning.term in _SHARED]
    return (
        Meaning(
            "layer",
            "A module of the model, by its name; they stand in the order in which the forward pass first ran them. "
            "< and > read off a layer by its name.",
        ),
        Meaning(
            "gradient",
            "The norm of d loss / d (the layer's output) over the batch of one recorded step. The scale is "
            "logarithmic. Other logs may hold the gradient by the weights alone.",
            ("gradient",),
        ),
        Meaning("10-90%", "The range of a layer's gradient over the last twenty records.", ("gradient",)),
        Meaning(
            "weights",
            "The gradient by a layer's parameters, as the optimizer applied it. Shown by itself where none by the "
            "outputs was recorded.",
            ("gradient",),
        ),
        Meaning(
            "layer over steps",
            "The gradient of the layer under the cursor (< and > choose it; without one the first layer) at each "
            "record that is kept: the newest all, the older ones thinned out. What a restart took back is left out. "
            "While it is frozen, the step is marked.",
            ("layer",),
        ),
        Meaning(
            "loss, learning rate",
            "As the program told them, from zero up; the learning rate's highest stands at the chart's upper edge. A "
            "small triangle there (in ASCII ^) says that a loss lies above the chart, and the legend how far it goes.",
            ("layer", "heatmap"),
        ),
        Meaning(
            "heatmap",
            "A row a layer, the first at the bottom, and a column a step: the fuller, the larger the gradient; the "
            "legend says where one character gives way to the next. Of layers or steps that share a cell the one is "
            "shown that differs most from the others of its step, so that a single dead layer is seen.",
            ("heatmap",),
        ),
        Meaning(
            "role",
            "A layer's name without its block's number: blocks.*.mlp are the MLPs of all blocks. r shows the layers of "
            "one role alone; frozen they are by what the largest of all layers does.",
        ),
        Meaning(
            "runs",
            "l lists the runs of the folder. Enter watches one; c sets it beside the one that is watched, at the "
            "newest of its records that is not later (the first, where all are) and by the layers' names. Where it "
            "has no layer of that name its line has a gap; layers of its own are not shown. Both are said.",
        ),
        Meaning("rms", "The root mean square of a layer's output.", ("signal",)),
        Meaning("dead", "Units whose output is zero on every sample of the step.", ("signal",)),
        Meaning(
            "NONFINITE",
            "NaN or infinity at some layers of this record. Where it began is said with the step, or with the two "
            "recorded steps between which it was.",
        ),
        Meaning("DEAD", "Exactly nothing arrives at the first layer: some layer's units pass nothing down."),
        *shared,
    )
