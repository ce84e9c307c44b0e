"""A reading for machines: strict JSON, whose fields are only ever added to, and CSV with a row a layer."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tui_telescope.engine.mean_field.coverage import why_no_theory
from tui_telescope.engine.mean_field.theory import predict
from tui_telescope.engine.remedies import Remedy, in_words
from tui_telescope.notation import decimal_literal, nullable
from tui_telescope.observations.observation import GradientReading, Observation, SignalReading, WeightGradientReading
from tui_telescope.settings import Settings

Array = NDArray[np.float64]
Columns = Mapping[str, Sequence[Any]]
"""By name, all equally long."""


def reading_as_json(settings: Settings, observation: Observation, remedy: Remedy | None) -> str:
    """Everything that was read; an exact zero has no logarithm and is null."""
    document = {
        "settings": settings.as_dict(),
        **observation_document(observation),
        "theory": _theory(settings),
        "why_no_theory": why_no_theory(settings) or None,
        "settled": observation.is_settled,
        "weights_sampled": observation.has_sampled_weights,
        "rounding": _rounding(observation),
        "nonfinite": [each._asdict() for each in observation.nonfinite],
        "verdict": verdict_document(observation, remedy),
    }
    return as_json(document)


def as_json(document: Any) -> str:
    """Strict JSON in one line."""
    return _bare_numbers(json.dumps(document, allow_nan=False)) + "\n"


def observation_document(observation: Observation) -> dict[str, Any]:
    """The readings themselves, for JSON; what was not measured is null."""
    weights, signal = observation.weight_gradient, observation.signal
    factor = observation.log10_factor
    return {
        "layers": _layers(observation),
        "gradient": observation.gradient
        and {name: nullable(numbers) for name, numbers in _statistics(observation.gradient).items()},
        "cell_gradient": observation.cell_gradient and {"log10_mean": nullable(observation.cell_gradient.log10_mean)},
        "weight_gradient": weights and {"log10": nullable(weights.log10), **_parts_document(weights)},
        "factor": None if factor is None else [_power(number) for number in factor],
        "signal": signal and _signal(signal),
    }


def _parts_document(weights: WeightGradientReading) -> dict[str, Any]:
    """Those of the parts of a layer, where it has parts."""
    parts = weights.log10_parts
    return {} if parts is None else {"log10_parts": {name: nullable(each) for name, each in parts.items()}}


def _layers(observation: Observation) -> list[int] | list[str]:
    """Their names, or numbers where they have none."""
    return list(observation.layers) if observation.layers else list(range(1, observation.depth + 1))


def _signal(signal: SignalReading) -> dict[str, list[float | None] | list[float] | None]:
    spread = None if signal.log10_spread is None else nullable(signal.log10_spread)
    return {"log10_rms": nullable(signal.log10_rms), **_fractions(signal), "log10_spread": spread}


def _fractions(signal: SignalReading) -> dict[str, list[float] | None]:
    named = {"saturated": signal.saturated, "dead": signal.dead}
    return {name: None if each is None else each.tolist() for name, each in named.items()}


def _statistics(reading: GradientReading) -> dict[str, Array]:
    """The mean and the quantiles by name, `log10_mean` the first."""
    return {field.name: getattr(reading, field.name) for field in fields(reading)}


def verdict_document(observation: Observation, remedy: Remedy | None) -> dict[str, Any]:
    """What the readings amount to, in numbers and in words, for JSON."""
    verdict = observation.verdict
    clipped_from = verdict.log10_clipped_from
    return {
        "state": verdict.state,
        "decades_per_layer": verdict.decades_per_layer,
        "frozen_layers": verdict.frozen_layers,
        "dead_networks": verdict.dead_networks,
        "steepest": verdict.steepest and verdict.steepest._asdict(),
        "clipped_from": None if clipped_from is None else _power(clipped_from),
        "remedy": remedy and {"settings": dict(remedy.changes), "log10_gradient_1": remedy.log10_gradient_1},
        "text": in_words(observation, remedy),
    }


def _rounding(observation: Observation) -> dict[str, Any] | None:
    """What a number format leaves of the gradient's entries; None where nothing is rounded."""
    rounding = observation.rounding
    if rounding is None:
        return None
    shares = {"zero": rounding.zero.tolist(), "overflowed": rounding.overflowed.tolist()}
    return {"format": rounding.format, **shares, "silent_layers": rounding.silent_layers}


