"""What tells networks apart, in words: of many settings only those that differ, and of those as few as need be."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import combinations
from typing import Any

from tui_telescope.settings import REGISTRY, Settings
from tui_telescope.settings.kinds import Setting
from tui_telescope.tui.sources.source import Labels

_DIGITS = (3, 4, 5)
"""Of a number where its room is scarce, as long as they tell it from the others."""
_NEEDS_ITS_NAME = ("branch_scale", "clip", "norm_place")
"""Settings with words for values that say little without the setting's name."""


@lru_cache(maxsize=64)
def distinctions(live: Settings, pins: tuple[Settings, ...]) -> Labels:
    """Words for the live network and then for the pins, which are all different; the live one may be one of them."""
    if live not in pins:
        return _told_apart((live, *pins))
    if len(pins) == 1:
        return Labels(*[["now", "pinned"]] * 3)
    twin = pins.index(live)
    return Labels(*([f"now: {labels[twin]}", *labels] for labels in _told_apart(pins)))


def _told_apart(networks: Sequence[Settings]) -> Labels:
    names = _differing(networks)
    fewest = _fewest(networks, names)
    brief = _labels(networks, fewest, _in_short)
    return Labels(_labels(networks, names, _in_full), brief, _numbers_alone(networks, fewest, brief))


def _differing(networks: Sequence[Settings]) -> list[str]:
    """The settings in which they differ; those without an effect on any of them only where nothing else differs."""
    names = [name for name in REGISTRY if len(set(_values(networks, name))) > 1]
    effective = [name for name in names if any(name not in network.ineffective for network in networks)]
    return effective if _tell_apart(networks, effective) else names


def _fewest(networks: Sequence[Settings], names: Sequence[str]) -> Sequence[str]:
    """As few of these settings as tell all networks apart; among equally few those with the shortest words."""
    lengths = {name: max(map(len, _in_short(name, _values(networks, name)))) for name in names}
    for count in range(1, len(networks)):
        enough = [chosen for chosen in combinations(names, count) if _tell_apart(networks, chosen)]
        if enough:
            return min(enough, key=lambda chosen: sum(lengths[name] for name in chosen))
    return names


def _tell_apart(networks: Sequence[Settings], names: Sequence[str]) -> bool:
    return len({tuple(getattr(network, name) for name in names) for network in networks}) == len(networks)


def _values(networks: Sequence[Settings], name: str) -> list[Any]:
    return [getattr(network, name) for network in networks]


def _labels(
    networks: Sequence[Settings], names: Sequence[str], worded: Callable[[str, Sequence[Any]], list[str]]
) -> list[str]:
    columns = [worded(name, _values(networks, name)) for name in names]
    return [", ".join(parts) for parts in zip(*columns, strict=True)]


def _numbers_alone(networks: Sequence[Settings], names: Sequence[str], labels: list[str]) -> list[str]:
    """The labels without the setting's name, where it is one and has numbers for values: `20`, but `residual on`."""
    if len(names) > 1 or not all(type(value) in (int, float) for value in _values(networks, names[0])):
        return labels
    return [label.removeprefix(_prefix(names[0])) for label in labels]


def _in_full(name: str, values: Sequence[Any]) -> list[str]:
    """Each value of one setting as a panel shows it, or exactly where that would make two the same."""
    setting = REGISTRY[name]
    return _first_distinct(name, values, (setting.show, setting.write))


def _in_short(name: str, values: Sequence[Any]) -> list[str]:
    """The same with numbers rounded as far as they stay different."""
    setting = REGISTRY[name]
    rounded = [_rounding(setting, digits) for digits in _DIGITS]
    return _first_distinct(name, values, (*rounded, setting.show, setting.write))


def _rounding(setting: Setting, digits: int) -> Callable[[Any], str]:
    return lambda value: setting.show(float(f"{value:.{digits}g}") if isinstance(value, float) else value)


def _first_distinct(name: str, values: Sequence[Any], ways: Iterable[Callable[[Any], str]]) -> list[str]:
    """The values in the first of these ways of writing that keeps different ones different; the last always does."""
    texts: list[str] = []
    for write in ways:
        texts = [write(value) for value in values]
        if len(set(texts)) == len(set(values)):
            break
    return [_named(name, value, text) for value, text in zip(values, texts, strict=True)]


def _named(name: str, value: Any, text: str) -> str:
    """`tanh` needs no name; `off` and `2.0` do."""
    names_itself = isinstance(value, str) and value not in ("off", "none") and name not in _NEEDS_ITS_NAME
    return text if names_itself else f"{_prefix(name)}{text}"


def _prefix(name: str) -> str:
    return f"{REGISTRY[name].label.lower()} "
