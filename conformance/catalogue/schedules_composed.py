"""Schedules by functions of the user's, schedules of schedules, and when a schedule makes its step."""

from conformance.case import Case
from conformance.catalogue.optimizers_shared import MASTER, grid
from conformance.catalogue.schedules_shared import (
    ADJUST,
    KERAS,
    TORCH,
    keras_callback_rates,
    keras_rates,
    one,
    one_at_rest,
    probe,
    torch_rates,
    two,
)
from conformance.reference import schedules as ref


def of_group(halving, bound, group):
    """The factor of a group at a step: halved again and again, down to a bound."""
    return lambda t: max(2.0 ** -(t // halving), bound * (1 + group))


def torch_lambdas(torch, kind, rates, steps, halving, bound, how):
    """A ``kind`` of scheduler, LambdaLR, with a function for each group."""
    functions = [of_group(halving, bound, group) for group in range(len(rates))]
    return torch_rates(torch, lambda s: kind(s, functions), rates, steps, how)


def subclass_of_learning_rate_schedule(tf, rates, steps, halving, bound):
    return keras_own(tf, rates, steps, halving, bound, "call")


def subclass_of_learning_rate_schedule_update(tf, rates, steps, halving, bound):
    return keras_own(tf, rates, steps, halving, bound, "update")


def keras_own(tf, rates, steps, halving, bound, how):
    """A schedule of the user's own: one class, whose instances are made in the order of the groups."""
    made = []

    class Halved(tf.keras.optimizers.schedules.LearningRateSchedule):
        def __init__(self, rate):
            self.rate, self.bound = rate, bound * (1 + len(made))
            made.append(self)

        def __call__(self, step):
            power = tf.cast(tf.cast(step, tf.int32) // halving, self.rate.dtype)
            return self.rate * tf.maximum(2**-power, self.bound)

    return keras_rates(tf, Halved, rates, steps, how)


def learning_rate_scheduler(tf, rates, steps, halving, bound, floatx=True):
    """The function is given the rate of the epoch before: the first one is kept aside."""
    made = []

    def callback():
        factor, first = of_group(halving, bound, len(made)), []
        made.append(factor)

        def schedule(epoch, rate):
            first.append(rate)
            return first[0] * factor(epoch)

        return tf.keras.callbacks.LearningRateScheduler(schedule)

    return keras_callback_rates(tf, callback, rates, steps, floatx=floatx)


def learning_rate_scheduler_in_float32(tf, rates, steps, halving, bound):
    return learning_rate_scheduler(tf, rates, steps, halving, bound, floatx=False)


def torch_multiplied(torch, kind, rates, steps, factor, until, how):
    """A ``kind`` of scheduler, MultiplicativeLR."""
    return torch_rates(torch, lambda s: kind(s, lambda t: factor if t < until else 1.0), rates, steps, how)


def keras_multiplied(tf, kind, rates, steps, factor, until):
    """A ``kind`` of callback, LearningRateScheduler, whose function multiplies the rate of the epoch before."""
    return keras_callback_rates(
        tf, lambda: kind(lambda epoch, rate: rate * factor if 0 < epoch < until else rate), rates, steps
    )


def chained(torch, rates, steps, factor, total, gamma, step_size, how="update"):
    def schedule(optimizer):
        parts = [
            torch.optim.lr_scheduler.ConstantLR(optimizer, factor, total),
            torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma),
            torch.optim.lr_scheduler.StepLR(optimizer, step_size, gamma),
        ]
        return torch.optim.lr_scheduler.ChainedScheduler(parts, optimizer)

    return torch_rates(torch, schedule, rates, steps, how)


def chained_get_last_lr(torch, rates, **options):
    return chained(torch, rates, **options, how="get_last_lr")


def chained_tensor(torch, rates, **options):
    return chained(torch, rates, **options, how="tensor")


def chained_as_product(tf, rates, steps, factor, total, gamma, step_size):
    """Keras chains no schedules: one of the user's own multiplies them."""
    of = tf.keras.optimizers.schedules
    unit = tf.ones((), rates.dtype)
    parts = [
        of.PiecewiseConstantDecay([total - 1], [unit * factor, unit]),
        of.ExponentialDecay(unit, 1, gamma),
        of.ExponentialDecay(unit, step_size, gamma, staircase=True),
    ]

    class Product(tf.keras.optimizers.schedules.LearningRateSchedule):
        def __init__(self, rate):
            self.rate = rate

        def __call__(self, step):
            return self.rate * parts[0](step) * parts[1](step) * parts[2](step)

    return keras_rates(tf, Product, rates, steps)


def sequential(torch, rates, steps, milestones, start, total, gamma, how="update"):
    def schedule(optimizer):
        parts = [
            torch.optim.lr_scheduler.LinearLR(optimizer, start, total_iters=total),
            torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, total),
            torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma),
        ]
        return torch.optim.lr_scheduler.SequentialLR(optimizer, parts, list(milestones))

    return torch_rates(torch, schedule, rates, steps, how)


