"""The kinds of settings: how a number, a choice or a switch is checked, read, written and stepped.

This module imports the standard library alone: `--help` must not wait for numpy.
"""

from __future__ import annotations

import dataclasses
import operator
from abc import ABC, abstractmethod
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


class SettingsError(ValueError):
    """A setting outside its range; the message names the setting, the value and what is allowed."""


@dataclass(frozen=True, eq=False, repr=False)
class Setting(ABC):
    """One registry entry: how a setting is called, checked, read, written and stepped."""

    label: str
    default: Any
    help: str
    key: str | None = None
    flag: str = ""
    name: str = ""
    group: str = ""
    """What it belongs to, in a word; settings of one group stand together."""

    @property
    @abstractmethod
    def allowed(self) -> str:
        """What may be given, in words."""

    @abstractmethod
    def check(self, value: Any) -> Any:
        """The value in its own type. Raises `SettingsError`."""

    @abstractmethod
    def parse(self, text: str) -> Any:
        """The value that a user typed. Raises `SettingsError`."""

    @abstractmethod
    def step(self, value: Any, direction: int, *, coarse: bool = False) -> Any:
        """The next value up (`direction` 1) or down (-1); at the end of a range the value stays."""

    @property
    @abstractmethod
    def ends(self) -> tuple[Any, Any]:
        """The first and the last value."""

    @abstractmethod
    def share(self, value: Any) -> float:
        """How far from the first value to the last it stands, from 0 to 1: in steps, where steps are uneven."""

    def meaning(self, value: Any) -> Mapping[str, Any]:
        """What the value stands for, by settings, where it is another name for values of one or several of them."""
        return {}

    def show(self, value: Any) -> str:
        """The value as a panel shows it, short."""
        return self.write(value)

    def write(self, value: Any) -> str:
        """The value as `parse` reads it back, exact."""
        return str(value)

    def arguments(self, value: Any) -> list[str]:
        """The command-line words that give this value."""
        return [self.flag, self.write(value)]

    def refusal(self, value: Any) -> SettingsError:
        return SettingsError(f"{self.name}: {_brief(value)} is not allowed; allowed: {self.allowed}")


def _brief(value: Any) -> str:
    """A refused value on one line of reasonable length; Python itself refuses to write huge integers."""
    if isinstance(value, int) and value.bit_length() > 256:
        return f"a number of {value.bit_length()} bits"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


@dataclass(frozen=True, eq=False, repr=False)
class Number(Setting):
    """A number within a closed range, stepped along a ladder of round values."""

    minimum: Any = 0
    maximum: Any = 0
    ladder: tuple[Any, ...] = ()
    coarse_ladder: tuple[Any, ...] = ()
    may_be_zero: bool = False
    """Whether 0 is allowed below the range."""

    @property
    def ends(self) -> tuple[Any, Any]:
        return 0.0 if self.may_be_zero else self.minimum, self.maximum

    def step(self, value: Any, direction: int, *, coarse: bool = False) -> Any:
        ladder = self.coarse_ladder if coarse else self.ladder
        if direction > 0:
            above = bisect_right(ladder, value)
            return ladder[above] if above < len(ladder) else self.maximum
        below = bisect_left(ladder, value) - 1
        return ladder[below] if below >= 0 else self.ends[0]

    def share(self, value: Any) -> float:
        if self.ladder:
            return bisect_right(self.ladder[1:], value) / max(len(self.ladder) - 1, 1)
        return float((value - self.minimum) / (self.maximum - self.minimum))

    def up_to(self, maximum: Any) -> Number:
        """The same setting, whose range ends earlier."""
        ladder, coarse_ladder = (
            (*(value for value in values if value < maximum), maximum) for values in (self.ladder, self.coarse_ladder)
        )
        return dataclasses.replace(self, maximum=maximum, ladder=ladder, coarse_ladder=coarse_ladder)

    def within(self, value: Any, given: Any) -> Any:
        if not self.minimum <= value <= self.maximum and not (self.may_be_zero and value == 0):
            raise self.refusal(given)
        return value


class Whole(Number):
    """A whole number."""

    @property
    def allowed(self) -> str:
        return f"a whole number from {self.minimum} to {self.maximum}"

    def check(self, value: Any) -> int:
        if isinstance(value, bool):
            raise self.refusal(value)
        try:
            whole = operator.index(value)
        except TypeError:
            raise self.refusal(value) from None
        return int(self.within(whole, value))

    def parse(self, text: str) -> int:
        try:
            return self.check(int(text))
        except ValueError:
            raise self.refusal(text) from None

    def step(self, value: Any, direction: int, *, coarse: bool = False) -> int:
        if self.ladder:
            return int(super().step(value, direction, coarse=coarse))
        stride = 10 if coarse else 1
        return int(min(max(value + direction * stride, self.minimum), self.maximum))


class PowerOfTwo(Whole):
    """A whole power of two."""

    @property
    def allowed(self) -> str:
        return f"a power of two from {self.minimum} to {self.maximum}"

    def check(self, value: Any) -> int:
        whole = super().check(value)
        if whole & (whole - 1):
            raise self.refusal(value)
        return whole

    def show(self, value: int) -> str:
        """Large ones as powers, for which a panel has room."""
        return str(value) if value < 10_000 else f"2^{value.bit_length() - 1}"

    def parse(self, text: str) -> int:
        """Also as `show` writes it."""
        base, is_power, exponent = text.partition("^")
        if not (is_power and base.strip() == "2" and exponent.strip().isdecimal() and len(exponent) < 4):
            return super().parse(text)
        return self.check(2 ** int(exponent))


