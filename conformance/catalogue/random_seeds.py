"""Seeds: which numbers they give, and which draws they make repeat themselves."""

from conformance.case import Case
from conformance.catalogue.random_continuous import EAGER, LIKE, TF, TORCH, blank
from conformance.reference import seeds as ref
from fixtures.samples import normal, sample

NOTES = f"{TORCH}notes/randomness.html"
SET_SEED = f"{TF}set_seed"


def torch_seeded(torch, like, seed, bits):
    torch.manual_seed(seed)
    return torch.rand_like(like)


def torch_own_generator(torch, like, seed, bits):
    own = torch.Generator(like.device).manual_seed(seed)
    return torch.rand(like.shape, dtype=like.dtype, generator=own)


def tf_seeded(tf, like, seed, bits):
    tf.random.set_seed(seed)
    return tf.random.uniform(like.shape, dtype=like.dtype)


def keras_seeded(tf, like, seed, bits):
    tf.keras.utils.set_random_seed(seed)
    return tf.keras.random.uniform(like.shape, dtype=like.dtype)


def tf_words(tf, like, key, counter):
    """The state is the counter, in two words of 64 bits, and the key."""

    def signed(word):
        return (word + 2**63) % 2**64 - 2**63

    state = [signed(counter % 2**64), signed(counter >> 64), signed(key)]
    words = tf.random.Generator.from_state(state, "philox").uniform_full_int(like.shape, tf.uint32)
    return tf.cast(words, tf.int64)


def torch_dropout(torch, x, seed, rate, bits):
    torch.manual_seed(seed)
    return torch.nn.Dropout(rate)(x)


def keras_dropout(tf, x, seed, rate, bits):
    return tf.keras.layers.Dropout(rate, seed=seed, dtype=x.dtype)(x, training=True)


def tf_stateless_dropout(tf, x, seed, rate, bits):
    return tf.nn.experimental.stateless_dropout(x, rate, seed=[seed, 0])


def torch_repeats(torch, like, what):
    import random

    import numpy as np

    first, second = torch.empty_like(like), torch.empty_like(like)
    torch.manual_seed(7)
    if what == "a saved state":
        state = torch.get_rng_state()
        first.uniform_()
        torch.set_rng_state(state)
    elif what == "the same initializer again":
        return torch.equal(torch.nn.init.uniform_(first), torch.nn.init.uniform_(second))
    elif what == "two layers, made one after the other":
        layers = [torch.nn.Dropout(0.5) for _ in range(2)]
        return torch.equal(*(layer(torch.ones_like(like)) for layer in layers))
    elif what == "the framework's seed, a layer":
        layer = torch.nn.Dropout(0.5)
        first = layer(torch.ones_like(like))
        torch.manual_seed(7)
        return torch.equal(first, layer(torch.ones_like(like)))
    elif what == "Python's seed, an initializer":
        random.seed(7)
        torch.nn.init.uniform_(first)
        random.seed(7)
    elif what == "NumPy's seed":
        np.random.seed(7)
        first.uniform_()
        np.random.seed(7)
    elif what == "the same seed argument again":
        own = torch.Generator(like.device).manual_seed(7)
        return torch.equal(first.uniform_(generator=own), second.uniform_(generator=own))
    elif what == "a generator's seed, in a graph":
        generators = [torch.Generator(like.device).manual_seed(7) for _ in range(2)]
        return torch.equal(first.uniform_(generator=generators[0]), second.uniform_(generator=generators[1]))
    elif what == "NumPy's numbers, within a function":

        def numbers():
            return torch.tensor(np.random.uniform(size=like.shape))

        return torch.equal(numbers(), numbers())
    elif what == "a generator of its own and the global one":
        first.uniform_()
        return torch.equal(first, second.uniform_(generator=torch.Generator(like.device).manual_seed(7)))
    else:
        first.uniform_()
        if what in ("the same seed again", "another seed", "after another draw", "the same seed, in a graph"):
            torch.manual_seed(8 if what == "another seed" else 7)
        if what == "after another draw":
            torch.randn(3)
    return torch.equal(first, second.uniform_())


