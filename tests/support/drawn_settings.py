"""Settings drawn at random from the ranges of the registry itself, for property tests."""

from __future__ import annotations

import math
from typing import Any

from hypothesis import strategies as st

from tui_telescope.networks import EXACT
from tui_telescope.settings import REGISTRY, Settings, SettingsError
from tui_telescope.settings.kinds import Choice, PowerOfTwo, Real, RealOrWord, Setting, Switch, Whole


def any_value(entry: Setting) -> st.SearchStrategy[Any]:
    """Every value that a setting allows."""
    if isinstance(entry, PowerOfTwo):
        return st.sampled_from(entry.ladder)
    if isinstance(entry, Whole):
        return st.integers(entry.minimum, entry.maximum)
    if isinstance(entry, RealOrWord):
        return st.sampled_from(entry.words) | st.floats(entry.minimum, entry.maximum)
    if isinstance(entry, Real):
        return st.floats(entry.minimum, entry.maximum) | st.just(entry.ends[0])
    if isinstance(entry, Choice):
        return st.sampled_from(entry.values)
    if isinstance(entry, Switch):
        return st.booleans()
    return st.sampled_from(_walk(entry))


def by_magnitude(entry: Real) -> st.SearchStrategy[float]:
    """A positive range with every power of ten equally likely, its ends included."""
    exponents = st.floats(math.log10(entry.minimum), math.log10(entry.maximum))
    return exponents.map(lambda power: min(max(10.0**power, entry.minimum), entry.maximum)) | st.sampled_from(
        entry.ends
    )


def settings_within(**narrowed: st.SearchStrategy[Any]) -> st.SearchStrategy[Settings]:
    """Whole settings from the registry's ranges, some of them narrowed; what is refused is not drawn.

    They are exact unless `precision` is given: a number format has zeros and overflow that nothing else has.
    """
    narrowed = {"precision": st.just(EXACT), **narrowed}
    values = {name: narrowed.get(name, any_value(entry)) for name, entry in REGISTRY.items()}
    return st.fixed_dictionaries(values).map(_allowed).filter(lambda settings: settings is not None)


def _allowed(values: dict[str, Any]) -> Settings | None:
    try:
        return Settings(**values)
    except SettingsError:
        return None


def _walk(entry: Setting) -> list[Any]:
    """The values that steps up from the first one lead through, for settings of a kind of their own."""
    walked = [entry.ends[0]]
    while len(walked) < 200 and (following := entry.step(walked[-1], 1)) not in walked:
        walked.append(following)
    return walked
