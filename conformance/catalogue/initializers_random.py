"""Initializers that draw. ``like`` gives the shape, in Keras' layout, and the dtype; torch's routes draw a weight of
torch's layout, whose fans are then the same. An initializer of Keras without a seed takes one from Python's generator,
when it is made."""

from conformance.case import Case
from conformance.catalogue.initializers_constant import (
    EAGER,
    KERAS,
    LIKE,
    TORCH,
    blank,
    keras_kernel,
    torch_kernel,
)
from conformance.catalogue.random_continuous import drawn
from conformance.reference import distributions as ref
from fixtures.samples import sample

DENSE, CONVOLUTION, WIDE = blank(120, 250), blank(3, 3, 30, 100), blank(5, 200, 8)
SINGLE = ("float32", "bfloat16")


def of_torch(torch, like, fill):
    """A weight of torch's layout, filled, in Keras' layout."""
    return keras_kernel(torch, fill(torch_kernel(torch, like)))


def truncated(torch, weight, scale, fan):
    """torch's truncated normal numbers with the variance scale / fan."""
    import math

    within = 1 - 4 * math.exp(-2) / math.sqrt(2 * math.pi) / math.erf(math.sqrt(2))
    deviation = math.sqrt(scale / fan / within)
    return torch.nn.init.trunc_normal_(weight, 0.0, deviation, -2 * deviation, 2 * deviation)


def torch_fan(torch, weight, mode):
    inward, outward = weight[0].numel(), weight[:, 0].numel()
    return {"fan_in": inward, "fan_out": outward, "fan_avg": (inward + outward) / 2}[mode]


def torch_scaled(torch, like, scale, mode, distribution):
    """torch has no such initializer: its distributions with the variance scale / fan."""
    weight = torch_kernel(torch, like)
    fan = torch_fan(torch, weight, mode)
    if distribution == "uniform":
        torch.nn.init.uniform_(weight, -((3 * scale / fan) ** 0.5), (3 * scale / fan) ** 0.5)
    elif distribution == "normal":
        torch.nn.init.normal_(weight, 0.0, (scale / fan) ** 0.5)
    else:
        truncated(torch, weight, scale, fan)
    return keras_kernel(torch, weight)


def torch_glorot(torch, like, gain, distribution):
    def fill(weight):
        if distribution == "truncated_normal":
            return truncated(torch, weight, gain**2, torch_fan(torch, weight, "fan_avg"))
        kind = torch.nn.init.xavier_uniform_ if distribution == "uniform" else torch.nn.init.xavier_normal_
        return kind(weight, gain)

    return of_torch(torch, like, fill)


def torch_he(torch, like, slope, mode, distribution):
    def fill(weight):
        if distribution == "truncated_normal":
            return truncated(torch, weight, 2 / (1 + slope**2), torch_fan(torch, weight, mode))
        kind = torch.nn.init.kaiming_uniform_ if distribution == "uniform" else torch.nn.init.kaiming_normal_
        return kind(weight, slope, mode)

    return of_torch(torch, like, fill)


def keras_scaled(tf, like, scale, mode, distribution):
    named = {"normal": "untruncated_normal"}.get(distribution, distribution)
    return tf.keras.initializers.VarianceScaling(scale, mode, named)(like.shape, like.dtype)


def named(name, scale, mode, distribution):
    """The class of Keras' that is a `VarianceScaling` with these arguments."""
    return {"of": name, "scale": scale, "mode": mode, "distribution": distribution}


def both(name, **options):
    """Dense and convolutional kernels."""
    return [
        sample(f"{name}-dense", DENSE, **options),
        sample(f"{name}-convolution", CONVOLUTION, **options),
        sample(f"{name}-more-inputs", WIDE, **options, edge=True),
    ]


