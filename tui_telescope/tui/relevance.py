"""Which settings make no difference at the moment, and what they wait for.

A new condition is one entry; the panels show such a setting in brackets, dimmed, and say why.
"""

from __future__ import annotations

from collections.abc import Callable

from tui_telescope.settings import Settings


def _cell(settings: Settings) -> str:
    return str(getattr(settings, "cell", "feedforward"))


IDLE: dict[str, tuple[Callable[[Settings], bool], str]] = {
    "branch_scale": (lambda settings: not settings.residual, "no effect without residual"),
    "norm_place": (lambda settings: settings.norm == "none", "no effect without a norm"),
    "forget_bias": (lambda settings: _cell(settings) != "lstm", "no effect without an LSTM cell"),
    "activation": (lambda settings: _cell(settings) in ("lstm", "gru"), "this cell has its own"),
}
"""By setting: whether it is idle, and why."""


def why_idle(name: str, settings: Settings) -> str:
    """What keeps the setting from making a difference; empty where it does make one."""
    is_idle, reason = IDLE.get(name, (None, ""))
    return reason if is_idle and is_idle(settings) else ""
