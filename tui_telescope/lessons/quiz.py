"""The quiz: eight questions that are answered by playing, and judged by what is observed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tui_telescope.lessons.networks_shown import BATCH_RELU, CHAOS, HE, LSTM, NARROW_RELU, WHISPER
from tui_telescope.observations.observation import Observation, measured
from tui_telescope.settings import REGISTRY, Settings


@dataclass(frozen=True)
class Question:
    """Settings to begin with, and what the network has to come to."""

    title: str
    task: str
    """Ends with what is to be reached."""
    settings: Settings
    kept: tuple[str, ...]
    """The settings that may not be changed, by name."""
    is_reached: Callable[[Observation], bool]
    hint: str
    solved: str
    """Why it works."""
    solution: Settings
    """One of those that reach it."""

    def judge(self, settings: Settings, observation: Observation) -> str:
        """Empty where these settings, so observed, answer the question; else what is missing, in a sentence."""
        if changed := [name for name in self.kept if getattr(settings, name) != getattr(self.settings, name)]:
            names = ", ".join(REGISTRY[name].label.lower() for name in changed)
            return f"To be kept as it was: {names}."
        return "" if self.is_reached(observation) else "Not yet."


def _is(state: str) -> Callable[[Observation], bool]:
    return lambda observation: observation.verdict.state == state


def _log10_first(observation: Observation) -> float:
    return float(measured(observation.gradient).log10_mean[0])


_SHAPE = ("cell", "depth", "width", "activation")

QUESTIONS: tuple[Question, ...] = (
    Question(
        "Quieter than a whisper",
        "2.51e-18 arrives at layer 1. By the scale alone (s, S), make it less than 1e-21.",
        WHISPER,
        (*_SHAPE, "residual", "norm", "initializer"),
        lambda seen: -200 < _log10_first(seen) < -21,
        "Larger weights saturate narrow layers; smaller ones multiply by less.",
        "Both ways lead there: small weights multiply by little, large ones saturate the units.",
        WHISPER.replace(scale=4.0),
    ),
    Question(
        "Fifty layers, and healthy",
        "The same network. Keep depth, width, activation and weights, and make it healthy.",
        WHISPER,
        (*_SHAPE, "initializer", "scale", "loss"),
        _is("healthy"),
        "Give the message a way around each layer.",
        "With a way around each layer the factor is 1 plus something small.",
        WHISPER.replace(residual=True),
    ),
    Question(
        "Healthy, and nothing frozen",
        "Now without a frozen layer: the message healthy, and all 50 layers learning.",
        WHISPER.replace(residual=True),
        ("cell", "depth", "activation", "residual"),
        lambda seen: _is("healthy")(seen) and seen.verdict.frozen_layers == 0,
        "What the branches add piles up and saturates the units: let each add less.",
        "Where the units do not saturate, every layer's weights hear the message too.",
        WHISPER.replace(residual=True, branch_scale=0.1),
    ),
    Question(
        "Too loud",
        "ReLU layers at one and a half times He's scale. By the scale alone, make them healthy.",
        HE.replace(scale=1.5),
        (*_SHAPE, "residual", "norm", "initializer"),
        _is("healthy"),
        "He's constant is made for ReLU: the scale multiplies it.",
        "At scale 1 a layer's factor is 1: He's variance of 2/n makes up for the half that ReLU drops.",
        HE,
    ),
    Question(
        "Wake the dead",
        "Exactly nothing arrives. Keep width, depth and weights, and let something arrive.",
        NARROW_RELU,
        ("cell", "depth", "width", "initializer", "scale", "seed"),
        lambda seen: seen.verdict.state != "dead",
        "A slope that is never 0, or a way around the layers.",
        "Where no slope is exactly 0, or the connection goes around it, no path closes.",
        NARROW_RELU.replace(activation="leaky_relu"),
    ),
    Question(
        "The edge",
        "200 layers of tanh, in chaos. By the scale alone, make them healthy.",
        CHAOS.replace(scale=1.5),
        (*_SHAPE, "residual", "norm", "initializer", "bias"),
        _is("healthy"),
        "Press x: theory knows the critical scale.",
        "Near sigma_w = 1 layers drive close inputs neither apart nor together: a message lasts longest.",
        CHAOS,
    ),
    Question(
        "Batch norm screams",
        "Thirty ReLU layers that batch norm makes explode. Keep the norm, and make them healthy.",
        BATCH_RELU,
        (*_SHAPE, "norm"),
        _is("healthy"),
        "ResNet has batch norm as well. What else does it have?",
        "The connection carries the message past the norms.",
        BATCH_RELU.replace(residual=True),
    ),
    Question(
        "A long memory",
        "An LSTM over 50 steps. Keep cell, depth and weights, and make its first step healthy.",
        LSTM.replace(forget_bias=0.0),
        ("cell", "depth", "width", "initializer", "scale"),
        _is("healthy"),
        "Which gate decides how much of the cell's memory is kept?",
        "An open forget gate is a connection around each step.",
        LSTM.replace(forget_bias=5.0),
    ),
)
