"""The networks that the tour and the quiz show."""

from __future__ import annotations

from tui_telescope.presets import PRESETS
from tui_telescope.settings import Settings

WHISPER = Settings()

BY_HAND = PRESETS["by-hand"].settings
"""sigmoid(0.7236 + 0.2388) = 0.7236, where the slope is 0.2: from layer 6 on, to four digits."""
BEST_CASE = PRESETS["best-case"].settings
"""sigmoid(0.5 - 0.5) = 0.5, where the slope is 0.25: from layer 5 on, to six digits."""
PRODUCT = PRESETS["doubling"].settings
"""Every factor is the scale itself."""

STACK = Settings(width=32, initializer="xavier", scale=1.0, loss="probe")
WIDE = Settings(width=128, initializer="xavier", scale=1.0, loss="probe", generator="numpy")
THIRTY = WIDE.replace(width=64, depth=30)
EDGE = WIDE.replace(scale=10.15)
SPLIT = Settings(width=64, depth=20, initializer="orthogonal", scale=2.0, loss="probe")
RELU = WIDE.replace(activation="relu")
HE = RELU.replace(initializer="he")
NARROW_RELU = Settings(activation="relu", initializer="he", scale=1.0)
BATCH_RELU = RELU.replace(norm="batch", samples=64, depth=30)
SCREAM = Settings(width=32, activation="tanh", initializer="xavier", scale=3.0, loss="probe")
CHAOS = WIDE.replace(activation="tanh", scale=1.0, depth=200)
DEEP = RELU.replace(depth=152, norm="batch", residual=True, width=32, samples=32)
PRE_NORM = HE.replace(depth=96, norm="layer", norm_place="pre", residual=True, width=32)
LSTM = Settings(cell="lstm", activation="tanh", width=16, initializer="xavier", scale=0.7, forget_bias=2.0)

LEARNING = PRESETS["frozen-sigmoids"].settings
ONE_STEP = PRESETS["one-step"].settings
RATE = PRESETS["rate"].settings
TWENTY, FIFTY_SIX = PRESETS["plain-20"].settings, PRESETS["plain-56"].settings
RESIDUAL_FIFTY_SIX = PRESETS["residual-56"].settings
