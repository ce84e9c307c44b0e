"""Looking at many networks at once: which ones, how they are observed, and what is shown of them.

A survey is made for some settings. The screen shows its findings, each finer than the one before; who prints takes
what its parts find in the end, and the document, the table and the numbers that come of it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import ClassVar, Generic, NamedTuple, TypeVar

import numpy as np

from tui_telescope.charts.drawable import Drawable
from tui_telescope.charts.elements import Axis
from tui_telescope.charts.surveys.depth_chart import curve_label, depth_chart
from tui_telescope.charts.surveys.map_chart import MapChart
from tui_telescope.charts.surveys.spectrum_chart import empty_spectrum_chart, spectrum_chart
from tui_telescope.charts.surveys.trainability_chart import TrainabilityChart
from tui_telescope.engine.learning.trainability import STEPS, TrainabilityMap, TrainabilityMemory, trainability
from tui_telescope.engine.mean_field.theory import critical_scale, depth_scale, quick_factor
from tui_telescope.engine.passes.progress import Progress
from tui_telescope.engine.spectrum.spectrum import Spectrum, samples_of_each_network
from tui_telescope.engine.sweep import (
    SWEPT_DEPTHS,
    DepthSweep,
    MapMemory,
    ScaleDepthMap,
    each_depth,
    map_scales_and_depths,
    mapped_depths,
    mapped_scales,
)
from tui_telescope.engine.telescope import Telescope
from tui_telescope.notation import scientific
from tui_telescope.settings import Settings

Found = TypeVar("Found", bound="DepthSweep | ScaleDepthMap | TrainabilityMap | Spectrum")

DIRECTIONS_TOLD = 11
"""A table of singular values has so many rows."""


class Instruments(NamedTuple):
    """What surveys work with, kept from one to the next."""

    telescope: Telescope
    memory: MapMemory
    trained: TrainabilityMemory


@dataclass(frozen=True)
class Part(Generic[Found]):
    """Some of a survey's networks; `observe` yields what it has found so far, each time more, in the end all."""

    what: str
    networks: Sequence[Settings]
    observe: Callable[[Instruments, Progress], Iterator[Found]]


class Finding(NamedTuple):
    """What a survey has found so far: how it is shown, and the numbers that are shown, by curve and by column."""

    chart: Drawable
    curves: Callable[[], Mapping[str, Mapping[str, Sequence[object]]]]


class Survey(ABC, Generic[Found]):
    """Many networks around the one of the settings; what of them the first part finds is about that one itself."""

    columns: ClassVar[tuple[str, ...]]
    """What the numbers of a row are called."""

    def __init__(self, settings: Settings, depths: Sequence[int] | None = None) -> None:
        self.settings = settings
        self.depths = depths or self.usual_depths(settings)

    @staticmethod
    @abstractmethod
    def usual_depths(settings: Settings) -> Sequence[int]:
        """Those that are looked at unless others are given."""

    @abstractmethod
    def parts(self) -> list[Part[Found]]:
        """What is observed, one part after the other. Raises `SettingsError` for a depth out of range."""

    @abstractmethod
    def chart(self, found: Sequence[Found], previous: Axis | None) -> Drawable:
        """What is shown of the parts that have found anything; `previous` as in `ChartOptions`."""

    @abstractmethod
    def rows(self, found: Found) -> Iterable[Sequence[object]]:
        """The numbers that are known, row by row."""

    def name_of(self, found: Found) -> str:
        """What its curve is called, where the chart has more than one."""
        return ""

    def curves(self, found: Sequence[Found]) -> dict[str, dict[str, Sequence[object]]]:
        """The numbers of the chart, by curve and by column."""
        return {
            self.name_of(each): dict(zip(self.columns, zip(*self.rows(each), strict=True), strict=True))
            for each in found
        }

    def table(self, found: Found) -> str:
        """The numbers in words; empty where they are too many."""
        return ""

    def findings(self, instruments: Instruments, progress: Progress, previous: Axis | None) -> Iterator[Finding]:
        """All that has been found so far. In the end the axis is what it would be had all come at once."""
        parts = self.parts()
        whole: list[Found] = []
        for part, piece in zip(parts, progress.parts([1.0] * len(parts)), strict=True):
            found = None
            for found in part.observe(instruments, piece):
                so_far = [*whole, found]
                yield Finding(self.chart(so_far, previous), partial(self.curves, so_far))
            whole += [found] if found else []


