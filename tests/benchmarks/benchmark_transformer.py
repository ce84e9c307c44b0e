"""How close a transformer is to its matrix products: `.venv/bin/python tests/benchmarks/benchmark_transformer.py`.

The floor is every product of a block, of operands that are the block's own, with preallocated outputs and BLAS on one
thread: those with its six matrices forward and back, the four of attention back and the two forward, and with the
weight gradients one for each matrix. Floor and engine take turns, and each counts with its best time.
"""

from __future__ import annotations

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"

from collections.abc import Callable

import numpy as np
from benchmark_engine import best_seconds, observing

from tui_telescope.engine.telescope import READINGS
from tui_telescope.engine.weights.draws import UnitDraws
from tui_telescope.settings import Settings

BLOCKS = Settings(
    cell="transformer", depth=24, width=64, heads=4, tokens=32, samples=4, initializer="xavier", scale=1.0,
    residual=True, norm="layer", norm_place="pre", final_norm=True, activation="relu", generator="numpy",
)  # fmt: skip
KINDS = {
    "pre-norm": BLOCKS,
    "post-norm": BLOCKS.replace(norm_place="post", final_norm=False),
    "no norm": BLOCKS.replace(norm="none", final_norm=False, branch_scale="1/L"),
    "pre-norm, gelu": BLOCKS.replace(activation="gelu"),
}
TARGET = 1.5
"""The most that all readings with a ReLU may take of the floor."""


class Floor:
    """The products of all blocks."""

    def __init__(self, settings: Settings) -> None:
        rng = np.random.default_rng(0)
        n, hidden, columns = settings.width, settings.matrices["up"].fan_out, settings.columns
        self._heads = (settings.heads, n // settings.heads, settings.samples, settings.tokens)
        pairs = (settings.heads, settings.samples, settings.tokens, settings.tokens)
        matrices = UnitDraws().network(settings, 0).matrices
        self._weights = [
            {name: each.weights[layer] for name, each in matrices.items()} for layer in range(settings.depth)
        ]
        shapes = {"heard": (n, columns), "mixed": (n, columns), "given": (n, columns), "hidden": (hidden, columns)}
        shapes |= dict.fromkeys(("query", "key", "value"), (n, columns)) | {"shares": pairs}
        self._blocks = [{name: rng.normal(size=shape) for name, shape in shapes.items()} for _ in self._weights]
        self._gradients = {name: rng.normal(size=shape) for name, shape in shapes.items()}
        self._by_weights = {name: np.empty(weights.shape) for name, weights in self._weights[0].items()}

    def by_head(self, x: np.ndarray) -> np.ndarray:
        return x.reshape(self._heads).transpose(0, 2, 1, 3)

    def forward(self) -> None:
        out = self._gradients
        for weights, block in zip(self._weights, self._blocks, strict=True):
            for name in ("query", "key", "value"):
                weights[name].dot(block["heard"], block[name])
            query, key, value = (self.by_head(block[name]) for name in ("query", "key", "value"))
            np.matmul(query.swapaxes(-1, -2), key, out=out["shares"])
            np.matmul(value, block["shares"].swapaxes(-1, -2), out=self.by_head(block["mixed"]))
            weights["output"].dot(block["mixed"], out["mixed"])
            weights["up"].dot(block["given"], out["hidden"])
            weights["down"].dot(block["hidden"], out["given"])

    def backward(self) -> None:
        out = self._gradients
        for weights, block in zip(reversed(self._weights), reversed(self._blocks), strict=True):
            weights["down"].T.dot(out["given"], out["hidden"])
            weights["up"].T.dot(out["hidden"], out["heard"])
            weights["output"].T.dot(out["heard"], out["mixed"])
            query, key, value = (self.by_head(block[name]) for name in ("query", "key", "value"))
            by_query, by_key, by_value = (self.by_head(out[name]) for name in ("query", "key", "value"))
            by_mixed = self.by_head(out["mixed"])
            np.matmul(by_mixed.swapaxes(-1, -2), value, out=out["shares"])
            np.matmul(key, out["shares"].swapaxes(-1, -2), out=by_query)
            np.matmul(query, out["shares"], out=by_key)
            np.matmul(by_mixed, block["shares"], out=by_value)
            for name in ("query", "key", "value"):
                weights[name].T.dot(out[name], out["heard"])

    def by_weights(self) -> None:
        out, into = self._gradients, self._by_weights
        for block in reversed(self._blocks):
            out["given"].dot(block["hidden"].T, into["down"])
            out["hidden"].dot(block["given"].T, into["up"])
            out["heard"].dot(block["mixed"].T, into["output"])
            for name in ("query", "key", "value"):
                out[name].dot(block["heard"].T, into[name])


def together(*parts: Callable[[], None]) -> Callable[[], object]:
    return lambda: [part() for part in parts]


def main() -> None:
    floor = Floor(BLOCKS)
    print("time / floor of 24 blocks x 64 units x 32 tokens x 4 samples, of the gradient alone and of all readings")
    with np.errstate(all="ignore"):
        for kind, settings in KINDS.items():
            subjects = [together(floor.forward, floor.backward), observing(settings, ("gradient",))]
            subjects += [together(floor.forward, floor.backward, floor.by_weights), observing(settings, READINGS)]
            bare, alone, whole, everything = best_seconds(subjects)
            print(
                f"{kind:>15}: {alone / bare:.2f}, {everything / whole:.2f} (target {TARGET}); {everything * 1e3:.0f} ms"
            )


if __name__ == "__main__":
    main()
