"""What the entries of metrics share. PyTorch has no metrics: its routes are what users write with its operations."""

import numpy as np

from conformance.case import Array

KERAS = "https://keras.io/api/metrics"
SKLEARN = "https://scikit-learn.org/stable/modules/generated/sklearn.metrics."
WIDE = ("float64", "float32")
"""Metrics count and add up thousands of rows, which 16 bits cannot."""

UPDATED_ALIKE = ("eager",)
"""Modes of a metric whose state is that of another, which is updated in graphs too: tracing takes seconds."""


def batched(arrays, batches):
    """The rows of each array in batches of these sizes, of which the last takes what is left: sizes that do not fit
    are for the metric to refuse."""
    starts = [sum(batches[:i]) for i in range(len(batches))]
    return [tuple(a[i:j] for a in arrays) for i, j in zip(starts, [*starts[1:], None], strict=True)]


def streamed(tf, metric, batches):
    """A function to the result of a Keras metric that has seen other numbers, is reset, and is given unequal batches.
    It stands for a layer: the metric is made outside of graphs, and has been called once when it is traced."""

    def result(*arrays):
        metric.update_state(*(a[:1] for a in arrays))  # which is to be forgotten
        metric.reset_state()
        for batch in batched(arrays, batches):
            metric.update_state(*batch)
        return metric.result()

    return result


def stateless(tf, metric, batches):
    """The same without state of its own: variables in, variables out."""

    def result(*arrays):
        state = metric.stateless_reset_state()
        for batch in batched(arrays, batches):
            state = metric.stateless_update_state(state, *batch)
        return metric.stateless_result(state)

    return result


def apart(rng: np.random.Generator) -> tuple[Array, ...]:
    """Eight labels of each class, and scores 1/16 apart, of which eight are above 1/2."""
    return rng.permutation(np.arange(16) % 2), rng.permutation((np.arange(16) + 0.5) / 16)


def weighted_apart(rng: np.random.Generator) -> tuple[Array, ...]:
    return *apart(rng), rng.choice([0.0, 0.5, 1.0, 2.0, 3.0], 16)


def ids(*shape: int, classes: int):
    return lambda rng: (rng.integers(0, classes, shape), rng.integers(0, classes, shape).astype(float))