def sequential_get_last_lr(torch, rates, **options):
    return sequential(torch, rates, **options, how="get_last_lr")


def sequential_tensor(torch, rates, **options):
    return sequential(torch, rates, **options, how="tensor")


def torch_epochs(torch, kind, rates, epochs, batches, gamma, per, order="after"):
    """The rates of all batches under a ``kind`` of scheduler, ExponentialLR, whose step is made ``per`` epoch or batch,
    after the optimizer's or before it."""
    import warnings

    weights = [torch.nn.Parameter(torch.zeros((), dtype=rates.dtype)) for _ in rates]
    optimizer = torch.optim.SGD([{"params": [w], "lr": float(r)} for w, r in zip(weights, rates, strict=True)])
    scheduler, found = kind(optimizer, gamma), []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the order is wrong
        for t in range(epochs * batches):
            if order == "before" and (per == "batch" or t % batches == 0):
                scheduler.step()
            for w in weights:
                w.data.zero_()
                w.grad = torch.ones_like(w)
            optimizer.step()
            found.append(-torch.stack([w.detach().clone() for w in weights]))
            if order == "after" and (per == "batch" or (t + 1) % batches == 0):
                scheduler.step()
    return {"rate": torch.stack(found)}


def decay_steps_in_batches(tf, rates, epochs, batches, gamma, per, how="call"):
    def schedule(rate):
        steps = batches if per == "epoch" else 1
        return tf.keras.optimizers.schedules.ExponentialDecay(rate, steps, gamma, staircase=True)

    return keras_rates(tf, schedule, rates, epochs * batches, how)


def decay_steps_in_batches_update(tf, rates, **options):
    return decay_steps_in_batches(tf, rates, **options, how="update")


def decay_steps_in_epochs(tf, rates, epochs, batches, gamma, per):
    return decay_steps_in_batches(tf, rates, epochs, batches, gamma, "batch")


def learning_rate_scheduler_of_epochs(tf, rates, epochs, batches, gamma, per):
    callback = tf.keras.callbacks.LearningRateScheduler
    of_epochs = keras_callback_rates(tf, lambda: callback(lambda epoch, r: r * gamma if epoch else r), rates, epochs)
    return {"rate": tf.repeat(of_epochs["rate"], batches, axis=0)}


