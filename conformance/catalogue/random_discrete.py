"""Random counts, categories and permutations. ``like`` gives the shape and dtype of what is drawn (of categories: of
their probabilities)."""

from conformance.case import Case
from conformance.catalogue.random_continuous import (
    DOUBLE,
    EAGER,
    KERAS,
    LIKE,
    MATRIX,
    SINGLE,
    SMALL,
    TF,
    TORCH,
    blank,
    drawn,
    drawn_seed,
    full,
    generator,
    shuffler,
)
from conformance.reference import distributions as ref
from fixtures.samples import sample

SKEWED = (0.5, 0.25, 0.125, 0.0625, 0.0625)


def logits(tf, like, weights):
    """One row of logarithms; of a weight 0, minus infinity."""
    return tf.math.log(tf.constant([weights], like.dtype))


def gumbel_top_2(tf, like, weights):
    """The two largest of logarithms to which Gumbel noise is added (Yellott 1977): TensorFlow has no such function."""
    noise = -tf.math.log(-tf.math.log(tf.random.uniform((like.shape[0], len(weights)), dtype=like.dtype)))
    return tf.math.top_k(logits(tf, like, weights) + noise, 2).indices


def torch_rows(torch, like, draw):
    return torch.stack([torch.as_tensor(draw(like.shape[-1])) for _ in like])


def tf_rows(tf, like, draw):
    return tf.stack([draw(tf.range(like.shape[-1], dtype=like.dtype)) for _ in range(like.shape[0])])


