"""The two halves of a transformer's block in float64, forward and backward, in memory that is used again."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import NamedTuple

import numpy as np

from tui_telescope.engine.activations.definitions import ACTIVATIONS
from tui_telescope.engine.arithmetic.arrays import Array
from tui_telescope.engine.norms import norm_of
from tui_telescope.engine.passes.task import Task
from tui_telescope.engine.transformer.float64_kernels import (
    ALIKE,
    AttentionKernel,
    CheckedNorm,
    Sizes,
    SquaredNorms,
)
from tui_telescope.engine.transformer.matrix_gradients import MatrixGradients
from tui_telescope.engine.transformer.recipe import PROJECTIONS, Standing
from tui_telescope.engine.weights.draws import gain_of
from tui_telescope.networks import MATRICES

CANCELLED = 1e-10
"""A squared weight gradient is trusted while it is above this share of what it would be if nothing cancelled, where a
softmax, or a norm over all tokens, takes out of the gradient by a product what its inputs have in common."""


class Products:
    """W x + b of a network's matrices, the gradients by x and by W, and whether they can be trusted."""

    def __init__(self, task: Task, by_matrices: MatrixGradients) -> None:
        self._matrices, self._by_matrices = task.network.matrices, by_matrices
        shapes = task.settings.matrices
        self._gains = {name: np.array(gain_of(task.settings, shape)) for name, shape in shapes.items()}
        self._by_weights = {name: task.workspace.take(f"by {name}", *shape) for name, shape in shapes.items()}
        norm = task.settings.norm_kind
        self._takes_shares_out = norm is not None and norm.takes_shares_out
        self.is_sound = True
        self.exponent = 0.0
        """Gradients are what they are times 2**exponent."""

    @property
    def takes_weights(self) -> bool:
        """Whether gradients by matrices are wanted."""
        return self._by_matrices.is_wanted

    def gain(self, name: str) -> Array:
        """What the unit matrices are multiplied with."""
        return self._gains[name]

    def vouch(self, is_sound: bool) -> None:
        """So says whoever computes something that may cancel."""
        self.is_sound = self.is_sound and is_sound

    def forward(self, name: str, layer: int, x: Array, out: Array) -> None:
        matrices = self._matrices[name]
        matrices.weights[layer].dot(x, out)
        np.multiply(out, self._gains[name], out)
        if matrices.biases is not None:
            np.add(out, matrices.biases[layer][:, None], out)

    def backward(self, name: str, layer: int, by_product: Array, out: Array) -> None:
        self.backward_by_unit(name, layer, by_product, out)
        np.multiply(out, self._gains[name], out)

    def backward_by_unit(self, name: str, layer: int, by_product: Array, out: Array) -> None:
        """The same of the unit matrix, without the gain."""
        self._matrices[name].weights[layer].T.dot(by_product, out)

    def take(self, name: str, layer: int, by_product: Array, x: Array) -> None:
        """The gradients by W and b, as far as they are wanted."""
        if not self.takes_weights:
            return
        gradient = by_product.dot(x.T, self._by_weights[name]).ravel()
        square = float(np.vdot(gradient, gradient))
        if self._takes_shares_out or MATRICES[name].is_levelled:
            most = np.vdot(by_product, by_product) * np.vdot(x, x)
            self.vouch(bool(square >= CANCELLED * most))
        self._by_matrices.take(name, layer, _log2_root(square) + self.exponent)
        if self._by_matrices.takes_biases:
            sums = by_product.sum(axis=1)
            self._by_matrices.take_biases(name, layer, _log2_root(float(sums.dot(sums))) + self.exponent)


def _log2_root(square: float) -> float:
    return 0.5 * math.log2(square) if square > 0 else -math.inf


class Memory(NamedTuple):
    """Arrays that all halves and blocks may overwrite."""

    branch: Array
    by_branch: Array
    by_sum: Array
    scratch: Array


