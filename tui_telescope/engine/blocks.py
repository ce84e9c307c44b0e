"""What a layer computes, said once: a recipe of operations, each with its forward and its backward beside it.

They are written over any kind of number that stands for an array of (units, samples) and has the methods of `Signal`
and `Gradient`. A kind of number may guard itself against cancellation: what it needs for that it carries along.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

import numpy as np

from tui_telescope.engine.activations.definitions import ACTIVATIONS, Activation
from tui_telescope.engine.arithmetic.arrays import Array, Identity
from tui_telescope.engine.losses import Loss
from tui_telescope.engine.norms import Norm, norm_of, places_of_norm
from tui_telescope.engine.weights.draws import UnitNetwork, gain_of
from tui_telescope.engine.weights.initializers import INITIALIZERS
from tui_telescope.networks import NORMALISED, PHI
from tui_telescope.settings import Settings

if TYPE_CHECKING:
    from typing_extensions import Self

G = TypeVar("G", bound="Gradient")
S = TypeVar("S", bound="Carried")


class Gradient(Protocol):
    """Numbers that travel backward."""

    def __add__(self, other: Any) -> Self: ...
    def __mul__(self, other: Any) -> Self: ...
    def times(self, factor: float) -> Self: ...
    def through(self, weights: Array | Identity, gain: float) -> Self: ...
    def sum(self, axis: int) -> Self: ...
    def log2_norm(self) -> Array:
        """log2 of the Euclidean norm over the units, (samples,)."""

    def log2_outer_norm(self, layer_input: Any) -> float:
        """log2 of the Frobenius norm of the sum over samples of its outer products with the layer input."""


class Carried(Protocol):
    """Numbers that travel forward."""

    @property
    def layer_input(self) -> Any:
        """What weights multiply, as their gradient needs it."""

    def without_levels(self) -> Self:
        """What is left once all that samples have in common has been taken out, be it now or later on."""

    def times(self, factor: float) -> Self: ...
    def through(self, weights: Array | Identity, gain: float) -> Self: ...
    def with_biases(self, biases: Array) -> Self:
        """Plus biases (units,)."""

    def response(self, activation: Activation) -> tuple[Self, Callable[[], Any]]:
        """phi(z), and what gives phi'(z)."""

    def normed(self, norm: Norm) -> tuple[Self, Callable[[Any], Any]]:
        """N(x), and what takes the gradient by it to the one by x."""

    def joined(self, branch: Self) -> Self:
        """A residual connection and its branch."""


class Signal(Carried, Protocol):
    """Those that meet a loss and are read."""

    def error(self, loss: Loss, vectors: Array) -> Any:
        """The gradient by it, the network's output, from what the loss is given, (units, samples)."""

    def log2_norm(self) -> Array:
        """log2 of the Euclidean norm over the units, (samples,)."""


class Operation(Protocol):
    """A piece of a layer. What forward remembers is handed to backward."""

    def forward(self, x: S) -> tuple[S, Any]: ...
    def backward(self, gradient: G, memory: Any) -> G: ...


@dataclass(frozen=True, eq=False)
class Linear:
    """gain * W x + b."""

    name: str
    """Which of the layer's matrices it is."""
    weights: Array | Identity
    gain: float
    biases: Array | None
    """None where there are none, or a norm takes out whatever they add."""
    is_levelled: bool = False
    """Whether a norm takes out of what it gives all that samples have in common."""

    def forward(self, x: S) -> tuple[S, Any]:
        heard = x.without_levels() if self.is_levelled else x
        z = heard.through(self.weights, self.gain)
        return (z if self.biases is None else z.with_biases(self.biases)), heard.layer_input

    def backward(self, gradient: G, layer_input: Any = None) -> G:
        return gradient.through(self.weights.T, self.gain)

    def sizes_backward(self, sizes: G) -> G:
        """The same with the size of each weight."""
        is_identity = isinstance(self.weights, Identity)
        return sizes.through(self.weights.T if is_identity else np.abs(self.weights.T), self.gain)

    @property
    def single_weight(self) -> float | None:
        """What one unit multiplies one unit with; None between more of them."""
        if self.weights.shape != (1, 1):
            return None
        return self.gain if isinstance(self.weights, Identity) else self.gain * float(self.weights[0, 0])


