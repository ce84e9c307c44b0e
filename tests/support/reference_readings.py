"""What the engine should read, from the networks of `reference_network` and a draw of the engine's."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle
from typing import Any, NamedTuple

from mpmath import mp, mpf
from reference_network import CURVES, LOSSES, STEEPEST, Architecture, Batch, ReferenceNetwork, transposed


class Expected(NamedTuple):
    """What the engine should read, log10 per layer."""

    mean: list[float]
    low: list[float]
    high: list[float]


class WeightGradient(NamedTuple):
    """What the engine should read by the weights."""

    log10: list[float]
    log10_clipped_from: float | None
    """The median network's global norm; None where clip is off."""


class Signals(NamedTuple):
    """What the engine should read of the signal, per layer."""

    log10_rms: list[float]
    saturated: list[float]
    dead: list[float]


def networks(draw: Any, settings: Any) -> list[ReferenceNetwork]:
    """The networks of a draw of the engine's."""
    architecture = Architecture.of(settings)
    return [
        ReferenceNetwork(of_network(draw.weights, k), of_network(draw.biases, k), architecture)
        for k in range(settings.networks)
    ]


def of_network(arrays: Any, k: int) -> Any:
    """One network's of a draw's arrays, which may have names."""
    return {name: each[k] for name, each in arrays.items()} if isinstance(arrays, dict) else arrays[k]


def exact(array: Any) -> Batch:
    """A matrix of floats as mpmath's numbers."""
    return [[mpf(float(x)) for x in row] for row in array]


