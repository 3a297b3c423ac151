"""Optimizers whose gradient is sparse: at each step it has a few rows of a table, as an embedding's has."""

from collections.abc import Callable
from typing import Any

import numpy as np

from conformance.reference.optimizers import Array, Nudge, Rule, State


def sparse(rule: Rule, *, lazy: bool = False) -> Callable[..., dict[str, Array]]:
    """The trajectory of a table. Rows that occur more than once in a batch have the sum of their gradients.

    Otherwise a sparse gradient is another way to write down a dense one, whose other rows are 0. ``lazy``: rows that
    are not in the batch are left alone, with all that is remembered of them; the number of the step, which corrects
    the bias, is that of the whole table. https://docs.pytorch.org/docs/stable/generated/torch.optim.SparseAdam.html.
    """

    def run(table: Array, rows: Array, values: Array, *, nudge: Nudge, **options: Any) -> dict[str, Array]:
        state: State = {}
        of_rows: list[State] = [{} for _ in table]
        steps = []
        for t, (batch, gradients) in enumerate(zip(rows, nudge(values), strict=True), 1):
            gradient = np.zeros_like(table)
            np.add.at(gradient, batch, gradients)
            if lazy:
                table = table.copy()
                for i in np.unique(batch):
                    table[i] = rule(table[i], gradient[i], of_rows[i], t, nudge, **options)
            else:
                table = rule(table, gradient, state, t, nudge, **options)
            steps.append(table)
        return {"table": np.stack(steps)}

    return run
