"""The kinds of settings: how they are stepped through, written, shown and read."""

from __future__ import annotations

import pytest
from drawn_settings import any_value
from hypothesis import given, settings
from hypothesis import strategies as st
from names_by_kind import CHOICES, NAMES, NUMBERS, REALS, SWITCHES, WORDS

from tui_telescope.settings import REGISTRY, Settings, SettingsError


def height(value) -> float:
    """How high on the ladder: words stand below every number, in their order."""
    words = [word for name in WORDS for word in REGISTRY[name].words]
    return words.index(value) - 1e9 if isinstance(value, str) else value


@pytest.mark.parametrize("coarse", [False, True], ids=["fine", "coarse"])
@pytest.mark.parametrize("name", [name for name in NUMBERS if REGISTRY[name].ladder])
def test_steps_climb_from_one_end_to_the_other_and_stay_there(name, coarse):
    entry = REGISTRY[name]
    for direction, (start, end) in ((1, entry.ends), (-1, entry.ends[::-1])):
        rungs = [start]
        while rungs[-1] != end:
            rungs.append(entry.check(entry.step(rungs[-1], direction, coarse=coarse)))
            assert (height(rungs[-1]) - height(rungs[-2])) * direction > 0
        assert entry.step(end, direction, coarse=coarse) == end
        assert len(rungs) < 150


@pytest.mark.parametrize("name", NUMBERS)
def test_a_coarse_step_goes_further_than_a_fine_one(name):
    entry = REGISTRY[name]
    middle = entry.ladder[len(entry.ladder) // 2] if entry.ladder else entry.default
    for direction in (1, -1):
        fine, coarse = (abs(entry.step(middle, direction, coarse=how) - middle) for how in (False, True))
        assert fine <= coarse


@pytest.mark.parametrize("name", [name for name in NUMBERS if REGISTRY[name].ladder])
def test_a_step_up_and_a_step_down_from_a_rung_lead_back(name):
    entry = REGISTRY[name]
    for rung in entry.ladder[1:-1]:
        assert entry.step(entry.step(rung, 1), -1) == rung == entry.step(entry.step(rung, -1), 1)


@pytest.mark.parametrize(("name", "word", "first"), [("branch_scale", "1/sqrt(L)", None), ("clip", "off", 1.0)])
def test_a_word_stands_below_the_smallest_number_and_is_read_however_it_is_typed(name, word, first):
    entry = REGISTRY[name]
    assert entry.step(word, 1) == (entry.minimum if first is None else first)
    assert entry.step(entry.minimum, -1) == word
    assert entry.step(entry.words[0], -1) == entry.words[0]
    assert [entry.parse(typed) for typed in (word, f" {word.upper()} ", word.replace("/", " / "))] == [word] * 3
    assert getattr(Settings(**{name: word}), name) == entry.show(word) == entry.write(word) == word
    assert word in entry.allowed


def test_a_value_between_two_rungs_steps_to_the_next_one_on_either_side():
    depth = REGISTRY["depth"]
    below, above = depth.step(47, -1), depth.step(47, 1)
    assert below < 47 < above
    assert depth.step(below, 1) == above


@pytest.mark.parametrize("name", ["seed", "sample_seed"])
def test_a_seed_steps_by_one_and_by_ten_within_its_range(name):
    entry = REGISTRY[name]
    assert [entry.step(42, 1), entry.step(42, -1), entry.step(42, 1, coarse=True)] == [43, 41, 52]
    assert [entry.step(0, -1), entry.step(2**32 - 3, 1, coarse=True)] == [0, 2**32 - 1]


@pytest.mark.parametrize("name", CHOICES)
@pytest.mark.parametrize("direction", [1, -1])
def test_steps_through_names_visit_all_of_them_and_come_round(name, direction):
    entry = REGISTRY[name]
    visited = [entry.default]
    for _ in entry.values:
        visited.append(entry.step(visited[-1], direction))
    assert visited[-1] == entry.default
    assert set(visited) == set(entry.values)


@pytest.mark.parametrize("name", SWITCHES)
@pytest.mark.parametrize("direction", [1, -1])
def test_a_step_flips_a_switch(name, direction):
    assert REGISTRY[name].step(True, direction) is False
    assert REGISTRY[name].step(False, direction) is True


def test_stepped_settings_change_one_value_and_keep_the_rest():
    start = Settings(depth=20, residual=True)
    stepped = start.stepped("depth", -1)
    assert stepped.changes(since=start) == {"depth": stepped.depth}
    assert stepped.depth < 20


@pytest.mark.parametrize("name", NAMES)
@settings(deadline=None)
@given(data=st.data())
def test_whatever_is_written_is_read_back_exactly(name, data):
    entry = REGISTRY[name]
    value = data.draw(any_value(entry))
    assert entry.parse(entry.write(value)) == value


@pytest.mark.parametrize("name", REALS)
@settings(deadline=None)
@given(data=st.data())
def test_a_panel_shows_a_number_in_few_characters_and_close_to_its_value(name, data):
    entry = REGISTRY[name]
    value = data.draw(any_value(entry))
    assert len(entry.show(value)) <= 12
    if isinstance(value, str):
        assert entry.show(value) == value
    else:
        assert float(entry.show(value)) == pytest.approx(value, rel=1e-5)


def test_panels_show_round_numbers_as_people_write_them():
    assert [REGISTRY["scale"].show(value) for value in (2.0, 0.1 + 0.2, 1000.0)] == ["2.0", "0.3", "1000.0"]
    assert [REGISTRY["residual"].show(value) for value in (False, True)] == ["off", "on"]
    assert REGISTRY["depth"].show(50) == "50"


@pytest.mark.parametrize(
    ("name", "typed", "value"),
    [
        ("depth", " 120 ", 120), ("scale", "2", 2.0), ("scale", "1e-2", 0.01), ("activation", " ReLU ", "relu"),
        ("residual", "ON", True), ("residual", "off", False), ("clip", "OFF", "off"), ("clip", "5", 5.0),
        ("branch_scale", " 1/SQRT(L) ", "1/sqrt(L)"), ("norm_place", "Pre", "pre"),
    ],
)  # fmt: skip
def test_typed_values_are_read_with_blanks_and_capitals(name, typed, value):
    read = REGISTRY[name].parse(typed)
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize("typed", ["", "  ", "nan", "inf", "-1e9", "1e400", "0x10", "maybe", "٣٣٣x"])
@pytest.mark.parametrize("name", NAMES)
def test_a_badly_typed_value_is_refused_with_what_is_allowed(name, typed):
    with pytest.raises(SettingsError) as refusal:
        REGISTRY[name].parse(typed)
    assert str(refusal.value).startswith(f"{name}: ")
    assert REGISTRY[name].allowed in str(refusal.value)
