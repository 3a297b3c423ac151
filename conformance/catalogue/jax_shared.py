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


def jax_steps(jax: Any, transformation: Any, *arrays: Any) -> dict[str, Any]:
    """Both parameters after each step of a transformation of Optax's that is given these gradients, in one scan."""
    vector, matrix, *gradients = arrays

    def step(carried: Any, gradients: Any) -> Any:
        parameters, state = carried
        updates, state = transformation.update(gradients, state, parameters)
        parameters = optax().apply_updates(parameters, updates)
        return (parameters, state), parameters

    parameters = vector, matrix
    start = parameters, transformation.init(parameters)
    vectors, matrices = jax.lax.scan(step, start, tuple(gradients))[1]
    return {"vector": vectors, "matrix": matrices}


def with_decay(transformation: Any, maximize: bool = False, weight_decay: float = 0.0, decoupled: float = 0.0) -> Any:
    """A transformation that is given the gradients of the other sign, or with those of the weights' decay; beside its
    updates the weights decay by ``decoupled`` of themselves."""
    before = optax().scale(-1.0 if maximize else 1.0), optax().add_decayed_weights(weight_decay)
    return optax().chain(*before, transformation, optax().add_decayed_weights(-decoupled))


def jax_at(jax: Any, f: Any, *xs: Any) -> Any:
    """The gradients of the sum of f(x); one of them, or a tuple."""
    g = jax.grad(lambda *xs: f(*xs).sum(), argnums=tuple(range(len(xs))))(*xs)
    return g if len(g) > 1 else g[0]
