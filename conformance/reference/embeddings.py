"""Dense layers of other forms, and lookups in tables. Gradients in closed form."""

import numpy as np

from conformance.reference import layers

Array = np.ndarray


def dense_without_bias(x: Array, kernel: Array) -> Array:
    """x kernel on the last axis; kernel (in, out)."""
    return np.matmul(x, kernel)


def dense_without_bias_vjp(c: Array, x: Array, kernel: Array) -> tuple[Array, Array]:
    return layers.dense_vjp(c, x, kernel, kernel[0])[:2]


def activated_dense(x: Array, kernel: Array, bias: Array, *, activation: str) -> Array:
    """An activation of x kernel + bias."""
    return _activated(layers.dense(x, kernel, bias), activation)


def activated_dense_vjp(
    c: Array, x: Array, kernel: Array, bias: Array, *, activation: str
) -> tuple[Array, Array, Array]:
    z = layers.dense(x, kernel, bias)
    y = _activated(z, activation)
    if activation == "softmax":
        g = y * (c - np.sum(c * y, axis=-1, keepdims=True))
    else:
        g = c * {"relu": np.where(z > 0, 1 + 0 * z, 0 * z), "tanh": 1 - y * y, "linear": 1 + 0 * z}[activation]
    return layers.dense_vjp(g, x, kernel, bias)


def activated_dense_vjp_terms(
    c: Array, x: Array, kernel: Array, bias: Array, *, activation: str
) -> tuple[Array, Array, Array]:
    """The numbers that 1 - y^2, of tanh, and c - sum(c y), of softmax, are the differences of."""
    y = _activated(layers.dense(x, kernel, bias), activation)
    of_softmax = y * np.maximum(np.abs(c), np.abs(np.sum(c * y, axis=-1, keepdims=True)))
    g = {"softmax": of_softmax, "tanh": np.abs(c) * y * y}.get(activation, 0 * y)
    return layers.dense_vjp(g, np.abs(x), np.abs(kernel), bias)


def _activated(z: Array, activation: str) -> Array:
    if activation == "softmax":
        powers = np.exp(z - np.max(z, axis=-1, keepdims=True))
        return powers / np.sum(powers, axis=-1, keepdims=True)
    return {"relu": np.maximum(z, 0), "tanh": np.tanh(z), "linear": z}[activation]


def bilinear(a: Array, b: Array, kernel: Array, bias: Array) -> Array:
    """a_i kernel_oij b_j + bias_o on the last axes."""
    if a.shape[:-1] != b.shape[:-1]:
        raise ValueError("both inputs need the same rows")
    return np.einsum("...i,oij,...j->...o", a, kernel, b) + bias


def bilinear_vjp(c: Array, a: Array, b: Array, kernel: Array, bias: Array) -> tuple[Array, Array, Array, Array]:
    return (
        np.einsum("...o,oij,...j->...i", c, kernel, b),
        np.einsum("...o,oij,...i->...j", c, kernel, a),
        np.einsum("no,ni,nj->oij", c.reshape(-1, c.shape[-1]), a.reshape(-1, a.shape[-1]), b.reshape(-1, b.shape[-1])),
        np.sum(c.reshape(-1, c.shape[-1]), axis=0),
    )


def einsum_dense(x: Array, kernel: Array, bias: Array, *, equation: str, bias_axes: str) -> Array:
    """The sum of products that the equation says, plus a bias along the last axes of the result."""
    return np.einsum(equation, x, kernel) + bias


def einsum_dense_vjp(
    c: Array, x: Array, kernel: Array, bias: Array, *, equation: str, bias_axes: str
) -> tuple[Array, Array, Array]:
    """Every index of an operand is one of the other or of the result, so that the gradient is such a sum again."""
    operands, result = equation.split("->")
    of_x, of_kernel = operands.split(",")
    of_bias = f"{result}->{bias_axes}"
    if "..." in equation:
        c_flat, x_flat = c.reshape(-1, c.shape[-1]), x.reshape(-1, x.shape[-1])
        return (
            np.einsum(f"{result},{of_kernel}->{of_x}", c, kernel),
            np.einsum(f"{result},{of_x}->{of_kernel}".replace("...", "n"), c_flat, x_flat),
            np.sum(c_flat, axis=0),
        )
    return (
        np.einsum(f"{result},{of_kernel}->{of_x}", c, kernel),
        np.einsum(f"{result},{of_x}->{of_kernel}", c, x),
        np.einsum(of_bias, c),
    )


def embedding_mask(ids: Array) -> Array:
    """0 is padding."""
    return ids != 0


def tied_embedding(ids: Array, table: Array) -> Array:
    """Rows by ``ids``, and their products with every row: one table for the first layer and the last."""
    return np.matmul(layers.embedding(ids, table), table.T)


