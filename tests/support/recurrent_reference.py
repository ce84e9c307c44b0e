"""Recurrent cells a second time: PyTorch's equations on a tape of mpmath numbers, differentiated automatically.

Nothing here is shared with the engine but the drawn numbers. A `Node` remembers what it was made of, and `backward`
leaves in every node the total derivative of the loss by it: by h_t and c_t as by the matrices, of which each step
has a copy of its own. mpmath numbers neither overflow nor underflow.
"""

from __future__ import annotations

import itertools
from typing import Any, NamedTuple

from mpmath import mp, mpf
from reference_network import CURVES
from reference_readings import quantile

_count = itertools.count()


class Node:
    """A number, what it was made of, and the loss's derivative by it."""

    def __init__(self, value: Any, *parents: tuple[Node, Any]) -> None:
        self.value, self.parents = value, parents
        self.gradient = mpf(0)
        self.birth = next(_count)

    def __add__(self, other: Node) -> Node:
        return Node(self.value + other.value, (self, mpf(1)), (other, mpf(1)))

    def __mul__(self, other: Node) -> Node:
        return Node(self.value * other.value, (self, other.value), (other, self.value))

    def apply(self, name: str) -> Node:
        curve = CURVES[name]
        return Node(curve.value(self.value), (self, curve.slope(self.value)))

    def negated(self) -> Node:
        return Node(-self.value, (self, mpf(-1)))


def backward(loss: Node) -> None:
    """Leave d loss / d node in every node that the loss was made of."""
    reached, waiting = {loss.birth: loss}, [loss]
    while waiting:
        for parent, _ in waiting.pop().parents:
            if parent.birth not in reached:
                reached[parent.birth] = parent
                waiting.append(parent)
    loss.gradient = mpf(1)
    for birth in sorted(reached, reverse=True):
        for parent, slope in reached[birth].parents:
            parent.gradient += reached[birth].gradient * slope


def vector(numbers: Any) -> list[Node]:
    return [Node(mpf(float(x))) for x in numbers]


def matrices(arrays: Any) -> list[list[list[Node]]]:
    return [[vector(row) for row in array] for array in arrays]


def product(matrix: list[list[Node]], x: list[Node]) -> list[Node]:
    return [total_of([w * e for w, e in zip(row, x, strict=True)]) for row in matrix]


def total_of(nodes: list[Node]) -> Node:
    return Node(mp.fsum(node.value for node in nodes), *((node, mpf(1)) for node in nodes))


class Trace(NamedTuple):
    """One sample through one network, step by step."""

    loss: Node
    hidden: list[list[Node]]
    """h_0..h_T."""
    memory: list[list[Node]]
    """c_0..c_T; empty vectors without a cell state."""
    weights: list[list[list[list[Node]]]]
    """The copy of the recurrent matrices that each step used."""
    input_weights: list[list[list[Node]]]
    """The input matrices, the same for all steps."""
    biases: list[list[Node]]


def run(settings: Any, draw: Any, network: int, sample: int, moved: tuple[str, int, int, Any] | None = None) -> Trace:
    """Forward through time. `moved` = ("h" or "c", t, unit, by) changes one number once it has been computed."""
    n = settings.width
    hidden, memory, copies = [vector([0] * n)], [vector([0] * n) if settings.cell == "lstm" else []], []
    input_weights, biases = matrices(draw.input_weights[network]), [vector(each) for each in draw.biases[network]]
    for t in range(1, settings.depth + 1):
        copies.append(matrices(draw.weights[network]))
        x = vector(draw.inputs[sample, t - 1])
        by_state = [product(w, hidden[-1]) for w in copies[-1]]
        new = [
            [z + b for z, b in zip(product(u, x), bias, strict=True)]
            for u, bias in zip(input_weights, biases, strict=True)
        ]
        units = [
            _UNITS[settings.cell](settings, t, [g[k] for g in by_state], [g[k] for g in new], hidden[-1][k], c)
            for k, c in enumerate(memory[-1] or [None] * n)
        ]
        if settings.cell == "lstm":
            memory.append(_shifted([c for c, _ in units], "c", t, moved))
            hidden.append([o * c.apply("tanh") for c, (_, o) in zip(memory[-1], units, strict=True)])
        else:
            memory.append([])
            hidden.append(units)
        hidden[-1] = _shifted(hidden[-1], "h", t, moved)
    loss = _loss(settings, hidden[-1], vector(draw.targets[sample]))
    return Trace(loss, hidden, memory, copies, input_weights, biases)