def keras_repeats(tf, like, what):
    import random

    import numpy as np

    def draw(**seed):
        return tf.random.uniform(like.shape, dtype=like.dtype, **seed)

    tf.keras.utils.set_random_seed(7)
    ones, kinds = tf.ones(like.shape, like.dtype), tf.keras.initializers
    if what == "a saved state":
        own = tf.random.Generator.from_seed(7)
        saved = tf.random.Generator.from_state(tf.identity(own.state), own.algorithm)
        pair = own.uniform(like.shape), saved.uniform(like.shape)
    elif what == "the same initializer again":
        kind = kinds.RandomUniform()
        pair = kind(like.shape), kind(like.shape)
    elif what == "two layers, made one after the other":
        pair = [tf.keras.layers.Dropout(0.5, seed=1)(ones, training=True) for _ in range(2)]
    elif what == "the framework's seed, a layer":
        layer, pair = tf.keras.layers.Dropout(0.5), []
        for _ in range(2):
            tf.random.set_seed(7)
            pair.append(layer(ones, training=True))
    elif what == "Python's seed, an initializer":
        pair = []
        for _ in range(2):
            random.seed(7)
            pair.append(kinds.RandomUniform()(like.shape))
    elif what == "NumPy's seed":
        pair = []
        for _ in range(2):
            np.random.seed(7)
            pair.append(draw())
    elif what == "the same seed argument again":
        pair = [tf.keras.random.uniform(like.shape, seed=7) for _ in range(2)]
    elif what == "two initializers":
        pair = kinds.RandomUniform()(like.shape), kinds.RandomUniform()(like.shape)
    elif what == "two layers with seeds of their own":
        pair = [tf.keras.layers.Dropout(0.5, seed=seed)(ones, training=True) for seed in (1, 2)]
    elif what == "the same seed, in a graph":
        pair = [draw()]
        tf.random.set_seed(7)
        pair.append(tf.function(draw)())
    elif what == "a generator's seed, in a graph":
        own = [tf.keras.random.SeedGenerator(7) for _ in range(2)]
        pair = [tf.keras.random.uniform(like.shape, seed=own[0])]
        pair.append(tf.function(lambda: tf.keras.random.uniform(like.shape, seed=own[1]))())
    elif what == "NumPy's numbers, within a function":
        numbers = tf.function(lambda: tf.constant(np.random.uniform(size=like.shape)))
        pair = numbers(), numbers()
    elif what == "the framework's numbers, within a function":
        numbers = tf.function(draw)
        pair = numbers(), numbers()
    elif what == "a generator of its own and the global one":
        pair = draw(), tf.random.Generator.from_seed(7).uniform(like.shape, dtype=like.dtype)
    else:
        pair = [draw()]
        if what in ("the same seed again", "another seed", "after another draw"):
            tf.random.set_seed(8 if what == "another seed" else 7)
        if what == "after another draw":
            tf.random.normal([3])
        pair.append(draw())
    return tf.reduce_all(pair[0] == pair[1])


def torch_streams_meet(torch, like, what):
    one, other = (torch.Generator(like.device).manual_seed(seed) for seed in (7, 8))
    draw = {
        "uniform numbers": lambda own: torch.empty_like(like).uniform_(generator=own),
        "normal numbers": lambda own: torch.empty_like(like).normal_(generator=own),
        "gamma numbers": lambda own: torch._standard_gamma(torch.ones_like(like), generator=own),
        "masks of dropout": lambda own: torch.empty_like(like).bernoulli_(0.5, generator=own),
    }[what]
    draw(one)
    return torch.tensor(torch.equal(draw(one), draw(other)))


def keras_streams_meet(tf, like, what):
    """Whether the second draw of a generator is the first one of another, whose seed is the next."""
    random, ones = tf.keras.random, tf.keras.ops.ones(like.shape, like.dtype)

    def draws(seed):
        if what == "masks of dropout":
            layer = tf.keras.layers.Dropout(0.5, seed=seed, dtype=like.dtype)
            return lambda: layer(ones, training=True)
        own = random.SeedGenerator(seed)
        return {
            "uniform numbers": lambda: random.uniform(like.shape, dtype=like.dtype, seed=own),
            "normal numbers": lambda: random.normal(like.shape, dtype=like.dtype, seed=own),
            "gamma numbers": lambda: random.gamma(like.shape, 1.0, dtype=like.dtype, seed=own),
        }[what]

    one, other = draws(7), draws(8)
    one()
    return tf.keras.ops.all(tf.keras.ops.equal(one(), other()))


