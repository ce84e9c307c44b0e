"""Where number formats end for the entries of a gradient: against a recount of entries rounded by numpy."""

from __future__ import annotations

import re

import numpy as np
import pytest

from tui_telescope import Settings, Telescope
from tui_telescope.charts.chart import Chart
from tui_telescope.charts.elements import Axis
from tui_telescope.charts.layers.floors import beyond_ends, with_floors

PHI = {
    "relu": (lambda z: np.maximum(z, 0), lambda z: z > 0),
    "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    "linear": (lambda z: z, np.ones_like),
}
FADING = {"relu": ("he", 0.8), "tanh": ("xavier", 0.6), "linear": ("xavier", 0.8)}
"""Initializer and scale."""


def entries_in_float16(settings: Settings, draw) -> np.ndarray:
    """d mean loss / d a_l of a probe by plain backpropagation, shape (layers, units, samples)."""
    phi, slope = PHI[settings.activation]
    a, arguments = draw.inputs.T, []
    for weights in draw.weights[0]:
        arguments.append(weights @ a)
        a = phi(arguments[-1])
    gradients = [draw.targets.T / settings.samples]
    for weights, z in zip(draw.weights[0][:0:-1], arguments[:0:-1], strict=True):
        gradients.insert(0, weights.T @ (slope(z) * gradients[0]))
    with np.errstate(over="ignore"):
        return np.array(gradients).astype(np.float16)


def recounted(**chosen):
    settings = Settings(width=64, samples=8, loss="probe", generator="numpy", **chosen)
    telescope = Telescope()
    entries = entries_in_float16(settings, telescope.draw(settings))
    observation = telescope.observe(settings, readings=("gradient",))
    rules = with_floors(Chart("", Axis(0, 1), Axis(0, 1)), settings).rules
    lines = {rule.label: rule.y for rule in rules if rule.label.startswith("float16")}
    return observation.gradient.log10_mean, entries, lines, beyond_ends(observation, settings)


def last_named(sentence: str) -> int:
    """The layer up to which float16 is said not to reach."""
    return int(re.search(r"layers 1 to (\d+) in float16", sentence)[1])


@pytest.mark.parametrize("activation", PHI)
def test_about_half_of_the_entries_are_zero_where_the_gradient_meets_the_floor(activation):
    initializer, scale = FADING[activation]
    norms, entries, lines, words = recounted(activation=activation, depth=100, initializer=initializer, scale=scale)
    zero = np.mean(entries == 0, axis=(1, 2))
    crossing = np.interp(lines["float16: about half zero"], norms, zero)
    assert 0.3 < crossing < 0.7
    assert (zero[: last_named(words)] > 0.5).all()
    assert words.startswith("Most entries are zero at layers 1 to ")
    assert (zero[norms > lines["float16: about half zero"] + 1] < 0.2).all()


def test_every_layer_above_the_ceiling_overflows_and_is_named():
    norms, entries, lines, words = recounted(activation="relu", depth=60, initializer="he", scale=1.8)
    overflows = np.isinf(entries).any(axis=(1, 2))
    above = np.flatnonzero(norms > lines["float16: overflow above"]) + 1
    assert 1 < len(above) < 60
    assert overflows[above - 1].all()
    assert not overflows[norms < lines["float16: overflow above"] - 1.5].any()
    assert words == f"Entries overflow at least at layers 1 to {above[-1]} in float16."


def test_a_network_within_every_format_needs_no_words():
    settings = Settings(depth=3)
    assert beyond_ends(Telescope().observe(settings), settings) == ""


def test_layers_are_named_as_they_lie():
    settings = Settings(cell="rnn", width=1, samples=1, depth=4)
    observation = Telescope().observe(settings)
    for log10, words in (
        ([9.0, 0, 0, 0], "Entries overflow at least at step 1 in float16."),
        ([9.0, 0, 9, 0], "Entries overflow at least at 2 of the steps 1 to 3 in float16."),
        (
            [-np.inf, -44, -9, 0],
            "Most entries are zero at steps 1 to 3 in float16, steps 1 to 2 in bfloat16, step 1 in float32.",
        ),
        (
            [-9.0, 39, 0, 0],
            "Most entries are zero at step 1 in float16. "
            "Entries overflow at least at step 2 in float16, step 2 in bfloat16 and float32.",
        ),
    ):
        observation.gradient.log10_mean[:] = log10
        assert beyond_ends(observation, settings) == words
