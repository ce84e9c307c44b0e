"""The style sheets, wherever the package lies: in a folder, or in a zip file, where Textual finds none by its path."""

from __future__ import annotations

from pkgutil import get_data


def style_sheet(name: str) -> str:
    """The text of `<name>.tcss` beside this module."""
    text = get_data(__package__, f"{name}.tcss")
    assert text is not None, "every loader of Python's own can read a file"
    return text.decode()
