"""The recurrent cells: one step forward through time, and the pullback of a gradient through the same step.

A cell's state is h alone, or (h, c) for the LSTM. Equations are PyTorch's (torch.nn.RNN, LSTM and GRU); a cell gets
W h_{t-1} and U x_t + b of all its gates and is told nothing of where they come from. The pullbacks are derived from
the equations, and tested against an independent automatic differentiation.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic

from tui_telescope.engine.activations.definitions import ACTIVATIONS, Activation
from tui_telescope.engine.recurrent.number_kinds import Known as N
from tui_telescope.engine.weights.initializers import INITIALIZERS
from tui_telescope.networks import CELLS as KINDS
from tui_telescope.settings import Settings

SIGMOID, TANH = ACTIVATIONS["sigmoid"], ACTIVATIONS["tanh"]


@dataclass(frozen=True, eq=False)
class Pulled(Generic[N]):
    """What a gradient by the state at step t turns into."""

    totals: tuple[N, ...]
    """d loss / d h_t, and d loss / d c_t, each with every way through which it reaches the loss."""
    by_products: tuple[N, ...]
    """The gradients by W h_{t-1} of every gate."""
    by_inputs: tuple[N, ...]
    """The gradients by U x_t + b of every gate."""
    hidden_skip: N | None = None
    """The gradient by h_{t-1} on the way that meets no matrix; None where there is no such way."""
    other_skips: tuple[N, ...] = ()
    """The gradient by c_{t-1}, where there is one."""


@dataclass(frozen=True, eq=False)
class Step(Generic[N]):
    """One step forward."""

    state: tuple[N, ...]
    slopes: tuple[tuple[Activation, N], ...]
    """phi' of every gate."""
    pull: Callable[[tuple[N, ...]], Pulled[N]]
    """Takes the gradient by the state as far as later steps and the loss put it: by h_t all of it, by c_t what comes
    from c_{t+1} (c_t also shows in h_t, which the cell adds itself)."""


class Cell(ABC):
    """One kind of recurrent cell under given settings."""

    dies = False
    """Whether phi' can be exactly zero."""

    def __init__(self, settings: Settings) -> None:
        self.gates, self.state_size = settings.gates, KINDS[settings.cell].states
        self._unmixed = INITIALIZERS[settings.initializer].diagonal

    def _sigmoids(self, *arguments: N) -> tuple[list[N], list[N]]:
        """The sigmoids of several gates, and their slopes, in one go."""
        value, slope = type(arguments[0]).stack(arguments).respond(SIGMOID, is_unmixed=self._unmixed)
        return value.split(len(arguments)), slope.split(len(arguments))

    @abstractmethod
    def step(self, t: int, recurrent: N, inputs: N, state: tuple[N, ...]) -> Step[N]:
        """The state after step t, which counts from 0, from W h_{t-1}, U x_t + b and the state before.

        The two sums are gate upon gate, (gates * n, samples).
        """


class Rnn(Cell):
    """h_t = phi(W h_{t-1} + U x_t + b): Elman (1990), in the form of torch.nn.RNN.

    With the residual connection on, h_t = skip * h_{t-1} + branch * phi(...).
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._activation = ACTIVATIONS[settings.activation]
        self._skip = settings.skip_scale if settings.residual else None
        self._branch_factors = settings.branch_factors
        self.dies = self._activation.dies or 0 in self._branch_factors

    def step(self, t: int, recurrent: N, inputs: N, state: tuple[N, ...]) -> Step[N]:
        value, slope = (recurrent + inputs).respond(self._activation, is_unmixed=self._unmixed)
        branch_factor, skip = self._branch_factors[t], self._skip
        hidden = value if skip is None else state[0].times(skip) + value.times(branch_factor)

        def pull(gradient: tuple[N, ...]) -> Pulled[N]:
            (by_hidden,) = gradient
            by_product = (by_hidden * slope).times(branch_factor)
            return Pulled(gradient, (by_product,), (by_product,), None if skip is None else by_hidden.times(skip))

        return Step((hidden,), ((self._activation, slope),), pull)


class Lstm(Cell):
    """c_t = f c_{t-1} + i g, h_t = o tanh(c_t), in the form of torch.nn.LSTM.

    Hochreiter and Schmidhuber (1997), section 4, with the forget gate f of Gers, Schmidhuber and Cummins (2000),
    section 3.

    i, f, o are sigmoids and g is a tanh of W h_{t-1} + U x_t + b each; the gates are ordered i, f, g, o.
    """

    def step(self, t: int, recurrent: N, inputs: N, state: tuple[N, ...]) -> Step[N]:
        _, before = state
        z_i, z_f, z_g, z_o = (recurrent + inputs).split(4)
        (i, f, o), (i_slope, f_slope, o_slope) = self._sigmoids(z_i, z_f, z_o)
        g, g_slope = z_g.respond(TANH, is_unmixed=self._unmixed)
        memory = f * before + i * g
        shown, shown_slope = memory.respond(TANH, is_unmixed=True)

        def pull(gradient: tuple[N, ...]) -> Pulled[N]:
            by_hidden, carried = gradient
            by_memory = carried + by_hidden * o * shown_slope
            by_gates = (
                by_memory * g * i_slope,
                by_memory * before * f_slope,
                by_memory * i * g_slope,
                by_hidden * shown * o_slope,
            )
            return Pulled((by_hidden, by_memory), by_gates, by_gates, other_skips=(by_memory * f,))

        slopes = ((SIGMOID, i_slope), (SIGMOID, f_slope), (TANH, g_slope), (SIGMOID, o_slope))
        return Step((o * shown, memory), slopes, pull)


class Gru(Cell):
    """h_t = (1 - z) n + z h_{t-1}: Cho et al. (2014), equations 5 to 8, in PyTorch's form.

    r and z are sigmoids of W h_{t-1} + U x_t + b, and n = tanh(U x_t + b + r W h_{t-1}): the reset gate acts on the
    product, and the bias of n stands outside it (PyTorch's b_in; its b_hn is zero). The gates are ordered r, z, n.
    """

    def step(self, t: int, recurrent: N, inputs: N, state: tuple[N, ...]) -> Step[N]:
        (before,) = state
        (past_r, past_z, past_n), (new_r, new_z, new_n) = recurrent.split(3), inputs.split(3)
        for_z = past_z + new_z
        (r, z, not_z), (r_slope, z_slope, _) = self._sigmoids(past_r + new_r, for_z, -for_z)  # no 1 - z: it cancels
        n, n_slope = (new_n + r * past_n).respond(TANH, is_unmixed=self._unmixed)

        def pull(gradient: tuple[N, ...]) -> Pulled[N]:
            (by_hidden,) = gradient
            by_n = by_hidden * not_z * n_slope
            by_r, by_z = by_n * past_n * r_slope, by_hidden * (before + -n) * z_slope
            return Pulled(gradient, (by_r, by_z, by_n * r), (by_r, by_z, by_n), by_hidden * z)

        slopes = ((SIGMOID, r_slope), (SIGMOID, z_slope), (TANH, n_slope))
        return Step((not_z * n + z * before,), slopes, pull)


CELLS: dict[str, Callable[[Settings], Cell]] = {"rnn": Rnn, "lstm": Lstm, "gru": Gru}
"""Every recurrent cell by its name in `Settings`."""
