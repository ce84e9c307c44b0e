"""Transformers a second time, on a tape of mpmath numbers that is differentiated automatically.

Nothing here is shared with the engine but the drawn numbers. mpmath numbers neither overflow nor underflow, and with
enough digits nothing cancels.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from mpmath import mp, mpf
from recurrent_reference import Node, backward, log10, matrices, product, total_of, vector

PARTS = {"query_key": ("query", "key"), "value_output": ("value", "output"), "mlp": ("up", "down")}

Tokens = list[list[Node]]


class Trace(NamedTuple):
    """All samples through one network."""

    loss: Node
    blocks: list[list[Tokens]]
    """X_l of every sample, l = 1..L."""
    weights: dict[str, list[list[list[Node]]]]


class Expected(NamedTuple):
    """Per block, log10 of what the engine should read."""

    gradient: list[float]
    parts: dict[str, list[float]]
    rms: list[float]
    spread: list[float]


def run(settings: Any, draw: Any) -> Trace:
    """Forward through the blocks."""
    weights = {name: matrices(array[0]) for name, array in draw.weights.items()}
    biases = {name: [vector(each) for each in array[0]] for name, array in draw.biases.items()}
    samples = [[vector(token) for token in sample] for sample in draw.inputs]
    blocks = []
    for layer in range(settings.depth):
        of_layer = {name: (weights[name][layer], biases[name][layer]) for name in weights}
        for branch in (_attention, _mlp):
            samples = _half(settings, layer, samples, branch, of_layer)
        blocks.append(samples)
    outputs = _normed(settings, samples) if settings.final_norm else samples
    errors = [_loss(settings, *each) for each in zip(outputs, draw.targets, strict=True)]
    return Trace(total_of(errors), blocks, weights)


def _half(settings: Any, layer: int, samples: list[Tokens], branch: Any, of_layer: Any) -> list[Tokens]:
    def at(place: str, tokens: list[Tokens]) -> list[Tokens]:
        return _normed(settings, tokens) if settings.norm_place == place else tokens

    values = at("branch", branch(settings, at("pre", samples), of_layer, at))
    if settings.residual:
        factors = Node(mpf(settings.skip_scale)), Node(mpf(settings.branch_factors[layer]))
        values = [
            [_joined(*pair, *factors) for pair in zip(before, after, strict=True)]
            for before, after in zip(samples, values, strict=True)
        ]
    return at("post", values)


def _joined(before: list[Node], value: list[Node], skip: Node, factor: Node) -> list[Node]:
    return [skip * a + factor * f for a, f in zip(before, value, strict=True)]


def _attention(settings: Any, samples: list[Tokens], of_layer: Any, at: Any) -> list[Tokens]:
    size = settings.width // settings.heads
    attended = []
    for tokens in samples:
        queries, keys, values = ([_linear(of_layer[name], x) for x in tokens] for name in ("query", "key", "value"))
        rows = []
        for t, query in enumerate(queries):
            row: list[Node] = []
            for start in range(0, settings.width, size):
                head = slice(start, start + size)
                scores = [_dot(query[head], key[head]) * Node(1 / mp.sqrt(size)) for key in keys[: t + 1]]
                shares = _softmax(scores)
                row += [
                    total_of([share * value[unit] for share, value in zip(shares, values, strict=False)])
                    for unit in range(start, start + size)
                ]
            rows.append(_linear(of_layer["output"], row))
        attended.append(rows)
    return attended


def _mlp(settings: Any, samples: list[Tokens], of_layer: Any, at: Any) -> list[Tokens]:
    hidden = at("activation", [[_linear(of_layer["up"], x) for x in tokens] for tokens in samples])
    return [
        [_linear(of_layer["down"], [z.apply(settings.activation) for z in token]) for token in tokens]
        for tokens in hidden
    ]


def _linear(matrix_and_bias: Any, x: list[Node]) -> list[Node]:
    matrix, bias = matrix_and_bias
    return [z + b for z, b in zip(product(matrix, x), bias, strict=True)]


def _dot(x: list[Node], y: list[Node]) -> Node:
    return total_of([a * b for a, b in zip(x, y, strict=True)])


def _softmax(scores: list[Node]) -> list[Node]:
    largest = max(score.value for score in scores)
    powers = [_of(score, mp.exp(score.value - largest), mp.exp(score.value - largest)) for score in scores]
    total = total_of(powers)
    inverse = _of(total, 1 / total.value, -1 / total.value**2)
    return [power * inverse for power in powers]


def _of(x: Node, value: Any, slope: Any) -> Node:
    return Node(value, (x, slope))


def _normed(settings: Any, samples: list[Tokens]) -> list[Tokens]:
    if settings.norm == "none":
        return samples
    if settings.norm != "batch":
        return [[_normed_line(settings, token) for token in tokens] for tokens in samples]
    everything = [token for tokens in samples for token in tokens]
    lines = [_normed_line(settings, [token[unit] for token in everything]) for unit in range(len(everything[0]))]
    columns = iter(zip(*lines, strict=True))
    return [[list(next(columns)) for _ in tokens] for tokens in samples]


def _normed_line(settings: Any, line: list[Node]) -> list[Node]:
    count = Node(mpf(1) / len(line))
    if settings.norm != "rms":
        mean = (count * total_of(line)).negated()
        line = [x + mean for x in line]
    variance = count * total_of([x * x for x in line]) + Node(mpf(settings.norm_eps))
    inverse = _of(variance, 1 / mp.sqrt(variance.value), -(variance.value ** (mpf(-3) / 2)) / 2)
    return [x * inverse for x in line]


def _loss(settings: Any, output: Tokens, targets: Any) -> Node:
    errors = [
        (a, Node(mpf(float(t))))
        for token, row in zip(output, targets, strict=True)
        for a, t in zip(token, row, strict=True)
    ]
    if settings.loss == "mse":
        differences = [a + t.negated() for a, t in errors]
        return Node(mpf(1) / 2) * total_of([d * d for d in differences])
    return total_of([a * t for a, t in errors])


def expected(settings: Any, draw: Any, digits: int = 40) -> Expected:
    """Means over the samples of one network, by automatic differentiation."""
    with mp.workdps(digits):
        trace = run(settings, draw)
        backward(trace.loss)
        gradient = [log10(mp.fsum(map(_gradient, samples)) / len(samples)) for samples in trace.blocks]
        by_matrix = {
            name: [mp.norm([w.gradient for row in matrix for w in row]) / settings.samples for matrix in of_layers]
            for name, of_layers in trace.weights.items()
        }
        parts = {
            part: [log10(mp.norm(list(pair))) for pair in zip(*(by_matrix[name] for name in names), strict=True)]
            for part, names in PARTS.items()
        }
        squares = [(mp.fsum(map(_square, samples)), mp.fsum(map(_spread, samples))) for samples in trace.blocks]
        numbers = settings.samples * settings.tokens * settings.width
        rms = [log10(mp.sqrt(whole / numbers)) for whole, _ in squares]
        spread = [log10(mp.sqrt(part / whole)) if whole else float("-inf") for whole, part in squares]
        return Expected(gradient, parts, rms, spread)


def _gradient(tokens: Tokens) -> Any:
    return mp.norm([x.gradient for token in tokens for x in token])


def _square(tokens: Tokens) -> Any:
    return mp.fsum(x.value**2 for token in tokens for x in token)


def _spread(tokens: Tokens) -> Any:
    means = [mp.fsum(x.value for x in units) / len(tokens) for units in zip(*tokens, strict=True)]
    return mp.fsum((x.value - mean) ** 2 for token in tokens for x, mean in zip(token, means, strict=True))
