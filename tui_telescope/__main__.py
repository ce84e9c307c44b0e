"""The command, and `python -m tui_telescope`."""

import sys

INTERRUPTED = 130


def start() -> int:
    """Run the program; returns its exit status. Ctrl+C ends it silently even while it is being imported."""
    try:
        from tui_telescope.cli import main

        return main()
    except KeyboardInterrupt:
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(start())
