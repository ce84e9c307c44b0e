"""plotext without its manual and its tests: most of what importing it takes, and nobody asks for them here."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

KNOWN_VERSION = "6.1.0"
"""The one of which it is known that nothing else needs these modules; any other is imported whole."""
_LEFT_OUT = {"plotext._doc.doc": "docs", "plotext._tests.run": "test"}
"""Modules, and the one name of each that plotext imports."""


@contextmanager
def lean() -> Iterator[None]:
    """Import plotext within, and empty modules stand in the place of those meanwhile."""
    if "plotext" in sys.modules or not _is_known_version():
        yield
        return
    for module, name in _LEFT_OUT.items():
        sys.modules[module] = ModuleType(module)
        setattr(sys.modules[module], name, None)
    try:
        yield
    finally:
        for module in _LEFT_OUT:
            del sys.modules[module]


def _is_known_version() -> bool:
    """By the folder that pip keeps beside the package: `importlib.metadata` would take longer than plotext itself."""
    found = find_spec("plotext")
    if found is None or found.origin is None:
        return False
    site_packages = Path(found.origin).parent.parent
    return (site_packages / f"plotext-{KNOWN_VERSION}.dist-info").is_dir()