def split_in_two(torch, like, n):
    """The indices of both parts, one after the other."""
    own = shuffler(torch, like) or torch.default_generator
    parts = torch.utils.data.random_split(range(n), [n // 2, n - n // 2], generator=own)
    return [i for part in parts for i in part.indices]


def through_buffer(tf, like, buffer):
    n = int(like.shape[-1])
    data = tf.data.Dataset.range(n).shuffle(buffer or n, seed=drawn_seed(tf)[0])
    return data.batch(n).get_single_element()


def numbered(torch, like):
    return torch.arange(len(like), dtype=like.dtype)[:, None].expand(like.shape)


CASES = (
    Case(
        "integer_draws",
        "statistics",
        drawn,
        statistics=ref.integers,
        torch=[
            lambda torch, like, low, high: torch.randint(low, high, like.shape, dtype=like.dtype, device=like.device),
            lambda torch, like, low, high: torch.Tensor.random_(torch.empty_like(like), low, high),
            lambda torch, like, low, high: torch.randint_like(like, low, high),
        ],
        tensorflow=[
            lambda tf, like, low, high: tf.random.uniform(like.shape, low, high, like.dtype),
            lambda tf, like, low, high: tf.random.stateless_uniform(like.shape, drawn_seed(tf), low, high, like.dtype),
            lambda tf, like, low, high: tf.random.Generator.from_seed(drawn_seed(tf)[0]).uniform(
                like.shape, low, high, like.dtype
            ),
            lambda tf, like, low, high: tf.keras.random.randint(like.shape, low, high, like.dtype),
        ],
        jax=[lambda jax, like, *, key, low, high: jax.random.randint(key, like.shape, low, high, like.dtype)],
        samples=[
            sample("dice", MATRIX, low=1, high=7),
            sample("negative", SMALL, low=-100, high=27),
            sample("all-of-int32", SMALL, low=-(2**31), high=2**31 - 1, edge=True),
            sample("one-number", SMALL, low=5, high=6, edge=True),
        ],
        held=LIKE,
        modes=EAGER,
        dtypes=("int64", "int32"),
        sources=(f"{TORCH}generated/torch.randint.html", f"{TF}uniform", f"{KERAS}#randint-function"),
    ),
    Case(
        "small_integer_draws",
        "statistics",
        drawn,
        statistics=ref.integers,
        torch=[
            lambda torch, like, low, high: torch.randint(low, high, like.shape, dtype=like.dtype, device=like.device)
        ],
        tensorflow=[lambda tf, like, low, high: tf.keras.random.randint(like.shape, low, high, like.dtype)],
        jax=[lambda jax, like, *, key, low, high: jax.random.randint(key, like.shape, low, high, like.dtype)],
        samples=[
            sample("dice", SMALL, low=1, high=7),
            sample("all-of-int8", SMALL, low=-128, high=128, edge=True, dtypes=("int8",)),
            sample("all-of-uint8", SMALL, low=0, high=256, edge=True, dtypes=("uint8",)),
            sample("all-of-int16", SMALL, low=-(2**15), high=2**15, edge=True, dtypes=("int16",)),
        ],
        held=LIKE,
        modes=EAGER,
        dtypes=("int16", "int8", "uint8"),
        sources=(f"{TORCH}generated/torch.randint.html", f"{KERAS}#randint-function"),
    ),
    Case(
        "bernoulli_draws",
        "statistics",
        drawn,
        statistics=ref.bernoulli,
        torch=[
            lambda torch, like, probability: torch.bernoulli(*full(torch, like, probability)),
            lambda torch, like, probability: torch.Tensor.bernoulli_(torch.empty_like(like), probability),
            lambda torch, like, probability: torch.distributions.Bernoulli(*full(torch, like, probability)).sample(),
        ],
        tensorflow=[
            lambda tf, like, probability: tf.cast(
                tf.random.uniform(like.shape, dtype=like.dtype) < probability, like.dtype
            ),
            lambda tf, like, probability: tf.keras.random.binomial(like.shape, 1, probability, like.dtype),
        ],
        jax=[
            lambda jax, like, *, key, probability: jax.random.bernoulli(key, probability, like.shape).astype(like.dtype)
        ],
        samples=[
            sample("quarter", MATRIX, probability=0.25),
            sample("rare", SMALL, probability=2.0**-4, dtypes=SINGLE),
            sample("rarer-than-a-step-of-bfloat16", SMALL, probability=2.0**-9, edge=True, dtypes=SINGLE),
            sample("never", SMALL, probability=0.0, edge=True, dtypes=SINGLE),
            sample("always", SMALL, probability=1.0, edge=True, dtypes=DOUBLE),
        ],
        held=LIKE,
        modes=EAGER,
        sources=(f"{TORCH}generated/torch.bernoulli.html", f"{KERAS}#binomial-function"),
    ),
    Case(
        "binomial_draws",
        "statistics",
        drawn,
        statistics=ref.binomial,
        torch=[
            lambda torch, like, count, probability: torch.binomial(*full(torch, like, count, probability)),
            lambda torch, like, count, probability: torch.distributions.Binomial(
                count, torch.full_like(like, probability)
            ).sample(),
        ],
        tensorflow=[
            lambda tf, like, count, probability: tf.keras.random.binomial(
                like.shape, float(count), probability, like.dtype
            ),
            lambda tf, like, count, probability: tf.random.stateless_binomial(
                like.shape, drawn_seed(tf), float(count), probability, like.dtype
            ),
            lambda tf, like, count, probability: tf.random.Generator.from_seed(drawn_seed(tf)[0]).binomial(
                like.shape, float(count), probability, like.dtype
            ),
        ],
        jax=[
            lambda jax, like, *, key, count, probability: jax.random.binomial(
                key, count, probability, like.shape, like.dtype
            )
        ],
        samples=[
            sample("few", MATRIX, count=10, probability=0.25),
            sample("many", SMALL, count=1000, probability=0.625, dtypes=SINGLE),
            sample("rare", SMALL, count=1000, probability=2.0**-8, edge=True, dtypes=DOUBLE),
            sample("never", SMALL, count=10, probability=0.0, edge=True, dtypes=SINGLE),
            sample("always", SMALL, count=10, probability=1.0, edge=True, dtypes=DOUBLE),
            sample("no-trial", SMALL, count=0, probability=0.5, edge=True, dtypes=SINGLE),
        ],
        held=LIKE,
        modes=EAGER,
        sources=(f"{TORCH}generated/torch.binomial.html", f"{TF}stateless_binomial", f"{KERAS}#binomial-function"),
    ),
    Case(
        "poisson_draws",
        "statistics",
        drawn,
        statistics=ref.poisson,
        torch=[
            lambda torch, like, rate: torch.poisson(*full(torch, like, rate)),
            lambda torch, like, rate: torch.distributions.Poisson(*full(torch, like, rate)).sample(),
        ],
        tensorflow=[
            lambda tf, like, rate: tf.random.poisson(like.shape, rate, like.dtype),
            lambda tf, like, rate: tf.random.stateless_poisson(like.shape, drawn_seed(tf), rate, like.dtype),
        ],
        jax=[lambda jax, like, *, key, rate: jax.random.poisson(key, rate, like.shape).astype(like.dtype)],
        samples=[
            sample("few", MATRIX, rate=0.75),
            sample("more", SMALL, rate=25.0, dtypes=SINGLE),
            sample("huge", SMALL, rate=1e6, edge=True, dtypes=("float64", "float32")),
            sample("none", SMALL, rate=0.0, edge=True, dtypes=SINGLE),
        ],
        held=LIKE,
        modes=EAGER,
        dtypes=("float64", "float32", "float16"),
        sources=(f"{TORCH}generated/torch.poisson.html", f"{TF}poisson"),
    ),
    Case(
        "geometric_draws",
        "statistics",
        drawn,
        statistics=ref.geometric,
        torch=[
            lambda torch, like, probability, first: (
                torch.Tensor.geometric_(torch.empty_like(like), probability) + (first - 1)
            ),
            lambda torch, like, probability, first: (
                torch.distributions.Geometric(*full(torch, like, probability)).sample() + first
            ),
        ],
        jax=[
            lambda jax, like, *, key, probability, first: (
                jax.random.geometric(key, probability, like.shape).astype(like.dtype) + (first - 1)
            )
        ],
        samples=[
            sample("trials", MATRIX, probability=0.25, first=1),
            sample("failures", SMALL, probability=0.625, first=0, dtypes=SINGLE),
            sample("rare", SMALL, probability=2.0**-6, first=1, edge=True, dtypes=DOUBLE),
        ],
        held=LIKE,
        modes=EAGER,
        dtypes=("float64", "float32"),
        sources=(f"{TORCH}generated/torch.Tensor.geometric_.html", f"{TORCH}distributions.html#geometric"),
    ),
    Case(
        "negative_binomial_draws",
        "statistics",
        drawn,
        statistics=ref.negative_binomial,
        torch=[
            lambda torch, like, count, probability: torch.distributions.NegativeBinomial(
                *full(torch, like, count, probability)
            ).sample()
        ],
        samples=[
            sample("ordinary", SMALL, count=4.0, probability=0.25),
            sample("fraction", SMALL, count=0.5, probability=0.625, dtypes=SINGLE),
            sample("many", SMALL, count=64.0, probability=0.75, edge=True, dtypes=DOUBLE),
        ],
        held=LIKE,
        modes=EAGER,
        dtypes=("float64", "float32"),
        sources=(f"{TORCH}distributions.html#negativebinomial",),
    ),
    Case(
        "categorical_draws",
        "statistics",
        drawn,
        statistics=ref.categorical,
        torch=[
            lambda torch, like, weights: torch.multinomial(
                like.new_tensor(weights), like.numel(), replacement=True
            ).view(like.shape),
            lambda torch, like, weights: torch.distributions.Categorical(like.new_tensor(weights)).sample(like.shape),
        ],
        tensorflow=[
            lambda tf, like, weights: tf.reshape(
                tf.random.categorical(logits(tf, like, weights), like.shape.num_elements()), like.shape
            ),
            lambda tf, like, weights: tf.reshape(
                tf.random.stateless_categorical(logits(tf, like, weights), like.shape.num_elements(), drawn_seed(tf)),
                like.shape,
            ),
            lambda tf, like, weights: tf.reshape(
                tf.keras.random.categorical(logits(tf, like, weights), like.shape.num_elements()), like.shape
            ),
        ],
        jax=[
            lambda jax, like, *, key, weights: jax.random.categorical(
                key, jax.numpy.log(jax.numpy.array(weights, like.dtype)), shape=like.shape
            )
        ],
        samples=[
            sample("skewed", MATRIX, weights=SKEWED),
            sample("unnormalized", SMALL, weights=(3.0, 1.0, 4.0, 8.0), dtypes=SINGLE),
            sample("many", SMALL, weights=(1.0,) * 200, edge=True, dtypes=DOUBLE),
            sample("with-zeros", SMALL, weights=(0.0, 1.0, 0.0, 3.0, 0.0), edge=True, dtypes=SINGLE),
            sample("one-possible", SMALL, weights=(0.0, 0.0, 1.0), edge=True, dtypes=DOUBLE),
        ],
        held=LIKE,
        modes=EAGER,
        sources=(f"{TORCH}generated/torch.multinomial.html", f"{TF}categorical", f"{KERAS}#categorical-function"),
    ),
    Case(
        "draws_without_replacement",
        "statistics",
        drawn,
        statistics=ref.without_replacement,
        torch=[
            lambda torch, like, weights: torch.multinomial(
                like.new_tensor(weights).expand(len(like), len(weights)), 2, replacement=False
            )
        ],
        tensorflow=[gumbel_top_2],
        samples=[
            sample("skewed", blank(20000, 2), weights=SKEWED),
            sample("equal", blank(20000, 2), weights=(1.0, 1.0, 1.0), dtypes=SINGLE),
            sample("with-zeros", blank(20000, 2), weights=(0.0, 1.0, 0.0, 3.0, 4.0), edge=True, dtypes=DOUBLE),
        ],
        held=LIKE,
        modes=EAGER,
        dtypes=("float64", "float32"),
        sources=(f"{TORCH}generated/torch.multinomial.html", "https://doi.org/10.1016/0022-2496(77)90026-8"),
    ),
    Case(
        "multinomial_counts",
        "statistics",
        drawn,
        statistics=ref.multinomial,
        torch=[
            lambda torch, like, count, weights: torch.distributions.Multinomial(count, like.new_tensor(weights)).sample(
                like.shape[:1]
            )
        ],
        jax=[
            lambda jax, like, *, key, count, weights: jax.random.multinomial(
                key, count, jax.numpy.array(weights, like.dtype), shape=(like.shape[0], len(weights)), dtype=like.dtype
            )
        ],
        samples=[
            sample("skewed", blank(4000, 5), count=12, weights=SKEWED),
            sample("one-draw", blank(4000, 3), count=1, weights=(1.0, 2.0, 1.0), dtypes=SINGLE),
            sample("with-zeros", blank(4000, 3), count=20, weights=(0.0, 1.0, 3.0), edge=True, dtypes=DOUBLE),
        ],
        held=LIKE,
        modes=EAGER,
        dtypes=("float64", "float32"),
        sources=(f"{TORCH}distributions.html#multinomial",),
    ),
    Case(
        "permutation_draws",
        "statistics",
        drawn,
        statistics=ref.permutation,
        torch=[
            lambda torch, like: torch_rows(torch, like, torch.randperm),
            lambda torch, like: torch_rows(
                torch, like, lambda n: list(torch.utils.data.RandomSampler(range(n), generator=shuffler(torch, like)))
            ),
            lambda torch, like: torch_rows(torch, like, lambda n: split_in_two(torch, like, n)),
        ],
        tensorflow=[
            lambda tf, like: tf_rows(tf, like, tf.random.shuffle),
            lambda tf, like: tf_rows(tf, like, lambda x: tf.random.experimental.stateless_shuffle(x, drawn_seed(tf))),
            lambda tf, like: tf_rows(tf, like, tf.keras.random.shuffle),
            lambda tf, like: tf_rows(
                tf,
                like,
                lambda x: (
                    tf.data.Dataset.from_tensor_slices(x)
                    .shuffle(len(x), seed=drawn_seed(tf)[0])
                    .batch(len(x))
                    .get_single_element()
                ),
            ),
        ],
        jax=[
            lambda jax, like, *, key: jax.vmap(lambda k: jax.random.permutation(k, like.shape[1]))(
                jax.random.split(key, like.shape[0])
            ).astype(like.dtype)
        ],
        samples=[
            sample("long", blank(1, 12000)),
            sample("rows", blank(4, 1000)),
            sample("short", blank(120, 5), edge=True),
        ],
        held=LIKE,
        modes=EAGER,
        dtypes=("int64",),
        sources=(f"{TORCH}generated/torch.randperm.html", f"{TF}shuffle", f"{KERAS}#shuffle-function"),
    ),
    Case(
        "shuffled_indices",
        "statistics",
        drawn,
        statistics=ref.permutation,
        tensorflow=[
            lambda tf, like: tf_rows(
                tf,
                like,
                lambda x: tf.random.experimental.index_shuffle(x, drawn_seed(tf), tf.cast(len(x) - 1, x.dtype)),
            )
        ],
        samples=[
            sample("long", blank(1, 100_000)),
            sample("rows", blank(4, 1000)),
            sample("short", blank(25, 40), edge=True),
        ],
        held=LIKE,
        modes=EAGER,
        dtypes=("int64",),
        sources=(f"{TF}experimental/index_shuffle",),
    ),
    Case(
        "shuffled_data",
        "statistics",
        drawn,
        statistics=ref.permutation,
        torch=[
            lambda torch, like, buffer: torch.cat(
                list(
                    torch.utils.data.DataLoader(
                        range(like.shape[-1]), batch_size=1000, shuffle=True, generator=shuffler(torch, like)
                    )
                )
            )
        ],
        tensorflow=[through_buffer],
        samples=[
            sample("whole", blank(1, 12000), buffer=0),
            sample("whole-short", blank(1, 2000), buffer=0),
            sample("small-buffer", blank(1, 12000), buffer=1000, edge=True),
        ],
        held=LIKE,
        modes=EAGER,
        dtypes=("int64",),
        sources=(f"{TORCH}data.html", "https://www.tensorflow.org/api_docs/python/tf/data/Dataset#shuffle"),
    ),
    Case(
        "shuffled_rows",
        "statistics",
        drawn,
        statistics=ref.shuffled_rows,
        torch=[lambda torch, like: numbered(torch, like)[torch.randperm(len(like), generator=generator(torch, like))]],
        tensorflow=[
            lambda tf, like: tf.random.shuffle(tf.repeat(tf.range(like.shape[0])[:, None], like.shape[1], 1)),
            lambda tf, like: tf.keras.random.shuffle(tf.repeat(tf.range(like.shape[0])[:, None], like.shape[1], 1)),
            lambda tf, like: tf.transpose(
                tf.keras.random.shuffle(tf.repeat(tf.range(like.shape[0])[None], like.shape[1], 0), axis=1)
            ),
        ],
        jax=[
            lambda jax, like, *, key: jax.random.permutation(
                key, jax.numpy.broadcast_to(jax.numpy.arange(like.shape[0])[:, None], like.shape)
            )
        ],
        samples=[
            sample("two-columns", blank(2000, 2)),
            sample("wide", blank(500, 20)),
            sample("one-column", blank(4000, 1), edge=True),
        ],
        held=LIKE,
        modes=EAGER,
        dtypes=("int64",),
        sources=(f"{TF}shuffle", f"{KERAS}#shuffle-function"),
    ),
)