class DepthSurvey(Survey[DepthSweep]):
    """Layer 1's gradient against the depth: the settings' own, then with residual flipped where that has an effect."""

    columns = ("depth", "log10_gradient_layer_1")

    @staticmethod
    def usual_depths(settings: Settings) -> Sequence[int]:
        """Whole depths from 1 to the settings' own, even on a linear axis."""
        return tuple(np.unique(np.linspace(1, settings.depth, SWEPT_DEPTHS).round().astype(int)).tolist())

    def parts(self) -> list[Part[DepthSweep]]:
        parts = [self._part(self.settings)]
        if "residual" not in self.settings.ineffective:
            parts.append(self._part(self.settings.replace(residual=not self.settings.residual)))
        return parts

    def _part(self, settings: Settings) -> Part[DepthSweep]:
        def observe(instruments: Instruments, progress: Progress) -> Iterator[DepthSweep]:
            return each_depth(
                instruments.telescope,
                settings,
                self.depths,
                should_stop=progress.should_stop,
                progress=progress.tell,
            )

        what = f"{len(self.depths)} depths{' with residual' if settings.residual else ''}"
        return Part(what, [settings.replace(depth=depth) for depth in self.depths], observe)

    def chart(self, found: Sequence[DepthSweep], previous: Axis | None) -> Drawable:
        return depth_chart(found, previous, self.depths)

    def name_of(self, found: DepthSweep) -> str:
        return curve_label(found)

    def rows(self, found: DepthSweep) -> Iterable[tuple[int, float]]:
        return zip(found.depths, found.log10_gradient.tolist(), strict=True)

    def table(self, found: DepthSweep) -> str:
        lines = [f"{'depth':>7} {f'gradient at {self.settings.stage} 1':>20}"]
        lines += [f"{depth:>7} {scientific(gradient):>20}" for depth, gradient in self.rows(found)]
        return "\n".join(lines)


class MapSurvey(Survey[ScaleDepthMap]):
    """Layer 1's gradient over scale and depth."""

    columns = ("depth", "scale", "log10_gradient_layer_1")

    @staticmethod
    def usual_depths(settings: Settings) -> Sequence[int]:
        return mapped_depths(settings)

    @cached_property
    def _critical_scale(self) -> float | None:
        return critical_scale(self.settings)

    def parts(self) -> list[Part[ScaleDepthMap]]:
        scales = mapped_scales(self.settings)
        networks = [self.settings.replace(depth=depth) for depth in self.depths] * len(scales)
        return [Part(f"{len(scales)} scales at {len(self.depths)} depths", networks, partial(self._observe, scales))]

    def _observe(
        self, scales: Sequence[float], instruments: Instruments, progress: Progress
    ) -> Iterator[ScaleDepthMap]:
        return map_scales_and_depths(
            instruments.telescope,
            self.settings,
            scales,
            self.depths,
            memory=instruments.memory,
            by_row=True,
            should_stop=progress.should_stop,
            progress=progress.tell,
        )

    def chart(self, found: Sequence[ScaleDepthMap], previous: Axis | None) -> Drawable:
        return MapChart(found[-1], self._critical_scale)

    def rows(self, found: ScaleDepthMap) -> Iterable[tuple[int, float, float]]:
        return (
            (depth, scale, gradient)
            for depth, row in zip(found.depths, found.log10_gradient.tolist(), strict=True)
            for scale, gradient in zip(found.scales, row, strict=True)
            if not np.isnan(gradient)
        )


