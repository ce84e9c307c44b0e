"""The drawn numbers: Python's own stream, what keeps them still, and what the initializers make of them."""

from __future__ import annotations

import random

import numpy as np
import pytest
from drawn_numbers import SAMPLE_SEED, SEED, draw, first, pythons_normals

from tui_telescope import Settings, Telescope
from tui_telescope.engine.passes.progress import Progress
from tui_telescope.engine.weights import streams
from tui_telescope.engine.weights.draws import UnitDraws
from tui_telescope.observations.interruption import Stopped


def assert_same_to_the_last_bits(drawn: np.ndarray, expected: np.ndarray) -> None:
    """Python takes logarithm, sine and cosine from the C library, numpy has its own: a bit or two may differ."""
    np.testing.assert_array_max_ulp(drawn, expected, maxulp=4)


@pytest.mark.parametrize("width", [1, 2, 3, 4, 7])
def test_weights_are_pythons_gauss_stream_row_by_row_layer_by_layer(width):
    expected = first(pythons_normals(SEED), 5, width, width)
    assert_same_to_the_last_bits(draw(width=width).weights[0], expected)


@pytest.mark.parametrize("width", [1, 2, 3, 4, 7])
def test_input_and_target_follow_each_other_sample_by_sample_from_the_sample_seed(width):
    drawn = draw(width=width)
    expected = first(pythons_normals(SAMPLE_SEED), 4, 2, width)
    assert_same_to_the_last_bits(drawn.inputs, expected[:, 0])
    assert_same_to_the_last_bits(drawn.targets, expected[:, 1])


def test_a_stream_of_millions_stays_pythons_to_its_end():
    drawn = draw(width=1023, depth=2).weights[0]
    expected = first(pythons_normals(SEED), 2, 1023, 1023)
    assert_same_to_the_last_bits(drawn, expected)


@pytest.mark.parametrize("seed", [0, 2**32 - 1])
def test_the_ends_of_the_seed_range_are_pythons_too(seed):
    assert_same_to_the_last_bits(draw(seed=seed).weights[0], first(pythons_normals(seed), 5, 3, 3))


@pytest.mark.parametrize("generator", ["python", "numpy"])
class TestEveryGenerator:
    @pytest.mark.parametrize("bias", [0.0, 1.0])
    def test_network_k_is_drawn_from_seed_plus_k_and_shares_the_samples(self, generator, bias):
        several = draw(generator=generator, networks=3, bias=bias)
        for k in range(3):
            alone = draw(generator=generator, seed=SEED + k, bias=bias)
            np.testing.assert_array_equal(several.weights[k], alone.weights[0])
            np.testing.assert_array_equal(several.biases[k], alone.biases[0])
            np.testing.assert_array_equal(several.inputs, alone.inputs)
            np.testing.assert_array_equal(several.targets, alone.targets)

    @pytest.mark.parametrize("initializer", ["gaussian", "orthogonal", "torch", "truncated_normal"])
    @pytest.mark.parametrize("width", [2, 3])
    def test_a_deeper_network_keeps_the_layers_it_had(self, generator, initializer, width):
        shallow = draw(generator=generator, initializer=initializer, width=width, bias=1.0)
        deep = draw(generator=generator, initializer=initializer, width=width, bias=1.0, depth=9)
        np.testing.assert_array_equal(deep.weights[:, :5], shallow.weights)
        np.testing.assert_array_equal(deep.biases[:, :5], shallow.biases)
        np.testing.assert_array_equal(deep.inputs, shallow.inputs)

    @pytest.mark.parametrize("width", [2, 3])
    def test_a_network_that_grew_step_by_step_is_the_one_drawn_at_once(self, generator, width):
        telescope = Telescope()
        sizes = {"width": width, "bias": 1.0, "generator": generator, "seed": SEED}
        for depth in (1, 2, 5, 3, 7):
            grown = telescope.draw(Settings(depth=depth, **sizes))
        at_once = Telescope().draw(Settings(depth=7, **sizes))
        np.testing.assert_array_equal(grown.weights, at_once.weights)
        np.testing.assert_array_equal(grown.biases, at_once.biases)

    def test_biases_have_a_stream_of_their_own_and_move_no_weight(self, generator):
        without, with_bias = draw(generator=generator), draw(generator=generator, bias=1.0)
        np.testing.assert_array_equal(with_bias.weights, without.weights)
        np.testing.assert_array_equal(with_bias.inputs, without.inputs)
        assert not without.biases.any()
        assert not np.isin(with_bias.biases, with_bias.weights).any()
        assert not np.isin(with_bias.biases, with_bias.inputs).any()

    def test_the_bias_is_the_standard_deviation_of_the_biases(self, generator):
        one = draw(generator=generator, bias=1.0, depth=2000).biases
        np.testing.assert_array_equal(draw(generator=generator, bias=2.5, depth=2000).biases, 2.5 * one)
        assert one.std() == pytest.approx(1, abs=5 / np.sqrt(2 * one.size))
        assert one.mean() == pytest.approx(0, abs=5 / np.sqrt(one.size))

    def test_weights_are_standard_normal_and_uncorrelated_from_layer_to_layer(self, generator):
        weights = draw(generator=generator, depth=2000, width=4).weights[0].reshape(2000, 16)
        error = 1 / np.sqrt(weights.size)
        assert weights.mean() == pytest.approx(0, abs=5 * error)
        assert weights.var() == pytest.approx(1, abs=5 * error * 2**0.5)
        assert (weights[1:] * weights[:-1]).mean() == pytest.approx(0, abs=5 * error)

    def test_another_seed_gives_other_weights_and_the_same_samples(self, generator):
        one, other = draw(generator=generator), draw(generator=generator, seed=SEED + 1)
        assert not np.isin(one.weights, other.weights).any()
        np.testing.assert_array_equal(one.inputs, other.inputs)

    def test_another_sample_seed_gives_other_samples_and_the_same_weights(self, generator):
        one, other = draw(generator=generator), draw(generator=generator, sample_seed=SAMPLE_SEED + 1)
        assert not np.isin(one.inputs, other.inputs).any()
        np.testing.assert_array_equal(one.weights, other.weights)


