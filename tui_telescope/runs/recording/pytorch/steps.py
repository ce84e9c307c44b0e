"""A PyTorch model's steps, from the optimizers' own hooks: when one is recorded, and what its record holds."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, distributed, nn

from tui_telescope.runs.recording.guard import Guard, say
from tui_telescope.runs.recording.pace import Pace
from tui_telescope.runs.recording.pytorch.activations import Activations
from tui_telescope.runs.recording.pytorch.alarm import Alarm
from tui_telescope.runs.recording.pytorch.layers import choose_layers
from tui_telescope.runs.recording.pytorch.outside import lost_parameters, modules_outside
from tui_telescope.runs.recording.pytorch.supported import (
    look_for_strangers,
    moved_by,
    place_among_ranks,
    reads_activations,
    supported,
    unwrapped_optimizer,
    unwrapped_optimizers,
)
from tui_telescope.runs.recording.pytorch.weights import Weights

Record = dict[str, Any]

READINGS = {
    "gradient": "norm of d loss / d (layer's output) over this rank's batch, all calls in the step taken together",
    "gradient_rms": "root mean square of its entries",
    "weight_gradient": "norm of d loss / d (layer's parameters) as the optimizer applied it, after clipping",
    "weight": "norm of the parameters after the step",
    "update": "norm of the step's change / norm before it, by at most 4096 entries of a parameter",
    "rms": "root mean square of the layer's output over this rank's batch",
    "zero": "fraction of its entries that are exactly zero",
    "dead": "fraction of its units (the last axis, channels in images) that are zero on every sample of the step",
}
"""What each one is, for the header; by layer, in the order of `Steps.layers`."""
_OF_WEIGHTS = ("weight_gradient", "weight", "change", "before")
_HOLD_SECONDS = 4e-6
"""What it takes of a step to keep one module's output: a hook's call."""
_SQUARES = ("gradient", "gradient_rms", "weight_gradient", "weight", "rms")


class Steps:
    """Hands each record to `keep`, with the layers in the order in which they ran. A step is one of every optimizer.

    Raises `ValueError` for a model or an optimizer that it cannot read.
    """

    framework = f"torch {torch.__version__}"
    readings = READINGS

    def __init__(
        self, model: Any, optimizers: Any, which: str | Sequence[str] | None, pace: Pace, guard: Guard,
        keep: Callable[[Record], None],
    ) -> None:  # fmt: skip
        self.step = 0
        """The steps made so far."""
        self.rank, self.ranks = place_among_ranks()
        self._optimizers = unwrapped_optimizers(optimizers)
        self._model = supported(model)
        look_for_strangers(self._optimizers, self._model)
        self._layers = choose_layers(model, which)
        self._outside = modules_outside(model, self._layers)
        self._pace, self._guard, self._keep = pace, guard, keep
        self._activations = Activations(self._layers, self._outside, guard)
        self._weights = Weights(self._layers, self.ranks)
        self._order: list[int] = []
        self._reads_activations = reads_activations(model)
        self._is_recorded = self._was_recorded = self._is_alarmed = False
        self._alarm = Alarm()
        self._lost_parameters: list[str] = []
        """Outside the layers, before the step that is alarmed."""
        self._recorded_at = 0
        """The last step that was recorded."""
        self._finite_at = 0
        """The last step that was recorded as finite."""
        self._watched: nn.Parameter | None = None
        self.logs_before_step = False
        """Whether the loop tells the loss while the step's forward pass is all that was done of it."""
        self._weight_readings: list[dict[str, Tensor]] = [{} for _ in self._layers]
        self._stepped: set[int] = set()
        self._is_skipped = False
        self._found_inf: Tensor | None = None
        self._scaler: Any = None
        self._ended = time.perf_counter()
        self._handles = [
            handle
            for each in self._optimizers
            for handle in (
                each.register_step_pre_hook(self._before_step),
                each.register_step_post_hook(self._after_step),
            )
        ]
        self._begin()

    @property
    def layers(self) -> list[dict[str, Any]]:
        """For the header, in the order of their first run; those that never ran stand last."""
        return [self._layers[index].described() for index in self._order]

    @property
    def has_run(self) -> bool:
        """Whether the layers' order is that of their execution."""
        return bool(self._activations.order)

    def close(self) -> None:
        self._activations.remove()
        for handle in self._handles:
            handle.remove()

    def follow(self, scaler: Any) -> None:
        """Learn the loss's scale from a GradScaler, and of the steps that it skips. Idempotent."""
        step = scaler.step
        if getattr(step, "tells", None) is self or not scaler.is_enabled():
            return
        self._scaler = scaler

        def told_step(optimizer: Any, *arguments: Any, **named: Any) -> Any:
            made = self.step, len(self._stepped)
            result = step(optimizer, *arguments, **named)
            if not self._guard.is_off and made == (self.step, len(self._stepped)):
                with self._guard:
                    self._skipped_by(unwrapped_optimizer(optimizer))
            return result

        told_step.tells = self  # type: ignore[attr-defined]
        scaler.step = told_step

    def _skipped_by(self, optimizer: Any) -> None:
        """The scaler may step others too."""
        if any(optimizer is each for each in self._optimizers):
            self._is_skipped = True
            self._made_by(optimizer)

    def _begin(self) -> None:
        """The next step: is it recorded?"""
        self._stepped = set()
        self._is_skipped = self._is_alarmed = False
        self._lost_parameters = []
        self._found_inf = None
        self._alarm.begin_step()
        if self._is_recorded:  # no other step has left anything behind
            self._weight_readings = [{} for _ in self._layers]
            self._activations.forget()
        self._is_recorded = self._pace.is_due(self.step + 1)
        if not self._reads_activations:
            return
        if self._is_recorded:
            self._activations.arm()
        elif self.logs_before_step and self._pace.affords(_HOLD_SECONDS * (len(self._layers) + len(self._outside))):
            self._activations.hold()

    def look_at_loss(self, loss: Any) -> None:
        """Record this step if the loss ceases to be finite by it, with what the layers gave if that is still there."""
        if self._weights.is_spread or not self.logs_before_step:
            return
        if self._alarm.goes_off("loss", loss):
            self._is_alarmed = self._alarm.is_prompt
            if not self._is_recorded:
                self._activations.look_at_held()
                self._is_recorded = True
        self._activations.let_go()

    def _look_at_gradient(self) -> None:
        """The same by the gradient of one parameter of the first layer, which all others' come by."""
        if self._weights.is_spread or not self.has_run:
            return
        if self._watched is None or self._watched.grad is None:  # which parameters learn may change
            self._watched = self._layers[self._activations.order[0]].smallest
        gradient = None if self._watched is None else self._watched.grad
        if gradient is None or gradient.is_sparse:
            return
        if self._alarm.goes_off("gradient", gradient.sum()):
            self._is_recorded, self._is_alarmed = True, self._alarm.is_prompt

    def _before_step(self, optimizer: Any, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
        with self._guard:
            if id(optimizer) in self._stepped:  # another one has not been stepped this time
                self._finish()
            if not self._stepped:
                self._look_at_gradient()
                if self._is_alarmed:
                    self._lost_parameters = lost_parameters(self._model, self._layers)
            if self._is_recorded:
                self._weights.remember(moved_by(optimizer))
                return self._with_fresh_closure(arguments, named)
        return None

    def _with_fresh_closure(self, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
        """Of a closure that is called again and again its last call is read: the gradients are that one's."""
        closure = named.get("closure", arguments[1] if len(arguments) > 1 else None)
        if not callable(closure):
            return None

        def fresh() -> Any:
            self._activations.forget()
            return closure()

        if "closure" in named:
            return arguments, {**named, "closure": fresh}
        return (arguments[0], fresh, *arguments[2:]), named

    def _after_step(self, optimizer: Any, arguments: tuple[Any, ...], named: dict[str, Any]) -> None:
        with self._guard:
            if self._is_recorded:
                moved = moved_by(optimizer)
                for index, found in enumerate(self._weight_readings):
                    found.update(self._weights.readings(index, moved))
                if (found_inf := getattr(optimizer, "found_inf", None)) is not None:
                    self._found_inf = found_inf
            self._made_by(optimizer)

    def _made_by(self, optimizer: Any) -> None:
        """The step is made once every optimizer has made its own, or has been kept from it."""
        self._stepped.add(id(optimizer))
        if len(self._stepped) == len(self._optimizers):
            self._finish()

    def _finish(self) -> None:
        self.step += 1
        if self._is_recorded:
            self._activations.disarm()
            self._record()
        now = time.perf_counter()
        spent = self._guard.seconds
        self._pace.passed(
            self.step, now - self._ended - spent, spent,
            is_recorded=self._is_recorded, follows_recorded=self._was_recorded,
        )  # fmt: skip
        self._ended, self._was_recorded = now, self._is_recorded
        self._guard.forget()
        self._begin()

    def _record(self) -> None:
        if self._reads_activations and not self.has_run:
            say("weights alone are recorded: no layer was seen to run, as within torch.compile")
            self._reads_activations = False
        distance = self._pace.proposed(self.step, self._guard.seconds)
        if self._weights.is_spread:
            distance = self._summed_over_ranks(distance)
        numbers, found_inf = self._moved_to_host()
        scale = self._scaler.get_scale() if self._scaler else 1.0
        readings = _readings(numbers, scale)
        # what ranks do not share would have them alarmed at different steps
        shared = ("weight_gradient",) if self._weights.is_spread else readings
        judged = [number for name in shared for number in readings.get(name, ()) if number is not None]
        is_finite = all(map(math.isfinite, judged))
        self._recorded_at = self.step
        self._pace.recorded(self.step, is_finite, distance)
        self._order = list(dict.fromkeys([*self._activations.order, *range(len(self._layers))]))
        self._keep({
            **self._beside_readings(is_finite, scale),
            "skipped": self._is_skipped or found_inf > 0, "cost_ms": 1000 * self._guard.seconds,
            **{name: [column[index] for index in self._order] for name, column in readings.items()},
        })  # fmt: skip

    def last(self) -> Record | None:
        """Of the last step what there is without having measured at it, unless it is recorded."""
        return self._begun() if self.step > self._recorded_at else None

    def _begun(self) -> Record:
        rate = self._optimizers[0].param_groups[0].get("lr")
        return {"step": self.step, "learning_rate": None if rate is None else float(rate)}

    def _beside_readings(self, is_finite: bool, scale: float) -> Record:
        record = self._begun()
        if scale != 1.0:
            record["scale"] = scale
        if self._is_alarmed:
            record["alarm"] = True
        if is_finite:
            self._finite_at = self.step
        elif (self._is_alarmed or self._finite_at == self.step - 1) and (outside := self._began_outside()):
            record["nonfinite_outside"] = outside
        if not_trained := self._not_trained():
            record["not_trained"] = not_trained
        return record

    def _not_trained(self) -> list[int]:
        """Of the record's layers, counted from 1, those with no parameter that wants a gradient and is moved by it."""
        moved = set().union(*map(moved_by, self._optimizers))
        return [place for place, index in enumerate(self._order, 1) if not self._weights.are_trained(index, moved)]

    def _began_outside(self) -> list[str]:
        """The names of what was the first that is not finite, where it stands outside the layers, as far as known."""
        if self._lost_parameters:
            return self._lost_parameters
        first = self._activations.first_lost()
        return [] if first is None or first < len(self._layers) else [self._outside[first - len(self._layers)].name]

    def _summed_over_ranks(self, distance: int) -> int:
        """Adds up the parts of what is spread; all ranks must record the same steps, so they agree on the next too."""
        device = next(self._layers[0].module.parameters()).device
        nothing = torch.zeros((), dtype=torch.float64, device=device)
        cells = [(found, name) for found in self._weight_readings for name in _OF_WEIGHTS]
        sums = torch.stack([found.get(name, nothing) for found, name in cells])
        is_known = torch.tensor([float(name in found) for found, name in cells], dtype=torch.float64, device=device)
        whole = torch.cat([sums, is_known, torch.tensor([float(distance)], dtype=torch.float64, device=device)])
        distributed.all_reduce(whole)
        for position, (found, name) in enumerate(cells):
            if whole[len(cells) + position] > 0:
                found[name] = whole[position]
        return math.ceil(float(whole[-1]) / self.ranks)

    def _moved_to_host(self) -> tuple[list[dict[str, float]], float]:
        """All scalars in one transfer, by layer and name; and whether the scaler found infinity."""
        found = [
            {**self._activations.readings(index), **of_weights}
            for index, of_weights in enumerate(self._weight_readings)
        ]
        scalars = [each for readings in found for each in readings.values()]
        scalars.append(torch.zeros(()) if self._found_inf is None else self._found_inf.detach().reshape(()))
        device = scalars[0].device
        dtype = torch.float32 if device.type == "mps" else torch.float64
        numbers = iter(torch.stack([each.to(device, dtype) for each in scalars]).tolist())
        return [{name: next(numbers) for name in readings} for readings in found], next(numbers)


def _readings(numbers: list[dict[str, float]], scale: float) -> dict[str, list[float | None]]:
    """A column a reading, an entry a layer; a column that nothing was measured of is left out."""
    for found in numbers:
        for name in _SQUARES:
            if name in found:
                found[name] = math.sqrt(found[name])
        for name in ("gradient", "gradient_rms"):
            if name in found:
                found[name] /= scale
        if "change" in found:
            change, before = found.pop("change"), found.pop("before")
            found["update"] = math.sqrt(change / before) if before else math.inf if change else 0.0
    columns = {name: [found.get(name) for found in numbers] for name in READINGS}
    return {name: column for name, column in columns.items() if any(each is not None for each in column)}
