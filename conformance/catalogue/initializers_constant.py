"""Initializers that draw nothing. ``like`` gives the shape, in Keras' layout, and the dtype."""

from functools import partial

import numpy as np

from conformance.case import Case
from conformance.reference import initializers as ref
from fixtures.samples import sample

LIKE, EAGER = ("like",), ("eager",)
TORCH = "https://docs.pytorch.org/docs/stable/nn.init.html"
KERAS = "https://keras.io/api/layers/initializers/"


def blank(*shape: int):
    return lambda _: (np.zeros(shape),)


def torch_kernel(torch, like):
    """An empty weight of a torch layer whose Keras kernel has the shape of ``like``."""
    last = like.ndim - 1
    return torch.empty_like(like.permute(last, last - 1, *range(last - 1)), memory_format=torch.contiguous_format)


def keras_kernel(torch, weight):
    """The weight in Keras' layout."""
    return weight.permute(*range(2, weight.ndim), 1, 0).contiguous()


def keras_fans(tf, like, layout):
    """Keras knows its own layout alone."""
    import importlib

    initializers = importlib.import_module("keras.src.initializers.random_initializers")
    return tf.constant(initializers.compute_fans(like.shape), tf.int64)


CASES = (
    Case(
        "zeros_initializer",
        "selection",
        partial(ref.constant, value=0.0),
        torch=[lambda torch, like: torch.nn.init.zeros_(torch.full_like(like, 7))],
        tensorflow=[lambda tf, like: tf.keras.initializers.Zeros()(like.shape, like.dtype)],
        jax=[lambda jax, like, *, key: jax.nn.initializers.zeros(key, like.shape, like.dtype)],
        samples=[
            sample("matrix", blank(3, 4)),
            sample("kernel", blank(3, 3, 2, 4)),
            sample("empty", blank(0, 4), edge=True),
        ],
        held=LIKE,
        modes=EAGER,
        sources=(TORCH, KERAS),
    ),
    Case(
        "ones_initializer",
        "selection",
        partial(ref.constant, value=1.0),
        torch=[lambda torch, like: torch.nn.init.ones_(torch.empty_like(like))],
        tensorflow=[lambda tf, like: tf.keras.initializers.Ones()(like.shape, like.dtype)],
        jax=[lambda jax, like, *, key: jax.nn.initializers.ones(key, like.shape, like.dtype)],
        samples=[
            sample("matrix", blank(3, 4)),
            sample("kernel", blank(3, 3, 2, 4)),
            sample("empty", blank(0, 4), edge=True),
        ],
        held=LIKE,
        modes=EAGER,
        sources=(TORCH, KERAS),
    ),
    Case(
        "constant_initializer",
        "elementwise",
        ref.constant,
        torch=[lambda torch, like, value: torch.nn.init.constant_(torch.empty_like(like), value)],
        tensorflow=[lambda tf, like, value: tf.keras.initializers.Constant(value)(like.shape, like.dtype)],
        jax=[lambda jax, like, *, key, value: jax.nn.initializers.constant(value)(key, like.shape, like.dtype)],
        samples=[
            sample("half", blank(3, 4), value=0.5),
            sample("third", blank(3, 4), value=1 / 3),
            sample("large", blank(2, 2), value=-1e4, edge=True),
            sample("0-d", blank(), value=0.1, edge=True),
        ],
        held=LIKE,
        modes=EAGER,
        sources=(TORCH, KERAS),
    ),
    Case(
        "identity_initializer",
        "selection",
        ref.identity,
        torch=[lambda torch, like, gain: gain * torch.nn.init.eye_(torch.empty_like(like))],
        tensorflow=[lambda tf, like, gain: tf.keras.initializers.Identity(gain)(like.shape, like.dtype)],
        samples=[
            sample("square", blank(4, 4), gain=1.0),
            sample("tall", blank(5, 3), gain=0.5),
            sample("wide", blank(2, 5), gain=-2.0, edge=True),
            sample("bad-rank", blank(2, 3, 4), gain=1.0, raises=True, edge=True),
        ],
        held=LIKE,
        modes=EAGER,
        sources=(TORCH, KERAS),
    ),
    Case(
        "dirac_initializer",
        "selection",
        ref.dirac,
        torch=[
            lambda torch, like, groups: keras_kernel(torch, torch.nn.init.dirac_(torch_kernel(torch, like), groups))
        ],
        samples=[
            sample("2d", blank(3, 3, 2, 4), groups=1),
            sample("1d-groups", blank(5, 2, 6), groups=3),
            sample("3d-even-window", blank(2, 4, 3, 3, 2), groups=1, edge=True),
            sample("bad-groups", blank(3, 2, 5), groups=2, raises=True, edge=True),
            sample("bad-rank", blank(3, 2), groups=1, raises=True, edge=True),
        ],
        held=LIKE,
        modes=EAGER,
        sources=(TORCH, "https://arxiv.org/abs/1706.00388"),
    ),
    Case(
        "fans",
        "selection",
        ref.fans,
        torch=[
            lambda torch, like, layout: torch.tensor(
                torch.nn.init._calculate_fan_in_and_fan_out(like if layout == "torch" else torch_kernel(torch, like))
            )
        ],
        tensorflow=[keras_fans],
        samples=[
            sample("dense", blank(7, 5), layout="keras"),
            sample("convolution", blank(3, 2, 7, 5), layout="keras"),
            sample("convolution-3d", blank(2, 3, 1, 4, 6), layout="keras", edge=True),
            sample("weight-of-torch", blank(8, 4, 3), layout="torch", edge=True),
            sample("bad-rank", blank(7), layout="keras", raises=True, edge=True),
        ],
        held=LIKE,
        modes=EAGER,
        dtypes=("float64",),
        sources=(TORCH, f"{KERAS}#variancescaling-class"),
    ),
    Case(
        "initializer_gain",
        "elementwise",
        ref.gain,
        torch=[
            lambda torch, like, nonlinearity, slope: torch.tensor(
                torch.nn.init.calculate_gain(nonlinearity, slope), dtype=like.dtype
            )
        ],
        samples=[
            *(
                sample(name.replace("_", "-"), blank(), nonlinearity=name, slope=0.0)
                for name in ("linear", "conv2d", "sigmoid", "tanh", "selu", "relu", "leaky_relu")
            ),
            sample("leaky-relu-quarter", blank(), nonlinearity="leaky_relu", slope=0.25),
            sample("leaky-relu-steep", blank(), nonlinearity="leaky_relu", slope=5**0.5, edge=True),
        ],
        held=LIKE,
        modes=EAGER,
        dtypes=("float64",),
        sources=(f"{TORCH}#torch.nn.init.calculate_gain", "https://arxiv.org/abs/1502.01852"),
    ),
)
