"""Faults in what migrations trip over: a line of the framework's own source is written a little differently."""

from meta_tests.faults import Fault


def rewritten(
    name: str, test: str, says: str, target: str, *changes: tuple[str, str], dtype: str = "float32", **more: str
) -> Fault:
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
        dtype, says, **more,
    )  # fmt: skip


AT = "first beyond the limit at step"
FAULTS: list[Fault] = [
    rewritten(
        "two samples go to each other's batch", "interrupted_run-torch-eager-value", f"{AT} 1, kernel",
        "torch.utils.data.BatchSampler.__iter__",
        ("sampler_iter = iter(self.sampler)",
         "order = list(self.sampler); order.insert(4, order.pop(3)); sampler_iter = iter(order)"),
        subtlety="edge",
        witness="[*torch.utils.data.BatchSampler(range(8), 4, False)]",
    ),
    rewritten(
        "the last batch is left out if it is not full", "loss_of_an_epoch-torch-eager-value", f"{AT} 1, kernel",
        "torch.utils.data.BatchSampler.__iter__", ("while batch:", "while len(batch) == self.batch_size:"),
        subtlety="edge",
        witness="[*torch.utils.data.BatchSampler(range(5), 2, False)]",
    ),
    rewritten(
        "the loss of an epoch is the mean of its batches", "loss_of_an_epoch-tensorflow-eager-value",
        f"{AT} 1, reported", "tf.keras.Model.train_step",
        ("sample_weight=tf.shape(\n                next(i for i in tree.flatten(x) if i is not None)\n"
         "            )[0],", "sample_weight=1,"),
        subtlety="edge",
        witness="fitted()",
    ),
    rewritten(
        "with steps_per_epoch the second epoch begins anew", "interrupted_run-tensorflow-eager-value",
        f"{AT} 2, same", "__import__('sys').modules['keras.src.trainers.epoch_iterator'].EpochIterator."
        "_enumerate_iterator",
        ("if self._current_iterator is None or self.steps_per_epoch is None:", "if True:"),
        subtlety="edge",
        witness="fitted(steps_per_epoch=2)",
    ),
    rewritten(
        "gradients are added up one batch too short", "accumulated_gradients-tensorflow-eager-value",
        f"{AT} 1, kernel", "tf.keras.optimizers.Optimizer._backend_apply_gradients",
        ("self._iterations + 1\n", "self._iterations + 2\n"),
        subtlety="edge",
        witness="keras_steps(tf.keras.optimizers.SGD(0.1, gradient_accumulation_steps=3))",
    ),
    rewritten(
        "what was added up is not taken away", "accumulated_gradients-tensorflow-eager-value", f"{AT} 2, kernel",
        "tf.keras.optimizers.Optimizer._backend_reset_gradient_accumulators",
        ("g_acc is not None", "g_acc is None"),
        subtlety="edge",
        witness="keras_steps(tf.keras.optimizers.SGD(0.1, gradient_accumulation_steps=2))",
    ),
    rewritten(
        "eval() does not reach the layers of a model", "batch_norm_from_mode_to_mode-torch-eager-value",
        f"{AT} 1, test_loss", "torch.nn.Module.train",
        ("module.train(mode)", "module.train(mode or module.training)"),
        subtlety="gross",
        witness="torch.nn.Sequential(torch.nn.Dropout()).eval()[0].training",
    ),
    rewritten(
        "a frozen batch normalization trains", "batch_norm_from_mode_to_mode-tensorflow-eager-value",
        f"{AT} 1, loss", "tf.keras.layers.BatchNormalization.call",
        ("if training and self.trainable:", "if training:"), dtype="float64",
        subtlety="edge",
        witness="tf.keras.layers.BatchNormalization(trainable=False)(X[:, None], training=True)",
    ),
    rewritten(
        "early stopping waits one epoch longer", "early_stopping-tensorflow-eager-value", f"{AT} 6, test_loss",
        "tf.keras.callbacks.EarlyStopping.on_epoch_end",
        ("self.wait >= self.patience", "self.wait > self.patience"),
        subtlety="edge",
        witness=(
            "fitted(optimizer=tf.keras.optimizers.SGD(0.0), epochs=5, "
            "callbacks=[tf.keras.callbacks.EarlyStopping('loss', patience=2)])"
        ),
    ),
    rewritten(
        "the best weights are those after the best epoch", "early_stopping-tensorflow-eager-value",
        f"{AT} 1, kernel", "tf.keras.callbacks.EarlyStopping.on_epoch_end",
        ("self.wait += 1\n", "self.wait += 1\n    if self.wait == 2: self.best_weights = self.model.get_weights()\n"),
        subtlety="edge",
        witness=(
            "fitted(optimizer=tf.keras.optimizers.SGD(2.0), epochs=5, "
            "callbacks=[tf.keras.callbacks.EarlyStopping('loss', patience=2, "
            "restore_best_weights=True)])"
        ),
    ),
    rewritten(
        "a restored optimizer begins anew", "interrupted_run-torch-eager-value", f"{AT} 2, kernel",
        "torch.optim.SGD.load_state_dict",
        ("state_dict = state_dict.copy()", "state_dict = {**state_dict, 'state': {}}"),
        subtlety="edge",
        witness=(
            "(lambda o, p: (setattr(p, 'grad', x), o.step(), o.load_state_dict(o.state_dict()), "
            "[*o.state.values()])[3])(*(lambda p: (torch.optim.SGD([p], 0.1, momentum=0.9), "
            "p))(torch.nn.Parameter(torch.ones(3))))"
        ),
    ),
    rewritten(
        "stairs are rounded, not cut off", "scheduled_training-tensorflow-eager-value", f"{AT} 4, kernel",
        "tf.keras.optimizers.schedules.ExponentialDecay.__call__", ("ops.floor(p)", "ops.round(p)"),
        subtlety="edge",
        witness=(
            "[tf.keras.optimizers.schedules.ExponentialDecay(0.5, 4, 0.5, staircase=True)(i) for i "
            "in range(16)]"
        ),
    ),
    rewritten(
        "the scheduler counts itself twice", "scheduled_training-torch-eager-value", f"{AT} 3, kernel",
        "torch.optim.lr_scheduler.ExponentialLR.get_lr", ('group["lr"] * self.gamma', 'group["lr"] * self.gamma**2'),
        subtlety="gross",
        witness="rates(lambda o: torch.optim.lr_scheduler.ExponentialLR(o, 0.9))",
    ),
    rewritten(
        "the weights of the samples divide their loss", "weights_of_classes_and_samples-tensorflow-eager-value",
        f"{AT} 1, loss", "__import__('sys').modules['keras.src.losses.loss'].reduce_values",
        ('if reduction == "mean_with_sample_weight" and', "if"),
        subtlety="edge",
        witness="tf.keras.losses.MeanSquaredError()(X[:, None], 0 * X[:, None], [1.0, 2.0, 4.0])",
    ),
]  # fmt: skip