class Real(Number):
    """A real number."""

    @property
    def allowed(self) -> str:
        return f"{'0, or ' * self.may_be_zero}a number from {self.minimum:g} to {self.maximum:g}"

    def check(self, value: Any) -> float:
        if isinstance(value, bool | str):
            raise self.refusal(value)
        try:
            real = float(value)
        except (TypeError, ValueError, OverflowError):
            raise self.refusal(value) from None
        return float(self.within(real, value))

    def parse(self, text: str) -> float:
        try:
            return self.check(float(text))
        except ValueError:
            raise self.refusal(text) from None

    def show(self, value: float) -> str:
        short = f"{value:.6g}"
        return short if "." in short or "e" in short else short + ".0"


class SignedReal(Real):
    """A real number that may be negative."""

    def show(self, value: float) -> str:
        # a panel has no room for a sign and three digits of exponent
        return super().show(value if abs(value) > 1e-99 else 0.0)


@dataclass(frozen=True, eq=False, repr=False)
class Choice(Setting):
    """One of a few names."""

    values: tuple[str, ...] = ()
    other_names: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Names that are understood as well, and the values of settings that each stands for."""

    @property
    def allowed(self) -> str:
        return ", ".join(self.values)

    def meaning(self, value: Any) -> Mapping[str, Any]:
        return self.other_names.get(value, {}) if isinstance(value, str) else {}

    def refusal(self, value: Any) -> SettingsError:
        """With the names that come closest."""
        from difflib import get_close_matches  # a few milliseconds that only a mistake should cost

        near = get_close_matches(value[:40], (*self.values, *self.other_names)) if isinstance(value, str) else []
        hint = f"; did you mean {', '.join(near)}?" if near else ""
        return SettingsError(f"{super().refusal(value)}{hint}")

    @property
    def ends(self) -> tuple[str, str]:
        return self.values[0], self.values[-1]

    def check(self, value: Any) -> str:
        if not isinstance(value, str) or value not in self.values:
            raise self.refusal(value)
        return str(value)

    def parse(self, text: str) -> str:
        name = text.strip().lower()
        return name if name in self.other_names else self.check(name)

    def step(self, value: Any, direction: int, *, coarse: bool = False) -> str:
        return self.values[(self.values.index(value) + direction) % len(self.values)]

    def share(self, value: Any) -> float:
        return self.values.index(value) / max(len(self.values) - 1, 1)


class Switch(Setting):
    """On or off."""

    @property
    def allowed(self) -> str:
        return "on, off"

    @property
    def ends(self) -> tuple[bool, bool]:
        return False, True

    def check(self, value: Any) -> bool:
        if value is not True and value is not False and type(value).__name__ not in ("bool_", "bool"):
            raise self.refusal(value)
        return bool(value)

    def parse(self, text: str) -> bool:
        states = {"on": True, "off": False}
        if text.strip().lower() not in states:
            raise self.refusal(text)
        return states[text.strip().lower()]

    def step(self, value: Any, direction: int, *, coarse: bool = False) -> bool:
        return not value

    def share(self, value: Any) -> float:
        return float(value)

    def write(self, value: Any) -> str:
        return "on" if value else "off"

    def arguments(self, value: Any) -> list[str]:
        return [self.flag if value else self.flag.replace("--", "--no-", 1)]


@dataclass(frozen=True, eq=False, repr=False)
class RealOrWord(Real):
    """A real number, or one of a few words that stand below the smallest of them.

    A step up from the last word gives `first`, or the smallest number where there is none such; a step down from the
    smallest number gives the last word, and no step leads below the first.
    """

    words: tuple[str, ...] = ()
    first: float | None = None

    @property
    def allowed(self) -> str:
        return f"{', '.join(self.words)}, or {super().allowed}"

    @property
    def ends(self) -> tuple[Any, Any]:
        return self.words[0], self.maximum

    def check(self, value: Any) -> Any:
        return str(value) if isinstance(value, str) and value in self.words else super().check(value)

    def parse(self, text: str) -> Any:
        """Capitals matter only where they tell one word from another."""
        typed = text.replace(" ", "")
        alike = [word for word in self.words if word.lower() == typed.lower()]
        return max(alike, key=lambda word: sum(map(operator.eq, word, typed))) if alike else super().parse(text)

    def step(self, value: Any, direction: int, *, coarse: bool = False) -> Any:
        if value in self.words:
            place = self.words.index(value) + direction
            return self._first if place == len(self.words) else self.words[max(place, 0)]
        if value == self.minimum and direction < 0:
            return self.words[-1]
        return super().step(value, direction, coarse=coarse)

    def share(self, value: Any) -> float:
        return 0.0 if value in self.words else super().share(value)

    @property
    def _first(self) -> float:
        return float(self.minimum if self.first is None else self.first)

    def show(self, value: Any) -> str:
        return str(value) if value in self.words else super().show(value)