def _shifted(numbers: list[Node], name: str, t: int, moved: tuple[str, int, int, Any] | None) -> list[Node]:
    if moved is None or moved[:2] != (name, t):
        return numbers
    _, _, unit, by = moved
    return [x + Node(by) if k == unit else x for k, x in enumerate(numbers)]


def _rnn(settings: Any, t: int, by_state: list[Node], new: list[Node], before: Node, _: Any) -> Node:
    value = (by_state[0] + new[0]).apply(settings.activation)
    if not settings.residual:
        return value
    return Node(mpf(settings.skip_scale)) * before + Node(mpf(settings.branch_factors[t - 1])) * value


def _lstm(settings: Any, t: int, by_state: list[Node], new: list[Node], _: Node, memory: Node) -> tuple[Node, Node]:
    """c_t and the output gate."""
    i, f, g, o = (z + x for z, x in zip(by_state, new, strict=True))
    return f.apply("sigmoid") * memory + i.apply("sigmoid") * g.apply("tanh"), o.apply("sigmoid")


def _gru(settings: Any, t: int, by_state: list[Node], new: list[Node], before: Node, _: Any) -> Node:
    r, z = ((by_state[k] + new[k]).apply("sigmoid") for k in (0, 1))
    n = (new[2] + r * by_state[2]).apply("tanh")
    one_minus_z = (by_state[1] + new[1]).negated().apply("sigmoid")
    return one_minus_z * n + z * before


_UNITS: dict[str, Any] = {"rnn": _rnn, "lstm": _lstm, "gru": _gru}


def _loss(settings: Any, output: list[Node], targets: list[Node]) -> Node:
    if settings.loss == "mse":
        differences = [a + t.negated() for a, t in zip(output, targets, strict=True)]
        return Node(mpf(1) / 2) * total_of([d * d for d in differences])
    return total_of([e * a for e, a in zip(targets, output, strict=True)])


class Expected(NamedTuple):
    """log10 per step of what the engine should read."""

    gradient: list[float]
    cell_gradient: list[float]
    weight_gradient: list[float]
    """Each network's clipped by its own norm."""
    clipped_from: float
    """log10 of the norm by all parameters, recurrent and input matrices and biases; the median network's."""


def expected(settings: Any, draw: Any, digits: int = 40) -> Expected:
    """Means over networks and samples, by automatic differentiation."""
    with mp.workdps(digits):
        by_hidden, by_memory, by_weights, wholes = [], [], [], []
        for network in range(settings.networks):
            traces = [run(settings, draw, network, sample) for sample in range(settings.samples)]
            for trace in traces:
                backward(trace.loss)
                by_hidden.append([_norm(h) for h in trace.hidden[1:]])
                by_memory.append([_norm(c) for c in trace.memory[1:]])
            shares = [_mean_share([trace.weights[t] for trace in traces]) for t in range(settings.depth)]
            by_inputs = _mean_share([[*trace.input_weights, trace.biases] for trace in traces])
            wholes.append(mp.norm([*(mp.fsum(entries) for entries in zip(*shares, strict=True)), *by_inputs]))
            share_left = 1 if settings.clip == "off" else min(1, settings.clip / wholes[-1])
            by_weights.append([mp.norm(share) * share_left for share in shares])
        by_state = (_means(each) for each in (by_hidden, by_memory, by_weights))
        return Expected(*by_state, log10(quantile(wholes, mpf(1) / 2)))


def _norm(nodes: list[Node]) -> Any:
    return mp.norm([node.gradient for node in nodes]) if nodes else mpf(0)


def _mean_share(copies: list[Any]) -> list[Any]:
    """The mean over samples of the gradient by one step's matrices, flat."""
    flat = [[w.gradient for matrix in copy for row in matrix for w in row] for copy in copies]
    return [mp.fsum(entries) / len(copies) for entries in zip(*flat, strict=True)]


def _means(norms: list[list[Any]]) -> list[float]:
    return [log10(mp.fsum(step) / len(step)) for step in zip(*norms, strict=True)]


def log10(value: Any) -> float:
    return float(mp.log10(value)) if value else float("-inf")


def assert_close(observed: Any, wanted: list[float], tolerance: float) -> None:
    """|error of log10| <= tolerance * max(1, |log10|) at every step; a zero must be an exact one."""
    assert len(observed) == len(wanted)
    for t, (seen, true) in enumerate(zip(observed, wanted, strict=True), start=1):
        close = seen == true or abs(seen - true) <= tolerance * max(1.0, abs(true))
        assert close, f"at step {t}: log10 is {seen}, the reference says {true}"
