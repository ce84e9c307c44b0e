"""Which settings make a difference to what a view shows, and why the others make none."""

from __future__ import annotations

from tui_telescope.charts.views import VIEWS
from tui_telescope.settings import REGISTRY, Settings
from tui_telescope.settings.effects import NOT_LEARNED_BY

_LEARNING = "learning"
_IN_FLOAT32 = "every network of the map learns in float32"
_NOT_MAPPED_BY = {
    "optimizer": "every network of the map learns with momentum",
    "precision": _IN_FLOAT32,
    "loss_scale": _IN_FLOAT32,
    "master_weights": _IN_FLOAT32,
}
"""Those that the networks of a map do not, besides."""


def why_without_effect(name: str, settings: Settings, view: str) -> str:
    """What keeps a setting from making a difference in the view of this name, as a clause; empty where it makes one."""
    learns = VIEWS[view].learns
    if not learns and REGISTRY[name].group == _LEARNING:
        keys = " and ".join(each.key for each in VIEWS.values() if each.learns)
        return f"nothing learns in this view, but in {keys}"
    reasons = {**(NOT_LEARNED_BY if learns else {}), **(_NOT_MAPPED_BY if learns and VIEWS[view].is_map else {})}
    return settings.why_ineffective(name) or reasons.get(name, "")


def effective(settings: Settings, view: str) -> list[str]:
    """The settings that make a difference; where something learns, those of learning first."""
    names = (name for name in REGISTRY if not why_without_effect(name, settings, view))
    return sorted(names, key=lambda name: VIEWS[view].learns and REGISTRY[name].group != _LEARNING)


def neighbour(settings: Settings, view: str, name: str, direction: int) -> str:
    """The next setting with an effect below (1) or above (-1); at either end the setting itself."""
    names = effective(settings, view)
    return names[min(max(names.index(name) + direction, 0), len(names) - 1)]


def nearest_effective(settings: Settings, view: str, name: str) -> str:
    """The setting, or where it has no effect the one above it that has."""
    names = list(REGISTRY)
    before = names[: names.index(name) + 1]
    return next(each for each in reversed(before) if not why_without_effect(each, settings, view))
