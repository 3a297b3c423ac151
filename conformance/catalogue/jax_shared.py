"""What routes of JAX share."""

from typing import Any


def optax() -> Any:
    """Optax, which is imported where a route asks for it."""
    import optax

    return optax
