"""From a key to other settings, and back; and what the next key may ask for, before anybody asks."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from typing import TYPE_CHECKING, Any

from textual.app import App

from tui_telescope.charts.effect import neighbour, why_without_effect
from tui_telescope.presets import PRESETS, neighbouring
from tui_telescope.settings import REGISTRY, Settings, SettingsError
from tui_telescope.tui.changing.editing import Editing
from tui_telescope.tui.notices import NEEDS_SETTINGS, why_nothing_changes
from tui_telescope.tui.showing import ShowingApp
from tui_telescope.tui.sources.source import Source
from tui_telescope.tui.work.prefetch import Habits, Prefetcher, Step

if TYPE_CHECKING:
    from tui_telescope.tui.widgets.value_editor import ValueTyped


class ExploringApp(ShowingApp):
    """An action for every key that changes a setting; where the source has none, they say so."""

    def __init__(
        self, source: Source[Any], subject: Hashable, *, view: str = "gradient", ascii_only: bool = False
    ) -> None:
        super().__init__(source, subject, view=view, ascii_only=ascii_only)
        self._habits = Habits()
        self._prefetcher = Prefetcher(self._habits, self._look_at, self.call_after)
        self._editing = Editing(self.status_line)

    # From a key to settings

    def action_step(self, name: str, direction: int, coarse: bool = False) -> None:
        if not (self.settings and why_without_effect(name, self.settings, self.view)):
            self.selected = name
        step = Step(name, direction, coarse)
        self._habits.note(step)
        self._change(name, step.from_)

    def action_step_selected(self, direction: int, coarse: bool = False) -> None:
        """On a map the arrows move its cursor: left and right the scale, up and down the depth."""
        self.action_step("scale" if self.current_view.is_map else self.selected, direction, coarse)

    def action_go_to_end(self, index: int) -> None:
        name = self.selected
        self._change(name, lambda settings: settings.replace(**{name: settings.registry[name].ends[index]}))

    def action_draw_next_network(self) -> None:
        """The next seed; where a network learns, the same key has it go on or rest."""
        if self.current_view.learning:
            self.learning.toggle_play()
            return
        self._habits.note(Step("seed", 1))
        seeds = REGISTRY["seed"].ends[1] + 1
        self._change("seed", lambda settings: settings.replace(seed=(settings.seed + 1) % seeds))

    def action_select(self, direction: int) -> None:
        if self.current_view.is_map:
            self.action_step("depth", -direction)
        elif settings := self.settings:
            self.action_select_setting(neighbour(settings, self.view, self.selected, direction))

    def action_select_setting(self, name: str) -> None:
        settings = self.settings
        if settings and why_without_effect(name, settings, self.view):
            self.say(why_nothing_changes(name, settings, settings, self.view))
            return
        self.selected = name
        self.show_subject()
        self.say("")

    def action_show_preset(self, name: str) -> None:
        preset = PRESETS[name]
        if self.try_settings(lambda _: preset.settings) and preset.view not in (None, self.view):
            self.action_show_view(preset.view)

    def action_step_preset(self, direction: int) -> None:
        self.action_show_preset(neighbouring(self.preset, direction).name)

    def _change(self, name: str, changed: Callable[[Settings], Settings]) -> None:
        """Take another value of one setting; where it makes no difference, say why."""
        before = self.settings
        has_effect = not (before and why_without_effect(name, before, self.view))
        if has_effect and not self.try_settings(changed, is_step=True):
            return
        if before and (after := self.settings) and (reason := why_nothing_changes(name, before, after, self.view)):
            self.say(reason)

    # Typing a value

    async def action_edit_value(self) -> None:
        if settings := self.settings:
            await self._editing.begin(self.selected, settings)
        else:
            self.refuse(NEEDS_SETTINGS)

    async def on_value_typed(self, message: ValueTyped) -> None:
        if not (before := self.settings):
            return
        try:
            value = before.registry[message.name].parse(message.text)
            settings = before.replace(**{message.name: value})
        except SettingsError as refusal:
            self._editing.refuse(str(refusal))
            return
        await self._editing.end()
        self._change(message.name, lambda _: settings)

    async def on_edit_cancelled(self) -> None:
        await self._editing.end()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While a value is typed, or the telescope covered, nothing is explored; Textual's own actions, quitting
        among them, stay."""
        is_textuals_own = hasattr(App, f"action_{action}")
        return is_textuals_own or (not self._editing.is_on and len(self.screen_stack) == 1)

    # What is likely next, before anybody asks

    def look_ahead(self) -> None:
        if (settings := self.settings) and not self.learning.is_playing:
            self._prefetcher.look_ahead(settings)

    def _look_at(self, settings: Settings) -> Iterator[None]:
        """Observe settings that the next key may ask for, then draw their chart."""
        subject = self.source.with_settings(self.subject, settings)
        prefetched = self.observer.prefetch(subject, self.comparing.companion_of(subject))
        yield
        if prefetched and (chart := self.chart_of(prefetched, self.axis.drawn)):
            self.chart_view.prepare(chart)
            yield
