"""What time does to a gradient: facts that hold for recurrent cells, and settings of every kind."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from drawn_settings import any_value, by_magnitude, settings_within
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from observed_numbers import numbers_of

from tui_telescope import Settings, SettingsError, Telescope
from tui_telescope.arguments import parse
from tui_telescope.engine.passes.float64.workspace import Workspace
from tui_telescope.engine.passes.measurement import Wanted
from tui_telescope.engine.passes.progress import UNWATCHED
from tui_telescope.engine.passes.task import SequenceTask
from tui_telescope.engine.recurrent import through_time
from tui_telescope.engine.weights.draws import Sequences, UnitCell
from tui_telescope.observations.interruption import Stopped
from tui_telescope.settings import REGISTRY, footprint

CELLS = ("rnn", "lstm", "gru")
every_cell = pytest.mark.parametrize("cell", CELLS)


@pytest.mark.parametrize("depth", [2, 50, 400])
@pytest.mark.parametrize("scale", [0.001, 0.7, 1000.0])
def test_an_orthogonal_linear_rnn_multiplies_the_gradient_by_exactly_the_scale_at_every_step(depth, scale):
    network = Settings(
        cell="rnn", depth=depth, width=3, scale=scale, samples=1, activation="linear", initializer="orthogonal"
    )
    observation = Telescope().observe(network)
    assert observation.verdict.end_to_end == pytest.approx((depth - 1) * math.log10(scale), rel=1e-12)
    np.testing.assert_allclose(observation.log10_factor, math.log10(scale), rtol=0, atol=1e-10)


@pytest.mark.parametrize("forget_bias", [-10.0, 0.0, 1.0, 10.0])
def test_where_only_the_forget_gate_acts_the_cell_state_fades_by_its_power(forget_bias):
    """Without any weights f = sigmoid(forget bias) at every step: at 0 its 50th power is 8.9e-16."""
    network = Settings(cell="lstm", depth=51, width=2, samples=1, forget_bias=forget_bias)
    nothing = np.zeros((4, 2, 2))
    sequences = Sequences([np.zeros((1, 2))] * 51, np.ones((1, 2)))
    measured = through_time.measure(
        SequenceTask(
            UnitCell(nothing, nothing, np.zeros((4, 2))),
            sequences,
            network,
            Wanted(False, False),
            UNWATCHED,
            Workspace(),
        )
    )
    ratio = measured.cell_gradient[0] - measured.cell_gradient[50]
    assert ratio == pytest.approx(-50 * math.log2(1 + math.exp(-forget_bias)), rel=1e-12)
    if forget_bias == 0.0:
        assert f"{2.0 ** ratio[0]:.1e}" == "8.9e-16"
    assert np.isneginf(measured.gradient[:50]).all(), "h_t has no way to the loss but through the weights"


def test_a_larger_forget_bias_keeps_the_cell_state_open():
    ends = [
        Telescope().observe(Settings(cell="lstm", scale=0.01, forget_bias=bias)).cell_gradient.log10_mean[0]
        for bias in (-2.0, 0.0, 2.0, 5.0)
    ]
    assert ends == sorted(ends)
    assert ends[0] < -40
    assert ends[-1] > -3


def test_a_closed_update_gate_carries_the_grus_state_and_its_gradient_unchanged():
    """With a bias of 40 on z alone, z = 1 to the last bit and h stays as it is."""
    network = Settings(cell="gru", depth=30, width=2, samples=1, bias=1.0, loss="probe")
    biases = np.array([[0.0, 0.0], [40.0, 40.0], [0.0, 0.0]])
    cell = UnitCell(np.ones((3, 2, 2)), np.zeros((3, 2, 2)), biases)
    sequences = Sequences([np.zeros((1, 2))] * 30, np.array([[3.0, 4.0]]))
    measured = through_time.measure(SequenceTask(cell, sequences, network, Wanted(), UNWATCHED, Workspace()))
    np.testing.assert_allclose(measured.gradient[:, 0], math.log2(5), rtol=0, atol=1e-12)


@every_cell
def test_a_longer_sequence_changes_the_past_and_not_what_its_own_steps_say(cell):
    """The signal at step t knows nothing of the steps to come."""
    telescope, short = Telescope(), Settings(cell=cell, depth=10)
    one, other = telescope.observe(short), telescope.observe(short.replace(depth=25))
    np.testing.assert_array_equal(other.signal.log10_rms[:10], one.signal.log10_rms)


@every_cell
def test_the_first_step_teaches_the_recurrent_weights_nothing_since_there_is_no_state_before_it(cell):
    log10 = Telescope().observe(Settings(cell=cell, depth=5)).weight_gradient.log10
    assert np.isneginf(log10[0])
    assert np.isfinite(log10[1:]).all()


def test_saturation_is_counted_over_all_gates_and_death_where_relu_can_die():
    telescope = Telescope()
    mild, wild = (telescope.observe(Settings(cell="lstm", scale=scale)).signal for scale in (0.01, 1000.0))
    assert mild.saturated.max() < 0.1
    assert wild.saturated[1:].min() > 0.9
    assert not wild.dead.any()
    drowned = Settings(cell="rnn", activation="relu", scale=1.0, samples=1, width=8)
    assert telescope.observe(drowned).signal.dead.max() > 0


@every_cell
@pytest.mark.parametrize("scale", [2.0, 1000.0])
def test_a_trace_too_long_to_keep_is_walked_again_and_reads_the_same(cell, scale, monkeypatch):
    network = Settings(cell=cell, depth=23, samples=3, scale=scale, clip=1.0)
    whole = Telescope().observe(network)
    monkeypatch.setattr(footprint, "TRACE_BYTES", 8 * 32 * 4 * 3 * 5)
    assert numbers_of(Telescope().observe(network)) == numbers_of(whole)


@every_cell
def test_it_stops_as_soon_as_it_is_told(cell):
    asked = []

    def after_seven() -> bool:
        asked.append(True)
        return len(asked) > 7

    with pytest.raises(Stopped):
        Telescope().observe(Settings(cell=cell), should_stop=after_seven)
    assert len(asked) == 8


@every_cell
def test_only_the_readings_that_were_asked_for_are_taken(cell):
    alone = Telescope().observe(Settings(cell=cell), readings=("gradient",))
    assert alone.weight_gradient is None
    assert alone.signal is None
    assert (alone.cell_gradient is None) == (cell != "lstm")


def test_what_was_observed_before_leaves_no_trace():
    telescope = Telescope()
    for network in (Settings(cell="gru", depth=70), Settings(bias=1.0), Settings(cell="lstm", initializer="identity")):
        telescope.observe(network)
        fresh = Telescope().observe(network)
        assert numbers_of(telescope.observe(network)) == numbers_of(fresh)


small = settings_within(
    cell=st.sampled_from(CELLS),
    depth=st.integers(1, 100) | st.sampled_from([1, 2]),
    width=st.integers(1, 20) | st.integers(1, 3),
    scale=by_magnitude(REGISTRY["scale"]),
    bias=st.just(0.0) | st.floats(0, 10),
    samples=st.integers(1, 8),
    networks=st.integers(1, 2),
).filter(lambda each: each.depth * each.networks * (60 + each.width * each.samples) <= 6000)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(small)
def test_readings_are_finite_or_a_true_zero_and_numpy_never_warns(network):
    with np.errstate(all="raise", under="ignore"):
        observation = Telescope().observe(network)
    assert not any(math.isnan(x) or x == math.inf for x in numbers_of(observation))
    backward = [observation.gradient, *([observation.cell_gradient] if network.cell == "lstm" else [])]
    if not may_die(network):
        assert np.isfinite([x for reading in backward for x in numbers_of(reading)]).all()
        assert network.input_scale == 0 or np.isfinite(observation.signal.log10_rms).all()
    assert (observation.signal.dead <= observation.signal.saturated).all()


def may_die(network: Settings) -> bool:
    """ReLU has a slope of exactly zero; a weight of -1 may cancel its residual connection, as may a branch of zero."""
    if network.cell != "rnn" or network.scale == 0:
        return network.scale == 0
    cancels = network.initializer == "orthogonal" and network.width == 1
    return network.activation == "relu" or (network.residual and (cancels or 0 in network.branch_factors))


@every_cell
@pytest.mark.parametrize("scale", [0.001, 1000.0])
def test_hundreds_of_steps_at_the_ends_of_the_scale_are_numbers(cell, scale):
    network = Settings(cell=cell, depth=150, width=2, samples=1, scale=scale, bias=10.0)
    with np.errstate(all="raise", under="ignore"):
        observation = Telescope().observe(network)
    assert np.isfinite(observation.gradient.log10_mean).all()


SOMETHING_ELSE = {
    "activation": "relu", "residual": True, "branch_scale": 0.3, "norm": "layer", "norm_place": "post",
    "forget_bias": -3.0, "bias": 0.7, "seed": 43,
}  # fmt: skip
CONTEXTS = [
    Settings(cell=cell, depth=6, residual=residual, norm=norm)
    for cell in ("feedforward", *CELLS)
    for residual in (False, True)
    for norm in ("none", "rms")
] + [
    Settings(depth=6, norm="batch"),
    Settings(depth=6, norm="batch", norm_place="pre"),
    Settings(depth=6, initializer="identity"),
    Settings(depth=6, initializer="identity", bias=0.1),
    Settings(depth=6, initializer="identity", cell="rnn"),
]
"""Cells, with and without what others build upon; batch norm, and weights that are not drawn."""


@pytest.mark.parametrize("context", CONTEXTS, ids=lambda each: " ".join(each.arguments()))
def test_a_setting_has_no_effect_exactly_where_it_is_said_to_have_none(context):
    telescope = Telescope()
    before = numbers_of(telescope.observe(context))
    for name, value in SOMETHING_ELSE.items():
        value = not context.residual if name == "residual" else value
        after = numbers_of(telescope.observe(context.replace(**{name: value})))
        is_same = after == pytest.approx(before, abs=1e-9)  # batch norm takes a bias out up to rounding
        assert is_same == (name in context.ineffective) == bool(context.why_ineffective(name)), name


def test_why_a_setting_has_no_effect_is_said_of_the_cell_that_there_is():
    lstm = Settings(cell="lstm")
    assert lstm.why_ineffective("residual") == "the LSTM's gates are its own"
    assert lstm.replace(cell="gru").why_ineffective("branch_scale") == "the GRU's gates are its own"
    assert Settings().why_ineffective("branch_scale") == "there is no branch without a residual connection"
    assert Settings().why_ineffective("residual") == lstm.why_ineffective("forget_bias") == ""


@pytest.mark.parametrize(
    ("too_much", "words"),
    [
        (
            {"samples": 4096, "depth": 2000, "width": 64},
            "samples, depth or width",
        ),
        ({"cell": "lstm", "width": 1024, "networks": 17, "samples": 1}, "width or networks"),
    ],
    ids=["signals", "weights"],
)
def test_what_passes_the_memory_budget_is_refused_with_the_number_and_what_to_lower(too_much, words):
    with pytest.raises(SettingsError) as refusal:
        Settings(**{"cell": "gru"} | too_much)
    assert str(refusal.value).endswith(f"allowed: 1 GiB (lower {words})")


def test_recurrent_weights_do_not_multiply_by_the_depth():
    wide = Settings(cell="gru", depth=10_000, width=1024, samples=1)
    with pytest.raises(SettingsError, match="GiB of weights"):
        wide.replace(cell="feedforward", initializer="orthogonal")


@settings(deadline=None)
@given(any_value(REGISTRY["forget_bias"]))
def test_a_forget_bias_is_written_so_that_a_command_line_reads_it_back(value):
    words = REGISTRY["forget_bias"].arguments(value)
    assert parse(words, in_terminal=True).settings.forget_bias == value


def test_every_cell_can_be_reached_from_every_other():
    visited = [Settings()]
    for _ in range(5):
        visited.append(visited[-1].stepped("cell", 1))
    assert [each.cell for each in visited] == ["feedforward", *CELLS, "transformer", "feedforward"]
    assert dataclasses.replace(visited[1], cell="feedforward") == Settings()