CASES = (
    Case(
        "uniform_initializer",
        "statistics",
        drawn,
        statistics=ref.uniform,
        torch=[lambda torch, like, low, high: torch.nn.init.uniform_(torch.empty_like(like), low, high)],
        tensorflow=[lambda tf, like, low, high: tf.keras.initializers.RandomUniform(low, high)(like.shape, like.dtype)],
        jax=[
            lambda jax, like, *, key, low, high: (
                low + jax.nn.initializers.uniform(high - low)(key, like.shape, like.dtype)
            )
        ],
        samples=[
            sample("dense", DENSE, low=-0.0625, high=0.0625),
            sample("convolution", CONVOLUTION, low=-1.0, high=0.5),
            sample("vector", blank(5000), low=0.0, high=1.0, edge=True),
        ],
        held=LIKE,
        modes=EAGER,
        dtypes=("float64", "float32", "bfloat16"),
        sources=(TORCH, f"{KERAS}#randomuniform-class"),
    ),
    Case(
        "normal_initializer",
        "statistics",
        drawn,
        statistics=ref.normal,
        torch=[lambda torch, like, mean, deviation: torch.nn.init.normal_(torch.empty_like(like), mean, deviation)],
        tensorflow=[
            lambda tf, like, mean, deviation: tf.keras.initializers.RandomNormal(mean, deviation)(
                like.shape, like.dtype
            )
        ],
        jax=[
            lambda jax, like, *, key, mean, deviation: (
                mean + jax.nn.initializers.normal(deviation)(key, like.shape, like.dtype)
            )
        ],
        samples=[
            sample("dense", DENSE, mean=0.0, deviation=0.0625),
            sample("convolution", CONVOLUTION, mean=0.25, deviation=0.5),
            sample("vector", blank(5000), mean=0.0, deviation=1.0, edge=True),
        ],
        held=LIKE,
        modes=EAGER,
        dtypes=("float64", "float32", "bfloat16"),
        sources=(TORCH, f"{KERAS}#randomnormal-class"),
    ),
    Case(
        "truncated_normal_initializer",
        "statistics",
        drawn,
        statistics=ref.truncated_normal,
        torch=[
            lambda torch, like, mean, deviation: torch.nn.init.trunc_normal_(
                torch.empty_like(like), mean, deviation, mean - 2 * deviation, mean + 2 * deviation
            )
        ],
        tensorflow=[
            lambda tf, like, mean, deviation: tf.keras.initializers.TruncatedNormal(mean, deviation)(
                like.shape, like.dtype
            )
        ],
        jax=[
            lambda jax, like, *, key, mean, deviation: (
                mean + jax.nn.initializers.truncated_normal(deviation)(key, like.shape, like.dtype)
            )
        ],
        samples=[
            sample("dense", DENSE, mean=0.0, deviation=0.0625),
            sample("convolution", CONVOLUTION, mean=0.25, deviation=0.5),
            sample("vector", blank(5000), mean=0.0, deviation=1.0, edge=True),
        ],
        held=LIKE,
        modes=EAGER,
        dtypes=("float64", "float32", "bfloat16"),
        sources=(TORCH, f"{KERAS}#truncatednormal-class"),
    ),
    Case(
        "truncated_normal_defaults",
        "statistics",
        drawn,
        statistics=ref.truncated_normal,
        torch=[lambda torch, like, mean, deviation: torch.nn.init.trunc_normal_(torch.empty_like(like))],
        tensorflow=[
            lambda tf, like, mean, deviation: tf.keras.initializers.TruncatedNormal()(like.shape, like.dtype),
            lambda tf, like, mean, deviation: tf.keras.initializers.TruncatedNormal(stddev=1.0)(like.shape, like.dtype),
        ],
        samples=[
            sample("dense", blank(60, 100), mean=0.0, deviation=1.0),
            sample("convolution", blank(3, 3, 10, 50), mean=0.0, deviation=1.0),
            sample("vector", blank(5000), mean=0.0, deviation=1.0, edge=True),
        ],
        held=LIKE,
        modes=EAGER,
        dtypes=("float32",),
        sources=(TORCH, f"{KERAS}#truncatednormal-class"),
    ),
    Case(
        "variance_scaling",
        "statistics",
        drawn,
        statistics=ref.variance_scaling,
        torch=[torch_scaled],
        tensorflow=[keras_scaled],
        jax=[
            lambda jax, like, *, key, scale, mode, distribution: jax.nn.initializers.variance_scaling(
                scale, mode, distribution
            )(key, like.shape, like.dtype)
        ],
        samples=[
            sample("uniform-in", DENSE, scale=1.0, mode="fan_in", distribution="uniform"),
            sample("normal-out", CONVOLUTION, scale=2.0, mode="fan_out", distribution="normal"),
            sample("truncated-average", CONVOLUTION, scale=0.5, mode="fan_avg", distribution="truncated_normal"),
            sample("uniform-average", WIDE, scale=3.0, mode="fan_avg", distribution="uniform"),
            sample("normal-in", WIDE, scale=1.0, mode="fan_in", distribution="normal"),
            sample("truncated-out", WIDE, scale=1.0, mode="fan_out", distribution="truncated_normal"),
            sample("large", blank(3000, 2), scale=1e4, mode="fan_out", distribution="uniform", edge=True),
            sample("one-input", blank(1, 5000), scale=1.0, mode="fan_in", distribution="truncated_normal", edge=True),
        ],
        held=LIKE,
        modes=EAGER,
        dtypes=SINGLE,
        sources=(f"{KERAS}#variancescaling-class",),
    ),
    Case(
        "glorot",
        "statistics",
        drawn,
        statistics=ref.glorot,
        torch=[torch_glorot],
        tensorflow=[
            lambda tf, like, gain, distribution: keras_scaled(tf, like, gain**2, "fan_avg", distribution),
        ],
        jax=[
            lambda jax, like, *, key, gain, distribution: jax.nn.initializers.variance_scaling(
                gain**2, "fan_avg", distribution
            )(key, like.shape, like.dtype)
        ],
        samples=[
            *both("uniform", gain=1.0, distribution="uniform"),
            sample("uniform-relu", DENSE, gain=2**0.5, distribution="uniform"),
            sample("normal-dense", DENSE, gain=1.0, distribution="normal"),
            sample("normal-convolution", CONVOLUTION, gain=5 / 3, distribution="normal"),
            sample("truncated-dense", DENSE, gain=1.0, distribution="truncated_normal"),
            sample("truncated-convolution", CONVOLUTION, gain=0.5, distribution="truncated_normal"),
        ],
        held=LIKE,
        modes=EAGER,
        dtypes=SINGLE,
        sources=(
            f"{TORCH}#torch.nn.init.xavier_uniform_",
            f"{KERAS}#glorotuniform-class",
            "https://proceedings.mlr.press/v9/glorot10a.html",
        ),
    ),
    Case(
        "he",
        "statistics",
        drawn,
        statistics=ref.he,
        torch=[torch_he],
        tensorflow=[
            lambda tf, like, slope, mode, distribution: keras_scaled(tf, like, 2 / (1 + slope**2), mode, distribution),
        ],
        jax=[
            lambda jax, like, *, key, slope, mode, distribution: jax.nn.initializers.variance_scaling(
                2 / (1 + slope**2), mode, distribution
            )(key, like.shape, like.dtype)
        ],
        samples=[
            *both("uniform", slope=0.0, mode="fan_in", distribution="uniform"),
            sample("uniform-out", CONVOLUTION, slope=0.25, mode="fan_out", distribution="uniform"),
            sample("normal-dense", DENSE, slope=0.0, mode="fan_in", distribution="normal"),
            sample("normal-out", CONVOLUTION, slope=5**0.5, mode="fan_out", distribution="normal"),
            sample("truncated-dense", DENSE, slope=0.0, mode="fan_in", distribution="truncated_normal"),
            sample("truncated-out", WIDE, slope=0.5, mode="fan_out", distribution="truncated_normal", edge=True),
        ],
        held=LIKE,
        modes=EAGER,
        dtypes=SINGLE,
        sources=(
            f"{TORCH}#torch.nn.init.kaiming_uniform_",
            f"{KERAS}#heuniform-class",
            "https://arxiv.org/abs/1502.01852",
        ),
    ),
    Case(
        "initializers_by_name",
        "statistics",
        drawn,
        statistics=ref.variance_scaling,
        torch=[lambda torch, like, of, **options: torch_scaled(torch, like, **options)],
        tensorflow=[lambda tf, like, of, **options: getattr(tf.keras.initializers, of)()(like.shape, like.dtype)],
        samples=[
            sample("glorot-uniform", DENSE, **named("GlorotUniform", 1.0, "fan_avg", "uniform")),
            sample("glorot-uniform-kernel", CONVOLUTION, **named("GlorotUniform", 1.0, "fan_avg", "uniform")),
            sample("glorot-normal", WIDE, **named("GlorotNormal", 1.0, "fan_avg", "truncated_normal")),
            sample("he-uniform", CONVOLUTION, **named("HeUniform", 2.0, "fan_in", "uniform")),
            sample("he-normal", CONVOLUTION, **named("HeNormal", 2.0, "fan_in", "truncated_normal")),
            sample("lecun-uniform", WIDE, **named("LecunUniform", 1.0, "fan_in", "uniform")),
            sample("lecun-normal", CONVOLUTION, **named("LecunNormal", 1.0, "fan_in", "truncated_normal")),
            sample("one-input", blank(1, 5000), edge=True, **named("LecunUniform", 1.0, "fan_in", "uniform")),
        ],
        held=LIKE,
        modes=EAGER,
        dtypes=("float32",),
        sources=(f"{KERAS}#glorotnormal-class", f"{KERAS}#henormal-class", f"{KERAS}#lecunnormal-class"),
    ),
    Case(
        "normal_initializers_by_name",  # as their authors draw them: not truncated
        "statistics",
        drawn,
        statistics=ref.variance_scaling,
        torch=[
            lambda torch, like, of, **options: of_torch(
                torch,
                like,
                torch.nn.init.kaiming_normal_ if of == "HeNormal" else torch.nn.init.xavier_normal_,
            )
        ],
        tensorflow=[
            lambda tf, like, of, scale, mode, distribution: tf.keras.initializers.VarianceScaling(
                scale, mode, distribution="untruncated_normal"
            )(like.shape, like.dtype),
            lambda tf, like, of, **options: getattr(tf.keras.initializers, of)()(like.shape, like.dtype),
        ],
        samples=[
            sample("he-dense", DENSE, **named("HeNormal", 2.0, "fan_in", "normal")),
            sample("glorot-convolution", CONVOLUTION, **named("GlorotNormal", 1.0, "fan_avg", "normal")),
            sample("he-more-inputs", WIDE, edge=True, **named("HeNormal", 2.0, "fan_in", "normal")),
        ],
        held=LIKE,
        modes=EAGER,
        dtypes=("float32",),
        sources=(
            f"{TORCH}#torch.nn.init.kaiming_normal_",
            f"{KERAS}#henormal-class",
            "https://arxiv.org/abs/1502.01852",
        ),
    ),
    Case(
        "orthogonal_initializer",
        "statistics",
        drawn,
        statistics=ref.orthogonal,
        torch=[
            lambda torch, like, gain: of_torch(torch, like, lambda weight: torch.nn.init.orthogonal_(weight, gain)),
        ],
        tensorflow=[lambda tf, like, gain: tf.keras.initializers.Orthogonal(gain)(like.shape, like.dtype)],
        jax=[lambda jax, like, *, key, gain: jax.nn.initializers.orthogonal(gain)(key, like.shape, like.dtype)],
        samples=[
            sample("square", blank(200, 200), gain=1.0),
            sample("tall", blank(150, 60), gain=0.5),
            sample("wide", blank(40, 160), gain=2**0.5),
            sample("convolution", blank(3, 3, 8, 64), gain=1.0),
            sample("wide-convolution", blank(3, 10, 120), gain=2.0, edge=True),
        ],
        held=LIKE,
        modes=EAGER,
        dtypes=("float64", "float32"),
        sources=(
            f"{TORCH}#torch.nn.init.orthogonal_",
            f"{KERAS}#orthogonalinitializer-class",
            "https://arxiv.org/abs/1312.6120",
        ),
    ),
    Case(
        "sparse_initializer",
        "statistics",
        drawn,
        statistics=ref.sparse,
        torch=[
            lambda torch, like, sparsity, deviation: torch.nn.init.sparse_(torch.empty_like(like), sparsity, deviation)
        ],
        samples=[
            sample("half", blank(100, 120), sparsity=0.5, deviation=0.25),
            sample("tenth", blank(120, 100), sparsity=0.125, deviation=1.0),
            sample("nearly-all", blank(150, 100), sparsity=0.9375, deviation=0.01, edge=True),
        ],
        held=LIKE,
        modes=EAGER,
        dtypes=("float64", "float32"),
        sources=(f"{TORCH}#torch.nn.init.sparse_", "https://www.cs.toronto.edu/~asamir/cifar/HFO_James.pdf"),
    ),
)
