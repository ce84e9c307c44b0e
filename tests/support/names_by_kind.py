"""The names of all settings, and of those of each kind."""

from __future__ import annotations

from tui_telescope.settings import REGISTRY
from tui_telescope.settings.kinds import Choice, Number, Real, RealOrWord, Switch, Whole

NAMES = tuple(REGISTRY)
NUMBERS = tuple(name for name, entry in REGISTRY.items() if isinstance(entry, Number))
WHOLES = tuple(name for name, entry in REGISTRY.items() if isinstance(entry, Whole))
REALS = tuple(name for name, entry in REGISTRY.items() if isinstance(entry, Real))
CHOICES = tuple(name for name, entry in REGISTRY.items() if isinstance(entry, Choice))
WORDS = tuple(name for name, entry in REGISTRY.items() if isinstance(entry, RealOrWord))
SWITCHES = tuple(name for name, entry in REGISTRY.items() if isinstance(entry, Switch))
