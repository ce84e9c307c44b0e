"""What is known of number formats, and what the telescope says of them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from rounded_reference import sigmoid_stack

from tui_telescope import Settings, Telescope
from tui_telescope.charts.layers.floors import FLOORS, beyond_ends
from tui_telescope.engine.remedies import in_words
from tui_telescope.networks import NUMBER_FORMATS
from tui_telescope.observations.description import describe
from tui_telescope.presets import PRESETS

SIGMOIDS = Settings(width=64, depth=20, initializer="xavier", scale=1, loss="probe", precision="float16")


def silent_layers(**changes) -> int:
    return Telescope().observe(SIGMOIDS.replace(**changes)).rounding.silent_layers


@pytest.mark.parametrize(
    ("depth", "precision", "unscaled", "best_scale", "scaled"),
    [
        (20, "float16", 7, 2**14, 0),
        (50, "float16", 37, 2**14, 30),
        (50, "bfloat16", 0, 1, 0),
        (50, "float8_e4m3", 44, 2**6, 41),
        (50, "float8_e5m2", 41, 2**14, 34),
    ],
)
def test_so_many_layers_receive_nothing_with_and_without_the_best_loss_scale(
    depth, precision, unscaled, best_scale, scaled
):
    """As plain numpy counts them over ml_dtypes' casts; and no layer fewer, nor more, in the telescope."""
    for loss_scale, silent in ((1, unscaled), (best_scale, scaled)):
        network = SIGMOIDS.replace(depth=depth, precision=precision, loss_scale=loss_scale)
        assert sum(not each.any() for each in sigmoid_stack(network).gradients) == silent
        assert Telescope().observe(network).rounding.silent_layers == silent


@pytest.mark.parametrize("precision", NUMBER_FORMATS)
def test_a_layer_falls_silent_where_the_exact_gradients_largest_entry_is_under_half_of_the_smallest_number(precision):
    """Within the few layers that rounding on the way may move it: a factor of 0.236 a layer."""
    network = SIGMOIDS.replace(depth=100, precision=precision)
    exact = Telescope().observe(network.replace(precision="exact")).gradient.log10_mean
    largest = exact - 0.5 * math.log10(64) + math.log10(4.5)  # of 64 x 20 Gaussian entries, about
    expected = int(np.count_nonzero(largest < math.log10(NUMBER_FORMATS[precision].smallest / 2)))
    assert abs(Telescope().observe(network).rounding.silent_layers - expected) <= 2


def test_a_loss_scale_of_2_to_the_16_overflows_float16_at_once():
    observation = Telescope().observe(SIGMOIDS.replace(loss_scale=2**16))
    assert [each.reading for each in observation.nonfinite] == ["gradient", "weight gradient"]
    assert observation.nonfinite[0].layers == tuple(range(20, 0, -1))
    assert observation.rounding.overflowed[-1] > 0.1
    assert observation.verdict.state is None
    assert describe(observation).startswith("NONFINITE: the gradient is NaN or infinite at layer 20 and 19 others.")


def test_in_float8_relu_at_scale_1_dies_on_the_way_forward():
    """Each layer keeps 0.7071 of the signal's size, and e4m3 ends at 2^-9: nothing is left after some 18 to 30."""
    network = PRESETS["float8"].settings
    signal = Telescope().observe(network).signal.log10_rms
    exact = Telescope().observe(network.replace(precision="exact")).signal.log10_rms
    still = int(np.flatnonzero(np.isneginf(signal))[0]) + 1
    assert 18 <= still <= 32
    assert np.isneginf(signal[still:]).all()
    assert np.isfinite(exact).all()
    assert Telescope().observe(network).verdict.still_networks == 1


def test_the_readings_leave_the_loss_scale_out_again():
    one, other = (Telescope().observe(SIGMOIDS.replace(depth=8, loss_scale=scale)) for scale in (1, 2**10))
    np.testing.assert_allclose(one.gradient.log10_mean, other.gradient.log10_mean, atol=0.01)
    np.testing.assert_allclose(one.weight_gradient.log10, other.weight_gradient.log10, atol=0.01)


