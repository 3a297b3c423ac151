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


def keeping_gradients(tf, optimizer, dense=False):
    """A subclass of a Keras optimizer that keeps the gradients that it is given, as ``given``; those of rows are made
    dense before the optimizer sees them, if ``dense``."""

    class KeepingGradients(optimizer):
        def build(self, variables):
            self.given = [tf.Variable(tf.zeros(v.shape, v.dtype)) for v in variables]
            super().build(variables)

        def apply(self, gradients, variables=None):
            kept = [tf.convert_to_tensor(g) for g in gradients]
            for place, gradient in zip(self.given, kept, strict=True):
                place.assign(gradient)
            super().apply(kept if dense else gradients, variables)

    return KeepingGradients


def keeping_loss(tf, loss, dtype):
    """A subclass of a Keras loss that keeps that of the last batch, as ``last``; what fit reports is the mean so
    far."""

    class KeepingLoss(loss):
        last = tf.Variable(tf.zeros((), dtype))

        def __call__(self, *arguments, **options):
            loss = super().__call__(*arguments, **options)
            self.last.assign(loss)
            return loss

    return KeepingLoss


def keras_recorder(tf, names, every, criterion, rows, losses):
    """A callback that appends to ``losses`` after each batch, and to ``rows`` after every ``every``-th."""

    class Recorder(tf.keras.callbacks.Callback):
        def on_train_batch_end(self, step, logs=None):
            if len(losses) % every == 0:
                weights = dict(zip(names, map(tf.identity, self.model.trainable_variables), strict=True))
                gradients = dict(zip(names, map(tf.identity, self.model.optimizer.given), strict=True))
                rows.append(recorded(criterion.last.value(), weights, gradients))
            losses.append(criterion.last.value())

    return Recorder()


def picture(figure, title, x_label, y_label, series):
    """One picture of the report; lines with the same ``figure`` are drawn together. A series is a dict of ``name``,
    ``x``, ``y`` and ``style`` ("line" or "points")."""
    return {"figure": figure, "title": title, "x_label": x_label, "y_label": y_label, "series": series}


def curve(figure, title, x_label, y_label, label, y):
    """One line over 1, 2, ..."""
    series = [{"name": label, "x": np.arange(1, len(y) + 1), "y": y, "style": "line"}]
    return picture(figure, title, x_label, y_label, series)


def learning_curves(title, loss="loss"):
    """For `Case.figure`: of the outputs that there are, the loss per step; loss and accuracy per epoch (``test_loss``,
    ``_accuracy``, ``_test_accuracy``) if there is more than one. ``loss`` names the y axis."""

    def figures(label, outputs, inputs, options):
        def per_epoch(kind, y):
            return {"name": f"{label}, {kind}", "x": np.arange(1, len(y) + 1), "y": y, "style": "line"}

        curves = []
        kinds = {"_accuracy": "training", "_test_accuracy": "test"}
        lines = [per_epoch(kind, outputs[key]) for key, kind in kinds.items() if len(outputs.get(key, ())) > 1]
        if lines:
            curves.append(picture(f"{title}: accuracy", f"{title}: accuracy per epoch", "epoch", "accuracy", lines))
        if len(outputs.get("test_loss", ())) > 1:
            epochs = np.array_split(outputs["loss"], len(outputs["test_loss"])) if "loss" in outputs else []
            lines = [per_epoch("training", [np.mean(part) for part in epochs])] if epochs else []
            lines.append(per_epoch("test", outputs["test_loss"]))
            curves.append(picture(f"{title}: epochs", f"{title}: loss per epoch", "epoch", loss, lines))
        if "loss" in outputs:
            curves.append(curve(f"{title}: steps", f"{title}: loss per step", "step", loss, label, outputs["loss"]))
        return curves

    return figures


def confusion(labels, answers, classes):
    """How often each label (row) was answered by each class (column). Returned as ``_confusion``, a picture follows."""
    import numpy as np  # of the function: it is printed in programs

    counts = np.zeros((classes, classes), np.int64)
    np.add.at(counts, (np.asarray(labels), np.asarray(answers)), 1)
    return counts
