"""What a setting without effect waits for; which settings those are is the settings' own to say.

The panels show such a setting in brackets, dimmed, and say why.
"""

from __future__ import annotations

from tui_telescope.settings import Settings

REASONS: dict[str, str] = {
    "branch_scale": "no effect without residual",
    "norm_place": "no effect without a norm",
    "forget_bias": "no effect without an LSTM cell",
}
"""By setting; whatever else has no effect, the recurrent cell has taken over."""


def why_idle(name: str, settings: Settings) -> str:
    """What keeps the setting from making a difference; empty where it does make one."""
    if name not in settings.ineffective:
        return ""
    return REASONS.get(name, "no effect on this cell")