class TrainabilitySurvey(Survey[TrainabilityMap]):
    """The accuracy that is reached in a fixed number of steps, over scale and depth."""

    columns = ("depth", "scale", "accuracy")

    @staticmethod
    def usual_depths(settings: Settings) -> Sequence[int]:
        return mapped_depths(settings)

    def parts(self) -> list[Part[TrainabilityMap]]:
        scales = mapped_scales(self.settings)
        networks = [self.settings.replace(depth=depth) for depth in self.depths] * len(scales)

        def observe(instruments: Instruments, progress: Progress) -> Iterator[TrainabilityMap]:
            memory = instruments.trained
            return trainability(
                instruments.telescope, self.settings, scales, self.depths, memory=memory, progress=progress
            )

        what = f"{len(scales)} scales at {len(self.depths)} depths that learn for {STEPS} steps"
        return [Part(what, networks, observe)]

    @cached_property
    def _theory(self) -> tuple[float | None, tuple[float, ...]]:
        """The critical scale, and the depth scale at each scale of the map; nothing where there is no theory."""
        is_unbounded = self.settings.residual and self.settings.skip_scale == 1 and self.settings.norm_kind is None
        scales = () if is_unbounded else mapped_scales(self.settings)
        factors = [quick_factor(self.settings.replace(scale=scale)) for scale in scales]
        depth_scales = tuple(depth_scale(factor) for factor in factors if factor is not None)
        return critical_scale(self.settings), depth_scales

    def chart(self, found: Sequence[TrainabilityMap], previous: Axis | None) -> Drawable:
        return TrainabilityChart(found[-1], *self._theory)

    def rows(self, found: TrainabilityMap) -> Iterable[tuple[int, float, float]]:
        return (
            (depth, scale, accuracy)
            for depth, row in zip(found.depths, found.accuracy.tolist(), strict=True)
            for scale, accuracy in zip(found.scales, row, strict=True)
        )


class SpectrumSurvey(Survey[Spectrum]):
    """The singular values of the Jacobian from end to end, of one sample after another."""

    columns = ("direction", "log10_low", "log10_median", "log10_high")

    @staticmethod
    def usual_depths(settings: Settings) -> Sequence[int]:
        return (settings.depth,)

    def parts(self) -> list[Part[Spectrum]]:
        self.settings.check_spectrum()
        count = self.settings.networks * samples_of_each_network(self.settings)
        return [Part(f"the spectra of {count} Jacobians", [self.settings], self._observe)]

    def findings(self, instruments: Instruments, progress: Progress, previous: Axis | None) -> Iterator[Finding]:
        """Where there is no spectrum, a chart that says why, and no numbers."""
        if why_not := self.settings.why_no_spectrum:
            yield Finding(empty_spectrum_chart(self.settings.width, f"No spectrum here: {why_not}."), dict)
        else:
            yield from super().findings(instruments, progress, previous)

    def _observe(self, instruments: Instruments, progress: Progress) -> Iterator[Spectrum]:
        telescope = instruments.telescope
        return telescope.spectrum(self.settings, should_stop=progress.should_stop, progress=progress.tell)

    def chart(self, found: Sequence[Spectrum], previous: Axis | None) -> Drawable:
        return spectrum_chart(found[-1], previous)

    def rows(self, found: Spectrum) -> Iterable[tuple[int, float, float, float]]:
        numbers = range(1, self.settings.width + 1)
        return zip(numbers, *found.log10_quantiles.tolist(), strict=True)

    def table(self, found: Spectrum) -> str:
        rows = list(self.rows(found))
        shown = np.unique(np.linspace(0, len(rows) - 1, DIRECTIONS_TOLD).round().astype(int)).tolist()
        lines = [found.text, "", f"{len(shown)} of {len(rows)} directions:"]
        lines += [f"{'direction':>9} {'median':>12} {'10%':>12} {'90%':>12}"]
        for number, low, median, high in (rows[row] for row in shown):
            lines.append(f"{number:>9} " + " ".join(f"{scientific(each):>12}" for each in (median, low, high)))
        return "\n".join(lines)
