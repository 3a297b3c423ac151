"""Random numbers of continuous distributions. ``like`` gives shape and dtype of what is drawn; options are the
parameters. TensorFlow's stateless functions and generators get their seeds from Python's generator, which
`keras.utils.set_random_seed` seeds as well."""

import numpy as np

from conformance.case import Case
from conformance.reference import distributions as ref
from fixtures.samples import sample

EAGER = ("eager",)
LIKE = ("like",)
TORCH = "https://docs.pytorch.org/docs/stable/"
TF = "https://www.tensorflow.org/api_docs/python/tf/random/"
KERAS = "https://keras.io/api/random/random_ops/"


def drawn(like, **parameters):
    """A statistics case has no other value than its hypothesis tests."""
    return like


def blank(*shape: int):
    return lambda _: (np.zeros(shape),)


MATRIX, SMALL = blank(150, 200), blank(60, 100)
"""So many numbers that a deviation which is wrong by 3% is found; and so many as show an error of a limiting case."""


SINGLE, DOUBLE = ("float32", "float16", "bfloat16"), ("float64", "float16")
"""Each sample but the first is drawn in one of the wide formats."""


def drawn_seed(tf):
    import random

    return [random.randrange(2**31), random.randrange(2**31)]


def generator(torch, like):
    """A generator of its own, on the device of ``like``, that goes by the global seed."""
    return torch.Generator(like.device).manual_seed(torch.initial_seed())


def shuffler(torch, like):
    """What shuffles on a GPU: a generator that is there, which torch does not find itself; elsewhere its own."""
    if not like.is_cuda:
        return None
    return torch.Generator(like.device).manual_seed(int(torch.randint(2**62, ())))


def tf_generator(tf):
    return tf.random.Generator.from_seed(drawn_seed(tf)[0])


def full(torch, like, *values):
    return [torch.full_like(like, value) for value in values]


