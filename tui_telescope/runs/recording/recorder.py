"""The recorder: one line in a training program, a file of readings, and no other effect on the training."""

from __future__ import annotations

import atexit
import os
import time
import weakref
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, overload

from tui_telescope.runs.recording.arguments import Arguments, shown
from tui_telescope.runs.recording.guard import Guard, say
from tui_telescope.runs.recording.lines import LineFile, four_digits, written
from tui_telescope.runs.recording.pace import Pace

_FORMAT = 1
_SINGLE = ("step", "time", "loss", "learning_rate", "scale", "skipped", "alarm", "cost_ms")
"""What a record holds beside its readings, which have an entry a layer."""
_LISTS = ("nonfinite_outside", "not_trained")
"""Lists that are no readings: names; and layers, counted from 1."""


class Recorder:
    """Records how much of the gradient reaches each layer of a model that trains, in `telescope/` of the run's folder.

    `Recorder(model, optimizer, "runs/a")` reads a PyTorch model by itself, at the optimizer's steps; `optimizer` may be
    a list. `layers` are `"blocks"`, `"leaves"` or modules' names; by default the outermost repeated blocks, or else the
    leaves. Which steps it reads follows from what that costs, 0.8% of the time with all it does; `every=k`
    fixes it.

    At every step it looks whether the loss given to `log`, and one gradient of the first layer, are still finite, and
    records the step at which they are not: which layer's gradient was lost first is in it, and which layer's output
    too where `log` is told before the optimizer's step, on a CPU, of a model of at most 15 layers (and modules outside
    them) or with steps long beside its hooks' calls; the outputs are kept until then. Where it began in a module or a
    parameter outside the layers, `nonfinite_outside` names that. On other devices it looks one step later, so that
    nothing waits; with FSDP2 at the recorded steps alone.

    `Recorder("runs/a", layers=names)` writes what it is given by `write`.

    Nothing is raised into the training: at the first error it says in one line why, and is off. What `log` is told and
    cannot understand it says in one line, and goes on without it.
    """

    @overload
    def __init__(self, folder: str | os.PathLike[str], /, *, layers: Sequence[str]) -> None: ...

    @overload
    def __init__(
        self, model: Any, optimizer: Any, folder: str | os.PathLike[str], /, *,
        layers: str | Sequence[str] | None = None, every: int | None = None,
    ) -> None: ...  # fmt: skip

    def __init__(self, *what: Any, layers: str | Sequence[str] | None = None, every: int | None = None) -> None:
        self._guard = Guard(self.close)
        self._arguments = Arguments()
        self._file: LineFile | None = None
        self._steps: Any = None
        self._given = layers
        self._header: dict[str, Any] = {}
        self._kept: dict[str, Any] | None = None
        self._loss: Any = None
        self._at = 0
        self._log_follows: bool | None = None
        self._offset = 0
        self._process = os.getpid()
        _OPEN.add(self)
        with self._guard:
            self._open(what, layers, every)

    def _open(self, what: tuple[Any, ...], layers: Any, every: int | None) -> None:
        if len(what) not in (1, 3) or not isinstance(what[-1], (str, os.PathLike)):
            raise ValueError('a Recorder takes (model, optimizer, "runs/a"), or ("runs/a", layers=names)')
        if every is not None and every < 1:
            raise ValueError(f"every: {every} is not allowed; allowed: 1 and above")
        if not os.fspath(what[-1]):
            raise ValueError("folder: '' is not allowed; allowed: the path of the run's folder, such as runs/a")
        self.folder = Path(what[-1])
        if len(what) == 3:
            from tui_telescope.runs.recording.pytorch.steps import Steps

            self._steps = Steps(what[0], what[1], layers, Pace(every), self._guard, self._keep)
        elif layers is None or isinstance(layers, str):
            raise ValueError("layers: the names of the layers are needed, from the input to the output")

    def log(
        self, loss: Any = None, *others: Any, scaler: Any = None, step: int | None = None, **unknown: Any
    ) -> None:  # fmt: skip
        """Tell what the model and the optimizer do not know: the step's loss, the GradScaler, the step's own number.

        Once a step, before the optimizer's, or after it. Of all else it is said that it is not allowed.
        """
        if self._guard.is_off:
            return
        with self._guard:
            more = {f"argument {place}": value for place, value in enumerate(others, 2)}
            told = self._arguments.understood({"loss": loss, "scaler": scaler, "step": step, **unknown, **more})
            if self._steps and told["scaler"] is not None:
                self._steps.follow(told["scaler"])
            if self._steps and (told["loss"] is not None or told["step"] is not None):
                self._told(told["loss"], told["step"])

    def _told(self, loss: Any, step: int | None) -> None:
        """The first call shows whether the loop logs before the optimizer's step, or after it."""
        if self._log_follows is None:
            self._log_follows = self._kept is not None
        self._at = self._steps.step + (not self._log_follows)
        self._loss = loss
        self._steps.logs_before_step = not self._log_follows
        self._steps.look_at_loss(self._loss)
        if step is not None:
            self._offset = step - self._at
        self._write_kept()

    def write(self, step: int | None = None, *others: Any, **readings: Iterable[float | None]) -> None:
        """A record of what was measured elsewhere: an entry a layer, None where there is none; a loss by its name.

        The readings are named as in the file: `gradient`, `weight_gradient`, `weight`, `rms`, `dead`, and others.
        """
        if self._guard.is_off:
            return
        with self._guard:
            if others:
                raise ValueError("write takes a step, and readings by their names: write(step, gradient=[...])")
            names = list(self._given or ())
            record = {"step": _whole(step), **readings}
            self._append(record, {"framework": "none", "layers": [{"name": str(name)} for name in names]}, 0, 1)

    def close(self) -> None:
        """Write what is kept, and which step was the last; leave the model and the optimizer as they were.

        Where nobody calls it, it is called when the program ends.
        """
        with self._guard:
            if self._steps:
                self._steps.close()
            # who has removed the folder wants none for the last step alone
            if not self._guard.is_off and not (self._file and self._file.is_gone()):
                self._write_kept()
                self._kept = self._steps.last() if self._steps else None
                self._write_kept()
            self._close_file()
        self._guard.is_off = True
        _OPEN.discard(self)

    def __enter__(self) -> Recorder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _close_file(self) -> None:
        """What is written next stands in a file that begins with a header."""
        file, self._file, self._header = self._file, None, {}
        if file:
            file.close()

    def _keep(self, record: dict[str, Any]) -> None:
        """A record waits for its loss, where the loop tells it after the step."""
        if self._kept is not None:  # nobody tells any
            self._log_follows = False
            self._write_kept()
        self._kept = record
        if self._log_follows is False:
            self._write_kept()

    def _write_kept(self) -> None:
        if self._kept is None:
            return
        record, self._kept = self._kept, None
        if self._loss is not None and self._at == record["step"]:
            record["loss"] = self._loss
        record["step"] += self._offset
        self._loss = None
        steps = self._steps
        header = {
            "framework": steps.framework, "layers": steps.layers,
            "order": "execution" if steps.has_run else "declaration", "readings": steps.readings,
        }  # fmt: skip
        self._append(record, header, steps.rank, steps.ranks)

    def _append(self, record: dict[str, Any], header: dict[str, Any], rank: int, ranks: int) -> None:
        """Write the record, and before it the header where that is new."""
        if self._file and self._file.is_seen_to_be_gone():
            self._close_file()
            self._file = LineFile(self.folder, rank)
            say(f"{self._file.path} was removed: recording goes on in a new one")
        if self._file is None:
            self._file = LineFile(self.folder, rank)
        if header != self._header:
            place = {"telescope": _FORMAT, "run": self.folder.resolve().name, "time": time.time()}
            self._file.write({**place, "rank": rank, "ranks": ranks, **header})
            self._header = header
        self._file.write(_line(record, len(header["layers"])))