def test_the_numpy_generator_draws_each_layer_independently_of_the_width_of_a_request():
    telescope = Telescope()
    settings = Settings(depth=6, width=3, generator="numpy", seed=SEED)
    telescope.draw(settings.replace(depth=4))
    np.testing.assert_array_equal(telescope.draw(settings).weights, Telescope().draw(settings).weights)


def test_the_numpy_generator_has_one_stream_for_weights_one_for_biases_and_one_for_samples():
    drawn = draw(generator="numpy", bias=1.0, seed=SEED, sample_seed=SEED)
    numbers = np.concatenate([each.ravel() for each in (drawn.weights, drawn.biases, drawn.inputs, drawn.targets)])
    assert len(np.unique(numbers)) == len(numbers)


@pytest.mark.parametrize("scale", [0.001, 0.3, 1000.0])
@pytest.mark.parametrize(
    ("initializer", "gain"), [("gaussian", 1.0), ("xavier", 5**-0.5), ("lecun", 5**-0.5), ("he", 0.4**0.5)]
)  # fmt: skip
def test_gaussian_xavier_lecun_and_he_are_one_draw_with_the_scale_and_their_gain(initializer, gain, scale):
    unit = first(pythons_normals(SEED), 5, 5, 5)
    drawn = draw(width=5, initializer=initializer, scale=scale).weights[0]
    np.testing.assert_allclose(drawn, scale * gain * unit, rtol=1e-14)


def test_the_identity_is_the_scale_on_the_diagonal():
    drawn = draw(initializer="identity", scale=0.7, networks=2).weights
    np.testing.assert_array_equal(drawn, np.broadcast_to(0.7 * np.eye(3), (2, 5, 3, 3)))


@pytest.mark.parametrize("generator", ["python", "numpy"])
@pytest.mark.parametrize("width", [1, 2, 5, 16])
def test_orthogonal_matrices_are_orthogonal_times_the_scale(generator, width):
    for q in draw(initializer="orthogonal", width=width, generator=generator, scale=3.0).weights[0]:
        np.testing.assert_allclose(q.T @ q, 9 * np.eye(width), atol=1e-13)


def gram_schmidt(matrix: np.ndarray) -> np.ndarray:
    """The columns made orthonormal one after another, each kept on its own side: R has a positive diagonal."""
    columns: list[np.ndarray] = []
    for column in matrix.T:
        for _ in range(2):
            for earlier in columns:
                column = column - (earlier @ column) * earlier
        columns.append(column / np.linalg.norm(column))
    return np.array(columns).T


