"""What a network is described with, and what follows from it; by the standard library alone."""

from tui_telescope.settings.kinds import SettingsError
from tui_telescope.settings.settings import Settings
from tui_telescope.settings.values import REGISTRY, meaning_of

__all__ = ["REGISTRY", "Settings", "SettingsError", "meaning_of"]
