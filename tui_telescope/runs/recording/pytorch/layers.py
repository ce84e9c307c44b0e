"""Which modules of a model are its layers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from torch import nn

REPEATED = 3
"""From how many numbered children of one class on they are a network's blocks."""
_WRAPPERS = re.compile(r"(^|\.)(_orig_mod|_checkpoint_wrapped_module)(?=\.|$)")
"""What `torch.compile` and checkpoint wrappers put into a module's name."""

_NUMBER = re.compile(r"(?<![^.])\d+(?![^.])")
"""A number between a name's points: the first is the block's."""


class Layer(NamedTuple):
    """A module whose output is read, with all the parameters below it."""

    name: str
    module: nn.Module

    @property
    def smallest(self) -> nn.Parameter | None:
        """Of its parameters that learn the one with the fewest entries, mostly a bias."""
        learning = (each for each in self.module.parameters() if each.requires_grad)
        return min(learning, key=lambda each: each.numel(), default=None)

    def described(self) -> dict[str, Any]:
        """What the header tells of it. Its role is its name without the block's number."""
        block = _NUMBER.search(self.name)
        return {
            "name": self.name,
            "role": _NUMBER.sub("*", self.name, count=1),
            "block": int(block[0]) if block else None,
            "parameters": sum(each.numel() for each in self.module.parameters()),
        }


def choose_layers(model: nn.Module, which: str | Sequence[str] | None) -> list[Layer]:
    """The outermost repeated blocks, or else the leaves, in the order of their declaration; `which` may be `"blocks"`,
    `"leaves"`, or names. Raises `ValueError` where there are none such."""
    model = unwrapped(model)
    if which is None:
        return list(_blocks(model)) or _found(list(_leaves(model)), "leaves with parameters")
    if which == "blocks":
        return _found(list(_blocks(model)), f"{REPEATED} or more numbered children of one class")
    if which == "leaves":
        return _found(list(_leaves(model)), "leaves with parameters")
    if isinstance(which, str):
        raise ValueError(f"layers: {which!r} is not allowed; allowed: 'leaves', 'blocks', or a list of names")
    named = dict(_named_modules(model))
    for name in which:
        if name not in named:
            raise ValueError(f"layers: the model has no module {name!r}")
    return [Layer(name, named[name]) for name in which]


def unwrapped(model: nn.Module) -> nn.Module:
    """The user's own module within what spreads it over processes or compiles it."""
    while type(model).__name__ in ("DistributedDataParallel", "OptimizedModule", "DataParallel"):
        inner = getattr(model, "_orig_mod", None)
        model = inner if inner is not None else model.module
    return model


def clean_name(name: str) -> str:
    """The user's own name of a module or a parameter."""
    return _WRAPPERS.sub("", name).lstrip(".")


def _found(layers: list[Layer], what: str) -> list[Layer]:
    if not layers:
        raise ValueError(f"layers: the model has no {what}")
    return layers


def _named_modules(model: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """By the user's names; of a wrapper and what it wraps the wrapper, for its hooks are called in any case."""
    seen = set()
    for name, module in model.named_modules():
        clean = _WRAPPERS.sub("", name)
        if clean not in seen:
            seen.add(clean)
            yield clean, module


def _blocks(module: nn.Module, prefix: str = "") -> Iterator[Layer]:
    """Where enough numbered children are of one class, all that have parameters: a head may stand among them."""
    children = [(name, child) for name, child in module.named_children() if next(child.parameters(), None) is not None]
    kinds = Counter(type(_inner(child)) for name, child in children if name.isdecimal())
    is_repeated = bool(kinds) and max(kinds.values()) >= REPEATED
    for name, child in children:
        path = clean_name(f"{prefix}{name}")
        if is_repeated and name.isdecimal():
            yield Layer(path, child)
        else:
            yield from _blocks(child, f"{path}." if path else "")


def _inner(module: Any) -> Any:
    return getattr(module, "_orig_mod", getattr(module, "_checkpoint_wrapped_module", module))


def _leaves(model: nn.Module) -> Iterator[Layer]:
    """Modules with parameters of their own and nothing below, or torch's own, whose insides are never called."""
    taken: list[str] = []
    for name, module in _named_modules(model):
        inner = _inner(module)
        is_whole = next(inner.children(), None) is None or type(inner).__module__.startswith("torch.nn.modules.")
        has_own = next(inner.parameters(recurse=False), None) is not None
        if has_own and is_whole and not any(name.startswith(f"{each}.") for each in taken):
            taken.append(name)
            yield Layer(name, module)
