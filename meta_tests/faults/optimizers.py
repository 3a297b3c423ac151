"""Faults of optimizers: one line of the framework's own source is written a little differently."""

from meta_tests.faults import Fault


def in_torch(
    name: str, test: str, says: str, function: str, *changes: tuple[str, str], dtype: str = "float64", **more: str
) -> Fault:
    """A function of a module of torch's, ``module.function``."""
    module, function = function.split(".")
    return Fault(
        name, test, f"__import__('sys').modules['torch.optim.{module}'].{function}",
        f"""
        import inspect, sys
        module = sys.modules['torch.optim.{module}']
        source = inspect.getsource(module.{function})
        for old, new in {changes!r}:
            assert source.count(old) == 1, source.count(old)
            source = source.replace(old, new)
        exec(source, vars(module))
        """,
        dtype, says, **more,
    )  # fmt: skip


def in_keras(
    name: str, test: str, says: str, kind: str, *changes: tuple[str, str], dtype: str = "float64", **more: str
) -> Fault:
    """The update step of a Keras optimizer."""
    return Fault(
        name, test, f"tf.keras.optimizers.{kind}.update_step",
        f"""
        import inspect, sys, textwrap
        kind = tf.keras.optimizers.{kind}
        source = textwrap.dedent(inspect.getsource(kind.update_step))
        for old, new in {changes!r}:
            assert source.count(old) == 1, source.count(old)
            source = source.replace(old, new)
        changed = dict(vars(sys.modules[kind.__module__]), tf=tf)
        exec(source, changed)
        kind.update_step = changed["update_step"]
        """,
        dtype, says, **more,
    )  # fmt: skip


