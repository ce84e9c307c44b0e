"""`print` gives every view as JSON and as CSV, of layers and of steps alike."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import pytest

from tui_telescope.arguments import parse
from tui_telescope.charts.views import VIEWS
from tui_telescope.engine.sweep import MAP_SCALES
from tui_telescope.engine.telescope import Telescope
from tui_telescope.printing.readings import write_reading
from tui_telescope.printing.standard_output import UsageError
from tui_telescope.settings import REGISTRY, Settings
from tui_telescope.settings.kinds import Choice

DEPTHS = (1, 3, 6)
CELLS = REGISTRY["cell"]
assert isinstance(CELLS, Choice)

PRINTED = [name for name, view in VIEWS.items() if not view.learns and name != "spectrum"]

each_cell = pytest.mark.parametrize("cell", CELLS.values)


def settings_of(cell: str) -> Settings:
    return Settings(cell=cell, depth=6, width=3, heads=3, samples=2, scale=0.9, initializer="xavier")


def printed(settings: Settings, view: str, form: str, depths: Sequence[int] = DEPTHS) -> str:
    stream = io.StringIO()
    write_reading(stream, settings, form, view, ascii_only=False, depths=depths)
    return stream.getvalue()


@cache
def document_of(cell: str, view: str) -> dict[str, Any]:
    """What JSON tells; a view's readings take a while, and two tests compare them."""
    found: dict[str, Any] = json.loads(printed(settings_of(cell), view, "json"), parse_constant=refuse)
    return found


def refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is not JSON")


def layer_1(settings: Settings) -> float:
    return float(Telescope().observe(settings).gradient.log10_mean[0])


@each_cell
@pytest.mark.parametrize("view", PRINTED)
def test_every_view_is_strict_json_that_agrees_with_single_observations(cell: str, view: str) -> None:
    settings = settings_of(cell)
    document = document_of(cell, view)
    assert document["settings"] == settings.as_dict()
    if view == "map":
        rows = document["log10_gradient_layer_1"]
        assert (document["depths"], len(document["scales"])) == (list(DEPTHS), MAP_SCALES)
        cell_of_the_map = settings.replace(depth=3, scale=document["scales"][20])
        assert rows[1][20] == pytest.approx(layer_1(cell_of_the_map), abs=1e-10)
    elif view == "depth":
        alone = [layer_1(settings.replace(depth=depth)) for depth in DEPTHS]
        assert document["log10_gradient_layer_1"] == pytest.approx(alone, abs=1e-10)
    else:
        assert document["gradient"]["log10_mean"][0] == pytest.approx(layer_1(settings), abs=1e-10)
        assert (document["cell_gradient"] is not None) == (cell == "lstm")
        if cell == "transformer":
            assert document["theory"] is None
            assert document["why_no_theory"].startswith("No theory here: whom a transformer's token hears")
        else:
            assert len(document["theory"]["log10_gradient"]) == len(document["layers"])
            assert document["why_no_theory"] is None


@each_cell
@pytest.mark.parametrize("view", PRINTED)
def test_every_view_is_csv_with_the_numbers_of_the_json(cell: str, view: str) -> None:
    header, *rows = csv.reader(io.StringIO(printed(settings_of(cell), view, "csv")))
    assert all(len(row) == len(header) for row in rows)
    document = document_of(cell, view)
    if VIEWS[view].survey:
        expected = np.ravel(document["log10_gradient_layer_1"]).tolist()
        assert [float(row[-1]) for row in rows] == expected
    else:
        for name, numbers in document["gradient"].items():
            column = header.index(name.replace("log10", "log10_gradient"))
            assert [float(row[column]) for row in rows] == numbers


def test_the_spectrum_is_json_csv_and_text_of_the_same_numbers() -> None:
    settings = settings_of("feedforward").replace(activation="relu", seed=1)
    *_, found = Telescope().spectrum(settings)
    document = json.loads(printed(settings, "spectrum", "json"), parse_constant=refuse)
    values = document["singular_values"]
    assert (document["settings"], document["jacobians"], document["ranks"]) == (settings.as_dict(), 2, found.ranks)
    assert document["text"] == found.text
    header, *rows = csv.reader(io.StringIO(printed(settings, "spectrum", "csv")))
    assert header == ["direction", *values]
    assert [row[0] for row in rows] == ["1", "2", "3"]
    for column, (numbers, quantiles) in enumerate(zip(values.values(), found.log10_quantiles, strict=True), 1):
        assert [float(row[column]) for row in rows] == quantiles.tolist()
        assert [-math.inf if each is None else each for each in numbers] == quantiles.tolist()
    text = printed(settings, "spectrum", "text")
    assert found.text in text
    assert f"{'direction':>9} {'median':>12} {'10%':>12} {'90%':>12}" in text


