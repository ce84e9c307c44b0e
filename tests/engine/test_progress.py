"""Long work says how far it is, whichever way its numbers go."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tui_telescope import Settings, Telescope
from tui_telescope.engine.passes.progress import Progress

DEEP = {"depth": 1000, "width": 8}
KINDS = {
    "float64 pass": {"initializer": "xavier", "activation": "tanh"},
    "large layers": {"depth": 40, "width": 256, "samples": 64, "activation": "relu", "initializer": "he", "scale": 1.0},
    "several networks": {"networks": 3},
    "norm": {"norm": "layer"},
    "exact pass": {"initializer": "identity", "depth": 40},
    "rnn": {"cell": "rnn", "depth": 40},
    "lstm": {"cell": "lstm", "depth": 40},
    "layers in a format": {"precision": "float16", "depth": 40},
    "lstm in a format": {"precision": "bfloat16", "cell": "lstm", "depth": 40},
    "gru, several": {"cell": "gru", "depth": 40, "networks": 2},
}


@pytest.mark.parametrize("kind", KINDS)
def test_shares_go_from_the_start_to_nearly_all_in_small_steps(kind):
    telescope, settings, shares = Telescope(), Settings(**DEEP | KINDS[kind]), []
    telescope.draw(settings)
    telescope.observe(settings, progress=shares.append)
    assert shares[0] == 0
    assert all(before <= after for before, after in pairwise(shares))
    assert max(after - before for before, after in pairwise([*shares, 1.0])) < 0.15


def test_work_that_is_begun_anew_with_more_care_says_so():
    saturated, shares = {"activation": "tanh", "scale": 2.0}, []
    Telescope().observe(Settings(**DEEP | saturated), progress=shares.append)
    assert any(before > after for before, after in pairwise(shares))
    assert shares[-1] > 0.9


def test_pieces_lie_one_after_another_and_each_is_as_large_as_it_costs():
    told = []
    first, second = Progress(tell=told.append, start=0.5).parts([1, 3])
    for piece in (first, second):
        for share in (0, 0.5, 1):
            piece.reach(share)
    assert told == [0.5, 0.5625, 0.625, 0.625, 0.8125, 1.0]
