"""plotext without its documentation: building its manual is four fifths of importing it, and nobody reads it here."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

KNOWN_VERSION = "6.1.0"
"""The one whose manual is known to be a module that nothing else of it needs; any other is imported whole."""
_MANUAL = "plotext._doc.doc"


@contextmanager
def left_out() -> Iterator[None]:
    """Import plotext within, and it comes without its manual: an empty one stands in its place meanwhile."""
    if "plotext" in sys.modules or not _is_known_version():
        yield
        return
    empty = ModuleType(_MANUAL)
    empty.docs = None  # type: ignore[attr-defined]
    sys.modules[_MANUAL] = empty
    try:
        yield
    finally:
        del sys.modules[_MANUAL]


def _is_known_version() -> bool:
    """By the folder that pip keeps beside the package: `importlib.metadata` would take longer than plotext itself."""
    found = find_spec("plotext")
    if found is None or found.origin is None:
        return False
    site_packages = Path(found.origin).parent.parent
    return (site_packages / f"plotext-{KNOWN_VERSION}.dist-info").is_dir()