CASES = (
    Case(
        "seeded_numbers",
        "selection",
        ref.mersenne_twister,
        torch=[torch_seeded, torch_own_generator],
        tensorflow=[tf_seeded, keras_seeded],
        samples=[
            sample("seed-0", blank(12), seed=0, bits=24, dtypes=("float32",)),
            sample("seed-0-in-double", blank(12), seed=0, bits=53, dtypes=("float64",)),
            sample("seed-2021", blank(3, 4), seed=2021, bits=24, dtypes=("float32",)),
            sample("seed-2021-in-double", blank(3, 4), seed=2021, bits=53, dtypes=("float64",)),
            sample("largest-seed", blank(5), seed=2**32 - 1, bits=24, dtypes=("float32",), edge=True),
        ],
        held=LIKE,
        modes=EAGER,
        dtypes=("float64", "float32"),
        sources=("https://doi.org/10.1145/272991.272995", NOTES),
    ),
    Case(
        "philox_words",
        "selection",
        ref.philox,
        tensorflow=[tf_words],
        samples=[
            sample("zero", blank(8), key=0, counter=0),
            sample("ordinary", blank(3, 5), key=0x299F31D0A4093822, counter=0x0370734413198A2E85A308D3243F6A88),
            sample("carry", blank(12), key=2**64 - 1, counter=2**64 - 2, edge=True),
        ],
        held=LIKE,
        modes=EAGER,
        dtypes=("float64",),
        sources=("https://doi.org/10.1145/2063384.2063405", f"{TF}Generator"),
    ),
    Case(
        "seeded_dropout",
        "selection",
        ref.dropout_by_seed,
        torch=[torch_dropout],
        tensorflow=[keras_dropout, tf_stateless_dropout],
        samples=[
            normal((4, 6), seed=0, rate=0.5, bits=23, name="seed-0", dtypes=("float32",)),
            normal((4, 6), seed=0, rate=0.5, bits=52, name="seed-0-in-double", dtypes=("float64",)),
            normal((30,), seed=2021, rate=0.75, bits=23, name="seed-2021", dtypes=("float32",)),
            normal((29,), seed=7, rate=0.75, bits=52, name="odd-size-in-double", edge=True, dtypes=("float64",)),
        ],
        modes=EAGER,
        dtypes=("float64", "float32"),
        sources=(
            "https://doi.org/10.1145/2063384.2063405",
            "https://www.tensorflow.org/api_docs/python/tf/nn/experimental/stateless_dropout",
            NOTES,
        ),
    ),
    Case(
        "repeated_draws",
        "selection",
        ref.repeats,
        torch=[lambda torch, like, what: torch.tensor(torch_repeats(torch, like, what))],
        tensorflow=[keras_repeats],
        samples=[
            sample(
                what.lower().replace("'s", "").replace(",", "").replace(" ", "-"),
                blank(20),
                what=what,
                edge="again" in what,
            )
            for what in ref.REPEATS
        ],
        held=LIKE,
        modes=EAGER,
        dtypes=("float64",),
        sources=(NOTES, SET_SEED, "https://keras.io/api/random/seed_generator/"),
    ),
    Case(
        "neighbouring_streams",
        "selection",
        ref.streams_meet,
        torch=[torch_streams_meet],
        tensorflow=[keras_streams_meet],
        samples=[
            sample("uniform-numbers", blank(64), what="uniform numbers"),
            sample("normal-numbers", blank(64), what="normal numbers"),
            sample("gamma-numbers", blank(64), what="gamma numbers", edge=True),
            sample("masks-of-dropout", blank(64), what="masks of dropout", edge=True),
        ],
        held=LIKE,
        modes=EAGER,
        dtypes=("float64",),
        sources=(NOTES, "https://keras.io/api/random/seed_generator/"),
    ),
)