@dataclass(frozen=True)
class Respond:
    """phi(z)."""

    activation: Activation

    def forward(self, z: S) -> tuple[S, Callable[[], Any]]:
        return z.response(self.activation)

    def backward(self, gradient: G, slope: Callable[[], G]) -> G:
        return slope() * gradient


@dataclass(frozen=True)
class Normalise:
    """N(x)."""

    norm: Norm

    def forward(self, x: S) -> tuple[S, Callable[[Any], Any]]:
        return x.normed(self.norm)

    def backward(self, gradient: G, pullback: Callable[[G], G]) -> G:
        return pullback(gradient)


class Step(NamedTuple):
    """An operation that was gone through forward."""

    operation: Any
    """An `Operation`."""
    memory: Any
    """What backward needs: a linear operation's layer input, phi', the pullback of a norm."""


class StepBack(NamedTuple):
    """The same backward."""

    step: Step
    by_output: Any
    """The gradient by what the operation gave."""
    by_input: Any
    """The gradient by what it was given."""


Pull = Callable[[Step, Any], Any]
"""Takes the gradient by an operation's output to the one by its input."""


def pulled(step: Step, gradient: G) -> G:
    """By the operation's own backward."""
    below: G = step.operation.backward(gradient, step.memory)
    return below


@dataclass(frozen=True, eq=False)
class Block:
    """after(skip * a + branch_factor * branch(a)), or after(branch(a)) where there is no residual connection."""

    branch: Sequence[Operation]
    after: Sequence[Operation]
    skip: float | None
    """What the residual connection multiplies with; None where there is none."""
    branch_factor: float

    def forward(self, a: S) -> tuple[S, list[Step]]:
        """a_l from a_{l-1}, and the steps in between."""
        out, steps = _through(self.branch, a)
        if self.skip is not None:
            out = a.times(self.skip).joined(out.times(self.branch_factor))
        out, steps_after = _through(self.after, out)
        return out, steps + steps_after

    def backward(self, steps: Sequence[Step], gradient: G, pull: Pull) -> tuple[G, list[StepBack]]:
        """The gradient by a_{l-1} from the one by a_l, and the steps in between, from the last to the first."""
        count = len(self.branch)
        by_sum, after = _back(steps[count:], gradient, pull)
        if self.skip is None:
            below, branch = _back(steps[:count], by_sum, pull)
            return below, after + branch
        below, branch = _back(steps[:count], by_sum.times(self.branch_factor), pull)
        return by_sum.times(self.skip) + below, after + branch


def _through(operations: Sequence[Operation], x: S) -> tuple[S, list[Step]]:
    steps = []
    for operation in operations:
        x, memory = operation.forward(x)
        steps.append(Step(operation, memory))
    return x, steps


def _back(steps: Sequence[Step], gradient: G, pull: Pull) -> tuple[G, list[StepBack]]:
    steps_back = []
    for step in reversed(steps):
        below = pull(step, gradient)
        steps_back.append(StepBack(step, gradient, below))
        gradient = below
    return gradient, steps_back


def blocks(network: UnitNetwork, settings: Settings) -> list[Block]:
    """The network's layers."""
    return [_block(network, settings, layer) for layer in range(settings.depth)]


def final_norm(settings: Settings) -> Normalise | None:
    """What stands between the last layer and the loss."""
    norm = places_of_norm(settings).before_loss
    return None if norm is None else Normalise(norm)


def _block(network: UnitNetwork, settings: Settings, layer: int) -> Block:
    after_block = places_of_norm(settings).after_block
    return Block(
        branch=[_operation(word, network, settings, layer) for word in settings.branch],
        after=() if after_block is None else (Normalise(after_block),),
        skip=settings.skip_scale if settings.residual else None,
        branch_factor=settings.branch_factors[layer],
    )


def _operation(word: str, network: UnitNetwork, settings: Settings, layer: int) -> Operation:
    if word == PHI:
        return Respond(ACTIVATIONS[settings.activation])
    norm = norm_of(settings)
    return Normalise(norm) if word == NORMALISED and norm else _linear(word, network, settings, layer)


def _linear(name: str, network: UnitNetwork, settings: Settings, layer: int) -> Linear:
    matrices, shape = network.matrices[name], settings.matrices[name]
    is_levelled = name in settings.levelled
    return Linear(
        name,
        Identity(*shape) if INITIALIZERS[settings.initializer].diagonal else matrices.weights[layer],
        gain_of(settings, shape),
        None if matrices.biases is None or is_levelled else matrices.biases[layer],
        is_levelled,
    )
