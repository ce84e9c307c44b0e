"""`python -m tui_telescope`."""

import sys

from tui_telescope.cli import main

sys.exit(main())
