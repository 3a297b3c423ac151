"""What the entries of training runs share: rows of numbers, and pictures.

A run is a case from (data, initial weights) to a trajectory: a dict with ``loss`` (steps,), every weight after each
step (steps, ...) and, as ``gradient_<weight>``, the gradient that the step took. A route is the whole program, as its
users write it; it returns what it saw at every step, or at every ``every``-th. What only a picture needs has a name
that begins with an underscore, and is not compared.
"""

import numpy as np

MASTER = ("float64", "float32")
"""Weights are kept in these formats, also where a model computes in a smaller one."""


def stacked(framework, rows):
    """Rows of named numbers, one per step, as named arrays with the step in front."""
    return {name: framework.stack([row[name] for row in rows]) for name in rows[0]}


def recorded(loss, weights, gradients):
    """One step's row."""
    return {"loss": loss, **weights, **{f"gradient_{name}": g for name, g in gradients.items()}}


def picture(figure, title, x_label, y_label, series):
    """One picture of the report; lines with the same ``figure`` are drawn together. A series is a dict of ``name``,
    ``x``, ``y`` and ``style`` ("line" or "points")."""
    return {"figure": figure, "title": title, "x_label": x_label, "y_label": y_label, "series": series}


def curve(figure, title, x_label, y_label, label, y):
    """One line over 1, 2, ..."""
    series = [{"name": label, "x": np.arange(1, len(y) + 1), "y": y, "style": "line"}]
    return picture(figure, title, x_label, y_label, series)
