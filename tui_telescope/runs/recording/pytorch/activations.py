"""What layers give forward and get back, by hooks that stand only while a step is recorded."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor

from tui_telescope.runs.recording.guard import Guard
from tui_telescope.runs.recording.pytorch.layers import Layer
from tui_telescope.runs.recording.pytorch.norms import first_tensor, local, square


class Run(NamedTuple):
    """One call of a layer: sums over its output's entries, and over those of the gradient that came back."""

    entries: int
    squares: Tensor
    zeros: Tensor
    silent_units: Tensor
    """For each unit, whether it was zero on every sample."""
    gradient_squares: Tensor | None = None


class Activations:
    """Reads the layers between `arm` and `disarm`. `order` is that in which they first ran. Of modules outside them it
    reads whether their output is finite.

    A tensor's own hook gets the gradient by the output as the layer gave it, whatever is later written in its place
    (a module's full backward hook would refuse). Calls without gradients are none of the training's: validation, and
    the first run of a reentrant checkpoint. What a checkpoint runs again gets no gradient, or the only one.
    """

    def __init__(self, layers: Sequence[Layer], outside: Sequence[Layer], guard: Guard) -> None:
        self.order: list[int] = []
        self._layers = layers
        self._modules = [each.module for each in (*layers, *outside)]
        self._guard = guard
        self._handles: list[Any] = []
        self._is_armed = self._is_holding = False
        self._held: list[tuple[int, Tensor]] = []
        self._runs: list[list[Run]] = []
        self._outputs: list[tuple[int, Tensor]] = []
        """Of each call in its turn, by the module's index, the sum of its output's squares."""
        self.forget()

    def arm(self) -> None:
        self._is_armed = True
        self._stand()

    def hold(self) -> None:
        """Keep what layers give until it is looked at or let go, and measure nothing."""
        self._is_holding = True
        self._stand()

    def look_at_held(self) -> None:
        """Measure what is held after all, as far as nothing was written in its place since."""
        for index, output in self._held:
            if index < len(self._layers):
                self._runs[index].append(_measured(output))
            self._outputs.append((index, square(output)))

    def let_go(self) -> None:
        self._is_holding = False
        self._held = []

    def _stand(self) -> None:
        self._handles = self._handles or [
            module.register_forward_hook(partial(self._ran, index)) for index, module in enumerate(self._modules)
        ]

    def disarm(self) -> None:
        """Hooks that were never called may stand in compiled code, which would be compiled again without them."""
        self._is_armed = False
        if self.order:
            self.remove()

    def remove(self) -> None:
        """Leave the model as it was."""
        for handle in self._handles:
            handle.remove()
        self._handles = []

    def forget(self) -> None:
        """Begin anew: what is still on its way belongs to nothing."""
        self._runs = [[] for _ in self._layers]
        self._outputs = []

    def _ran(self, index: int, module: Any, inputs: Any, output: Any) -> None:
        if torch.compiler.is_compiling() or not (self._is_armed or self._is_holding):
            return  # compiled code breaks at a hook that does more
        if not self._is_armed:
            self._keep(index, output)
            return
        with self._guard:
            is_layer = index < len(self._layers)
            if is_layer and index not in self.order:
                self.order.append(index)
            tensor = first_tensor(output)
            if tensor is None or not tensor.numel() or not torch.is_grad_enabled():
                return
            if not is_layer:
                self._outputs.append((index, square(tensor)))
                return
            run = _measured(local(tensor.detach()))
            self._outputs.append((index, run.squares))
            if tensor.requires_grad:
                tensor.register_hook(partial(self._came_back, self._runs[index], run))
            else:
                self._runs[index].append(run)

    def _keep(self, index: int, output: Any) -> None:
        """Of several micro-batches the last one's: all would take their memory."""
        if type(output) is Tensor and output.requires_grad:
            if self._held and self._held[0][0] == index:
                self._held = []
            self._held.append((index, output.detach()))

    def _came_back(self, runs: list[Run], run: Run, gradient: Tensor) -> None:
        with self._guard:
            runs.append(run._replace(gradient_squares=square(gradient)))

    def first_lost(self) -> int | None:
        """The index of the module whose output was the first of all since `forget` that was not finite; those outside
        the layers are counted on behind them. Waits for the device."""
        return next((index for index, squares in self._outputs if not math.isfinite(squares)), None)

    def readings(self, index: int) -> dict[str, Tensor]:
        """Those of the layer over all its calls since `forget`; what was not measured is missing.

        The calls are taken together as one batch, so that micro-batches read as the whole would.
        """
        runs = self._runs[index]
        if not runs:
            return {}
        entries = sum(run.entries for run in runs)
        found = {
            "rms": _total([run.squares for run in runs]) / entries,
            "zero": _total([run.zeros for run in runs]) / entries,
        }
        if len({run.silent_units.shape for run in runs}) == 1:
            found["dead"] = torch.stack([run.silent_units for run in runs]).all(dim=0).float().mean()
        squares = [run.gradient_squares for run in runs if run.gradient_squares is not None]
        if squares:
            found["gradient"] = _total(squares)
            found["gradient_rms"] = found["gradient"] / sum(r.entries for r in runs if r.gradient_squares is not None)
        return found


def _total(scalars: list[Tensor]) -> Tensor:
    return torch.stack(scalars).sum()


def _measured(values: Tensor) -> Run:
    is_zero = values == 0
    # channels stand first in images, last in everything else
    units = 1 if values.ndim > 3 else max(values.ndim - 1, 0)
    others = tuple(axis for axis in range(values.ndim) if axis != units)
    silent = is_zero.all(dim=others) if others else is_zero
    return Run(math.prod(values.shape), square(values), is_zero.sum(), silent)
