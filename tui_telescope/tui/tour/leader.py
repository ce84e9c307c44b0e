"""What leads through pages on the stage: the tour is one, the quiz another."""

from __future__ import annotations

from abc import ABC, abstractmethod

from tui_telescope.tui.tour.stage import Stage
from tui_telescope.tui.tour.teller import Teller


class Leader(ABC):
    """Remembers where it is; the user's own keys keep working meanwhile."""

    def __init__(self, stage: Stage, teller: Teller) -> None:
        self._stage = stage
        self._teller = teller
        self.number = 0
        """Of the page, from 0."""

    @abstractmethod
    def open(self, number: int) -> None:
        """Show this page and its network, from the beginning."""

    @abstractmethod
    def advance(self) -> bool:
        """To what comes next; False after the last."""

    @abstractmethod
    def go_back(self) -> None:
        """To what came before."""