def test_theory_tells_its_depth_scale_and_null_where_it_is_infinite() -> None:
    start, critical = Settings(depth=3), Settings(depth=3, activation="relu", initializer="he", scale=1.0)
    theory, level = (json.loads(printed(each, "gradient", "json"))["theory"] for each in (start, critical))
    assert theory["depth_scale"] == pytest.approx(1 / abs(2 * math.log(theory["factor"])))
    assert (level["factor"], level["depth_scale"]) == (1.0, None)


def test_where_there_is_no_theory_json_and_text_say_why() -> None:
    settings = Settings(depth=3, initializer="identity", norm="layer")
    document = json.loads(printed(settings, "gradient", "json"))
    assert document["theory"] is None
    assert document["why_no_theory"] == "No theory here: it covers no norms beside identity weights."
    assert document["why_no_theory"] in printed(settings, "gradient", "text")


def test_text_tells_theorys_factor_and_why_no_scale_is_critical() -> None:
    words = " ".join(printed(Settings(depth=3, norm="layer", activation="relu"), "gradient", "text").split())
    assert "Theory of infinite width: a factor of 1 a layer. The norm before phi divides the scale out" in words
    words = " ".join(printed(Settings(depth=3, cell="gru"), "gradient", "text").split())
    assert "a step. Its gates decide what a cell keeps" in words


def test_no_terminal_is_too_wide_or_too_narrow_for_text(monkeypatch: pytest.MonkeyPatch) -> None:
    for columns, drawn in (("10000000", 1000), ("300", 300), ("1", 40)):
        monkeypatch.setenv("COLUMNS", columns)
        lines = printed(Settings(depth=3), "gradient", "text").splitlines()
        assert next(len(line) for line in lines if "┐" in line) == drawn


def test_json_tells_every_part_of_the_verdict() -> None:
    lstm = Settings(cell="lstm", width=16, depth=60, initializer="orthogonal", scale=0.1, forget_bias=5)
    verdict = json.loads(printed(lstm, "gradient", "json"))["verdict"]
    assert (verdict["state"], verdict["dead_networks"], verdict["remedy"]) == ("healthy", 0, None)
    assert verdict["steepest"] == {"layer": 60, "decades": pytest.approx(-1.7, abs=0.2)}
    assert verdict["clipped_from"] is None
    dying = Settings(activation="relu", initializer="he", scale=1, networks=3, depth=50, samples=4)
    document = json.loads(printed(dying, "gradient", "json"))
    verdict = document["verdict"]
    assert verdict["dead_networks"] == 2
    assert verdict["steepest"] is None
    assert document["gradient"]["log10_median"][0] is None
    remedy = verdict["remedy"]
    mended = json.loads(printed(dying.replace(**remedy["settings"]), "gradient", "json"))
    assert mended["verdict"]["state"] == "healthy"
    assert mended["gradient"]["log10_mean"][0] == pytest.approx(remedy["log10_gradient_1"], rel=1e-9)


def test_print_says_who_tells_of_learning() -> None:
    with pytest.raises(UsageError, match="--view: print does not show learn; the command learn tells of it"):
        parse(["print", "--view", "learn"], in_terminal=True)
    assert parse(["--view", "learn"], in_terminal=True).view == "learn"


def test_the_map_of_what_can_be_trained_is_printed_with_what_its_networks_reach() -> None:
    settings = settings_of("feedforward").replace(width=2, batch=8)
    document = json.loads(printed(settings, "trainable", "json", (2,)), parse_constant=refuse)
    learner = Telescope().learner(settings.replace(depth=2, scale=document["scales"][20], optimizer="momentum"))
    for _ in range(document["steps"]):
        learner.step()
    assert document["accuracy"][0][20] == learner.evaluate()[1]
    header, *rows = csv.reader(io.StringIO(printed(settings, "trainable", "csv", (2,))))
    assert header == ["depth", "scale", "accuracy"]
    assert [float(row[2]) for row in rows] == document["accuracy"][0]
