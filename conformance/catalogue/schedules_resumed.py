"""Schedules that are saved and restored: they must go on with the very rates that they would have had.

The result says of each step and group whether the rate (and the momentum) of the resumed run is that of one without a
break, bit for bit; the sample's ``at`` is the number of steps before the break, at a boundary of the schedule and not.
"""

from conformance.case import Case
from conformance.catalogue.optimizers_shared import MASTER
from conformance.catalogue.schedules_shared import ADJUST, KERAS, TORCH, one, probe, two
from conformance.reference import schedules as ref


def torch_resumed(torch, rates, schedule, steps, at, last_epoch=False):
    """By state_dict of optimizer and scheduler, through a file; or by a new scheduler of ``last_epoch`` for an
    optimizer that was saved after the scheduler's last step."""
    import io

    def begin():
        groups = [{"params": [torch.nn.Parameter(torch.zeros(()))], "lr": float(r)} for r in rates]
        return torch.optim.SGD(groups, momentum=0.5)

    def run(optimizer, scheduler, n):
        found = []
        for _ in range(n):
            found.append([(g["lr"], g["momentum"]) for g in optimizer.param_groups])
            optimizer.step()
            scheduler.step()
        return found

    optimizer = begin()
    whole = run(optimizer, schedule(optimizer), steps)
    optimizer = begin()
    scheduler, file = schedule(optimizer), io.BytesIO()
    parts = run(optimizer, scheduler, at)
    torch.save((optimizer.state_dict(), scheduler.state_dict()), file)
    file.seek(0)
    of_optimizer, of_scheduler = torch.load(file, weights_only=False)
    optimizer = begin()
    if last_epoch:
        optimizer.load_state_dict(of_optimizer)
        scheduler = schedule(optimizer, last_epoch=at - 1)
    else:
        scheduler = schedule(optimizer)
        optimizer.load_state_dict(of_optimizer)
        scheduler.load_state_dict(of_scheduler)
    parts += run(optimizer, scheduler, steps - at)
    return torch.tensor([[a == b for a, b in zip(*pair, strict=True)] for pair in zip(parts, whole, strict=True)])


def torch_scheduler(torch, kind, options):
    """A scheduler by its name, of an optimizer and perhaps of ``last_epoch``."""
    functions = {"lr_lambda": lambda t: 1 / (1 + t)}
    options = {k: functions.get(v, v) for k, v in options.items()}
    return lambda optimizer, **last: getattr(torch.optim.lr_scheduler, kind)(optimizer, **options, **last)


def state_dict(torch, rates, kind, steps, at, **options):
    return torch_resumed(torch, rates, torch_scheduler(torch, kind, options), steps, at)


def last_epoch(torch, rates, kind, steps, at, **options):
    return torch_resumed(torch, rates, torch_scheduler(torch, kind, options), steps, at, last_epoch=True)


def state_dict_of_composed(torch, rates, kind, steps, at):
    """A chain or a sequence of a line and powers."""

    def schedule(optimizer):
        parts = [
            torch.optim.lr_scheduler.LinearLR(optimizer, 0.25, total_iters=4),
            torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.9),
        ]
        if kind == "ChainedScheduler":
            return torch.optim.lr_scheduler.ChainedScheduler(parts, optimizer)
        return torch.optim.lr_scheduler.SequentialLR(optimizer, parts, [4])

    return torch_resumed(torch, rates, schedule, steps, at)


def state_dict_of_plateau(torch, rates, kind, steps, at, **options):
    """A scheduler that is given a metric which never changes."""

    def schedule(optimizer):
        scheduler = getattr(torch.optim.lr_scheduler, kind)(optimizer, **options)
        given = scheduler.step
        scheduler.step = lambda: given(1.0)
        state = scheduler.state_dict
        scheduler.state_dict = lambda: {k: v for k, v in state().items() if k not in ("step", "state_dict")}
        return scheduler

    return torch_resumed(torch, rates, schedule, steps, at)


def config_and_iterations(tf, rates, kind, steps, at, **options):
    """The schedule by its configuration, through JSON, the optimizer by its own and by the number of iterations."""
    import json

    def run(optimizer, variable, n):
        found = []
        for _ in range(n):
            found.append(tf.convert_to_tensor(optimizer.learning_rate))
            optimizer.apply([tf.ones(())], [variable])
        return found

    same = []
    for rate in rates:
        schedule = getattr(tf.keras.optimizers.schedules, kind)(float(rate), **options)
        variable, optimizer = tf.keras.Variable(0.0), tf.keras.optimizers.SGD(schedule, momentum=0.5)
        optimizer.build([variable])
        whole = [schedule(t) for t in range(steps)]
        parts = run(optimizer, variable, at)
        config = json.loads(json.dumps(tf.keras.optimizers.serialize(optimizer)))
        resumed = tf.keras.optimizers.deserialize(config)
        resumed.build([variable])
        for new, old in zip(resumed.variables, optimizer.variables, strict=True):
            new.assign(old)
        parts += run(resumed, variable, steps - at)
        same.append(tf.stack(parts) == tf.stack(whole))
    return tf.stack(same, axis=1)


