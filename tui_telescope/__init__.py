"""The Gradient Telescope: how much of the loss's gradient reaches each layer of a deep network.

from tui_telescope import Settings, observe
observe(Settings(depth=50, residual=True)).gradient.log10_mean
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tui_telescope.version import __version__

if TYPE_CHECKING:
    from tui_telescope.engine.observation import Observation
    from tui_telescope.engine.telescope import Telescope, observe
    from tui_telescope.settings import Settings, SettingsError

__all__ = ["Observation", "Settings", "SettingsError", "Telescope", "__version__", "observe"]

_LAZY = {
    "Settings": "settings",
    "SettingsError": "settings",
    "Telescope": "engine.telescope",
    "observe": "engine.telescope",
    "Observation": "engine.observation",
}


def __getattr__(name: str) -> Any:
    """Import each part only once somebody asks for it: `--help` must not wait for numpy, nor Ctrl+C for anything."""
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"tui_telescope.{_LAZY[name]}"), name)