def _theory(settings: Settings) -> dict[str, Any] | None:
    """What mean-field theory predicts; None where it does not cover the settings."""
    theory = predict(settings)
    if theory is None:
        return None
    return {
        "log10_gradient": nullable(theory.log10_gradient),
        "factor": theory.factor,
        "critical_scale": theory.critical_scale,
        "depth_scale": theory.depth_scale if np.isfinite(theory.depth_scale) else None,
    }


def reading_as_csv(observation: Observation) -> str:
    """One row a layer; an exact zero is -inf, and layer 1 has no factor."""
    return curves_as_csv({"": reading_columns(observation)})


def curves_as_csv(curves: Mapping[str, Columns]) -> str:
    """What there is to tell of each curve by its name, one below the other.

    Of several the last column holds the name; what a curve has not got is empty.
    """
    names = list(dict.fromkeys(name for columns in curves.values() for name in columns))
    rows = []
    for curve, columns in curves.items():
        count = len(next(iter(columns.values())))
        cells = [columns.get(name, [""] * count) for name in names]
        rows += [[*row, curve] if len(curves) > 1 else row for row in zip(*cells, strict=True)]
    return _rows_as_csv([*names, "curve"] if len(curves) > 1 else names, rows)


def reading_columns(observation: Observation) -> Columns:
    """By name what there is one of for each layer."""
    weights, signal = observation.weight_gradient, observation.signal
    columns: dict[str, list[Any]] = {"layer": list(_layers(observation))}
    if observation.gradient:
        statistics = _statistics(observation.gradient)
        columns |= {name.replace("log10", "log10_gradient"): numbers.tolist() for name, numbers in statistics.items()}
    if observation.log10_factor is not None:
        columns["log10_factor"] = ["", *observation.log10_factor.tolist()]
    if observation.cell_gradient:
        columns["log10_cell_gradient_mean"] = observation.cell_gradient.log10_mean.tolist()
    if weights:
        columns["log10_weight_gradient"] = weights.log10.tolist()
        parts = weights.log10_parts or {}
        columns |= {f"log10_weight_gradient_{name}": each.tolist() for name, each in parts.items()}
    if signal:
        columns["log10_rms"] = signal.log10_rms.tolist()
        columns |= {name: each for name, each in _fractions(signal).items() if each is not None}
        if signal.log10_spread is not None:
            columns["log10_spread"] = signal.log10_spread.tolist()
    if rounding := observation.rounding:
        columns |= {"gradient_zero": rounding.zero.tolist(), "gradient_overflowed": rounding.overflowed.tolist()}
    return columns


def _rows_as_csv(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    sheet = io.StringIO()
    writer = csv.writer(sheet, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return sheet.getvalue()


WRITERS: dict[str, Callable[[Settings, Observation, Remedy | None], str]] = {
    "json": reading_as_json,
    "csv": lambda settings, observation, remedy: reading_as_csv(observation),
}
"""The forms for machines."""


_MARK = "\0"


def _power(log10: float) -> Any:
    """10**log10 as a JSON number; what float64 would turn into zero or infinity is marked for `_bare_numbers`."""
    if log10 == -np.inf:
        return 0.0
    return float(10.0**log10) if abs(log10) < 300 else _MARK + decimal_literal(float(log10), digits=17)


def _bare_numbers(text: str) -> str:
    """Take the quotes from marked numbers: JSON has no smallest number, though json.dumps does."""
    return re.sub(r'"\\u0000([^"]+)"', r"\1", text)