class Half(ABC):
    """Attention or the mlp, with its norm and its residual connection, in as many blocks as are kept at a time."""

    def __init__(self, task: Task, products: Products, memory: Memory, squared_norms: SquaredNorms, slots: int) -> None:
        settings, self._products, self._memory = task.settings, products, memory
        self._squared_norms, self._settings, self._standing = squared_norms, settings, Standing.of(settings)
        self._sizes = Sizes(settings.width, settings.samples, settings.tokens, settings.heads)
        self._skip, self._factors = np.array(settings.skip_scale), [np.array(each) for each in settings.branch_factors]
        self._workspace = workspace = task.workspace
        name = type(self).__name__
        columns, units = settings.columns, self._normed_units(settings.matrices["up"].fan_out)
        norm = norm_of(settings) if self._has_norm else None
        self._norm: CheckedNorm | None = None
        self._heard: list[Array] = []
        if norm is not None:
            self._norm = CheckedNorm(norm, units, columns, workspace)
            self._inverses = workspace.take_stack(f"{name}: lines", slots, *self._norm.lines).rows
            self._normed = workspace.take_stack(f"{name}: normed", slots, units, columns).rows

    def _for_weights(self, name: str, slots: int, *shape: int) -> list[Array]:
        """For each slot what a matrix is given: one array for all where no gradient by weights will ask for it."""
        if self._products.takes_weights:
            return self._workspace.take_stack(name, slots, *shape).rows
        return [self._workspace.take(name, *shape)] * slots

    @property
    def _has_norm(self) -> bool:
        standing = self._standing
        return standing.begins or standing.ends or standing.crosses

    def _normed_units(self, hidden: int) -> int:
        return self._sizes.units

    def forward(self, slot: int, layer: int, x: Array, out: Array) -> None:
        """The tokens after this half, from those before it."""
        standing, branch = self._standing, self._memory.branch
        heard = x
        if standing.begins:
            heard = self._normalised(slot, x)
        self._branch(slot, layer, heard, branch)
        if standing.ends:
            branch = self._normalised(slot, branch)
        if self._settings.residual:
            np.add(self._weighted(layer, branch, self._memory.branch), self._skipping(x), out)
        else:
            np.copyto(out, branch)
        if standing.crosses:
            np.copyto(out, self._normalised(slot, out))

    def backward(self, slot: int, layer: int, x: Array, by_out: Array, below: Array) -> None:
        """The gradient by what this half is given into `below`; the gradients by its matrices are taken."""
        standing, memory = self._standing, self._memory
        by_sum = self._pulled(slot, by_out, memory.by_sum) if standing.crosses else by_out
        by_branch = by_sum
        if self._settings.residual:
            by_branch = self._weighted(layer, by_sum, memory.by_branch)
        if standing.ends:
            by_branch = self._pulled(slot, by_branch, memory.by_branch)
        self._branch_back(slot, layer, self._normed[slot] if standing.begins else x, by_branch, below)
        if standing.begins:
            self._pulled(slot, below, below)
        if self._settings.residual:
            np.add(below, self._skipping(by_sum), below)

    @abstractmethod
    def _branch(self, slot: int, layer: int, heard: Array, out: Array) -> None:
        """What the branch makes of what it hears."""

    @abstractmethod
    def _branch_back(self, slot: int, layer: int, heard: Array, by_branch: Array, by_heard: Array) -> None:
        """The gradient by what it hears into `by_heard`."""

    def _normalised(self, slot: int, x: Array) -> Array:
        assert self._norm is not None, "it stands somewhere"
        self._products.vouch(self._norm.forward(x, self._normed[slot], self._inverses[slot]))
        return self._normed[slot]

    def _pulled(self, slot: int, gradient: Array, out: Array) -> Array:
        assert self._norm is not None, "it stands somewhere"
        self._products.vouch(self._norm.backward(self._normed[slot], self._inverses[slot], gradient, out))
        return out

    def _weighted(self, layer: int, branch: Array, out: Array) -> Array:
        """What is added of a branch, or its gradient, as it is or in `out`."""
        if self._settings.branch_factors[layer] == 1:
            return branch
        return np.asarray(np.multiply(branch, self._factors[layer], out))

    def _skipping(self, x: Array) -> Array:
        """What the residual connection makes of a signal, or of a gradient; overwritten by the next call."""
        if self._settings.skip_scale == 1:
            return x
        return np.asarray(np.multiply(x, self._skip, self._memory.scratch))


