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
from tui_telescope.engine.arithmetic.arrays import Array
from tui_telescope.engine.losses import Loss
from tui_telescope.engine.norms import Norm, places_of_norm
from tui_telescope.engine.weights.draws import UnitNetwork
from tui_telescope.engine.weights.initializers import INITIALIZERS
from tui_telescope.settings import Settings

if TYPE_CHECKING:
    from typing_extensions import Self

G = TypeVar("G", bound="Gradient")
S = TypeVar("S", bound="Signal")


class Gradient(Protocol):
    """Numbers that travel backward."""

    def __add__(self, other: Any) -> Self: ...
    def __mul__(self, other: Any) -> Self: ...
    def times(self, factor: float) -> Self: ...
    def through(self, weights: Array | None, gain: float) -> Self: ...
    def sum(self, axis: int) -> Self: ...
    def log2_norm(self) -> Array:
        """log2 of the Euclidean norm over the units, (samples,)."""

    def log2_outer_norm(self, layer_input: Any) -> float:
        """log2 of the Frobenius norm of the sum over samples of its outer products with the layer input."""


class Signal(Protocol):
    """Numbers that travel forward."""

    @property
    def layer_input(self) -> Any:
        """What weights multiply."""

    def times(self, factor: float) -> Self: ...
    def through(self, weights: Array | None, gain: float) -> Self: ...
    def with_biases(self, biases: Array) -> Self:
        """Plus biases (units,)."""

    def response(self, activation: Activation) -> tuple[Self, Callable[[], Any]]:
        """phi(z), and what gives phi'(z)."""

    def normed(self, norm: Norm) -> tuple[Self, Callable[[Any], Any]]:
        """N(x), and what takes the gradient by it to the one by x."""

    def joined(self, branch: Self) -> Self:
        """A residual connection and its branch."""

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

    weights: Array | None
    """None for the identity."""
    gain: float
    biases: Array | None
    """None where there are none, or a norm takes out whatever they add."""

    def forward(self, x: S) -> tuple[S, Any]:
        z = x.through(self.weights, self.gain)
        return (z if self.biases is None else z.with_biases(self.biases)), x.layer_input

    def backward(self, gradient: G, layer_input: Any = None) -> G:
        return gradient.through(None if self.weights is None else self.weights.T, self.gain)

    def sizes_backward(self, sizes: G) -> G:
        """The same with the size of each weight."""
        return sizes.through(None if self.weights is None else np.abs(self.weights.T), self.gain)

    @property
    def single_weight(self) -> float:
        """What a single unit is multiplied with."""
        return self.gain if self.weights is None else self.gain * float(self.weights[0, 0])


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
    initializer = INITIALIZERS[settings.initializer]
    biases, norms = None if settings.loses_biases else network.biases, places_of_norm(settings)
    linear = Linear(
        None if initializer.diagonal else network.weights[layer],
        settings.scale * initializer.gain(settings.width),
        None if biases is None else biases[layer],
    )
    respond = Respond(ACTIVATIONS[settings.activation])
    before = [*_normalising(norms.before_weights), linear, *_normalising(norms.before_activation)]
    return Block(
        branch=[*before, respond, *_normalising(norms.on_branch)],
        after=_normalising(norms.after_block),
        skip=settings.skip_scale if settings.residual else None,
        branch_factor=settings.branch_factors[layer],
    )


def _normalising(norm: Norm | None) -> Sequence[Operation]:
    return () if norm is None else (Normalise(norm),)
