"""What is around every optimizer: parameter groups, absent and accumulated gradients, averages of weights."""

from typing import Any

from conformance.case import Case
from conformance.catalogue import optimizers_precision, optimizers_restored
from conformance.catalogue.optimizers_shared import MASTER, torch_steps
from conformance.catalogue.optimizers_states_shared import (
    ADAM,
    EAGER,
    KERAS,
    SGD,
    TORCH,
    keras_optimizer,
    keras_run,
    keras_variables,
    steps,
    torch_copies,
    torch_optimizer,
    torch_parameters,
    torch_rows,
)
from conformance.reference import optimizers_states as ref
from fixtures.samples import normal, sample

KERAS_SOURCE = "https://github.com/keras-team/keras/blob/v3.15.1/keras/src/optimizers/base_optimizer.py"


# Groups


def torch_groups(torch, vector, matrix, *gradients, learning_rates, momenta, joins=1):
    parameters, rows = torch_parameters(torch, vector, matrix), []
    groups = [
        {"params": [p], "lr": r, "momentum": m} for p, r, m in zip(parameters, learning_rates, momenta, strict=True)
    ]
    optimizer = torch.optim.SGD(groups if joins == 1 else groups[:1])
    for t, given in enumerate(zip(*gradients, strict=True), 1):
        if t == joins > 1:
            optimizer.add_param_group(groups[1])
        for p, g in zip(parameters, given, strict=True):
            p.grad = g.clone()
        optimizer.step()
        rows.append(torch_copies(torch, parameters))
    return torch_rows(torch, rows, "vector", "matrix")


def keras_groups(tf, vector, matrix, *gradients, learning_rates, momenta, joins=1, how="function"):
    """An optimizer for each variable. One without velocity does not move it by gradients of zeros."""
    variables = keras_variables(tf, vector, matrix)
    pairs = zip(learning_rates, momenta, strict=True)
    inner = [tf.keras.optimizers.SGD(learning_rate=r, momentum=m) for r, m in pairs]
    optimizer = tf.keras.optimizers.MultiOptimizer(lambda variable: inner[variable.path.endswith("kernel")])
    optimizer.build(variables)

    def step(of_vector, of_matrix):
        optimizer.apply([of_vector, of_matrix], variables)
        return [tf.convert_to_tensor(v) for v in variables]

    waiting = tf.reshape(tf.range(1, len(gradients[1]) + 1) < joins, [-1, 1, 1])
    given = [gradients[0], tf.where(waiting, tf.zeros_like(gradients[1]), gradients[1])]
    return keras_run(tf, step, given, "vector", "matrix", how=how)


def torch_decay_groups(torch, vector, matrix, *gradients, decays, **options):
    parameters, rows = torch_parameters(torch, vector, matrix), []
    groups = [{"params": [p], "weight_decay": d} for p, d in zip(parameters, decays, strict=True)]
    optimizer = torch_optimizer(torch, "adamw", groups, **options)
    for given in zip(*gradients, strict=True):
        for p, g in zip(parameters, given, strict=True):
            p.grad = g.clone()
        optimizer.step()
        rows.append(torch_copies(torch, parameters))
    return torch_rows(torch, rows, "vector", "matrix")


def keras_decay_groups(tf, vector, matrix, *gradients, decays, by_name=False, **options):
    """One decay, from which variables are excluded."""
    variables = keras_variables(tf, vector, matrix)
    optimizer = keras_optimizer(tf, "adamw", weight_decay=max(decays), **options)
    excluded = [v for v, d in zip(variables, decays, strict=True) if d == 0]
    if by_name:
        optimizer.exclude_from_weight_decay(var_names=[v.name for v in excluded])
    else:
        optimizer.exclude_from_weight_decay(var_list=excluded)
    optimizer.build(variables)

    def step(*given):
        optimizer.apply(given, variables)
        return [tf.convert_to_tensor(v) for v in variables]

    return keras_run(tf, step, gradients, "vector", "matrix")


# Absent and accumulated gradients


def torch_absent(torch, vector, matrix, *gradients, optimizer, lacking, as_zeros=False, **options):
    parameters, rows = torch_parameters(torch, vector, matrix), []
    made = torch_optimizer(torch, optimizer, parameters, **options)
    for i, given in enumerate(zip(*gradients, strict=True)):
        made.zero_grad(set_to_none=not as_zeros)
        lacks = parameters[: 2 if lacking == "both" else 1] if i % 3 == 2 else []
        for p, g in zip(parameters, given, strict=True):
            if not any(p is other for other in lacks):
                p.grad = g.clone()
        made.step()
        rows.append(torch_copies(torch, parameters))
    return torch_rows(torch, rows, "vector", "matrix")


