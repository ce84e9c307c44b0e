"""Before anything imports numpy: one BLAS thread, as the program itself sets it."""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from hypothesis import settings

# the same examples on every run: a check that fails must fail again, and a busy machine is no reason to
settings.register_profile("reproducible", derandomize=True, deadline=None)
settings.load_profile("reproducible")