def resumed_keras(kind, at, **options):
    """Few steps: an eager one of a Keras optimizer takes 10 ms."""
    return resumed(kind, at, steps=6, make=one, **options)


def resumed(kind, at, name="", steps=12, make=two, **options):
    return probe(f"{name or kind}-at-{at}", make, kind=kind, steps=steps, at=at, **options)


CASES = (
    Case(
        "torch_schedule_resumed",
        "selection",
        ref.continues,
        torch=[state_dict, last_epoch],
        samples=[
            resumed("ExponentialLR", 5, gamma=0.9),
            *(resumed("StepLR", at, step_size=4, gamma=0.3) for at in (4, 6)),
            *(resumed("MultiStepLR", at, milestones=(3, 8), gamma=0.3) for at in (3, 5)),
            *(resumed("ConstantLR", at, factor=0.3, total_iters=4) for at in (4, 2)),
            *(resumed("LinearLR", at, start_factor=0.3, total_iters=6) for at in (6, 4)),
            *(resumed("PolynomialLR", at, total_iters=8, power=2.0) for at in (8, 5)),
            *(resumed("CosineAnnealingLR", at, T_max=5, eta_min=0.01) for at in (5, 6, 3)),
            *(resumed("CosineAnnealingWarmRestarts", at, T_0=3, T_mult=1) for at in (3, 7)),
            resumed(
                "CosineAnnealingWarmRestarts", 11, "CosineAnnealingWarmRestarts-growing", T_0=3, T_mult=2, steps=20
            ),
            resumed("OneCycleLR", 4, max_lr=0.5, total_steps=14),
            resumed("CyclicLR", 5, base_lr=0.1, max_lr=0.5, step_size_up=3, mode="triangular2"),
            resumed("LambdaLR", 5, lr_lambda="lr_lambda"),
            resumed("MultiplicativeLR", 5, lr_lambda="lr_lambda"),
        ],
        modes=("eager",),
        dtypes=MASTER[:1],
        sources=(ADJUST, f"{TORCH}LRScheduler.html"),
    ),
    Case(
        "torch_composed_schedule_resumed",
        "selection",
        ref.continues,
        torch=[state_dict_of_composed],
        samples=[
            *(resumed("SequentialLR", at) for at in (3, 4, 6)),
            *(resumed("ChainedScheduler", at) for at in (4, 6)),
        ],
        modes=("eager",),
        dtypes=MASTER[:1],
        sources=(ADJUST, f"{TORCH}SequentialLR.html", f"{TORCH}ChainedScheduler.html"),
    ),
    Case(
        "torch_plateau_schedule_resumed",
        "selection",
        ref.continues,
        torch=[state_dict_of_plateau],
        samples=[
            resumed("ReduceLROnPlateau", 2, patience=2, factor=0.3),
            resumed("ReduceLROnPlateau", 4, patience=2, factor=0.3),
            resumed("ReduceLROnPlateau", 5, patience=1, cooldown=3, factor=0.3),
        ],
        modes=("eager",),
        dtypes=MASTER[:1],
        sources=(ADJUST, f"{TORCH}ReduceLROnPlateau.html"),
    ),
    Case(
        "keras_schedule_resumed",
        "selection",
        ref.continues,
        tensorflow=[config_and_iterations],
        samples=[
            resumed_keras("ExponentialDecay", 4, decay_steps=4, decay_rate=0.9, staircase=True),
            resumed_keras("PolynomialDecay", 3, decay_steps=5, end_learning_rate=0.01, power=0.9, cycle=True),
            resumed_keras("InverseTimeDecay", 3, decay_steps=3, decay_rate=0.7, staircase=True),
            resumed_keras("CosineDecay", 3, decay_steps=4, alpha=0.1, warmup_target=0.7, warmup_steps=3),
            resumed_keras("CosineDecayRestarts", 4, first_decay_steps=4, t_mul=1.5, m_mul=0.9, alpha=0.1),
        ],
        modes=("eager",),
        dtypes=MASTER[:1],
        sources=(KERAS,),
    ),
)
