"""Before anything imports numpy: one BLAS thread, as the program itself sets it."""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from hypothesis import settings

# the same examples on every run: a check that fails must fail again
settings.register_profile("reproducible", derandomize=True)
settings.load_profile("reproducible")
