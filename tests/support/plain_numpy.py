"""Small networks in a few lines of numpy, whose gradients are finite differences: nothing here is the engine's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

STEP = 1e-5

PHI: dict[str, Callable[[Array], Array]] = {"tanh": np.tanh, "softsign": lambda z: z / (1 + np.abs(z))}
LOSS: dict[str, Callable[[Array, Array], float]] = {
    "mse": lambda a, t: float(np.sum((a - t) ** 2) / 2),
    "log_cosh": lambda a, t: float(np.sum(np.log(np.cosh(a - t)))),
}
NORM: dict[str, Callable[[Array], Array]] = {
    "none": lambda x: x,
    "layer": lambda x: _over(x - x.mean(1, keepdims=True), 1),
    "power": lambda x: _over(x, 0),
}


def _over(x: Array, axis: int) -> Array:
    return np.asarray(x / np.sqrt((x * x).mean(axis, keepdims=True) + 1e-5))


def _sigmoid(z: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-z)))


class PlainNetwork:
    """One network of these settings, with the numbers of a draw. Arrays are (samples, units)."""

    def __init__(self, settings: dict[str, Any], draw: dict[str, Any]) -> None:
        self._is_cell, self._depth = "cell" in settings, settings["depth"]
        self._inputs, self._targets = draw["inputs"], draw["targets"]
        self._weights, self._biases = _of_first_network(draw["weights"]), _of_first_network(draw["biases"])
        if self._is_cell:
            self._weights = {"all": np.stack([self._weights["all"]] * self._depth)}
        self._input_weights = draw["input_weights"][0] if self._is_cell else None
        self._cell = settings.get("cell")
        self._phi, self._loss = PHI[settings["activation"]], LOSS[settings.get("loss", "mse")]
        self._norm, self._place = NORM[settings.get("norm", "none")], settings.get("norm_place", "activation")
        self._residual = settings.get("residual", False)

    def log10_gradients(self) -> tuple[Array, Array]:
        """The gradient by a_l, its norm averaged over the samples, and that of the mean loss by W_l: (depth,) each."""
        samples, n = self._targets.shape
        by_signals = self._differences(np.zeros((self._depth, samples, n)), lambda push: self._total(push, {}))
        squares = sum(self._squares_by(name) for name in self._weights)
        with np.errstate(divide="ignore"):
            weights = np.log10(np.sqrt(squares) / samples)
            return np.log10(np.linalg.norm(by_signals, axis=2).mean(1)), weights

    def _squares_by(self, name: str) -> Array:
        """The squared norm of the gradient of all samples' loss by one matrix of each layer, (depth,)."""
        zeros = np.zeros(self._weights[name].shape)
        by_weights = self._differences(zeros, lambda push: self._total(None, {name: push}))
        return np.asarray((by_weights**2).reshape(self._depth, -1).sum(1))

    def _differences(self, zeros: Array, total: Callable[[Array], float]) -> Array:
        result = np.zeros_like(zeros)
        for index in np.ndindex(zeros.shape):
            push = zeros.copy()
            push[index] = STEP
            result[index] = (total(push) - total(-push)) / (2 * STEP)
        return result

    def _total(self, push: Array | None, weight_push: dict[str, Array]) -> float:
        """The loss of all samples, with something added to every signal and every weight."""
        weights = {name: each + weight_push.get(name, 0.0) for name, each in self._weights.items()}
        a = np.zeros_like(self._targets) if self._is_cell else self._inputs
        for layer in range(self._depth):
            of_layer = {name: each[layer] for name, each in weights.items()}
            a = (self._step if self._is_cell else self._layer)(layer, of_layer, a)
            a = a if push is None else a + push[layer]
        return self._loss(a, self._targets)

    def _layer(self, layer: int, weights: dict[str, Array], a: Array) -> Array:
        norms = {self._place: self._norm}

        def linear(name: str, x: Array) -> Array:
            return np.asarray(x @ weights[name].T + self._biases[name][layer])

        def phi(z: Array) -> Array:
            return self._phi(norms.get("activation", NORM["none"])(z))

        branch = norms.get("pre", NORM["none"])(a)
        branch = phi(linear("all", branch)) if "all" in weights else linear("outer", phi(linear("inner", phi(branch))))
        branch = norms.get("branch", NORM["none"])(branch)
        return norms.get("post", NORM["none"])(branch + (a if self._residual else 0))

    def _step(self, t: int, weights: dict[str, Array], h: Array) -> Array:
        assert self._input_weights is not None
        inputs, gates = self._inputs[:, t], zip(weights["all"], self._input_weights, self._biases["all"], strict=True)
        z = [h @ w.T + inputs @ u.T + b for w, u, b in gates]
        if self._cell == "rnn":
            return self._phi(z[0])
        keep = _sigmoid(z[0])
        return np.asarray(keep * h + (1 - keep) * np.tanh(z[1]))


def _of_first_network(arrays: Any) -> dict[str, Array]:
    """By name; matrices that are a layer's only ones have none."""
    return {name: each[0] for name, each in arrays.items()} if isinstance(arrays, dict) else {"all": arrays[0]}
