"""What networks can be made of, and what they can learn: every cell, norm, activation, loss, task and so on there is.

An entry says what it is, so that nobody has to ask for its name. What each of them computes stands in the engine, whose
registries read these entries; settings read them too, and so this module imports the standard library alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

BLOCK = frozenset({"activation", "residual", "skip_scale", "branch_scale"})
FORM = frozenset({"form", "expansion"})
TOKENS = frozenset({"heads", "tokens"})
NORM = frozenset({"norm", "norm_place", "final_norm", "norm_eps"})


class CellKind(NamedTuple):
    """What `depth` counts: layers of their own weights, or steps of time that share them."""

    uses: frozenset[str] = frozenset()
    """The settings of `BLOCK`, `FORM`, `TOKENS` and `NORM` that make a difference to it."""
    is_recurrent: bool = True
    gates: int = 1
    """How many matrices a step has for its state, and as many for its input; a layer has one in all."""
    states: int = 1
    """How many vectors go from one to the next: h, and perhaps a cell state."""
    forget_gate: int | None = None
    """Which gate, counted from 0, `forget_bias` is added to; None where there is no such gate."""
    matrices: tuple[str, ...] = ()
    """Those of `MATRICES` that a layer has, where it is not its form that says which."""
    most_layers: int | None = None
    """To how many its depth goes; None where to as many as for any cell."""
    has_tokens: bool = False
    """Whether a sample is a sequence of tokens, which all go through a layer at once."""


CELLS = {
    "feedforward": CellKind(BLOCK | FORM | NORM, is_recurrent=False),
    "rnn": CellKind(BLOCK),
    "lstm": CellKind(gates=4, states=2, forget_gate=1),
    "gru": CellKind(gates=3),
    # attention is all there is beside an mlp: Vaswani et al. (2017), section 3
    "transformer": CellKind(
        BLOCK | NORM | TOKENS | {"expansion"},
        is_recurrent=False,
        matrices=("query", "key", "value", "output", "up", "down"),
        most_layers=512,
        has_tokens=True,
    ),
}

UNITS, SAMPLES = 0, 1
"""The axes of a layer's signals."""


@dataclass(frozen=True)
class NormKind:
    """x -> (x - mean) / sqrt(variance + eps) over one axis of (units, samples); nothing is learned."""

    axis: int
    centred: bool = True
    """Whether the mean is taken out; RMS norm leaves it in and divides by the root mean square."""

    @property
    def takes_shares_out(self) -> bool:
        """Whether nothing is left of what all samples have in common."""
        return self.centred and self.axis == SAMPLES


NORMS = {
    "batch": NormKind(SAMPLES),
    "layer": NormKind(UNITS),
    "rms": NormKind(UNITS, centred=False),
}
"""Beside "none"."""


class NormPlace(NamedTuple):
    """Where in a layer the norm stands: one of these, or after the sum of residual connection and branch."""

    begins_branch: bool = False
    meets_activation: bool = False
    """Whether it is given what phi would be."""
    ends_branch: bool = False
    """Whether it is the last of the branch alone."""
    crosses_residual: bool = False
    """Whether it is given what the residual connection carries as well."""


NORM_PLACES = {
    "pre": NormPlace(begins_branch=True),
    "activation": NormPlace(meets_activation=True),
    "branch": NormPlace(ends_branch=True),
    "post": NormPlace(crosses_residual=True),
}


class Shape(NamedTuple):
    """What a matrix W of a product W x is."""

    fan_out: int
    fan_in: int


def _of_width(width: int, expansion: int) -> int:
    return width


def _hidden(width: int, expansion: int) -> int:
    return expansion * width


class MatrixKind(NamedTuple):
    """A matrix that every layer has one of, with biases of its own."""

    stream: int
    """The number that its random numbers are told from those of every other kind by."""
    biases: str
    """What its biases are called among a network's parameters."""
    fan_out: Callable[[int, int], int] = _of_width
    """How many numbers it gives, by width and expansion."""
    fan_in: Callable[[int, int], int] = _of_width
    """How many it is given."""
    part: str = ""
    """Of what it is a part, where a layer has several: gradients by the parts of one layer differ by decades."""
    is_levelled: bool = False
    """Whether nothing is heard of what its products have in common over the tokens of a sample."""

    def shape(self, width: int, expansion: int) -> Shape:
        return Shape(self.fan_out(width, expansion), self.fan_in(width, expansion))

    @property
    def is_expanded(self) -> bool:
        """Whether the expansion makes a difference to it."""
        return self.shape(1, 1) != self.shape(1, 2)