CASES = (
    Case(
        "uniform_draws",
        "statistics",
        drawn,
        statistics=ref.uniform,
        torch=[
            lambda torch, like, low, high: torch.Tensor.uniform_(torch.empty_like(like), low, high),
            lambda torch, like, low, high: torch.empty_like(like).uniform_(low, high, generator=generator(torch, like)),
        ],
        tensorflow=[
            lambda tf, like, low, high: tf.random.uniform(like.shape, low, high, like.dtype),
            lambda tf, like, low, high: tf.random.stateless_uniform(like.shape, drawn_seed(tf), low, high, like.dtype),
            lambda tf, like, low, high: tf.random.Generator.from_seed(drawn_seed(tf)[0]).uniform(
                like.shape, low, high, like.dtype
            ),
            lambda tf, like, low, high: tf.keras.random.uniform(like.shape, low, high, like.dtype),
        ],
        jax=[lambda jax, like, *, key, low, high: jax.random.uniform(key, like.shape, like.dtype, low, high)],
        samples=[
            sample("unit", MATRIX, low=0.0, high=1.0),
            sample("wide", SMALL, low=-3.0, high=5.0, dtypes=SINGLE),
            sample("far", SMALL, low=100.0, high=104.0, edge=True, dtypes=SINGLE),
            sample("one-point", SMALL, low=2.5, high=2.5, edge=True, dtypes=SINGLE),
        ],
        held=LIKE,
        modes=EAGER,
        sources=(f"{TORCH}generated/torch.Tensor.uniform_.html", f"{TF}uniform", f"{KERAS}#uniform-function"),
    ),
    Case(
        "unit_draws",
        "statistics",
        drawn,
        statistics=ref.uniform,
        torch=[
            lambda torch, like, low, high: torch.rand(like.shape, dtype=like.dtype, device=like.device),
            lambda torch, like, low, high: torch.rand_like(like),
            lambda torch, like, low, high: torch.distributions.Uniform(*full(torch, like, low, high)).sample(),
        ],
        tensorflow=[
            lambda tf, like, low, high: tf.random.uniform(like.shape, dtype=like.dtype),
            lambda tf, like, low, high: tf.random.stateless_uniform(like.shape, drawn_seed(tf), dtype=like.dtype),
            lambda tf, like, low, high: tf.keras.random.uniform(like.shape, dtype=like.dtype),
        ],
        jax=[lambda jax, like, *, key, low, high: jax.random.uniform(key, like.shape, like.dtype)],
        samples=[
            sample("matrix", blank(100, 100), low=0.0, high=1.0),
            sample("one-long-row", blank(1, 10007), low=0.0, high=1.0),
            sample("rank-4", blank(10, 10, 10, 10), low=0.0, high=1.0, edge=True),
        ],
        held=LIKE,
        modes=EAGER,
        sources=(f"{TORCH}generated/torch.rand.html", f"{TF}uniform"),
    ),
    Case(
        "normal_draws",
        "statistics",
        drawn,
        statistics=ref.normal,
        torch=[
            lambda torch, like, mean, deviation: torch.Tensor.normal_(torch.empty_like(like), mean, deviation),
            lambda torch, like, mean, deviation: mean + deviation * torch.randn_like(like),
            lambda torch, like, mean, deviation: torch.normal(*full(torch, like, mean, deviation)),
            lambda torch, like, mean, deviation: torch.distributions.Normal(
                *full(torch, like, mean, deviation), validate_args=False
            ).sample(),
        ],
        tensorflow=[
            lambda tf, like, mean, deviation: tf.random.normal(like.shape, mean, deviation, like.dtype),
            lambda tf, like, mean, deviation: tf.random.stateless_normal(
                like.shape, drawn_seed(tf), mean, deviation, like.dtype
            ),
            lambda tf, like, mean, deviation: tf.random.Generator.from_seed(drawn_seed(tf)[0]).normal(
                like.shape, mean, deviation, like.dtype
            ),
            lambda tf, like, mean, deviation: tf.keras.random.normal(like.shape, mean, deviation, like.dtype),
        ],
        jax=[
            lambda jax, like, *, key, mean, deviation: mean + deviation * jax.random.normal(key, like.shape, like.dtype)
        ],
        samples=[
            sample("standard", MATRIX, mean=0.0, deviation=1.0),
            sample("moved", SMALL, mean=-1.5, deviation=0.25, dtypes=SINGLE),
            sample("far", SMALL, mean=64.0, deviation=2.0, edge=True, dtypes=SINGLE),
            sample("one-point", SMALL, mean=0.5, deviation=0.0, edge=True, dtypes=SINGLE),
        ],
        held=LIKE,
        modes=EAGER,
        sources=(f"{TORCH}generated/torch.normal.html", f"{TF}normal", f"{KERAS}#normal-function"),
    ),
    Case(
        "normal_draws_in_graphs",
        "statistics",
        drawn,
        statistics=ref.normal,
        torch=[
            lambda torch, like, mean, deviation: mean + deviation * torch.randn_like(like),
            lambda torch, like, mean, deviation: torch.normal(*full(torch, like, mean, deviation)),
        ],
        tensorflow=[
            lambda tf, like, mean, deviation: tf.random.normal(like.shape, mean, deviation, like.dtype),
            lambda tf, like, mean, deviation: tf.random.stateless_normal(
                like.shape, drawn_seed(tf), mean, deviation, like.dtype
            ),
            lambda tf, like, mean, deviation: tf.keras.random.normal(
                like.shape, mean, deviation, like.dtype, seed=drawn_seed(tf)[0]
            ),
        ],
        jax=[
            lambda jax, like, *, key, mean, deviation: mean + deviation * jax.random.normal(key, like.shape, like.dtype)
        ],
        samples=[
            sample("standard", SMALL, mean=0.0, deviation=1.0),
            sample("moved", SMALL, mean=-1.5, deviation=0.25),
            sample("far", SMALL, mean=64.0, deviation=2.0, edge=True),
        ],
        held=LIKE,
        modes=("function", "xla", "compile"),
        sources=(f"{TF}normal", f"{TF}stateless_normal"),
    ),
    Case(
        "truncated_normal_draws",
        "statistics",
        drawn,
        statistics=ref.truncated_normal,
        torch=[
            lambda torch, like, mean, deviation: torch.nn.init.trunc_normal_(
                torch.empty_like(like), mean, deviation, mean - 2 * deviation, mean + 2 * deviation
            )
        ],
        tensorflow=[
            lambda tf, like, mean, deviation: tf.random.truncated_normal(like.shape, mean, deviation, like.dtype),
            lambda tf, like, mean, deviation: tf.random.stateless_truncated_normal(
                like.shape, drawn_seed(tf), mean, deviation, like.dtype
            ),
            lambda tf, like, mean, deviation: tf.random.Generator.from_seed(drawn_seed(tf)[0]).truncated_normal(
                like.shape, mean, deviation, like.dtype
            ),
            lambda tf, like, mean, deviation: tf.keras.random.truncated_normal(like.shape, mean, deviation, like.dtype),
        ],
        jax=[
            lambda jax, like, *, key, mean, deviation: (
                mean + deviation * jax.random.truncated_normal(key, -2.0, 2.0, like.shape, like.dtype)
            )
        ],
        samples=[
            sample("standard", MATRIX, mean=0.0, deviation=1.0),
            sample("moved", SMALL, mean=-1.5, deviation=0.25, dtypes=SINGLE),
            sample("far", SMALL, mean=16.0, deviation=2.0, edge=True, dtypes=SINGLE),
            # Tried four times and then kept, one number in 233,000 is beyond the ends.
            sample("many", blank(1000, 2000), mean=0.0, deviation=1.0, edge=True, dtypes=("float32",)),
        ],
        held=LIKE,
        modes=EAGER,
        sources=(f"{TORCH}nn.init.html", f"{TF}truncated_normal", f"{KERAS}#truncatednormal-function"),
    ),
    Case(
        "truncated_normal_draws_between",
        "statistics",
        drawn,
        statistics=ref.truncated_normal,
        torch=[
            lambda torch, like, mean, deviation, low, high: torch.nn.init.trunc_normal_(
                torch.empty_like(like), mean, deviation, mean + low * deviation, mean + high * deviation
            )
        ],
        tensorflow=[
            lambda tf, like, mean, deviation, low, high: tf.random.stateless_parameterized_truncated_normal(
                like.shape,
                drawn_seed(tf),
                *[
                    tf.constant(v, like.dtype)
                    for v in (mean, deviation, mean + low * deviation, mean + high * deviation)
                ],
            )
        ],
        jax=[
            lambda jax, like, *, key, mean, deviation, low, high: (
                mean + deviation * jax.random.truncated_normal(key, low, high, like.shape, like.dtype)
            )
        ],
        samples=[
            sample("one-sided", SMALL, mean=0.0, deviation=1.0, low=-0.5, high=3.0),
            sample("narrow", SMALL, mean=1.0, deviation=2.0, low=-0.125, high=0.25, dtypes=SINGLE),
            sample("in-the-tail", SMALL, mean=0.0, deviation=1.0, low=1.0, high=2.0, edge=True, dtypes=DOUBLE),
            sample("far-in-the-tail", SMALL, mean=0.0, deviation=1.0, low=4.0, high=5.0, edge=True, dtypes=SINGLE),
        ],
        held=LIKE,
        modes=EAGER,
        sources=(f"{TORCH}nn.init.html", f"{TF}stateless_parameterized_truncated_normal"),
    ),
    Case(
        "exponential_draws",
        "statistics",
        drawn,
        statistics=ref.exponential,
        torch=[
            lambda torch, like, rate: torch.Tensor.exponential_(torch.empty_like(like), rate),
            lambda torch, like, rate: torch.distributions.Exponential(*full(torch, like, rate)).sample(),
        ],
        tensorflow=[lambda tf, like, rate: tf.keras.random.gamma(like.shape, 1.0, like.dtype) / rate],
        jax=[lambda jax, like, *, key, rate: jax.random.exponential(key, like.shape, like.dtype) / rate],
        samples=[
            sample("unit", MATRIX, rate=1.0),
            sample("fast", SMALL, rate=8.0, dtypes=SINGLE),
            sample("slow", SMALL, rate=2.0**-7, edge=True, dtypes=DOUBLE),
        ],
        held=LIKE,
        modes=EAGER,
        sources=(f"{TORCH}generated/torch.Tensor.exponential_.html", f"{TF}gamma"),
    ),
    Case(
        "gamma_draws",
        "statistics",
        drawn,
        statistics=ref.gamma,
        torch=[
            lambda torch, like, concentration, rate: torch.distributions.Gamma(
                *full(torch, like, concentration, rate)
            ).sample(),
            lambda torch, like, concentration, rate: torch._standard_gamma(*full(torch, like, concentration)) / rate,
        ],
        tensorflow=[
            lambda tf, like, concentration, rate: tf.keras.random.gamma(like.shape, concentration, like.dtype) / rate,
            lambda tf, like, concentration, rate: tf.random.gamma(like.shape, concentration, rate, like.dtype),
            lambda tf, like, concentration, rate: tf.random.stateless_gamma(
                like.shape, drawn_seed(tf), concentration, rate, like.dtype
            ),
        ],
        jax=[
            lambda jax, like, *, key, concentration, rate: (
                jax.random.gamma(key, concentration, like.shape, like.dtype) / rate
            )
        ],
        samples=[
            sample("ordinary", MATRIX, concentration=2.5, rate=0.5),
            sample("below-1", SMALL, concentration=0.25, rate=1.0, dtypes=SINGLE),
            sample("large", SMALL, concentration=500.0, rate=4.0, edge=True, dtypes=DOUBLE),
            sample("tiny", SMALL, concentration=2.0**-10, rate=1.0, edge=True, dtypes=SINGLE),
        ],
        held=LIKE,
        modes=EAGER,
        sources=(f"{TORCH}distributions.html#gamma", f"{TF}gamma", f"{KERAS}#gamma-function"),
    ),
    Case(
        "beta_draws",
        "statistics",
        drawn,
        statistics=ref.beta,
        torch=[lambda torch, like, a, b: torch.distributions.Beta(*full(torch, like, a, b)).sample()],
        tensorflow=[lambda tf, like, a, b: tf.keras.random.beta(like.shape, a, b, like.dtype)],
        jax=[lambda jax, like, *, key, a, b: jax.random.beta(key, a, b, like.shape, like.dtype)],
        samples=[
            sample("ordinary", MATRIX, a=2.5, b=1.5),
            sample("bathtub", SMALL, a=0.5, b=0.5, dtypes=SINGLE),
            sample("concentrated", SMALL, a=200.0, b=300.0, edge=True, dtypes=DOUBLE),
            sample("at-the-ends", SMALL, a=0.125, b=0.0625, edge=True, dtypes=SINGLE),
        ],
        held=LIKE,
        modes=EAGER,
        dtypes=("float64", "float32"),
        sources=(f"{TORCH}distributions.html#beta", f"{KERAS}#beta-function"),
    ),
    Case(
        "dirichlet_draws",
        "statistics",
        drawn,
        statistics=ref.dirichlet,
        torch=[
            lambda torch, like, concentrations: torch.distributions.Dirichlet(
                like.new_tensor(concentrations).expand(like.shape)
            ).sample()
        ],
        jax=[
            lambda jax, like, *, key, concentrations: jax.random.dirichlet(
                key, jax.numpy.array(concentrations, like.dtype), like.shape[:-1], like.dtype
            )
        ],
        samples=[
            sample("ordinary", blank(8000, 3), concentrations=(2.0, 0.75, 4.0)),
            sample("flat", blank(8000, 4), concentrations=(1.0, 1.0, 1.0, 1.0), dtypes=SINGLE),
            sample("concentrated", blank(8000, 2), concentrations=(64.0, 96.0), edge=True, dtypes=DOUBLE),
        ],
        held=LIKE,
        modes=EAGER,
        dtypes=("float64", "float32"),
        sources=(f"{TORCH}distributions.html#dirichlet",),
    ),
    Case(
        "log_normal_draws",
        "statistics",
        drawn,
        statistics=ref.log_normal,
        torch=[
            lambda torch, like, mean, deviation: torch.Tensor.log_normal_(torch.empty_like(like), mean, deviation),
            lambda torch, like, mean, deviation: torch.distributions.LogNormal(
                *full(torch, like, mean, deviation)
            ).sample(),
        ],
        tensorflow=[
            lambda tf, like, mean, deviation: tf.exp(tf.random.normal(like.shape, mean, deviation, like.dtype))
        ],
        jax=[
            lambda jax, like, *, key, mean, deviation: (
                jax.numpy.exp(mean) * jax.random.lognormal(key, deviation, like.shape, like.dtype)
            )
        ],
        samples=[
            sample("standard", MATRIX, mean=0.0, deviation=1.0),
            sample("moved", SMALL, mean=2.0, deviation=0.25, dtypes=SINGLE),
            sample("wide", SMALL, mean=-1.0, deviation=3.0, edge=True, dtypes=DOUBLE),
        ],
        held=LIKE,
        modes=EAGER,
        dtypes=("float64", "float32"),
        sources=(f"{TORCH}generated/torch.Tensor.log_normal_.html",),
    ),
    Case(
        "cauchy_draws",
        "statistics",
        drawn,
        statistics=ref.cauchy,
        torch=[
            lambda torch, like, median, scale: torch.Tensor.cauchy_(torch.empty_like(like), median, scale),
            lambda torch, like, median, scale: torch.distributions.Cauchy(*full(torch, like, median, scale)).sample(),
        ],
        jax=[lambda jax, like, *, key, median, scale: median + scale * jax.random.cauchy(key, like.shape, like.dtype)],
        samples=[
            sample("standard", MATRIX, median=0.0, scale=1.0),
            sample("moved", SMALL, median=-2.0, scale=0.5, dtypes=SINGLE),
            sample("wide", SMALL, median=1.0, scale=64.0, edge=True, dtypes=DOUBLE),
        ],
        held=LIKE,
        modes=EAGER,
        sources=(f"{TORCH}generated/torch.Tensor.cauchy_.html",),
    ),
    Case(
        "draws_of_other_families",
        "statistics",
        drawn,
        statistics=ref.other_family,
        torch=[
            lambda torch, like, family, parameters: getattr(torch.distributions, family)(
                *full(torch, like, *parameters)
            ).sample()
        ],
        samples=[
            sample("chi-squared", SMALL, family="Chi2", parameters=(3.0,)),
            sample("fisher-snedecor", SMALL, family="FisherSnedecor", parameters=(5.0, 12.0)),
            sample("gumbel", SMALL, family="Gumbel", parameters=(0.5, 2.0)),
            sample("half-cauchy", SMALL, family="HalfCauchy", parameters=(2.0,)),
            sample("half-normal", SMALL, family="HalfNormal", parameters=(2.0,)),
            sample("inverse-gamma", SMALL, family="InverseGamma", parameters=(3.0, 2.0)),
            sample("laplace", SMALL, family="Laplace", parameters=(0.5, 2.0)),
            sample("pareto", SMALL, family="Pareto", parameters=(2.0, 3.0)),
            sample("student-t", SMALL, family="StudentT", parameters=(4.0,)),
            sample("von-mises", SMALL, family="VonMises", parameters=(0.0, 1.5)),
            sample("von-mises-narrow", SMALL, family="VonMises", parameters=(0.0, 64.0), edge=True),
            sample("weibull", SMALL, family="Weibull", parameters=(2.0, 1.5)),
        ],
        held=LIKE,
        modes=EAGER,
        dtypes=("float64", "float32"),
        sources=(f"{TORCH}distributions.html",),
    ),
)