@atexit.register
def _close_all() -> None:
    """At the program's end; a process that was forked from it has copies of its recorders, and nothing to tell."""
    for recorder in list(_OPEN):
        if recorder._process == os.getpid():
            recorder.close()


_OPEN: weakref.WeakSet[Recorder] = weakref.WeakSet()
"""Those that were not closed; none is kept alive by standing here."""


def _whole(step: Any) -> int:
    try:
        return int(step)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"step: {shown(step)} is not allowed; allowed: a whole number") from None


def _line(record: dict[str, Any], layers: int) -> dict[str, Any]:
    """As it is written: numbers of four digits, and which layers of a reading are not finite, counted from 1."""
    line: dict[str, Any] = {"step": record.pop("step"), "time": round(time.time(), 3)}
    nonfinite = {}
    for name, value in record.items():
        line[name] = _written(name, value, layers)
        numbers = [] if name in (*_SINGLE, *_LISTS) else line[name]
        if lost := [layer for layer, number in enumerate(numbers, 1) if isinstance(number, str)]:
            nonfinite[name] = lost
    return {**line, "nonfinite": nonfinite} if nonfinite else line


def _written(name: str, value: Any, layers: int) -> Any:
    if name in ("skipped", "alarm"):
        return bool(value)
    if name in _LISTS:
        return value
    try:
        found = four_digits(value) if name in _SINGLE else written(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"{name}: {error}") from None
    if isinstance(found, list) and len(found) != layers:
        raise ValueError(f"{name}: {len(found)} numbers for {layers} layers")
    return found
