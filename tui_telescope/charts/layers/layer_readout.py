"""What one layer reads, in one line: for the cursor that is moved along the layers."""

from __future__ import annotations

from tui_telescope.notation import scientific
from tui_telescope.observations.description import factor
from tui_telescope.observations.observation import Array, Observation


def layer_readout(observation: Observation, layer: int) -> str:
    """The readings of a layer, counted from 1 (else `IndexError`): those that were measured.

    A layer's factor is what it does to the gradient on its way down, so layer 1 has none.
    """
    if not 1 <= layer <= observation.depth:
        raise IndexError(f"layer {layer}: allowed are 1 to {observation.depth}")
    readings = {
        "gradient": _gradient(observation, layer),
        "factor": _factor(observation, layer),
        "weight gradient": _weight_gradient(observation, layer),
        **_signal(observation, layer),
        **_rounding(observation, layer),
    }
    words = [f"{name} {value}" for name, value in readings.items() if value] + _state(observation, layer)
    return f"{observation.stage} {observation.name(layer)}: {', '.join(words)}"


def _gradient(observation: Observation, layer: int) -> str:
    reading = observation.gradient
    return _written(observation, "gradient", reading.log10_mean, layer) if reading else ""


def _factor(observation: Observation, layer: int) -> str:
    if observation.log10_factor is None or layer == 1:
        return ""
    is_lost = _is_lost(observation, "gradient", layer) or _is_lost(observation, "gradient", layer - 1)
    return "not finite" if is_lost else factor(float(observation.log10_factor[layer - 2]), 3)


def _weight_gradient(observation: Observation, layer: int) -> str:
    reading = observation.weight_gradient
    if reading is None or layer in observation.verdict.untrained:
        return ""
    whole, parts = _written(observation, "weight gradient", reading.log10, layer), reading.log10_parts or {}
    told = [f"{name.replace('_', '+')} {scientific(float(each[layer - 1]))}" for name, each in parts.items()]
    return f"{whole} ({', '.join(told)})" if told else whole


def _signal(observation: Observation, layer: int) -> dict[str, str]:
    signal = observation.signal
    if signal is None:
        return {}
    saturated = "" if signal.saturated is None else f"{signal.saturated[layer - 1]:.0%}"
    spread = "" if signal.log10_spread is None else scientific(float(signal.log10_spread[layer - 1]))
    return {
        "rms": _written(observation, "signal", signal.log10_rms, layer),
        "saturated": saturated,
        "spread": spread,
    }


def _rounding(observation: Observation, layer: int) -> dict[str, str]:
    rounding = observation.rounding
    if rounding is None:
        return {}
    overflowed = float(rounding.overflowed[layer - 1])
    return {"zero": f"{rounding.zero[layer - 1]:.0%}", "overflowed": f"{overflowed:.0%}" if overflowed else ""}


def _written(observation: Observation, reading: str, log10: Array, layer: int) -> str:
    return "not finite" if _is_lost(observation, reading, layer) else scientific(float(log10[layer - 1]))


def _is_lost(observation: Observation, reading: str, layer: int) -> bool:
    """Whether it is NaN or infinite at this layer."""
    return any(each.reading == reading and layer in each.layers for each in observation.nonfinite)


def _state(observation: Observation, layer: int) -> list[str]:
    states = observation.layer_states
    if states is None:
        return []
    state = states[layer - 1] or "not trained"
    return ["unheard" if state == "frozen" and observation.stage == "step" else state]
