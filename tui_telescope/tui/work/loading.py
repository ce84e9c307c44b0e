"""The engine, loaded while the first screen is already there."""

from __future__ import annotations

import gc
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui_telescope.engine.telescope import Telescope


def load_telescope() -> Telescope:
    """A telescope, with all that the first chart needs imported as well, so that no key waits for an import.

    From here on garbage is collected, of what comes later alone.
    """
    for module in ("charts.layers.layer_charts", "observations.description", "engine.remedies"):
        import_module(f"tui_telescope.{module}")
    from tui_telescope.engine.telescope import Telescope

    gc.freeze()
    gc.enable()
    return Telescope()