QUERY_KEY, VALUE_OUTPUT, MLP = "query_key", "value_output", "mlp"
"""The parts of a transformer's block."""

MATRICES = {
    "weights": MatrixKind(0, "biases"),
    "up": MatrixKind(1, "up_biases", fan_out=_hidden, part=MLP),
    "down": MatrixKind(2, "down_biases", fan_in=_hidden, part=MLP),
    "query": MatrixKind(3, "query_biases", part=QUERY_KEY),
    "key": MatrixKind(4, "key_biases", part=QUERY_KEY, is_levelled=True),
    "value": MatrixKind(5, "value_biases", part=VALUE_OUTPUT),
    "output": MatrixKind(6, "output_biases", part=VALUE_OUTPUT),
}

PHI, NORMALISED = "phi", "norm"
"""What a branch does beside products with matrices: the activation, and the norm."""


class FormKind(NamedTuple):
    """What a layer's branch F computes."""

    recipe: tuple[str, ...]
    """Names of `MATRICES`, each for W x + b, and `PHI`, in the order in which they act; without a norm."""

    def branch(self, place: NormPlace | None) -> tuple[str, ...]:
        """The recipe with the norm in its place, where there is one; one that crosses the residual is no part of it."""
        if place is None:
            return self.recipe
        if place.meets_activation:
            return tuple(each for word in self.recipe for each in ((NORMALISED, PHI) if word == PHI else (word,)))
        return (NORMALISED,) * place.begins_branch + self.recipe + (NORMALISED,) * place.ends_branch

    @property
    def matrices(self) -> tuple[str, ...]:
        return tuple(word for word in self.recipe if word in MATRICES)

    @property
    def is_dense_layer(self) -> bool:
        """Whether it is phi(W x + b), and nothing else."""
        return len(self.recipe) == 2 and self.recipe[-1] == PHI and self.recipe[0] in MATRICES

    @property
    def is_expanded(self) -> bool:
        """Whether it has hidden units, which the expansion counts."""
        return any(MATRICES[name].is_expanded for name in self.matrices)


FORMS = {
    "post-activation": FormKind(("weights", PHI)),
    # He et al. (2016), identity mappings in deep residual networks
    "pre-activation": FormKind((PHI, "weights")),
    # Vaswani et al. (2017), section 3.3
    "mlp": FormKind(("up", PHI, "down")),
}

NORMAL, UNIFORM, TRUNCATED = "normal", "uniform", "truncated"
DISTRIBUTIONS = (NORMAL, UNIFORM, TRUNCATED)
"""What independent entries of mean 0 and variance 1 may be: N(0, 1), uniform, and N(0, 1) without what lies beyond two
standard deviations, widened again to a variance of 1."""
ORTHOGONAL, IDENTITY = "orthogonal", "identity"
"""The families of unit matrices: one for each distribution, orthogonal matrices, and the one that is not drawn."""


@dataclass(frozen=True)
class InitializerKind:
    """W = scale * gain(fan-in, fan-out) * unit."""

    family: str
    """Initializers of one family share their unit matrices; `NORMAL` stands for whatever distribution is set."""
    gain: Callable[[int, int], float]
    """The standard deviation that the scale multiplies (1 where the unit matrix is orthogonal), by fan-in and -out."""

    @property
    def diagonal(self) -> bool:
        """The unit matrix is the identity: nothing is drawn and no unit hears another."""
        return self.family == IDENTITY


