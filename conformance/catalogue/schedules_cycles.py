"""Schedules of rate and momentum: one cycle, and cycles one after another. Only torch has them."""

from conformance.case import Case
from conformance.catalogue.optimizers_shared import MASTER, grid
from conformance.catalogue.schedules_shared import TORCH, one, one_at_rest, probe, torch_cycles, torch_rates, two
from conformance.reference import schedules as ref


def one_cycle(torch, rates, total, rise, shape, low, high, divisor, last_divisor, three_phase, **cycle):
    """What makes the scheduler of an optimizer; ``rates`` are the largest ones."""
    return lambda optimizer: torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        [float(r) for r in rates],
        **({"total_steps": total} if total % 2 else {"epochs": 2, "steps_per_epoch": total // 2}),
        pct_start=rise,
        anneal_strategy=shape,
        base_momentum=low,
        max_momentum=high,
        div_factor=divisor,
        final_div_factor=last_divisor,
        three_phase=three_phase,
        **cycle,
    )


def one_cycle_of_sgd(torch, rates, steps, **options):
    return torch_cycles(torch, one_cycle(torch, rates, **options), rates, steps)


def one_cycle_of_adam(torch, rates, steps, **options):
    return torch_cycles(torch, one_cycle(torch, rates, **options), rates, steps, key="betas")


def one_cycle_update(torch, rates, steps, momentum, **options):
    return torch_rates(torch, one_cycle(torch, rates, **options, cycle_momentum=False), rates, steps, "update")


def one_cycle_tensor(torch, rates, steps, momentum, **options):
    return torch_rates(torch, one_cycle(torch, rates, **options, cycle_momentum=False), rates, steps, "tensor")


def cyclic(torch, rates, height, up, down, mode, gamma, low, high, **cycle):
    """What makes the scheduler of an optimizer. A policy of the user's own: amplitude 1 / number of the cycle."""
    own = {"scale_fn": lambda x: 1 / x, "scale_mode": "cycle"} if mode == "custom" else {"mode": mode, "gamma": gamma}
    return lambda optimizer: torch.optim.lr_scheduler.CyclicLR(
        optimizer,
        [float(r) for r in rates],
        [float(r) * height for r in rates],
        step_size_up=up,
        step_size_down=None if down == up else down,
        base_momentum=low,
        max_momentum=high,
        **own,
        **cycle,
    )


def cyclic_of_sgd(torch, rates, steps, **options):
    return torch_cycles(torch, cyclic(torch, rates, **options), rates, steps)


def cyclic_of_adam(torch, rates, steps, **options):
    return torch_cycles(torch, cyclic(torch, rates, **options), rates, steps, key="betas")


def cyclic_update(torch, rates, steps, momentum, **options):
    return torch_rates(torch, cyclic(torch, rates, **options, cycle_momentum=False), rates, steps, "update")


def cyclic_tensor(torch, rates, steps, momentum, **options):
    return torch_rates(torch, cyclic(torch, rates, **options, cycle_momentum=False), rates, steps, "tensor")


MOMENTA = {"low": 0.75, "high": 0.875}
ONE = {
    **MOMENTA, "rise": 0.25, "shape": "cos", "divisor": 16.0, "last_divisor": 64.0, "three_phase": False,
}  # fmt: skip
CYCLES = {"height": 8.0, **MOMENTA}

CASES = (
    Case(
        "one_cycle_schedule",
        "trajectory",
        ref.one_cycle,
        torch=[one_cycle_of_sgd, one_cycle_of_adam],
        samples=[
            *grid(
                two, steps=[21], total=[21, 32], rise=[0.25, 0.375], shape=["cos", "linear"], divisor=[16.0, 4.0],
                last_divisor=[64.0, 2.0], three_phase=[False, True], low=[0.75, 0.5], high=[0.875],
            ),
            probe("the-last-step-and-the-one-behind", steps=13, total=12, **ONE),
            probe("no-rise", steps=12, total=12, **{**ONE, "rise": 0.0}),
            probe("rise-of-one-step", steps=8, total=8, **{**ONE, "rise": 0.125}),
            probe("nothing-but-rise", steps=8, total=8, **{**ONE, "rise": 1.0}),
            probe("groups-one-of-rate-0", one_at_rest, steps=12, total=12, **ONE),
            probe("decimal-options", steps=20, total=20, rise=0.3, shape="cos", divisor=25.0, last_divisor=1e4,
                  three_phase=False, low=0.85, high=0.95),
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=("https://arxiv.org/abs/1708.07120", f"{TORCH}OneCycleLR.html"),
    ),
    Case(
        "one_cycle_schedule_without_momentum",
        "trajectory",
        ref.one_cycle,
        torch=[one_cycle_update, one_cycle_tensor],
        samples=[
            probe("cosine", two, steps=20, total=20, momentum=False, **ONE),
            probe("linear-three-phases", two, steps=20, total=20, momentum=False,
                  **{**ONE, "shape": "linear", "three_phase": True}),
            probe("of-one-step", steps=1, total=1, momentum=False, **{**ONE, "rise": 0.5}),
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=("https://arxiv.org/abs/1708.07120", f"{TORCH}OneCycleLR.html"),
    ),
    Case(
        "cyclic_schedule",
        "trajectory",
        ref.cyclic,
        torch=[cyclic_of_sgd, cyclic_of_adam],
        samples=[
            *grid(
                two, steps=[24], mode=["triangular", "triangular2", "exp_range", "custom"], up=[4, 7], down=[4, 3],
                gamma=[0.875, 1.0], height=[8.0, 0.25], low=[0.75, 0.5], high=[0.875],
            ),
            probe("up-and-down-in-one-step-each", steps=7, mode="triangular2", up=1, down=1, gamma=1.0, **CYCLES),
            probe("groups-one-of-rate-0", one_at_rest, steps=12, mode="exp_range", up=3, down=2, gamma=0.5, **CYCLES),
            probe("decimal-options", steps=40, mode="exp_range", up=6, down=5, gamma=0.99, height=10.0, low=0.8,
                  high=0.9),
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=("https://arxiv.org/abs/1506.01186", f"{TORCH}CyclicLR.html"),
    ),
    Case(
        "cyclic_schedule_without_momentum",
        "trajectory",
        ref.cyclic,
        torch=[cyclic_update, cyclic_tensor],
        samples=[
            probe(mode, make, steps=20, mode=mode, up=4, down=3, gamma=0.875, momentum=False, **CYCLES)
            for mode, make in (("triangular", two), ("triangular2", one), ("exp_range", one), ("custom", two))
        ],
        modes=("eager",),
        dtypes=MASTER,
        sources=("https://arxiv.org/abs/1506.01186", f"{TORCH}CyclicLR.html"),
    ),
)  # fmt: skip
