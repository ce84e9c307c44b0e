"""The program: `tui-telescope`, or `python -m tui_telescope`.

Next to nothing is imported before Ctrl+C is seen to.
"""

import os
import signal
import sys


def start() -> int:
    """Run the program; returns its exit status. Ctrl+C ends it at once, whatever it imports or computes."""
    signal.signal(signal.SIGINT, _end)
    from tui_telescope.cli import main

    return main()


def _end(*_: object) -> None:
    """End with nothing unwound: imports that are interrupted turn that into errors of their own, and numpy goes on."""
    on_stderr = getattr(sys.modules.get("tui_telescope.printing.progress_line"), "on_stderr", None)
    if on_stderr:
        on_stderr().wipe()
    os._exit(130)


if __name__ == "__main__":
    sys.exit(start())