def keras_absent(tf, vector, matrix, *gradients, optimizer, lacking, as_zeros=False, **options):
    import warnings

    variables = keras_variables(tf, vector, matrix)
    made = keras_optimizer(tf, optimizer, **options)
    made.build(variables)

    @tf.function(autograph=False)
    def whole(*given):
        made.apply(given, variables)
        return [tf.convert_to_tensor(v) for v in variables]

    @tf.function(autograph=False)
    def without(*given):
        lacks = [tf.zeros_like(g) if as_zeros else None for g in given]
        made.apply([lacks[0], lacks[1] if lacking == "both" else given[1]], variables)
        return [tf.convert_to_tensor(v) for v in variables]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that there is no gradient
        pairs = zip(*map(tf.unstack, gradients), strict=True)
        rows = [(without if i % 3 == 2 else whole)(*given) for i, given in enumerate(pairs)]
    return {"vector": tf.stack([v for v, _ in rows]), "matrix": tf.stack([m for _, m in rows])}


def torch_accumulated(
    torch, vector, matrix, *gradients, optimizer, every, mean=True, rate_decay=1.0, by_updates=True, **options
):
    """backward() adds to what is there."""
    parameters, rows = torch_parameters(torch, vector, matrix), []
    made = torch_optimizer(torch, optimizer, parameters, **options)
    scheduler = torch.optim.lr_scheduler.LambdaLR(made, lambda n: rate_decay**n)
    for i, given in enumerate(zip(*gradients, strict=True), 1):
        with torch.enable_grad():
            loss = sum((p * g).sum() for p, g in zip(parameters, given, strict=True))
            (loss / every if mean else loss).backward()
        if i % every == 0:
            made.step()
            scheduler.step()
            made.zero_grad()
        rows.append(torch_copies(torch, parameters))
    return torch_rows(torch, rows, "vector", "matrix")


def keras_accumulated(
    tf, vector, matrix, *gradients,
    optimizer, every, mean=True, rate_decay=1.0, by_updates=True, learning_rate, how="function", **options,
):  # fmt: skip
    """A schedule counts gradients, not updates: a staircase of ``every`` steps makes them the same."""
    variables, rate = keras_variables(tf, vector, matrix), learning_rate
    if rate_decay != 1:
        by = {"decay_steps": every, "staircase": True} if by_updates else {"decay_steps": 1}
        rate = tf.keras.optimizers.schedules.ExponentialDecay(learning_rate, decay_rate=rate_decay, **by)
    made = keras_optimizer(tf, optimizer, learning_rate=rate, gradient_accumulation_steps=every, **options)
    made.build(variables)

    def step(*given):
        made.apply(given, variables)
        return [tf.convert_to_tensor(v) for v in variables]

    return keras_run(tf, step, gradients, "vector", "matrix", how=how)


# Averages


def torch_averaged(torch, average, vector, matrix, *gradients, overwrite_every=0, fitted=False, **options):
    """``average(model)`` makes the averaged model, which is a copy."""
    model = torch.nn.ParameterList(torch_parameters(torch, vector, matrix))
    made, rows = torch_optimizer(torch, "sgd", model.parameters(), **options), []
    averaged = average(model)
    for t, given in enumerate(zip(*gradients, strict=True), 1):
        for p, g in zip(model, given, strict=True):
            p.grad = g.clone()
        made.step()
        averaged.update_parameters(model)
        if overwrite_every and t % overwrite_every == 0:
            model.load_state_dict(averaged.module.state_dict())
        rows.append([*torch_copies(torch, model), *torch_copies(torch, averaged.module)])
    return torch_rows(torch, rows, "vector", "matrix", "vector_average", "matrix_average")


def torch_ema_multi(torch, *arrays, decay, **options):
    utils = torch.optim.swa_utils
    average = utils.get_ema_multi_avg_fn(decay)
    return torch_averaged(torch, lambda m: utils.AveragedModel(m, multi_avg_fn=average), *arrays, **options)


def torch_ema(torch, *arrays, decay, **options):
    utils = torch.optim.swa_utils
    return torch_averaged(
        torch, lambda m: utils.AveragedModel(m, avg_fn=utils.get_ema_avg_fn(decay)), *arrays, **options
    )


def torch_swa(torch, *arrays, **options):
    utils = torch.optim.swa_utils
    rows = torch_averaged(torch, lambda m: utils.AveragedModel(m), *arrays, **options)
    return {name: rows[name] for name in ("vector_average", "matrix_average")}


def torch_swa_multi(torch, *arrays, **options):
    utils = torch.optim.swa_utils
    average = utils.get_swa_multi_avg_fn()
    rows = torch_averaged(torch, lambda m: utils.AveragedModel(m, multi_avg_fn=average), *arrays, **options)
    return {name: rows[name] for name in ("vector_average", "matrix_average")}


