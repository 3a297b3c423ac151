"""Resizing."""

from collections.abc import Callable
from typing import Any

AUTHORITIES: dict[str, Callable[..., Any]] = {}