def tied_embedding_vjp(c: Array, ids: Array, table: Array) -> Array:
    flat = c.reshape(-1, len(table))
    used = np.matmul(flat.T, table[ids.reshape(-1)])
    return used + layers.embedding_vjp(np.matmul(c, table), ids, table)


def clipped_embedding(ids: Array, table: Array, *, max_norm: float) -> Array:
    """Rows by ``ids``, those that are longer than ``max_norm`` shortened to it."""
    rows = layers.embedding(ids, table)
    return rows * np.minimum(1, max_norm / _lengths(rows))


def clipped_embedding_vjp(c: Array, ids: Array, table: Array, *, max_norm: float) -> Array:
    rows = table[ids]
    n = _lengths(rows)
    along = c - rows * np.sum(rows * c, axis=-1, keepdims=True) / n**2
    return layers.embedding_vjp(np.where(n > max_norm, max_norm / n * along, c), ids, table)


def _lengths(rows: Array) -> Array:
    """Euclidean; 1 for a row of zeros."""
    squares = np.sum(rows * rows, axis=-1, keepdims=True)
    return np.sqrt(np.where(squares == 0, 1, squares))


def embedding_bag(ids: Array, offsets: Array, table: Array, *, mode: str) -> Array:
    """The sum, mean or maximum of the rows of each bag; bag k is ids[offsets[k] : offsets[k + 1]], and an empty one is
    zero."""
    rows = layers.embedding(ids, table)
    bags = np.split(rows, offsets[1:])
    return np.stack([_reduced(b, mode) if len(b) else np.zeros_like(table[0]) for b in bags])


def _reduced(bag: Array, mode: str) -> Array:
    return np.max(bag, axis=0) if mode == "max" else _sum(bag) / (len(bag) if mode == "mean" else 1)


def embedding_bag_vjp(c: Array, ids: Array, offsets: Array, table: Array, *, mode: str) -> Array:
    gradient = np.zeros_like(table)
    for g, bag in zip(c, np.split(ids, offsets[1:]), strict=True):
        if not len(bag):
            continue
        if mode == "max":
            np.add.at(gradient, (bag[np.argmax(table[bag], axis=0)], np.arange(len(g))), g)
        else:
            np.add.at(gradient, bag, g / (len(bag) if mode == "mean" else 1))
    return gradient


def weighted_bag(ids: Array, offsets: Array, weights: Array, table: Array, *, mode: str) -> Array:
    """The sum of weight times row of each bag; of mean, over the sum of its weights; of sqrtn, over their length."""
    if weights.shape != ids.shape:
        raise ValueError("each id needs a weight")
    terms = weights[:, None] * layers.embedding(ids, table)
    bags = zip(np.split(terms, offsets[1:]), np.split(weights, offsets[1:]), strict=True)
    return np.stack([_sum(t) / _total(w, mode) for t, w in bags])


def weighted_bag_vjp(
    c: Array, ids: Array, offsets: Array, weights: Array, table: Array, *, mode: str
) -> tuple[Array, Array]:
    """Of a weight: (row - result times the derivative of the total) / total."""
    y = weighted_bag(ids, offsets, weights, table, mode=mode)
    bag, totals = _totals(ids, offsets, weights, mode)
    gradient, rows = np.zeros_like(table), table[ids]
    np.add.at(gradient, ids, c[bag] * (weights / totals)[:, None])
    slopes = {"sum": 0 * weights, "mean": 1 + 0 * weights, "sqrtn": weights / totals}[mode]
    return np.sum(c[bag] * (rows - y[bag] * slopes[:, None]), axis=1) / totals, gradient


def weighted_bag_vjp_terms(
    c: Array, ids: Array, offsets: Array, weights: Array, table: Array, *, mode: str
) -> tuple[Array, Array]:
    """Of a mean, the row minus the mean of its bag: nothing where there is no other."""
    bag, totals = _totals(ids, offsets, weights, mode)
    return np.sum(np.abs(c[bag] * table[ids]), axis=1) / totals, np.zeros_like(table)


def _total(weights: Array, mode: str) -> Array:
    return {"sum": np.ones(()), "mean": np.sum(weights), "sqrtn": np.sqrt(np.sum(weights * weights))}[mode]


def _totals(ids: Array, offsets: Array, weights: Array, mode: str) -> tuple[Array, Array]:
    """The bag of each id, and its total."""
    bag = np.searchsorted(offsets, np.arange(len(ids)), side="right") - 1
    return bag, np.stack([_total(w, mode) for w in np.split(weights, offsets[1:])]).astype(weights.dtype)[bag]


def _sum(rows: Array) -> Array:
    return np.sum(rows, axis=0)