def keras_ema(tf, vector, matrix, *gradients, decay, overwrite_every=0, fitted=False, how="function", **options):
    """``fitted``: what fit does when it is through."""
    variables = keras_variables(tf, vector, matrix)
    optimizer = tf.keras.optimizers.SGD(
        use_ema=True, ema_momentum=decay, ema_overwrite_frequency=overwrite_every or None, **options
    )
    optimizer.build(variables)
    averages = [v for v in optimizer.variables if v.path.endswith("average")]
    names = ("vector", "matrix", "vector_average", "matrix_average")

    def step(*given):
        optimizer.apply(given, variables)
        return [tf.convert_to_tensor(v) for v in (*variables, *averages)]

    rows = keras_run(tf, step, gradients, *names, how=how)
    if fitted:
        optimizer.finalize_variable_values(variables)
        last = dict(zip(names, map(tf.convert_to_tensor, (*variables, *averages)), strict=True))
        rows = {name: tf.concat([row[:-1], last[name][None]], 0) for name, row in rows.items()}
    return rows


# Upwards, and again


def keras_ascent(tf, vector, matrix, *gradients, optimizer, how="function", **options):
    """Keras minimizes."""
    variables = keras_variables(tf, vector, matrix)
    made = keras_optimizer(tf, optimizer, **options)
    made.build(variables)

    def step(*given):
        made.apply([-g for g in given], variables)
        return [tf.convert_to_tensor(v) for v in variables]

    return keras_run(tf, step, gradients, "vector", "matrix", how=how)


def torch_second_gradient(torch, w, forget):
    """``forget``: what is done with the first gradient before the second is asked for."""
    parameter = torch.nn.Parameter(w.clone())
    optimizer = torch.optim.SGD([parameter], lr=1.0)
    for _ in range(2):
        if forget != "nothing":
            optimizer.zero_grad(set_to_none=forget == "to none")
        with torch.enable_grad():
            parameter.square().sum().backward()
    return parameter.grad


def tape_second_gradient(tf, w, forget):
    """A tape adds to nothing."""
    for _ in range(2):
        with tf.GradientTape() as tape:
            tape.watch(w)
            loss = tf.reduce_sum(tf.square(w))
        gradient = tape.gradient(loss, w)
    return gradient


BOTH: dict[str, Any] = {"learning_rates": (2.0**-5, 2.0**-3), "momenta": (0.875, 0.5)}