AT = "first beyond the limit at step"
FAULTS: list[Fault] = [
    in_torch(
        "Nesterov adds the velocity to itself", "sgd-torch-eager-value", f"{AT} 2, vector[0]",
        "sgd._single_tensor_sgd", ("grad = grad.add(buf, alpha=momentum)", "grad = buf.add(buf, alpha=momentum)"),
        subtlety="gross",
        witness="torch_steps(lambda w: torch.optim.SGD(w, 0.1, momentum=0.9, nesterov=True, foreach=False))",
    ),
    in_torch(
        "the first gradient is damped, too", "sgd-torch-eager-value", f"{AT} 1, vector[0]",
        "sgd._single_tensor_sgd", ("grad.detach().clone()", "grad.detach().clone().mul_(1 - dampening)"),
        subtlety="edge",
        witness="torch_steps(lambda w: torch.optim.SGD(w, 0.1, momentum=0.9, dampening=0.5, foreach=False))",
    ),
    in_torch(
        "weight decay before the sign changes", "sgd-torch-eager-value", f"{AT} 1, vector[0]",
        "sgd._single_tensor_sgd",
        ("grad = grad.add(param, alpha=weight_decay)\n\n",
         "grad = grad.add(param, alpha=-weight_decay if maximize else weight_decay)\n\n"),
        subtlety="edge",
        witness="torch_steps(lambda w: torch.optim.SGD(w, 0.1, weight_decay=0.1, maximize=True, foreach=False))",
    ),
    in_keras(
        "the graph keeps the rate that it was traced with", "sgd_rate_in_velocity-tensorflow-eager-value",
        "beyond the bound 1e+11 of the divergence", "SGD",
        (
            "learning_rate = ops.cast(learning_rate, variable.dtype)",
            "with tf.init_scope():\n"
            "        learning_rate = float(self._learning_rate.value.numpy())\n"
            "    learning_rate = ops.cast(learning_rate, variable.dtype)",
        ),
        subtlety="edge",
        witness=(
            "(lambda o, v: [(tf.function(lambda: o.update_step(X, v, "
            "o.learning_rate)).get_concrete_function().inputs.__len__())])((lambda o, v: "
            "(o.build([v]), o)[1])(tf.keras.optimizers.SGD(0.1), tf.Variable(X)), tf.Variable(X))"
        ),
    ),
    in_torch(
        "epsilon inside the square root", "adam-torch-eager-value", f"{AT} 1, vector[0]",
        "adam._single_tensor_adam",
        ("denom = (exp_avg_sq.sqrt() / bias_correction2_sqrt).add_(eps)\n\n            param",
         "denom = (exp_avg_sq / bias_correction2).add_(eps).sqrt_()\n\n            param"),
        dtype="float32",
        subtlety="subtle",
        witness="torch_steps(lambda w: torch.optim.Adam(w, 0.1, eps=1e-4, foreach=False))",
    ),
    in_torch(
        "the second bias is corrected a step late", "adam-torch-eager-value", f"{AT} 1, vector[0]",
        "adam._multi_tensor_adam",
        ("1 - beta2 ** _get_value(step) for", "1 - beta2 ** (_get_value(step) + 1) for"),
        dtype="float32",
        subtlety="gross",
        witness="torch_steps(lambda w: torch.optim.Adam(w, 0.1, foreach=True))",
    ),
    in_torch(
        "the largest second moment after its bias was corrected", "adam-torch-eager-value", f"{AT} 2, vector[",
        "adam._single_tensor_adam",
        ("torch.maximum(max_exp_avg_sqs[i], exp_avg_sq, out=",
         "torch.maximum(max_exp_avg_sqs[i], exp_avg_sq / bias_correction2, out="),
        ("denom = (max_exp_avg_sqs[i].sqrt() / bias_correction2_sqrt)", "denom = (max_exp_avg_sqs[i].sqrt())"),
        subtlety="edge",
        witness="torch_steps(lambda w: torch.optim.Adam(w, 0.1, amsgrad=True, foreach=False), n=2)",
    ),
    in_torch(
        "all parameters advance one count of steps", "adam-torch-eager-value", f"{AT} 1, matrix[0, 0]",
        "adam._single_tensor_adam", ("step_t = state_steps[i]", "step_t = state_steps[0]"),
        dtype="float32",
        subtlety="edge",
        witness="torch_steps(lambda w: torch.optim.Adam(w, 0.1, foreach=False))",
    ),
    in_keras(
        "the betas of the bias corrections are swapped", "adam_epsilon_hat-tensorflow-eager-value",
        f"{AT} 1, vector[0]", "Adam",
        ("ops.cast(self.beta_2, variable.dtype), local_step", "ops.cast(self.beta_1, variable.dtype), local_step"),
        dtype="float32",
        subtlety="gross",
        witness="keras_steps(tf.keras.optimizers.Adam(0.1))",
    ),
    in_torch(
        "weight decay is coupled after all", "adamw-torch-eager-value", f"{AT} 1, vector[0]",
        "adam._single_tensor_adam", ("if decoupled_weight_decay:", "if not decoupled_weight_decay:"),
        dtype="float32",
        subtlety="gross",
        witness="torch_steps(lambda w: torch.optim.AdamW(w, 0.1, weight_decay=0.1, foreach=False))",
    ),
    in_torch(
        "weights decay after the step", "adamw-torch-eager-value", f"{AT} 1, vector[0]",
        "adam._single_tensor_adam",
        ("param.mul_(1 - lr * weight_decay)", "pass"),
        ("            param.addcdiv_(exp_avg, denom, value=-step_size)  # type: ignore[arg-type]\n",
         "            param.addcdiv_(exp_avg, denom, value=-step_size).mul_(1 - lr * weight_decay)\n"),
        subtlety="subtle",
        witness="torch_steps(lambda w: torch.optim.AdamW(w, 0.1, weight_decay=0.1, foreach=False))",
    ),
    in_keras(
        "the largest gradient never fades", "adamax_epsilon_added-tensorflow-eager-value", f"{AT} 2, vector[",
        "Adamax", ("ops.multiply(self.beta_2, u)", "u"),
        dtype="float32",
        subtlety="subtle",
        witness="keras_steps(tf.keras.optimizers.Adamax(0.1))",
    ),
    in_keras(
        "Nesterov's look ahead takes this step's momentum", "nadam_with_fixed_decay-tensorflow-eager-value",
        f"{AT} 1, vector[0]", "Nadam", ("self.iterations + 2", "self.iterations + 1"),
        dtype="float32",
        subtlety="subtle",
        witness="keras_steps(tf.keras.optimizers.Nadam(0.1))",
    ),
    in_torch(
        "rectified from a length of 4, as in the paper", "radam-torch-eager-value", f"{AT} 5, vector[0]",
        "radam._single_tensor_radam", ("if rho_t > 5.0:", "if rho_t > 4.0:"),
        dtype="float32",
        subtlety="edge",
        witness="torch_steps(lambda w: torch.optim.RAdam(w, 0.1, foreach=False), n=2)",
    ),
]  # fmt: skip
