"""Faults in what migrations trip over: a line of the framework's own source is written a little differently."""

from meta_tests.faults import Fault


def rewritten(name: str, test: str, says: str, target: str, *changes: tuple[str, str], dtype: str = "float32") -> Fault:
    """A method of a class, without super(). An inherited one is changed for the class that is named."""
    return Fault(
        name, test, target,
        f"""
        import inspect, sys, textwrap
        method = inspect.unwrap({target})
        source = textwrap.dedent(inspect.getsource(method))
        for old, new in {changes!r}:
            assert source.count(old) == 1, source.count(old)
            source = source.replace(old, new)
        changed = dict(vars(sys.modules[method.__module__]))
        exec(source, changed)
        {target} = changed[method.__name__]
        """,
        dtype, says,
    )  # fmt: skip


AT = "first beyond the limit at step"
FAULTS: list[Fault] = [
    rewritten(
        "two samples go to each other's batch", "interrupted_run-torch-eager-value", f"{AT} 1, kernel",
        "torch.utils.data.BatchSampler.__iter__",
        ("sampler_iter = iter(self.sampler)",
         "order = list(self.sampler); order.insert(4, order.pop(3)); sampler_iter = iter(order)"),
    ),
    rewritten(
        "the last batch is left out if it is not full", "loss_of_an_epoch-torch-eager-value", f"{AT} 1, kernel",
        "torch.utils.data.BatchSampler.__iter__", ("while batch:", "while len(batch) == self.batch_size:"),
    ),
    rewritten(
        "the loss of an epoch is the mean of its batches", "loss_of_an_epoch-tensorflow-eager-value",
        f"{AT} 1, reported", "tf.keras.Model.train_step",
        ("sample_weight=tf.shape(\n                next(i for i in tree.flatten(x) if i is not None)\n"
         "            )[0],", "sample_weight=1,"),
    ),
    rewritten(
        "with steps_per_epoch the second epoch begins anew", "interrupted_run-tensorflow-eager-value",
        f"{AT} 2, same", "__import__('sys').modules['keras.src.trainers.epoch_iterator'].EpochIterator."
        "_enumerate_iterator",
        ("if self._current_iterator is None or self.steps_per_epoch is None:", "if True:"),
    ),
    rewritten(
        "gradients are added up one batch too short", "accumulated_gradients-tensorflow-eager-value",
        f"{AT} 1, kernel", "tf.keras.optimizers.Optimizer._backend_apply_gradients",
        ("self._iterations + 1\n", "self._iterations + 2\n"),
    ),
    rewritten(
        "what was added up is not taken away", "accumulated_gradients-tensorflow-eager-value", f"{AT} 2, kernel",
        "tf.keras.optimizers.Optimizer._backend_reset_gradient_accumulators",
        ("g_acc is not None", "g_acc is None"),
    ),
    rewritten(
        "eval() does not reach the layers of a model", "batch_norm_from_mode_to_mode-torch-eager-value",
        f"{AT} 1, test_loss", "torch.nn.Module.train",
        ("module.train(mode)", "module.train(mode or module.training)"),
    ),
    rewritten(
        "a frozen batch normalization trains", "batch_norm_from_mode_to_mode-tensorflow-eager-value",
        f"{AT} 1, loss", "tf.keras.layers.BatchNormalization.call",
        ("if training and self.trainable:", "if training:"), dtype="float64",
    ),
    rewritten(
        "early stopping waits one epoch longer", "early_stopping-tensorflow-eager-value", f"{AT} 1, epochs_run",
        "tf.keras.callbacks.EarlyStopping.on_epoch_end",
        ("self.wait >= self.patience", "self.wait > self.patience"),
    ),
    rewritten(
        "the best weights are those after the best epoch", "early_stopping-tensorflow-eager-value",
        f"{AT} 1, kernel", "tf.keras.callbacks.EarlyStopping.on_epoch_end",
        ("self.wait += 1\n", "self.wait += 1\n    if self.wait == 2: self.best_weights = self.model.get_weights()\n"),
    ),
    rewritten(
        "a restored optimizer begins anew", "interrupted_run-torch-eager-value", f"{AT} 2, kernel",
        "torch.optim.SGD.load_state_dict",
        ("state_dict = state_dict.copy()", "state_dict = {**state_dict, 'state': {}}"),
    ),
    rewritten(
        "stairs are rounded, not cut off", "scheduled_training-tensorflow-eager-value", f"{AT} 4, kernel",
        "tf.keras.optimizers.schedules.ExponentialDecay.__call__", ("ops.floor(p)", "ops.round(p)"),
    ),
    rewritten(
        "the scheduler counts itself twice", "scheduled_training-torch-eager-value", f"{AT} 3, kernel",
        "torch.optim.lr_scheduler.ExponentialLR.get_lr", ('group["lr"] * self.gamma', 'group["lr"] * self.gamma**2'),
    ),
    rewritten(
        "the weights of the samples divide their loss", "weights_of_classes_and_samples-tensorflow-eager-value",
        f"{AT} 1, loss", "__import__('sys').modules['keras.src.losses.loss'].reduce_values",
        ('if reduction == "mean_with_sample_weight" and', "if"),
    ),
]  # fmt: skip