INITIALIZERS = {
    "gaussian": InitializerKind(NORMAL, lambda fan_in, fan_out: 1.0),
    # Glorot and Bengio (2010), equation 12
    "xavier": InitializerKind(NORMAL, lambda fan_in, fan_out: ((fan_in + fan_out) / 2) ** -0.5),
    # LeCun et al. (1998), section 4.6
    "lecun": InitializerKind(NORMAL, lambda fan_in, fan_out: fan_in**-0.5),
    # He et al. (2015), equation 10
    "he": InitializerKind(NORMAL, lambda fan_in, fan_out: (2 / fan_in) ** 0.5),
    # torch.nn.Linear: uniform within 1 / sqrt(fan-in), which is kaiming_uniform with a = sqrt(5)
    "torch": InitializerKind(UNIFORM, lambda fan_in, fan_out: (3 * fan_in) ** -0.5),
    # Saxe, McClelland and Ganguli (2014), section 3; as in PyTorch, the rows or the columns of a matrix that is not
    # square are orthonormal, whichever are fewer
    "orthogonal": InitializerKind(ORTHOGONAL, lambda fan_in, fan_out: 1.0),
    # ones on the diagonal of a matrix that is not square
    "identity": InitializerKind(IDENTITY, lambda fan_in, fan_out: 1.0),
}

INITIALIZER_NAMES: dict[str, tuple[str, str]] = {
    "lecun_normal": ("lecun", NORMAL),
    "lecun_uniform": ("lecun", UNIFORM),
    "glorot_normal": ("xavier", NORMAL),
    "glorot_uniform": ("xavier", UNIFORM),
    "xavier_normal": ("xavier", NORMAL),
    "xavier_uniform": ("xavier", UNIFORM),
    "he_normal": ("he", NORMAL),
    "he_uniform": ("he", UNIFORM),
    "kaiming_normal": ("he", NORMAL),
    "kaiming_uniform": ("he", UNIFORM),
    "truncated_normal": ("gaussian", TRUNCATED),
    "trunc_normal": ("gaussian", TRUNCATED),
}
"""Names that people know from their frameworks, each an initializer with a distribution."""

BRANCH_SCALES: dict[str, Callable[[int, int], float]] = {
    "1/sqrt(l)": lambda layer, depth: layer**-0.5,
    "1/L": lambda layer, depth: 1 / depth,
    # Radford et al. (2019), section 2.3: a transformer's block has two branches
    "1/sqrt(2L)": lambda layer, depth: (2 * depth) ** -0.5,
    "1/sqrt(L)": lambda layer, depth: depth**-0.5,
}
"""What the branch of layer 1..depth may be multiplied with beside a number, by the word for it."""

ACTIVATIONS = ("sigmoid", "tanh", "relu", "leaky_relu", "elu", "selu", "gelu", "silu", "softplus", "linear")
LOSSES = ("mse", "probe", "unit")


class TaskKind(NamedTuple):
    """What a network may learn."""

    samples: int
    classes: int
    inputs: int
    """Numbers that one sample has."""
    parts: int = 1
    """In how many equal parts a recurrent cell reads them, one a step."""


TASKS = {
    "spirals": TaskKind(samples=512, classes=2, inputs=2),
    "glyphs": TaskKind(samples=2000, classes=10, inputs=64, parts=8),
}

USUAL_STEPS = 600
"""For how many a network learns where it is not said; on the screen it rests after them, so that nobody forgets it."""

OPTIMIZERS = ("sgd", "momentum", "adam")


class NumberFormat(NamedTuple):
    """Binary floating point numbers of so many bits; IEEE 754's rounding to the nearest, ties to even."""

    name: str
    mantissa_bits: int
    """Of the significand, without its leading 1."""
    least_exponent: int
    """That of the smallest normal number, a power of two."""
    largest: float
    has_infinity: bool = True
    """Whether what overflows becomes infinite; where there is no infinity it becomes NaN."""

    @property
    def smallest(self) -> float:
        """The smallest positive number, a subnormal one."""
        return float(2.0 ** (self.least_exponent - self.mantissa_bits))


NUMBER_FORMATS = {
    each.name: each
    for each in (
        NumberFormat("float32", 23, -126, 2.0**128 - 2.0**104),
        NumberFormat("bfloat16", 7, -126, 2.0**128 - 2.0**120),
        NumberFormat("float16", 10, -14, 65504.0),
        # Micikevicius et al. (2022), table 1: e4m3 gives its infinities up for one more power of two
        NumberFormat("float8_e4m3", 3, -6, 448.0, has_infinity=False),
        NumberFormat("float8_e5m2", 2, -14, 57344.0),
    )
}
"""What a network may be computed in, beside exact arithmetic, from the finest to the coarsest."""
EXACT = "exact"
