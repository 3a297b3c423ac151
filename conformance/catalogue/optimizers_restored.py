"""The state of an optimizer: saved in the middle, restored into a new one, it goes on bit for bit."""

from typing import Any

import numpy as np

from conformance.case import Array, Case, Sample
from conformance.catalogue.optimizers_shared import MASTER
from conformance.reference import optimizers_states as ref
from fixtures.samples import sample

EAGER = ("eager",)


def torch_continued(torch, through, vector, matrix, *gradients, optimizer, **options):
    """Half of the steps; then the rest, with the optimizer and with a new one to which ``through`` has moved its state.
    The gradients depend on the weights."""
    kind = getattr(torch.optim, optimizer)
    # Muon refuses vectors.
    arrays = [matrix] if optimizer == "Muon" else [vector, matrix]
    steps = list(zip(*(gradients[1:] if optimizer == "Muon" else gradients), strict=True))

    def run(made, parameters, given):
        def closure():
            made.zero_grad()
            with torch.enable_grad():
                loss = sum((p * g).sum() + p.square().sum() / 2 for p, g in zip(parameters, given, strict=True))
                loss.backward()
            if optimizer == "SparseAdam":
                for p in parameters:
                    p.grad = p.grad.to_sparse()
            return loss

        made.step(closure)

    parameters = [torch.nn.Parameter(a.clone()) for a in arrays]
    made = kind(parameters, **options)
    for given in steps[: len(steps) // 2]:
        run(made, parameters, given)
    copies = [torch.nn.Parameter(p.detach().clone()) for p in parameters]
    # A rate that is not to be used: that of the saved state comes with it.
    other = kind(copies, **{**options, "lr": 1.0})
    other.load_state_dict(through(made.state_dict()))
    rows = []
    for given in steps[len(steps) // 2 :]:
        run(made, parameters, given)
        run(other, copies, given)
        rows.append([(p != c).sum().to(p.dtype) for p, c in zip(parameters, copies, strict=True)])
    differing = torch.stack([torch.stack(row) for row in rows], 1)
    # Of Muon there is the matrix alone.
    return {"vector": differing[0] if optimizer != "Muon" else 0 * differing[0], "matrix": differing[-1]}


def torch_from_file(torch, *arrays, **options):
    import io

    def through(state):
        file = io.BytesIO()
        torch.save(state, file)
        file.seek(0)
        return torch.load(file, weights_only=True)

    return torch_continued(torch, through, *arrays, **options)


def torch_from_memory(torch, *arrays, **options):
    """load_state_dict copies what it is given."""
    import copy

    return torch_continued(torch, copy.deepcopy, *arrays, **options)


def keras_made(tf, optimizer, **options):
    optimizers = tf.keras.optimizers
    if optimizer == "MultiOptimizer":
        inner = [optimizers.SGD(momentum=0.875, **options), optimizers.Adam(**options)]
        return optimizers.MultiOptimizer(lambda variable: inner[variable.path.endswith("kernel")])
    if optimizer == "LossScaleOptimizer":
        return optimizers.LossScaleOptimizer(optimizers.Adam(**options), dynamic_growth_steps=3)
    return getattr(optimizers, optimizer)(**options)


def keras_continued(tf, through, vector, matrix, *gradients, optimizer, **options):
    """As for torch. ``through(made, other)`` moves the state."""
    names = ("bias", "kernel")

    def start(arrays):
        variables = [
            tf.keras.Variable(tf.identity(a), dtype=a.dtype, name=n) for a, n in zip(arrays, names, strict=True)
        ]
        made = keras_made(tf, optimizer, **options)
        made.build(variables)
        return made, variables

    steps = list(zip(*map(tf.unstack, gradients), strict=True))
    made, variables = start([vector, matrix])
    for given in steps[: len(steps) // 2]:
        made.apply([g + v for g, v in zip(given, variables, strict=True)], variables)
    other, copies = start([tf.convert_to_tensor(v) for v in variables])
    through(made, other)
    rows = []
    for given in steps[len(steps) // 2 :]:
        made.apply([g + v for g, v in zip(given, variables, strict=True)], variables)
        other.apply([g + v for g, v in zip(given, copies, strict=True)], copies)
        unequal = [tf.not_equal(v, c) for v, c in zip(variables, copies, strict=True)]
        rows.append([tf.reduce_sum(tf.cast(u, vector.dtype)) for u in unequal])
    return {"vector": tf.stack([v for v, _ in rows]), "matrix": tf.stack([m for _, m in rows])}


def keras_own_variables(tf, *arrays, **options):
    """As model.save and load_model do."""

    def through(made, other):
        store = {}
        made.save_own_variables(store)
        other.load_own_variables(store)

    return keras_continued(tf, through, *arrays, **options)


def keras_checkpoint(tf, *arrays, **options):
    import pathlib
    import tempfile

    def through(made, other):
        with tempfile.TemporaryDirectory() as directory:
            written = tf.train.Checkpoint(optimizer=made).write(str(pathlib.Path(directory) / "state"))
            tf.train.Checkpoint(optimizer=other).read(written).assert_existing_objects_matched()

    return keras_continued(tf, through, *arrays, **options)


def torch_resumed(torch, x, y, optimizer):
    """Model, optimizer and schedule in one file."""
    import io

    def start():
        model = torch.nn.Linear(x.shape[1], y.shape[1], dtype=x.dtype)
        kind = {"SGD": torch.optim.SGD, "Adam": torch.optim.Adam, "RMSprop": torch.optim.RMSprop}[optimizer]
        made = kind(model.parameters(), lr=0.125, **({"momentum": 0.875} if optimizer == "SGD" else {}))
        return model, made, torch.optim.lr_scheduler.ExponentialLR(made, 0.5)

    def train(model, made, schedule):
        made.zero_grad()
        with torch.enable_grad():
            torch.nn.functional.mse_loss(model(x), y).backward()
        made.step()
        schedule.step()

    first, second = start(), start()
    for _ in range(3):
        train(*first)
    file = io.BytesIO()
    torch.save([part.state_dict() for part in first], file)
    file.seek(0)
    for part, state in zip(second, torch.load(file, weights_only=True), strict=True):
        part.load_state_dict(state)
    rows = []
    for _ in range(3):
        train(*first)
        train(*second)
        pairs = zip(first[0].parameters(), second[0].parameters(), strict=True)
        rows.append([(a != b).sum().to(x.dtype) for a, b in pairs])
    return {"kernel": torch.stack([k for k, _ in rows]), "bias": torch.stack([b for _, b in rows])}


def keras_resumed(tf, x, y, optimizer):
    import pathlib
    import tempfile

    model = tf.keras.Sequential(
        [tf.keras.Input(x.shape[1:], dtype=x.dtype), tf.keras.layers.Dense(y.shape[1], dtype=x.dtype)]
    )
    schedule = tf.keras.optimizers.schedules.ExponentialDecay(0.125, 1, 0.5)
    options = {"momentum": 0.875} if optimizer == "SGD" else {}
    model.compile(getattr(tf.keras.optimizers, optimizer)(schedule, **options), "mse", run_eagerly=True)
    for _ in range(3):
        model.train_on_batch(x, y)
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory) / "model.keras"
        model.save(path)
        loaded = tf.keras.models.load_model(path)
    loaded.run_eagerly = True
    rows = []
    for _ in range(3):
        for either in (model, loaded):
            either.train_on_batch(x, y)
        pairs = zip(model.weights, loaded.weights, strict=True)
        rows.append([tf.reduce_sum(tf.cast(tf.not_equal(a, b), x.dtype)) for a, b in pairs])
    return {"kernel": tf.stack([k for k, _ in rows]), "bias": tf.stack([b for _, b in rows])}


def few(rng: np.random.Generator) -> tuple[Array, ...]:
    """Two parameters, and 5 gradients for each."""
    return tuple(rng.standard_normal(s) for s in ((6,), (3, 2), (5, 6), (5, 3, 2)))


def pairs(rng: np.random.Generator) -> tuple[Array, ...]:
    return rng.standard_normal((5, 3)), rng.standard_normal((5, 2))


def of(dtypes: tuple[str, ...], **optimizers: dict[str, Any]) -> list[Sample]:
    """A sample for each; what follows an underscore tells two of one optimizer apart."""
    edges = ("LBFGS", "SparseAdam", "Muon", "MultiOptimizer", "LossScaleOptimizer")
    return [
        sample(
            name.replace("_", "-"),
            few,
            edge=name in edges or "_" in name,
            optimizer=name.split("_")[0],
            **{"dtypes": dtypes, **options},
        )
        for name, options in optimizers.items()
    ]


RATE: dict[str, Any] = {"lr": 2.0**-5}
KERAS_RATE: dict[str, Any] = {"learning_rate": 2.0**-5}

CASES = (
    Case(
        "torch_state_restored",
        "trajectory",
        ref.restored,
        torch=[torch_from_file, torch_from_memory],
        samples=of(
            MASTER,
            SGD={"momentum": 0.875, **RATE}, SGD_plain=RATE, Adam=RATE, Adam_amsgrad={"amsgrad": True, **RATE},
            Adam_fused={"fused": True, **RATE}, Adam_loop={"foreach": False, **RATE},
            Adam_ascending={"maximize": True, **RATE}, AdamW=RATE, Adamax=RATE, NAdam=RATE,
            RAdam=RATE, Adagrad={"lr_decay": 0.125, **RATE}, Adadelta=RATE,
            RMSprop={"centered": True, "momentum": 0.5, **RATE},
            Rprop=RATE, ASGD={"t0": 2, **RATE}, Adafactor=RATE, Muon=RATE, SparseAdam=RATE,
            LBFGS={"max_iter": 2, **RATE},
        ),
        modes=EAGER,
        dtypes=MASTER,
        sources=("https://docs.pytorch.org/docs/stable/generated/torch.optim.Optimizer.load_state_dict.html",),
    ),
    Case(
        "keras_state_restored",
        "trajectory",
        ref.restored,
        tensorflow=[keras_own_variables],
        samples=of(
            ("float64",),
            SGD={"momentum": 0.875, **KERAS_RATE}, Adam={"amsgrad": True, **KERAS_RATE}, AdamW=KERAS_RATE,
            Adamax=KERAS_RATE, Nadam=KERAS_RATE, Adagrad=KERAS_RATE, Adadelta=KERAS_RATE,
            RMSprop={"centered": True, "momentum": 0.5, **KERAS_RATE}, Adafactor=KERAS_RATE, Ftrl=KERAS_RATE,
            Lion=KERAS_RATE, Lamb=KERAS_RATE, Muon={"dtypes": ("float32",), **KERAS_RATE}, ScheduleFreeAdamW=KERAS_RATE,
            MultiOptimizer=KERAS_RATE, LossScaleOptimizer=KERAS_RATE,
            SGD_averaged={"use_ema": True, **KERAS_RATE},
            SGD_accumulating={"gradient_accumulation_steps": 2, **KERAS_RATE},
        ),
        modes=EAGER,
        dtypes=MASTER,  # Muon does not take float64
        sources=("https://keras.io/guides/serialization_and_saving/",),
    ),
    Case(
        "keras_state_restored_from_checkpoint",
        "trajectory",
        ref.restored,
        tensorflow=[keras_checkpoint],
        samples=of(
            ("float64",),
            SGD={"momentum": 0.875, **KERAS_RATE}, Nadam=KERAS_RATE, MultiOptimizer=KERAS_RATE,
            LossScaleOptimizer=KERAS_RATE, SGD_averaged={"use_ema": True, **KERAS_RATE},
        ),
        modes=EAGER,
        dtypes=("float64",),
        sources=("https://www.tensorflow.org/guide/checkpoint",),
    ),
    Case(
        "training_resumed",
        "trajectory",
        ref.resumed,
        torch=[torch_resumed],
        tensorflow=[keras_resumed],
        samples=[
            sample(name, pairs, edge=name != "SGD", optimizer=name) for name in ("SGD", "Adam", "RMSprop")
        ],
        modes=EAGER,
        dtypes=("float64",),
        sources=(
            "https://docs.pytorch.org/tutorials/recipes/recipes/saving_and_loading_a_general_checkpoint.html",
            "https://keras.io/guides/serialization_and_saving/",
        ),
    ),
)  # fmt: skip