CASES = (
    Case(
        "lambda_schedule",
        "trajectory",
        ref.factors,
        torch=[
            lambda torch, rates, **options: torch_lambdas(
                torch, torch.optim.lr_scheduler.LambdaLR, rates, **options, how="update"
            ),
            lambda torch, rates, **options: torch_lambdas(
                torch, torch.optim.lr_scheduler.LambdaLR, rates, **options, how="get_last_lr"
            ),
            lambda torch, rates, **options: torch_lambdas(
                torch, torch.optim.lr_scheduler.LambdaLR, rates, **options, how="tensor"
            ),
        ],
        tensorflow=[
            subclass_of_learning_rate_schedule,
            subclass_of_learning_rate_schedule_update,
            learning_rate_scheduler,
            learning_rate_scheduler_in_float32,
        ],
        samples=[
            *grid(two, steps=[16], halving=[3, 1], bound=[2.0**-6, 0.0]),
            probe("groups-one-of-rate-0", one_at_rest, steps=8, halving=3, bound=2.0**-6),
            probe("constant-from-the-start", steps=6, halving=2, bound=2.0),
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=(f"{TORCH}LambdaLR.html", f"{KERAS}learning_rate_schedule/",
                 "https://keras.io/api/callbacks/learning_rate_scheduler/"),
    ),
    Case(
        "multiplicative_schedule",
        "trajectory",
        ref.multiplied,
        torch=[
            lambda torch, rates, **options: torch_multiplied(
                torch, torch.optim.lr_scheduler.MultiplicativeLR, rates, **options, how="update"
            ),
            lambda torch, rates, **options: torch_multiplied(
                torch, torch.optim.lr_scheduler.MultiplicativeLR, rates, **options, how="tensor"
            ),
        ],
        tensorflow=[
            lambda tf, rates, **options: keras_multiplied(
                tf, tf.keras.callbacks.LearningRateScheduler, rates, **options
            ),
        ],
        samples=[
            *grid(two, steps=[16], factor=[0.95, 1.25], until=[10, 4]),
            probe("never", steps=6, factor=0.5, until=0),
            probe("groups-one-of-rate-0", one_at_rest, steps=8, factor=0.9, until=5),
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=(f"{TORCH}MultiplicativeLR.html", "https://keras.io/api/callbacks/learning_rate_scheduler/"),
    ),
    Case(
        "chained_schedule",
        "trajectory",
        ref.chained,
        torch=[chained, chained_get_last_lr, chained_tensor],
        tensorflow=[chained_as_product],
        samples=[
            *grid(two, steps=[25], factor=[0.125, 0.5], total=[20, 3], gamma=[0.875, 0.5], step_size=[6, 20]),
            probe("all-at-one-step", steps=8, factor=0.5, total=4, gamma=0.75, step_size=4),
            probe("groups-one-of-rate-0", one_at_rest, steps=8, factor=0.5, total=4, gamma=0.75, step_size=3),
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=(f"{TORCH}ChainedScheduler.html",),
    ),
    Case(
        "sequential_schedule",
        "trajectory",
        ref.sequential,
        torch=[sequential, sequential_get_last_lr, sequential_tensor],
        samples=[
            *grid(two, steps=[24], milestones=[(6, 14), (4, 5)], start=[0.25, 1.0], total=[6, 9], gamma=[0.875, 0.5]),
            probe("milestone-0", one, steps=12, milestones=(0, 6), start=0.25, total=4, gamma=0.5),
            probe("milestones-beyond-the-end", one, steps=8, milestones=(9, 12), start=0.25, total=4, gamma=0.5),
            probe("groups-one-of-rate-0", one_at_rest, steps=12, milestones=(3, 6), start=0.25, total=3, gamma=0.5),
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=(f"{TORCH}SequentialLR.html",),
    ),
    Case(
        "schedule_of_epochs_and_batches",
        "trajectory",
        ref.by_epochs,
        torch=[
            lambda torch, rates, **options: torch_epochs(
                torch, torch.optim.lr_scheduler.ExponentialLR, rates, **options
            ),
        ],
        tensorflow=[
            decay_steps_in_batches, decay_steps_in_batches_update, decay_steps_in_epochs,
            learning_rate_scheduler_of_epochs,
        ],
        samples=[
            *grid(two, epochs=[3, 2], batches=[2, 5], gamma=[0.5, 0.875], per=["epoch", "batch"]),
            probe("one-batch", epochs=4, batches=1, gamma=0.5, per="epoch"),
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=(ADJUST, KERAS),
    ),
    Case(
        "schedule_step_before_the_optimizers",
        "trajectory",
        ref.by_epochs,
        torch=[
            lambda torch, rates, **options: torch_epochs(
                torch, torch.optim.lr_scheduler.ExponentialLR, rates, **options
            ),
        ],
        samples=[
            *grid(two, epochs=[3], batches=[2], gamma=[0.5, 0.875], per=["epoch", "batch"], order=["before", "after"]),
            probe("one-batch", epochs=4, batches=1, gamma=0.5, per="epoch", order="before"),
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=(ADJUST,),
    ),
)  # fmt: skip
