"""The Gradient Telescope: how much of the loss's gradient reaches each layer of a deep network.

from tui_telescope import Settings, observe
observe(Settings(depth=50, residual=True)).gradient.log10_mean
"""

from __future__ import annotations

from tui_telescope.version import __version__

TYPE_CHECKING = False  # type checkers take it for true; typing's own would have to be imported
if TYPE_CHECKING:
    from typing import Any

    from tui_telescope.engine.telescope import Telescope, observe
    from tui_telescope.observations.observation import Observation
    from tui_telescope.runs.recording.recorder import Recorder
    from tui_telescope.settings import Settings, SettingsError

__all__ = ["Observation", "Recorder", "Settings", "SettingsError", "Telescope", "__version__", "observe"]

_LAZY = {
    "Settings": "settings",
    "SettingsError": "settings",
    "Telescope": "engine.telescope",
    "observe": "engine.telescope",
    "Observation": "observations.observation",
    "Recorder": "runs.recording.recorder",
}


def __getattr__(name: str) -> Any:
    """Import what somebody asks for, and numpy with the engine: `--help` must not wait for it, nor Ctrl+C for any."""
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"tui_telescope.{_LAZY[name]}"), name)
