"""What a run's numbers depend on besides the frameworks: machine, versions, settings, revision."""

import hashlib
import importlib.metadata
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

PACKAGES = (
    "torch", "tensorflow", "tensorflow-cpu", "keras", "jax", "jaxlib", "optax", "numpy", "scipy", "ml-dtypes",
    "python-flint", "scikit-learn", "pytest", "pytest-xdist",
)  # fmt: skip
VARIABLES = (
    "OMP_",
    "MKL_",
    "OPENBLAS_",
    "TF_",
    "XLA_",
    "CUDA_",
    "ATEN_",
    "KERAS_",
    "ONEDNN_",
    "DNNL_",
    "TORCH_",
    "NVIDIA_",
    "JAX_",
)
ROOT = Path(__file__).parents[1]
SUITE = "CONFORM_SUITE"
"""What the suite is, where there is a copy of it without its history."""


def fingerprint() -> dict[str, Any]:
    """Facts as plain JSON values."""
    return {
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "packages": {name: v for name in PACKAGES if (v := _version(name))},
        "cpu": _cpu(),
        "numpy_blas": _blas(),
        "environment": {k: v for k, v in sorted(os.environ.items()) if k.startswith(VARIABLES)},
        "gpu": _gpu(),
        "sources": sources(),
    }


def sources() -> str:
    """A digest of everything that decides what is checked and by which numbers: the same in two runs of one suite,
    whatever else was changed in between."""
    digest = hashlib.sha256()
    for path in sorted((ROOT / "conformance").rglob("*")):
        if path.suffix in (".py", ".toml"):
            digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def suite() -> str:
    """This project's version and git revision (``+`` where files were changed)."""
    if os.environ.get(SUITE):
        return os.environ[SUITE]
    version = _version("tf-torch-conformance") or "uninstalled"
    revision = _output(["git", "-C", str(ROOT), "rev-parse", "--short=12", "HEAD"])
    changed = "+" if revision and _output(["git", "-C", str(ROOT), "status", "--porcelain", "-uno"]) else ""
    return f"{version} {revision}{changed}".strip()


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _cpu() -> dict[str, Any]:
    facts: dict[str, Any] = {"model": platform.processor() or platform.machine(), "cores": os.cpu_count()}
    if hasattr(os, "sched_getaffinity"):
        facts["usable"] = len(os.sched_getaffinity(0))
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return facts
    fields = dict(line.split("\t", 1) for line in text.split("\n\n")[0].splitlines() if "\t" in line)
    facts["model"] = fields.get("model name", facts["model"]).strip("\t: ")
    flags = fields.get("flags", "").strip("\t: ").split()
    facts["flags"] = " ".join(sorted(f for f in flags if f.startswith(("avx", "fma", "amx", "sse4", "f16c", "bmi"))))
    return facts


def _blas() -> str:
    try:
        blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
        return f"{blas.get('name')} {blas.get('version')}"
    except (KeyError, TypeError):
        return "unknown"


def _gpu() -> str:
    if shutil.which("nvidia-smi") is None:
        return "none"
    return _output(["nvidia-smi", "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"]) or "none"


def _output(command: list[str]) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""
