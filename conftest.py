"""pytest's entry: pins threads before anything numerical is imported, then loads the project's own plugins."""

import os

# One thread per process: torch and TensorFlow in one process fight over cores otherwise (a factor of 5 to 20), and
# results change bitwise with the number of threads. Pools read these once, at import; xdist's workers inherit them.
for _variable in (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
    "NPROC",  # JAX's
):
    os.environ.setdefault(_variable, "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")

pytest_plugins = [
    "fixtures.options",
    "fixtures.explore",
    "fixtures.workers",
    "fixtures.shards",
    "fixtures.conform",
    "fixtures.benchmarks",
    "reports.recording",
]
