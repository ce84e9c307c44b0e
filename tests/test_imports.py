"""What an import costs: a fresh interpreter tells."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tui_telescope import Settings
from tui_telescope.engine.passes.choose import passes_of


def loaded_after(statement: str, *suspects: str) -> list[str]:
    """Which of the suspects a fresh interpreter holds once it has run the statement."""
    code = f"import sys\n{statement}\nprint(*[each for each in {suspects!r} if each in sys.modules])"
    run = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    return run.stdout.split()


@pytest.mark.parametrize(
    "statement",
    [
        "import tui_telescope",
        "import tui_telescope.settings",
        "import tui_telescope.notation",
        "from tui_telescope import Recorder; Recorder('x', layers=['a'])",
        "from tui_telescope import Settings, SettingsError, __version__; Settings(depth=3).stepped('depth', 1)",
    ],
)
def test_settings_load_no_numpy_no_textual_and_no_plotext(statement):
    assert loaded_after(statement, "numpy", "textual", "plotext", "rich", "torch") == []


@pytest.mark.parametrize(
    "statement",
    [
        "import tui_telescope.engine.telescope",
        "from tui_telescope import Settings, observe; observe(Settings(depth=3))",
        "from tui_telescope import Telescope, Settings; t = Telescope(); s = Settings(); t.advise(s, t.observe(s))",
    ],
)
def test_the_engine_loads_numpy_and_neither_textual_nor_plotext(statement):
    assert loaded_after(statement, "numpy", "textual", "plotext", "rich") == ["numpy"]


ABOVE = ("printing", "presets", "cli", "__main__", "tui", "lessons", "charts")


@pytest.mark.parametrize(
    ("statement", "outside"),
    [
        ("import tui_telescope.observations.description", ("settings", "engine", *ABOVE)),
        ("import tui_telescope.runs.reading.opening", ("engine", "runs.recording", *ABOVE)),
        ("from tui_telescope import Recorder; Recorder('x', layers=['a'])", ("engine", "observations", *ABOVE)),
        ("import tui_telescope.engine.telescope", ABOVE),
        (
            "import tui_telescope.charts.layers.layer_charts, tui_telescope.charts.surveys.surveys",
            ("tui",),
        ),
        ("import tui_telescope.lessons.tour", ("tui", "cli", "printing")),
        ("import tui_telescope.tui.app, tui_telescope.tui.sources.telescope_source", ("cli", "engine", "printing")),
        ("import tui_telescope.printing.readings", ("tui", "cli")),
    ],
)
def test_imports_point_one_way(statement, outside):
    assert loaded_after(statement, *(f"tui_telescope.{each}" for each in outside)) == []


def test_an_observation_loads_no_pass_that_it_does_not_take():
    statement = "from tui_telescope import Settings, observe; observe(Settings())"
    taken, *others = (f"tui_telescope.engine.{each.module}" for each in passes_of(Settings()))
    assert loaded_after(statement, taken, *others) == [taken]


UNTIL_IT_IS_PAINTED = """
import asyncio
from threading import Event
from tui_telescope.settings import Settings
from tui_telescope.tui.app import TelescopeApp
from tui_telescope.tui.sources.telescope_source import TelescopeSource

async def paint():
    async with TelescopeApp(TelescopeSource(load=Event().wait), Settings()).run_test():
        pass

asyncio.run(paint())
"""


def test_the_screen_is_painted_before_anything_heavy_is_loaded():
    assert loaded_after(UNTIL_IT_IS_PAINTED, "numpy", "plotext", "tui_telescope.engine") == []


def test_a_source_knows_no_terminal_no_engine_and_no_settings():
    strangers = ("numpy", "textual", "tui_telescope.settings", "tui_telescope.engine")
    assert loaded_after("import tui_telescope.tui.sources.source", *strangers) == []


def test_a_name_that_the_package_lacks_is_an_attribute_error():
    import tui_telescope

    with pytest.raises(AttributeError, match="no attribute 'Microscope'"):
        _ = tui_telescope.Microscope


def test_the_package_offers_what_the_design_lists():
    import tui_telescope

    for name in tui_telescope.__all__:
        assert getattr(tui_telescope, name)
