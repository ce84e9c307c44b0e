"""The tour: vanishing and exploding gradients, chapter by chapter."""

from __future__ import annotations

from tui_telescope.lessons.chapters import (
    cures,
    formats,
    learning,
    own_model,
    transformers,
    weights_and_slopes,
    whispering,
)
from tui_telescope.lessons.step import Step

STEPS: tuple[Step, ...] = (
    *whispering.STEPS,
    *weights_and_slopes.STEPS,
    *cures.STEPS,
    *learning.STEPS,
    *formats.STEPS,
    *transformers.STEPS,
    *own_model.STEPS,
)
"""In the order in which they are told."""