CASES = (
    Case(
        "parameter_groups",
        "trajectory",
        ref.groups,
        torch=[torch_groups],
        tensorflow=[keras_groups, lambda tf, *arrays, **options: keras_groups(tf, *arrays, **options, how="eager")],
        samples=[
            sample("rates-and-momenta", steps(30), **BOTH),
            sample("rates", steps(30), learning_rates=(2.0**-5, 2.0**-3), momenta=(0.0, 0.0)),
            sample(
                "frozen",
                steps(30),
                edge=True,
                dtypes=("float64",),
                learning_rates=(0.0, 2.0**-3),
                momenta=(0.875, 0.875),
            ),
            sample("joins-later", steps(30), edge=True, **BOTH, joins=11),
        ],
        modes=EAGER,
        dtypes=MASTER,
        sources=(f"{TORCH}optim.html#per-parameter-options", "https://keras.io/api/optimizers/"),
    ),
    Case(
        "weight_decay_groups",
        "trajectory",
        ref.decay_groups,
        torch=[torch_decay_groups],
        tensorflow=[
            keras_decay_groups,
            lambda tf, *arrays, **options: keras_decay_groups(tf, *arrays, **options, by_name=True),
        ],
        samples=[
            sample("not-of-the-vector", steps(30), decays=(0.0, 2.0), **ADAM),
            sample("not-of-the-matrix", steps(30), decays=(2.0, 0.0), **ADAM),
            sample("of-none", steps(30), edge=True, dtypes=("float64",), decays=(0.0, 0.0), **ADAM),
        ],
        modes=EAGER,
        dtypes=MASTER,
        sources=(f"{TORCH}optim.html#per-parameter-options", KERAS),
    ),
    Case(
        "absent_gradients",
        "trajectory",
        ref.absent,
        torch=[
            lambda torch, *arrays, **options: torch_absent(torch, *arrays, **options, foreach=False),
            lambda torch, *arrays, **options: torch_absent(torch, *arrays, **options, foreach=True),
        ],
        tensorflow=[keras_absent],
        samples=[
            sample("momentum", steps(30), optimizer="sgd", lacking="vector", **SGD),
            sample(
                "momentum-zeros",
                steps(30),
                edge=True,
                dtypes=("float64",),
                optimizer="sgd",
                lacking="vector",
                as_zeros=True,
                **SGD,
            ),
            sample("adam", steps(30), edge=True, optimizer="adam", lacking="vector", **ADAM),
            sample(
                "adam-zeros",
                steps(30),
                edge=True,
                dtypes=("float64",),
                optimizer="adam",
                lacking="both",
                as_zeros=True,
                **ADAM,
            ),
            sample("of-all", steps(30), edge=True, dtypes=("float64",), optimizer="sgd", lacking="both", **SGD),
        ],
        modes=EAGER,
        dtypes=MASTER,
        sources=(f"{TORCH}generated/torch.optim.Optimizer.zero_grad.html", KERAS_SOURCE),
    ),
    Case(
        "gradient_accumulation",
        "trajectory",
        ref.accumulated,
        torch=[torch_accumulated],
        tensorflow=[
            keras_accumulated,
            lambda tf, *arrays, **options: keras_accumulated(tf, *arrays, **options, how="eager"),
            lambda tf, *arrays, **options: keras_accumulated(tf, *arrays, **options, how="xla"),
        ],
        samples=[
            sample("mean-of-4", steps(30), optimizer="sgd", every=4, **SGD),
            sample("mean-of-2-adam", steps(30), optimizer="adam", every=2, **ADAM),
            sample("sum-of-4", steps(30), edge=True, dtypes=("float64",), optimizer="sgd", every=4, mean=False, **SGD),
            sample(
                "schedule", steps(30), dtypes=("float64",), optimizer="sgd", every=3, rate_decay=0.5, learning_rate=0.25
            ),
            sample(
                "schedule-of-gradients",
                steps(30),
                edge=True,
                dtypes=("float64",),
                optimizer="sgd",
                every=3,
                rate_decay=0.5,
                by_updates=False,
                learning_rate=0.25,
            ),
        ],
        modes=EAGER,
        dtypes=MASTER,
        sources=(KERAS, f"{TORCH}notes/amp_examples.html#gradient-accumulation"),
    ),
    Case(
        "averaged_weights",
        "trajectory",
        ref.averaged,
        torch=[torch_ema_multi, torch_ema],
        tensorflow=[
            keras_ema,
            lambda tf, *arrays, **options: keras_ema(tf, *arrays, **options, how="eager"),
        ],
        samples=[
            sample("slow", steps(30), decay=0.875, **SGD),
            sample("fast", steps(30), decay=0.25, learning_rate=0.5),
            sample("overwriting", steps(30), edge=True, decay=0.75, overwrite_every=4, **SGD),
            sample("of-one-step", steps(1), edge=True, dtypes=("float64",), decay=0.875, **SGD),
            sample("fitted", steps(30), edge=True, dtypes=("float64",), decay=0.75, fitted=True, **SGD),
        ],
        modes=EAGER,
        dtypes=MASTER,
        sources=(f"{TORCH}optim.html#weight-averaging-swa-and-ema", KERAS),
    ),
    Case(
        "equally_averaged_weights",
        "trajectory",
        ref.equally_averaged,
        torch=[torch_swa, torch_swa_multi],  # Keras has the exponential average alone
        samples=[
            sample("momentum", steps(30), **SGD),
            sample("plain", steps(30), learning_rate=0.25),
            sample("of-one-step", steps(1), edge=True, **SGD),
        ],
        modes=EAGER,
        dtypes=MASTER,
        sources=("https://arxiv.org/abs/1803.05407", f"{TORCH}optim.html#weight-averaging-swa-and-ema"),
    ),
    Case(
        "ascent",
        "trajectory",
        ref.ascent,
        torch=[
            lambda torch, *arrays, optimizer, **options: torch_steps(
                torch, {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}[optimizer], *arrays, **options, maximize=True
            )
        ],
        tensorflow=[keras_ascent],
        samples=[
            sample("momentum", steps(30), optimizer="sgd", **SGD),
            sample("adam", steps(30), optimizer="adam", **ADAM),
            sample("decay", steps(30), edge=True, optimizer="sgd", learning_rate=2.0**-5, weight_decay=0.5),
        ],
        modes=EAGER,
        dtypes=MASTER,
        sources=(f"{TORCH}generated/torch.optim.SGD.html",),
    ),
    Case(
        "second_gradient",
        "selection",
        ref.second_gradient,
        torch=[torch_second_gradient],
        tensorflow=[tape_second_gradient],
        samples=[
            normal((3, 4), name="set-to-none", forget="to none"),
            normal((3, 4), name="set-to-zero", forget="to zero"),
            normal((3, 4), name="not-forgotten", edge=True, forget="nothing"),
        ],
        modes=EAGER,
        dtypes=MASTER,
        sources=(f"{TORCH}generated/torch.optim.Optimizer.zero_grad.html", "https://www.tensorflow.org/guide/autodiff"),
    ),
    *optimizers_precision.CASES,
    *optimizers_restored.CASES,
)
