"""Deprecations that a framework announces while it is asked, through Python's warnings or TensorFlow's log."""

import contextlib
import logging
import re
import warnings
from collections.abc import Generator
from pathlib import Path
from typing import Any

LONGEST = 300
"""Characters that are kept of an announcement."""
OURS = (str(Path(__file__).parent / "reference"), str(Path(__file__).parent / "noise.py"))
"""What references do is no framework's."""

_said: list[str] | None = None
"""What was said, while somebody listens."""


@contextlib.contextmanager
def heard() -> Generator[list[str]]:
    """Collects what is announced meanwhile. Other warnings go where they went."""
    global _said
    before, shown = _said, warnings.showwarning
    _said = said = []

    def show(message: Warning | str, category: type[Warning], filename: str, *where: Any, **more: Any) -> None:
        if not _announces(message, category):
            shown(message, category, filename, *where, **more)
        elif not filename.startswith(OURS):
            said.append(_short(str(message)))

    warnings.showwarning = show
    try:
        yield said
    finally:
        _said, warnings.showwarning = before, shown


def _announces(message: Warning | str, category: type[Warning]) -> bool:
    kinds = (DeprecationWarning, PendingDeprecationWarning, FutureWarning)
    return issubclass(category, kinds) or "deprecated" in str(message).lower()


def listen(record: logging.LogRecord) -> bool:
    """A filter for TensorFlow's log: keeps deprecations for those who listen, and lets only errors pass."""
    if _said is not None and "deprecated" in (text := record.getMessage()):
        _said.append(_short(re.sub(r"^From [^ ]+ ", "", text)))  # the caller's file and line
    return record.levelno >= logging.ERROR


def _short(text: str) -> str:
    return re.sub(r"0x[0-9a-f]+", "0x", " ".join(text.split()))[:LONGEST]