class AttentionHalf(Half):
    """Queries, keys and values, whom each token hears, and W_o of what it makes of it."""

    def __init__(self, task: Task, products: Products, memory: Memory, squared_norms: SquaredNorms, slots: int) -> None:
        super().__init__(task, products, memory, squared_norms, slots)
        (n, samples, tokens, heads), columns = self._sizes, task.settings.columns
        take, take_stack = task.workspace.take, task.workspace.take_stack
        self._kernel = AttentionKernel(self._sizes, task.workspace)
        self._projected = take_stack("projected", slots, 3 * n, columns).rows
        self._parts = [_thirds(each) for each in self._projected]
        self._shares = list(take("shares", slots, heads, samples, tokens, tokens))
        self._mixed = self._for_weights("mixed", slots, n, columns)
        self._by_mixed, self._by_projected = take("by mixed", n, columns), take("by projected", 3 * n, columns)
        self._by_parts = _thirds(self._by_projected)

    def _branch(self, slot: int, layer: int, heard: Array, out: Array) -> None:
        for name, part in zip(PROJECTIONS, self._parts[slot], strict=True):
            self._products.forward(name, layer, heard, part)
        self._products.vouch(self._kernel.forward(self._projected[slot], self._shares[slot], self._mixed[slot]))
        self._products.forward("output", layer, self._mixed[slot], out)

    def _branch_back(self, slot: int, layer: int, heard: Array, by_branch: Array, by_heard: Array) -> None:
        products, by_projected = self._products, self._by_projected
        products.take("output", layer, by_branch, self._mixed[slot])
        products.backward("output", layer, by_branch, self._by_mixed)
        is_sound = self._kernel.backward(self._by_mixed, self._projected[slot], self._shares[slot], by_projected)
        products.vouch(is_sound)
        query, *others = zip(PROJECTIONS, self._by_parts, strict=True)
        for name, part in (query, *others):
            products.take(name, layer, part, heard)
        products.backward_by_unit(query[0], layer, query[1], by_heard)
        for name, part in others:
            products.backward_by_unit(name, layer, part, self._by_mixed)
            np.add(by_heard, self._by_mixed, by_heard)
        np.multiply(by_heard, self._products.gain(query[0]), by_heard)


def _thirds(projected: Array) -> list[Array]:
    return np.split(projected, 3)


class MlpHalf(Half):
    """W2 phi(W1 x)."""

    def __init__(self, task: Task, products: Products, memory: Memory, squared_norms: SquaredNorms, slots: int) -> None:
        super().__init__(task, products, memory, squared_norms, slots)
        shape = (task.settings.matrices["up"].fan_out, task.settings.columns)
        self._activation = ACTIVATIONS[task.settings.activation]
        self._responses = self._for_weights("responses", slots, *shape)
        self.slopes = task.workspace.take_stack("slopes", slots, *shape).rows
        """phi' of each block that is kept."""
        self._argument = task.workspace.take("argument", *shape)

    @property
    def _has_norm(self) -> bool:
        return super()._has_norm or self._standing.meets

    def _normed_units(self, hidden: int) -> int:
        return hidden if self._standing.meets else self._sizes.units

    def _branch(self, slot: int, layer: int, heard: Array, out: Array) -> None:
        z, response, slope, kernel = self._argument, self._responses[slot], self.slopes[slot], self._activation.kernel
        self._products.forward("up", layer, heard, z)
        if self._standing.meets:
            np.copyto(z, self._normalised(slot, z))
        if kernel.input_scale != 1:
            np.multiply(z, kernel.input_scale, z)
        kernel.core(z, response, slope)
        kernel.slope(z, response, slope)
        if kernel.input_scale * kernel.output_scale != 1:
            np.multiply(slope, kernel.input_scale * kernel.output_scale, slope)
        if kernel.output_scale != 1:
            np.multiply(response, kernel.output_scale, response)
        if kernel.offset:
            np.add(response, kernel.offset, response)
            self._products.vouch(bool((self._squared_norms(response) >= ALIKE**2 * kernel.offset**2).all()))
        self._products.forward("down", layer, response, out)

    def _branch_back(self, slot: int, layer: int, heard: Array, by_branch: Array, by_heard: Array) -> None:
        products, by_argument, slope = self._products, self._argument, self.slopes[slot]
        products.take("down", layer, by_branch, self._responses[slot])
        products.backward("down", layer, by_branch, by_argument)
        self._respond_back(slope, by_argument)
        if self._standing.meets:
            self._pulled(slot, by_argument, by_argument)
        products.take("up", layer, by_argument, heard)
        products.backward("up", layer, by_argument, by_heard)

    def _respond_back(self, slope: Array, gradient: Array) -> None:
        """phi' * gradient in place; sound where the units with the largest slopes had enough of the gradient."""
        if self._activation.slopes:
            np.multiply(gradient, slope, gradient)
            return
        before = self._squared_norms(gradient)
        np.multiply(gradient, slope, gradient)
        after = self._squared_norms(gradient)
        # the bound is at hand; what the slopes are costs another look at all of them
        if not (after >= ALIKE**2 * self._activation.steepest**2 * before).all():
            size = gradient.size / self._sizes.samples
            self._products.vouch(bool((after >= ALIKE**2 * before * self._squared_norms(slope) / size).all()))