@pytest.mark.parametrize(("precision", "depth"), [("float16", 20), ("float8_e5m2", 20)])
@pytest.mark.parametrize("loss_scale", [1, 2**6])
def test_the_floor_of_f_and_the_measured_zeros_tell_the_same_story(precision, depth, loss_scale):
    """Above the line most entries are there, a decade below it none; the line itself moves with the loss scale."""
    network = SIGMOIDS.replace(precision=precision, depth=depth, loss_scale=loss_scale)
    exact = Telescope().observe(network.replace(precision="exact")).gradient.log10_mean
    observation = Telescope().observe(network)
    floor = math.log10(NUMBER_FORMATS[precision].smallest * math.sqrt(64) / loss_scale)
    zero = observation.rounding.zero
    assert (zero[exact > floor + 0.5] < 0.3).all()
    assert (zero[exact < floor - 1] > 0.95).all()
    nearest = int(np.argmin(np.abs(exact - floor)))
    assert 0.05 < zero[nearest] < 0.95, "the line lies where about half of them are zero"
    last = int(np.flatnonzero(zero > 0.5)[-1]) + 1
    assert beyond_ends(observation, network) == f"Most entries are zero at layers 1 to {last} in {precision}."
    assert abs(last - np.count_nonzero(exact < floor - math.log10(2))) <= 1, "as norms alone would have it"


def test_the_formats_of_f_end_where_ml_dtypes_says():
    assert {
        name: round(10**log10 / 2.0 ** (-24 if name == "float16" else -149), 6) for name, log10 in FLOORS.items()
    } == {
        "float16": 1.0,
        "bfloat16": 2.0**16,
        "float32": 1.0,
    }


# What is said


def test_the_silent_layers_are_counted_in_a_sentence():
    assert "In float16 7 of 20 layers receive exactly nothing." in describe(Telescope().observe(SIGMOIDS))
    heard = describe(Telescope().observe(SIGMOIDS.replace(loss_scale=2**14)))
    assert "In float16 every layer receives something; 7% of the entries are zero." in heard
    assert "float16" not in describe(Telescope().observe(SIGMOIDS.replace(precision="exact")))


def test_frozen_is_said_of_the_format_that_the_weights_are_kept_in():
    network = SIGMOIDS.replace(precision="bfloat16", depth=12)
    counts = {}
    for keeps, name in ((True, "float32"), (False, "bfloat16")):
        observation = Telescope().observe(network.replace(master_weights=keeps))
        counts[name] = observation.verdict.frozen_layers
        assert f"{counts[name] or 'None'} of 12 layers" in describe(observation)
        assert f"frozen in {name}." in describe(observation)
    change = np.array([np.linalg.norm(each) for each in sigmoid_stack(network).weight_gradients]) / np.linalg.norm(
        Telescope().draw(network).weights[0], axis=(1, 2)
    )
    share = change / change.max()
    assert counts == {"float32": np.count_nonzero(share < 2.0**-23), "bfloat16": np.count_nonzero(share < 2.0**-7)}
    assert counts["bfloat16"] > counts["float32"]


# What is advised


def advised(settings: Settings):
    telescope = Telescope()
    observation = telescope.observe(settings)
    return telescope.advise(settings, observation), observation


def test_the_best_loss_scale_is_advised_where_it_makes_the_zeros_go():
    remedy, observation = advised(SIGMOIDS)
    assert dict(remedy.changes) == {"loss_scale": 2**14}
    mended = Telescope().observe(SIGMOIDS.replace(**remedy.changes))
    assert (mended.rounding.silent_layers, mended.nonfinite) == (0, ())
    assert Telescope().observe(SIGMOIDS.replace(loss_scale=2**15)).nonfinite, "a larger one would overflow"
    assert "Try --loss-scale 16384: every layer receives something, layer 1 5." in in_words(observation, remedy)
    assert remedy.by_key.startswith("Try loss scale 2^14: every layer receives something, layer 1 5.")


def test_where_no_loss_scale_reaches_a_format_with_a_longer_exponent_is_advised():
    remedy, _ = advised(SIGMOIDS.replace(depth=50))
    assert dict(remedy.changes) == {"precision": "bfloat16"}


def test_a_loss_scale_that_overflows_is_taken_back():
    remedy, _ = advised(SIGMOIDS.replace(loss_scale=2**20))
    assert dict(remedy.changes) == {"loss_scale": 2**14}


def test_units_that_are_dead_in_any_format_are_not_mended_by_one():
    dying = Settings(activation="relu", initializer="he", scale=1, precision="float16")
    remedy, observation = advised(dying)
    assert observation.rounding.silent_layers > 0
    assert not {"loss_scale", "precision"} & remedy.changes.keys()
