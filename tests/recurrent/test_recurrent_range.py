"""Networks made by hand, in which float64 would lose what matters: each fails if its guard is taken away."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from recurrent_reference import assert_close, expected

from tui_telescope import Settings, Telescope
from tui_telescope.engine.passes.float64.workspace import Workspace
from tui_telescope.engine.passes.measurement import Wanted
from tui_telescope.engine.passes.progress import UNWATCHED
from tui_telescope.engine.passes.task import SequenceTask
from tui_telescope.engine.recurrent import through_time
from tui_telescope.engine.weights.draws import Sequences, UnitCell
from tui_telescope.observations.log_statistics import LOG10_2

GATES = {"rnn": 1, "lstm": 4, "gru": 3}


def assert_agrees(settings: Settings, pushes: np.ndarray, weights: np.ndarray | None = None) -> None:
    """One sample, where every gate hears `pushes[t, gate, unit]` beside what W h brings; W is scale * `weights`.

    The inputs stand in the biases' place: x_t holds all that is pushed at step t, and U hands each gate its part.
    """
    gates, n = GATES[settings.cell], settings.width
    assert pushes.shape == (settings.depth, gates, n)
    unit = np.broadcast_to(np.eye(n) if weights is None else weights, (gates, n, n))
    hands_out = np.eye(gates * n).reshape(gates, n, gates * n)
    targets = np.full((1, n), 0.7)
    sequences = Sequences(list(pushes.reshape(-1, 1, gates * n)), targets)
    with np.errstate(all="raise", under="ignore"):
        measured = through_time.measure(
            SequenceTask(
                UnitCell(unit, hands_out, np.zeros((gates, n))), sequences, settings, Wanted(), UNWATCHED, Workspace()
            )
        )
    draw = SimpleNamespace(
        weights=settings.scale * unit[None], input_weights=hands_out[None], biases=np.zeros((1, gates, n)),
        inputs=pushes.reshape(1, settings.depth, gates * n), targets=targets,
    )  # fmt: skip
    wanted = expected(settings, draw)
    assert_close(measured.gradient[:, 0] * LOG10_2, wanted.gradient, 1e-9)
    assert_close(measured.weight_gradient * LOG10_2, wanted.weight_gradient, 1e-9)
    if settings.cell == "lstm":
        assert_close(measured.cell_gradient[:, 0] * LOG10_2, wanted.cell_gradient, 1e-9)


@pytest.mark.parametrize("cell", GATES)
@pytest.mark.parametrize("initializer", ["gaussian", "identity"])
def test_a_step_at_which_every_unit_is_shut_tight_is_no_zero(cell, initializer):
    """All slopes are about exp(-1000) at the fourth step."""
    settings = Settings(
        cell=cell, depth=6, width=2, samples=1, scale=0.5, activation="tanh", forget_bias=0.0, initializer=initializer
    )
    pushes = np.full((6, GATES[cell], 2), 0.3)
    pushes[3] = 500.0
    assert_agrees(settings, pushes, weights=None if initializer == "identity" else np.array([[0.5, -1.0], [1.0, 0.7]]))


def test_the_unit_that_was_nearly_shut_first_is_the_one_that_is_heard_in_the_end():
    """No unit hears another: one fades by 2^-1300 in ten late steps, the other by 2^-2600 in twenty early ones."""
    settings = Settings(cell="rnn", depth=30, width=2, samples=1, scale=0.9, activation="tanh", initializer="identity")
    pushes = np.zeros((30, 1, 2))
    pushes[20:, 0, 0] = 45.0
    pushes[:20, 0, 1] = 45.0
    assert_agrees(settings, pushes)


def test_a_memory_that_has_grown_to_four_hundred_still_shows_in_the_state():
    """tanh'(400) is about exp(-800): the only way from c_T to the loss."""
    settings = Settings(cell="lstm", depth=400, width=1, samples=1, scale=0.001, forget_bias=0.0)
    assert_agrees(settings, np.full((400, 4, 1), 50.0))


def test_forget_gates_that_shut_in_turn_leave_the_unit_that_was_shut_least():
    settings = Settings(cell="lstm", depth=24, width=2, samples=1, scale=0.01, forget_bias=0.0, initializer="identity")
    pushes = np.zeros((24, 4, 2))
    pushes[12:, 1, 0] = pushes[:12, 1, 1] = -90.0
    pushes[:, 3] = -40.0
    assert_agrees(settings, pushes)


def test_a_branch_too_faint_for_a_squared_norm_in_float64_is_no_zero():
    settings = Settings(
        cell="rnn", depth=1, width=1, activation="sigmoid", residual=True, branch_scale=1e-282, samples=1
    )
    telescope = Telescope()
    draw = telescope.draw(settings)
    response = 1 / (1 + np.exp(-draw.input_weights[0, 0, 0, 0] * draw.inputs[0, 0, 0]))
    (log10_rms,) = telescope.observe(settings).signal.log10_rms
    assert log10_rms == pytest.approx(-282 + np.log10(response), rel=1e-13)