@pytest.mark.parametrize("width", [1, 2, 3, 8])
def test_orthogonal_matrices_are_the_gaussian_ones_orthonormalised_with_the_haar_signs(width):
    normals = draw(width=width).weights[0]
    orthogonal = draw(width=width, initializer="orthogonal").weights[0]
    np.testing.assert_allclose(orthogonal, [gram_schmidt(each) for each in normals], atol=1e-11)


def test_orthogonal_matrices_favour_no_direction():
    traces = np.trace(
        draw(width=4, depth=4000, initializer="orthogonal", generator="numpy").weights[0], axis1=1, axis2=2
    )
    assert traces.mean() == pytest.approx(0, abs=5 / 4000**0.5)  # a Haar matrix has E tr = 0 and E tr^2 = 1
    assert (traces**2).mean() == pytest.approx(1, abs=5 * 2**0.5 / 4000**0.5)


def test_a_draw_belongs_to_its_owner():
    telescope, settings = Telescope(), Settings(depth=3, bias=1.0, samples=2)
    untouched = Telescope().draw(settings)
    spoiled = telescope.draw(settings)
    for array in (spoiled.weights, spoiled.biases, spoiled.inputs, spoiled.targets):
        array[...] = np.nan
    again = telescope.draw(settings)
    for name in ("weights", "biases", "inputs", "targets"):
        np.testing.assert_array_equal(getattr(again, name), getattr(untouched, name))


def test_a_draw_has_the_shapes_of_the_design():
    drawn = draw(networks=2, depth=6, width=3, samples=4)
    assert (drawn.weights.shape, drawn.biases.shape) == ((2, 6, 3, 3), (2, 6, 3))
    assert (drawn.inputs.shape, drawn.targets.shape) == ((4, 3), (4, 3))


@pytest.fixture
def drawn_normals(monkeypatch):
    """Every normal that any stream yields from here on, as a growing list of counts."""
    counts: list[int] = []

    def counting(layers):
        def wrapped(self, count, size):
            counts.append(count * size)
            return layers(self, count, size)

        return wrapped

    for stream in (streams.PythonStream, streams.NumpyStream):
        monkeypatch.setattr(stream, "layers", counting(stream.layers))
    return counts


@pytest.mark.parametrize("generator", ["python", "numpy"])
@pytest.mark.parametrize(
    "change",
    [
        {"scale": 3.0}, {"activation": "relu"}, {"residual": True}, {"loss": "probe"}, {"bias": 2.0},
        {"initializer": "xavier"}, {"initializer": "he"}, {"depth": 3}, {"norm": "batch"}, {"norm": "layer"},
        {"norm_place": "pre"}, {"branch_scale": 0.5}, {"clip": 1.0},
    ],
    ids=str,
)  # fmt: skip
def test_what_is_no_draw_redraws_nothing(drawn_normals, generator, change):
    telescope, settings = Telescope(), Settings(depth=5, bias=0.5, generator=generator)
    telescope.observe(settings)
    assert sum(drawn_normals) == 5 * 16 + 5 * 4 + 20 * 8
    drawn_normals.clear()
    telescope.observe(settings.replace(**change))
    telescope.observe(settings)
    assert drawn_normals == []


@pytest.mark.parametrize("generator", ["python", "numpy"])
def test_one_layer_more_draws_one_layer(drawn_normals, generator):
    telescope, settings = Telescope(), Settings(depth=5, width=3, generator=generator)
    telescope.observe(settings)
    drawn_normals.clear()
    telescope.observe(settings.replace(depth=6))
    assert drawn_normals == [9]


def test_one_network_more_draws_one_network(drawn_normals):
    telescope, settings = Telescope(), Settings(depth=5, width=3, networks=2)
    telescope.observe(settings)
    drawn_normals.clear()
    telescope.observe(settings.replace(networks=3))
    assert sum(drawn_normals) == 5 * 9


def test_turning_the_bias_on_draws_the_biases_alone(drawn_normals):
    telescope, settings = Telescope(), Settings(depth=5, width=3)
    telescope.observe(settings)
    drawn_normals.clear()
    telescope.observe(settings.replace(bias=1.0))
    assert sum(drawn_normals) == 5 * 3


def test_coming_back_to_an_earlier_seed_draws_nothing(drawn_normals):
    telescope, settings = Telescope(), Settings(depth=5)
    telescope.observe(settings)
    telescope.observe(settings.replace(seed=43))
    drawn_normals.clear()
    telescope.observe(settings)
    assert drawn_normals == []


