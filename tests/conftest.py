"""Before anything imports numpy: one BLAS thread, as the program itself sets it."""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
