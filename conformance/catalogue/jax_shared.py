"""What routes of JAX share."""

from typing import Any


def optax() -> Any:
    """Optax, which is imported where a route asks for it."""
    import optax

    return optax


def jax_average_pool(jax: Any, x: Any, size: Any, stride: Any, padding: str) -> Any:
    """Each sum over the numbers of its window that are not padding."""
    window = (1, *size, 1), (1, *stride, 1), padding.upper()
    total, number = (jax.lax.reduce_window(a, 0.0, jax.lax.add, *window) for a in (x, jax.numpy.ones_like(x)))
    return total / number