def test_who_stops_waiting_while_a_large_network_is_drawn_is_heard_and_loses_nothing(drawn_normals):
    settings, units = Settings(depth=40, width=256, generator="numpy"), UnitDraws()
    answers = iter([False, False, True])
    with pytest.raises(Stopped):
        units.network(settings, 0, Progress(lambda: next(answers)))
    assert 0 < sum(drawn_normals) < 40 * 256**2
    finished = units.network(settings, 0)
    assert sum(drawn_normals) == 40 * 256**2
    at_once = UnitDraws().network(settings, 0)
    np.testing.assert_array_equal(np.stack(finished.single.weights), np.stack(at_once.single.weights))


def test_ever_new_seeds_of_tiny_networks_do_not_pile_up(drawn_normals):
    units = UnitDraws(budget=100_000)
    for seed in range(200):
        units.network(Settings(depth=10, width=1, seed=seed), 0)
    drawn_normals.clear()
    units.network(Settings(depth=10, width=1, seed=199), 0)
    assert drawn_normals == []
    units.network(Settings(depth=10, width=1, seed=0), 0)
    assert drawn_normals == [10], "200 networks of 10 layers take more than their 16 kB of numbers"


def test_what_is_meant_for_signals_is_not_kept_for_weights(drawn_normals):
    units, first, second = UnitDraws(budget=20_000), Settings(depth=10, seed=1), Settings(depth=10, seed=2)
    for settings in (first, second, first):
        units.network(settings, 0)
    assert sum(drawn_normals) == 2 * 160
    units.reserved = 15_000
    for settings in (second, first):
        units.network(settings, 0)
    assert sum(drawn_normals) == 3 * 160


@pytest.mark.parametrize("generator", ["python", "numpy"])
class TestDistributions:
    @pytest.mark.parametrize(("name", "edge"), [("uniform", 3**0.5), ("truncated", 2 / 0.87962566)])
    def test_entries_keep_mean_and_variance_and_end_where_they_should(self, generator, name, edge):
        """0.87962566 is the standard deviation of N(0, 1) cut at 2."""
        entries = draw(generator=generator, distribution=name, width=64, depth=30).weights.ravel()
        assert entries.mean() == pytest.approx(0, abs=4 / len(entries) ** 0.5)
        assert entries.var() == pytest.approx(1, abs=0.02)
        assert edge * 0.999 < np.abs(entries).max() <= edge * (1 + 1e-8)

    def test_torchs_entries_are_uniform_within_one_over_the_root_of_the_fan_in(self, generator):
        for distribution in ("normal", "truncated"):
            entries = draw(generator=generator, initializer="torch", distribution=distribution, width=64).weights
            assert 0.999 / 8 < np.abs(entries).max() <= 1 / 8
            assert entries.var() == pytest.approx(1 / (3 * 64), rel=0.02)

    def test_another_distribution_moves_no_other_number(self, generator):
        normal = draw(generator=generator, bias=1.0)
        for name in ("uniform", "truncated"):
            other = draw(generator=generator, bias=1.0, distribution=name)
            for unmoved in ("biases", "inputs", "targets"):
                np.testing.assert_array_equal(getattr(other, unmoved), getattr(normal, unmoved))
            assert not np.isclose(other.weights, normal.weights).any()

    def test_cells_draw_their_recurrent_matrices_alone_from_it(self, generator):
        normal, uniform = (draw("lstm", generator=generator, distribution=name) for name in ("normal", "uniform"))
        np.testing.assert_array_equal(uniform.input_weights, normal.input_weights)
        assert np.abs(uniform.weights).max() <= 3**0.5
        assert not np.isclose(uniform.weights, normal.weights).any()


def test_pythons_uniform_and_truncated_streams_are_its_randoms_own():
    rng = random.Random(2**34 + SEED)
    expected = [(2 * rng.random() - 1) * 3**0.5 for _ in range(45)]
    np.testing.assert_allclose(draw(distribution="uniform").weights.ravel(), expected, rtol=1e-15)
    rng = random.Random(3 * 2**33 + SEED)
    within = (x for x in iter(lambda: rng.gauss(0, 1), None) if abs(x) <= 2)
    expected = [next(within) / 0.8796256610342398 for _ in range(45)]
    np.testing.assert_allclose(draw(distribution="truncated").weights.ravel(), expected, rtol=1e-13)