def gradient_norms(settings: Any, draw: Any, *, digits: int = 50, differences: bool = False) -> list[list[Any]]:
    """||d loss / d a_l|| for l = 1..L, each a list over networks and samples, from a draw of the engine's."""
    with mp.workdps(digits):
        inputs, (loss, error) = exact(draw.inputs), LOSSES[settings.loss](exact(draw.targets))
        per_network = [
            network.gradients_by_differences(inputs, loss, mpf(10) ** (-digits // 2))
            if differences
            else network.gradients_by_reverse(inputs, error)
            for network in networks(draw, settings)
        ]
        return [
            [mp.norm(sample) for batch in layer for sample in batch]
            for layer in zip(*per_network, strict=True)
        ]  # fmt: skip


def single_unit_gradients(settings: Any, draw: Any, *, digits: int = 25) -> list[Any]:
    """|d loss / d a_l| for l = 1..L of a single unit that hears a single sample: what is quick at 10,000 layers."""
    with mp.workdps(digits):
        curve, architecture = CURVES[settings.activation], Architecture.of(settings)
        skip, shares = (architecture.skip_scale, architecture.branch_scales) if settings.residual else (0, [1])
        a, target = mpf(float(draw.inputs[0, 0])), mpf(float(draw.targets[0, 0]))
        factors = []
        numbers = draw.weights[0, :, 0, 0].tolist(), draw.biases[0, :, 0].tolist()
        for weight, bias, share in zip(*numbers, cycle(shares), strict=False):
            z = weight * a + bias
            factors.append(skip + share * weight * curve.slope(z))
            a = skip * a + share * curve.value(z)
        gradients = LOSSES[settings.loss]([[target]])[1]([[a]])[0]
        for factor in factors[:0:-1]:
            gradients.append(gradients[-1] * factor)
        return [abs(gradient) for gradient in reversed(gradients)]


def expected_reading(settings: Any, draw: Any, *, digits: int = 50, differences: bool = False) -> Expected:
    """Mean of the norms, and their 10% and 90% quantiles, over networks and samples."""
    norms = gradient_norms(settings, draw, digits=digits, differences=differences)
    with mp.workdps(digits):
        return Expected(
            [log10(mp.fsum(layer) / len(layer)) for layer in norms],
            [log10(quantile(layer, mpf(1) / 10)) for layer in norms],
            [log10(quantile(layer, mpf(9) / 10)) for layer in norms],
        )


def expected_weight_gradient(settings: Any, draw: Any, *, digits: int = 50) -> WeightGradient:
    """log10 of ||d mean loss / d W_l||_F by finite differences, each network's clipped, then the mean over networks."""
    with mp.workdps(digits):
        loss, _ = LOSSES[settings.loss](exact(draw.targets))
        inputs, step = exact(draw.inputs), mpf(10) ** (-digits // 2)
        clipped, wholes = [], []
        for network in networks(draw, settings):
            norms = [
                mp.norm(entries) / settings.samples
                for entries in network.weight_gradients_by_differences(inputs, loss, step)
            ]
            if settings.clip != "off":
                biases = (
                    network.bias_gradients_by_differences(inputs, loss, step)
                    if settings.bias > 0 or settings.bias_mean != 0
                    else []
                )
                wholes.append(mp.norm([*norms, *(mp.norm(vector) / settings.samples for vector in biases)]))
                norms = [norm * min(1, settings.clip / wholes[-1]) if norm else norm for norm in norms]
            clipped.append(norms)
        means = [mp.fsum(layer) / len(layer) for layer in zip(*clipped, strict=True)]
        return WeightGradient([log10(mean) for mean in means], log10(quantile(wholes, mpf(1) / 2)) if wholes else None)


def expected_signal(settings: Any, draw: Any, *, digits: int = 50) -> Signals:
    """Root mean square, share of |phi'| below 1% of its maximum, share of units with phi' = 0 on every sample."""
    with mp.workdps(digits):
        runs = [(network, network.signals(exact(draw.inputs))) for network in networks(draw, settings)]
        steepest = STEEPEST[settings.activation]
        result = Signals([], [], [])
        for layer in range(1, settings.depth + 1):
            squares = [x**2 for _, signals in runs for sample in signals[layer] for x in sample]
            slopes = [
                [network.curve.slope(z) for z in unit]
                for network, signals in runs
                for unit in transposed(network.arguments(layer, signals[layer - 1]))
            ]
            flat = [abs(slope) < steepest / 100 for unit in slopes for slope in unit]
            result.log10_rms.append(log10(mp.sqrt(mp.fsum(squares) / len(squares))))
            result.saturated.append(sum(flat) / len(flat))
            result.dead.append(sum(not any(unit) for unit in slopes) / len(slopes))
        return result


def expected_spread(batches: Sequence[Batch]) -> float:
    """log10 of what differs from the mean over samples as a share of the whole, root mean squares over all networks;
    from one signal of each of them, in the digits at work."""
    columns = [column for batch in batches for column in transposed(batch)]
    differing = mp.fsum((x - mp.fsum(column) / len(column)) ** 2 for column in columns for x in column)
    whole = mp.fsum(x**2 for column in columns for x in column)
    return log10(mp.sqrt(differing / whole)) if whole else float("-inf")


def quantile(values: Sequence[Any], fraction: Any) -> Any:
    """Linear between the order statistics: Hyndman and Fan (1996), type 7."""
    ordered = sorted(values)
    position = fraction * (len(ordered) - 1)
    below = int(mp.floor(position))
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (position - below)


def log10(value: Any) -> float:
    """log10 as a float; -inf for an exact zero."""
    return float(mp.log10(value)) if value else float("-inf")


def log10_agree(seen: Sequence[float], expected: Sequence[float], tolerance: float, name: str) -> None:
    """|error of log10| <= tolerance * max(1, |log10|) at every layer; a zero must be an exact one."""
    assert len(seen) == len(expected)
    for layer, (log10_seen, true) in enumerate(zip(seen, expected, strict=True), start=1):
        close = log10_seen == true or abs(log10_seen - true) <= tolerance * max(1.0, abs(true))
        assert close, f"{name} at layer {layer}: log10 is {log10_seen}, the reference says {true}"


def assert_agrees(reading: Any, expected: Expected, tolerance: float) -> None:
    """Mean and quantiles within `log10_agree`'s tolerance."""
    readings = (reading.log10_mean, reading.log10_low, reading.log10_high)
    for name, observed, wanted in zip(Expected._fields, readings, expected, strict=True):
        log10_agree(observed, wanted, tolerance, name)
