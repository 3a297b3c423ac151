"""A transformer language model of two blocks learns a text letter by letter: AdamW, warm-up, clipping by global norm.

Weights of the blocks are stacked, and laid out as Keras keeps them (see `conformance.catalogue.transformer`). All
routes take the same places of the text at each step. ``gradient_*`` are clipped, ``norm`` is what they are clipped by.

The key's bias has no gradient: it moves all scores of a query alike, which softmax does not see. What a framework
computes is rounding noise, and as Adam divides it by its own size, that bias walks at random by the full rate at each
step, in every framework. Its floor says so; nothing else depends on it. The floors of all other weights are 2e-6 of
them after 200 steps in float32, and 6e-14 in float64: chaos is far.
"""

from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from conformance.case import Array, Case, Sample
from conformance.catalogue.training_shared import MASTER, curve, keeping_loss, recorded, stacked
from conformance.catalogue.transformer import encoder_state
from conformance.reference import training_transformer as ref
from fixtures.samples import sample


def by_layer(weights):
    """All weights one by one, in the order in which Keras creates them: those of each block after another."""
    blocks = range(len(weights[2]))
    return [*weights[:2], *(w[i] for i in blocks for w in weights[2:18]), *weights[18:]]


def layer_names(blocks):
    """The names that the reference gives them, in that order."""
    projections = [f"{of}_{kind}" for of in ("query", "key", "value", "output") for kind in ("kernel", "bias")]
    mlp = [f"dense_{i}_{kind}" for i in (1, 2) for kind in ("kernel", "bias")]
    of_block = ["norm_1_gamma", "norm_1_beta", *projections, "norm_2_gamma", "norm_2_beta", *mlp]
    return ["token_table", "position_table", *of_block * blocks, "norm_gamma", "norm_beta", "head_kernel", "head_bias"]


def by_name(framework, arrays, blocks):
    """The opposite of `by_layer`, by name."""
    found = {}
    for name, a in zip(layer_names(blocks), arrays, strict=False):
        found.setdefault(name, []).append(a)
    of_blocks = layer_names(1)[2:18]
    return {name: framework.stack(a) if name in of_blocks else a[0] for name, a in found.items()}


# torch


def torch_state(torch, weights):
    """The state_dict of a model whose blocks are called as torch.nn.TransformerEncoder calls them."""
    state = {"token.weight": weights[0], "position.weight": weights[1]}
    for i in range(len(weights[2])):
        norm_1, mha, norm_2, mlp = ([w[i] for w in weights[a:b]] for a, b in ((2, 4), (4, 12), (12, 14), (14, 18)))
        of_block = encoder_state(torch, mha, norm_1, mlp, norm_2)
        state |= {f"encoder.layers.{i}.{name}": w for name, w in of_block.items()}
    state |= {"encoder.norm.weight": weights[18], "encoder.norm.bias": weights[19]}
    head = weights[20:]
    return state | ({"head.weight": head[0].mT, "head.bias": head[1]} if head else {})


def in_keras_layout(torch, state, blocks, heads):
    """The opposite of `torch_state`, of weights or of gradients."""
    arrays = [state["token.weight"], state["position.weight"]]
    for i in range(blocks):
        of_block = {n.split(f"layers.{i}.")[1]: w for n, w in state.items() if f"layers.{i}." in n}
        arrays += [of_block["norm1.weight"], of_block["norm1.bias"]]
        projections = zip(
            of_block["self_attn.in_proj_weight"].chunk(3), of_block["self_attn.in_proj_bias"].chunk(3), strict=True
        )
        for kernel, bias in projections:
            arrays += [kernel.mT.unflatten(1, (heads, -1)), bias.unflatten(0, (heads, -1))]
        arrays += [
            of_block["self_attn.out_proj.weight"].mT.unflatten(0, (heads, -1)),
            of_block["self_attn.out_proj.bias"],
        ]
        arrays += [of_block["norm2.weight"], of_block["norm2.bias"]]
        for name in ("linear1", "linear2"):
            arrays += [of_block[f"{name}.weight"].mT, of_block[f"{name}.bias"]]
    arrays += [state["encoder.norm.weight"], state["encoder.norm.bias"]]
    arrays += [state["head.weight"].mT, state["head.bias"]] if "head.weight" in state else []
    return by_name(torch, [a.clone() for a in arrays], blocks)


def torch_run(
    torch, model, loss_of, schedule_of, tokens, starts, weights, every, learning_rate, beta_1, beta_2, epsilon,
    weight_decay, decay_all, limit, clip, fused=False,
):  # fmt: skip
    """The loop: nanoGPT's, https://github.com/karpathy/nanoGPT/blob/master/train.py."""
    context, (blocks, _, heads, _) = len(weights[1]), weights[4].shape
    model.load_state_dict(torch_state(torch, weights))
    parameters = dict(model.named_parameters())
    groups = [
        {"params": [p for p in parameters.values() if p.dim() >= 2], "weight_decay": weight_decay},
        {"params": [p for p in parameters.values() if p.dim() < 2], "weight_decay": weight_decay * decay_all},
    ]
    optimizer = torch.optim.AdamW(groups, lr=learning_rate, betas=(beta_1, beta_2), eps=epsilon, fused=fused)
    schedule = schedule_of(optimizer)
    losses, norms, rows = [], [], []
    model.train()
    for step, places in enumerate(starts):
        ids = torch.stack([tokens[place : place + context] for place in places])
        following = torch.stack([tokens[place + 1 : place + 1 + context] for place in places])
        loss = loss_of(model(ids), following)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        if clip == "library":
            norms.append(torch.nn.utils.clip_grad_norm_(parameters.values(), limit))
        else:  # 1e-6 is added to the norm
            norms.append(torch.nn.utils.get_total_norm([p.grad for p in parameters.values()]))
            torch.nn.utils.clip_grads_with_norm_(parameters.values(), limit, norms[-1] - 1e-6)
        optimizer.step()
        schedule.step()
        losses.append(loss.detach())
        if step % every == 0:
            now = in_keras_layout(torch, {name: p.detach() for name, p in parameters.items()}, blocks, heads)
            gradients = in_keras_layout(torch, {name: p.grad for name, p in parameters.items()}, blocks, heads)
            rows.append(recorded(loss.detach(), now, gradients))
    return {**stacked(torch, rows), "loss": torch.stack(losses), "norm": torch.stack(norms)}


def scaled_dot_product_attention(
    torch, tokens, starts, *weights, warm_up, learning_rate, norm_epsilon, activation, eager, tied, **options
):  # fmt: skip
    """The model by hand, as in nanoGPT; the names of its parameters are those of torch.nn.TransformerEncoder."""
    nn, functional = torch.nn, torch.nn.functional
    letters, width = weights[0].shape
    context, (blocks, _, heads, _), hidden = len(weights[1]), weights[4].shape, weights[14].shape[2]
    dtype, norm = weights[0].dtype, {} if norm_epsilon is None else {"eps": norm_epsilon}

    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.in_proj_weight = nn.Parameter(torch.empty(3 * width, width, dtype=dtype))
            self.in_proj_bias = nn.Parameter(torch.empty(3 * width, dtype=dtype))
            self.out_proj = nn.Linear(width, width, dtype=dtype)

        def forward(self, x):
            qkv = functional.linear(x, self.in_proj_weight, self.in_proj_bias).split(width, dim=2)
            q, k, v = (a.unflatten(2, (heads, -1)).transpose(1, 2) for a in qkv)
            y = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
            return self.out_proj(y.transpose(1, 2).flatten(2))

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm1, self.norm2 = nn.LayerNorm(width, dtype=dtype, **norm), nn.LayerNorm(width, dtype=dtype, **norm)
            self.self_attn = Attention()
            self.linear1, self.linear2 = nn.Linear(width, hidden, dtype=dtype), nn.Linear(hidden, width, dtype=dtype)
            self.gelu = nn.GELU(approximate="tanh" if activation == "gelu_tanh" else "none")

        def forward(self, x):
            x = x + self.self_attn(self.norm1(x))
            return x + self.linear2(self.gelu(self.linear1(self.norm2(x))))

    class Encoder(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.ModuleList(Block() for _ in range(blocks))
            self.norm = nn.LayerNorm(width, dtype=dtype, **norm)

    class LanguageModel(nn.Module):
        def __init__(self):
            super().__init__()
            self.token = nn.Embedding(letters, width, dtype=dtype)
            self.position = nn.Embedding(context, width, dtype=dtype)
            self.encoder = Encoder()
            if not tied:
                self.head = nn.Linear(width, letters, dtype=dtype)

        def forward(self, ids):
            x = self.token(ids) + self.position(torch.arange(context, device=ids.device))
            for block in self.encoder.layers:
                x = block(x)
            x = self.encoder.norm(x)
            return functional.linear(x, self.token.weight) if tied else self.head(x)

    def loss_of(logits, following):
        return functional.cross_entropy(logits.flatten(0, 1), following.flatten())

    def schedule_of(optimizer):
        return torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: min((step + 1) / warm_up, 1.0))

    model = LanguageModel().to(weights[0].device)
    weights = weights[:20] if tied else weights
    return torch_run(
        torch, model, loss_of, schedule_of, tokens, starts, weights, learning_rate=learning_rate, **options
    )


def transformer_encoder(
    torch, tokens, starts, *weights, warm_up, learning_rate, norm_epsilon, activation, eager, tied, **options
):  # fmt: skip
    """torch.nn.TransformerEncoder with a causal mask, torch.optim.lr_scheduler.LinearLR, a fused optimizer."""
    nn = torch.nn
    letters, width = weights[0].shape
    context, (blocks, _, heads, _), hidden = len(weights[1]), weights[4].shape, weights[14].shape[2]
    dtype = weights[0].dtype
    gelu = (lambda x: nn.functional.gelu(x, approximate="tanh")) if activation == "gelu_tanh" else "gelu"

    class LanguageModel(nn.Module):
        def __init__(self):
            super().__init__()
            self.token = nn.Embedding(letters, width, dtype=dtype)
            self.position = nn.Embedding(context, width, dtype=dtype)
            norm = {} if norm_epsilon is None else {"layer_norm_eps": norm_epsilon}
            layer = nn.TransformerEncoderLayer(
                width,
                heads,
                hidden,
                dropout=0.0,
                activation=gelu,
                batch_first=True,
                norm_first=True,
                dtype=dtype,
                **norm,
            )
            last = nn.LayerNorm(width, dtype=dtype, **({} if norm_epsilon is None else {"eps": norm_epsilon}))
            self.encoder = nn.TransformerEncoder(layer, blocks, last, enable_nested_tensor=False)
            if not tied:
                self.head = nn.Linear(width, letters, dtype=dtype)

        def forward(self, ids):
            x = self.token(ids) + self.position.weight
            mask = nn.Transformer.generate_square_subsequent_mask(context, device=x.device, dtype=x.dtype)
            x = self.encoder(x, mask=mask, is_causal=True)
            return x @ self.token.weight.T if tied else self.head(x)

    criterion = nn.CrossEntropyLoss()  # classes come second

    def schedule_of(optimizer):
        return torch.optim.lr_scheduler.LinearLR(optimizer, 1 / warm_up, total_iters=warm_up - 1)

    model = LanguageModel().to(weights[0].device)
    weights = weights[:20] if tied else weights
    return torch_run(
        torch, model, lambda logits, following: criterion(logits.transpose(1, 2), following), schedule_of, tokens,
        starts, weights, learning_rate=learning_rate, fused=True, **options,
    )  # fmt: skip


# TensorFlow


def erf_gelu(tf, x):
    """x (1 + erf(x / sqrt 2)) / 2, with a constant that float64 keeps."""
    return x * (1 + tf.math.erf(x * tf.constant(0.5**0.5, x.dtype))) / 2


def spare_vectors(optimizer, variables, decay_all):
    """The biases of attention are matrices in Keras, (heads, size): what decays is told by names."""
    if not decay_all:
        optimizer.exclude_from_weight_decay([v for v in variables if v.name in ("bias", "beta", "gamma")])


def keras_adamw(tf, variables, learning_rate, beta_1, beta_2, epsilon, weight_decay, decay_all, global_clipnorm, clip):
    """Keras' AdamW that keeps the gradients of its last step, clipped, and their norm before."""
    keras = tf.keras

    class Recording(keras.optimizers.AdamW):
        def build(self, variables):
            self.given = [tf.Variable(tf.zeros(v.shape, v.dtype)) for v in variables]
            self.norm = tf.Variable(tf.zeros((), variables[0].dtype))
            super().build(variables)

        def apply(self, grads, trainable_variables=None):
            if clip != "library":  # tf.IndexedSlices, the gradients of embeddings, hold a row for each use of it
                grads = [tf.convert_to_tensor(g) for g in grads]
            self.norm.assign(tf.linalg.global_norm(grads))
            super().apply(grads, trainable_variables)

        def update_step(self, gradient, variable, learning_rate):
            self.given[self._get_variable_index(variable)].assign(tf.convert_to_tensor(gradient))
            super().update_step(gradient, variable, learning_rate)

    optimizer = Recording(learning_rate, weight_decay, beta_1, beta_2, epsilon, global_clipnorm=global_clipnorm)
    spare_vectors(optimizer, variables, decay_all)
    optimizer.build(variables)
    return optimizer


def keras_fit_language_model(
    tf, tokens, starts, *weights, every, learning_rate, warm_up, beta_1, beta_2, epsilon, weight_decay, decay_all,
    limit, norm_epsilon, activation, clip, eager, tied,
):  # fmt: skip
    """compile and fit of a subclassed model, after https://keras.io/examples/generative/text_generation_with_miniature_gpt/."""
    keras, dtype = tf.keras, weights[0].dtype
    letters, width = weights[0].shape
    context, (blocks, _, heads, size), hidden = len(weights[1]), weights[4].shape, weights[14].shape[2]
    norm = {} if norm_epsilon is None else {"epsilon": norm_epsilon}
    gelu = {
        "gelu": "gelu",
        "gelu_tanh": lambda x: keras.activations.gelu(x, approximate=True),
        "gelu_erf": lambda x: erf_gelu(tf, x),
    }[activation]
    losses, norms, rows = [], [], []

    class Block(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.norm_1 = keras.layers.LayerNormalization(**norm)
            self.attention = keras.layers.MultiHeadAttention(heads, size)
            self.norm_2 = keras.layers.LayerNormalization(**norm)
            self.dense_1 = keras.layers.Dense(hidden, activation=gelu)
            self.dense_2 = keras.layers.Dense(width)

        def build(self, shape):
            for layer in (self.norm_1, self.norm_2, self.dense_1):
                layer.build(shape)
            self.attention.build(shape, shape)
            self.dense_2.build((*shape[:-1], hidden))

        def call(self, x):
            y = self.norm_1(x)
            x = x + self.attention(y, y, use_causal_mask=True)
            return x + self.dense_2(self.dense_1(self.norm_2(x)))

    class LanguageModel(keras.Model):
        def __init__(self):
            super().__init__()
            self.token = keras.layers.Embedding(letters, width)
            self.position = keras.layers.Embedding(context, width)
            self.blocks = [Block() for _ in range(blocks)]
            self.norm = keras.layers.LayerNormalization(**norm)
            self.head = None if tied else keras.layers.Dense(letters)

        def call(self, ids):
            x = self.token(ids) + self.position(keras.ops.arange(context))
            for block in self.blocks:
                x = block(x)
            x = self.norm(x)
            return keras.ops.matmul(x, keras.ops.transpose(self.token.embeddings)) if tied else self.head(x)

    class WarmUp(keras.optimizers.schedules.LearningRateSchedule):
        def __call__(self, step):
            return learning_rate * tf.minimum((tf.cast(step, "float32") + 1) / warm_up, 1.0)

    class Recorder(keras.callbacks.Callback):
        def on_train_batch_end(self, step, logs=None):
            if step % every == 0:
                now = by_name(tf, [v.numpy() for v in self.model.trainable_variables], blocks)
                gradients = by_name(tf, [g.numpy() for g in optimizer.given], blocks)
                rows.append(recorded(criterion.last.value(), now, gradients))
            losses.append(criterion.last.numpy())
            norms.append(optimizer.norm.numpy())

    usual = keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_floatx(dtype.name)
    keras.config.set_dtype_policy(dtype.name)
    try:
        model = LanguageModel()
        criterion = keeping_loss(tf, keras.losses.SparseCategoricalCrossentropy, dtype)(from_logits=True)
        weights = weights[:20] if tied else weights
        windows = tf.gather(tokens, tf.reshape(starts, [-1, 1]) + tf.range(context + 1, dtype=starts.dtype))
        model(windows[:1, :-1])  # creates the weights
        model.set_weights([w.numpy() for w in by_layer(weights)])
        optimizer = keras_adamw(
            tf, model.trainable_variables, WarmUp(), beta_1, beta_2, epsilon, weight_decay, decay_all, limit, clip
        )
        model.compile(optimizer, criterion, jit_compile=False, run_eagerly=eager)
        model.fit(
            windows[:, :-1],
            windows[:, 1:],
            batch_size=starts.shape[1],
            shuffle=False,
            verbose=0,
            callbacks=[Recorder()],
        )
    finally:
        keras.config.set_floatx(usual[0])
        keras.config.set_dtype_policy(usual[1])
    return {**stacked(tf, rows), "loss": tf.stack(losses), "norm": tf.stack(norms)}


def gradient_tape_language_model(
    tf, tokens, starts, *weights, every, learning_rate, warm_up, beta_1, beta_2, epsilon, weight_decay, decay_all,
    limit, norm_epsilon, activation, clip, eager, tied,
):  # fmt: skip
    """The model by hand in a tf.function, tf.clip_by_global_norm, and Keras' AdamW, whose rate is set at each step."""
    keras, dtype = tf.keras, weights[0].dtype
    context, size = len(weights[1]), weights[4].shape[3]
    scale = tf.constant(size, dtype) ** -0.5
    later = tf.linalg.band_part(tf.fill([context, context], tf.constant(-np.inf, dtype)), 0, -1)
    later = tf.linalg.set_diag(later, tf.zeros([context], dtype))
    gelu = {
        "gelu": tf.nn.gelu,
        "gelu_tanh": lambda x: tf.nn.gelu(x, approximate=True),
        "gelu_erf": lambda x: erf_gelu(tf, x),
    }[activation]
    weights = weights[:20] if tied else weights
    names = layer_names(1)[: len(weights)]
    variables = [
        keras.Variable(w, dtype=dtype.name, name="kernel" if name.endswith(("table", "kernel")) else "bias")
        for name, w in zip(names, weights, strict=True)
    ]
    optimizer = keras.optimizers.AdamW(learning_rate, weight_decay, beta_1, beta_2, epsilon)
    spare_vectors(optimizer, variables, decay_all)
    optimizer.build(variables)
    losses, norms, rows = [], [], []

    def norm(x, gamma, beta):
        mean, variance = tf.nn.moments(x, axes=[-1], keepdims=True)
        return tf.nn.batch_normalization(x, mean, variance, beta, gamma, norm_epsilon or 1e-5)

    def block(x, w):
        y = norm(x, w[0], w[1])
        q, k, v = (tf.einsum("btd,dhs->bhts", y, w[i]) + w[i + 1][:, None] for i in (2, 4, 6))
        p = tf.nn.softmax(scale * tf.matmul(q, k, transpose_b=True) + later)
        x += tf.einsum("bhts,hso->bto", tf.matmul(p, v), w[8]) + w[9]
        return x + tf.matmul(gelu(tf.matmul(norm(x, w[10], w[11]), w[12]) + w[13]), w[14]) + w[15]

    def step(ids, following):
        with tf.GradientTape() as tape:
            w = [v.value for v in variables]
            x = tf.gather(w[0], ids) + w[1]
            for of_block in zip(*map(tf.unstack, w[2:18]), strict=True):
                x = block(x, of_block)
            x = norm(x, w[18], w[19])
            logits = tf.matmul(x, w[0], transpose_b=True) if tied else tf.matmul(x, w[20]) + w[21]
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=following, logits=logits))
        gradients = tape.gradient(loss, w)
        if clip != "library":  # tf.IndexedSlices hold a row for each use of it
            gradients = [tf.convert_to_tensor(g) for g in gradients]
        gradients, length = tf.clip_by_global_norm(gradients, limit)
        optimizer.apply(gradients, variables)
        return loss, length, [tf.convert_to_tensor(g) for g in gradients]

    one_step = step if eager else tf.function(step, autograph=False)
    for i, places in enumerate(starts):
        windows = tf.gather(tokens, places[:, None] + tf.range(context + 1, dtype=places.dtype))
        optimizer.learning_rate = learning_rate * min((i + 1) / warm_up, 1.0)
        loss, length, gradients = one_step(windows[:, :-1], windows[:, 1:])
        losses.append(loss)
        norms.append(length)
        if i % every == 0:
            now = [tf.convert_to_tensor(v) for v in variables]
            rows.append(recorded(loss, dict(zip(names, now, strict=True)), dict(zip(names, gradients, strict=True))))
    return {**stacked(tf, rows), "loss": tf.stack(losses), "norm": tf.stack(norms)}


def figure(label, outputs, inputs, options):
    title = "Transformer: loss per step"
    return [curve("transformer loss", title, "step", "cross-entropy", label, outputs["loss"])]


# Data and initial weights


@cache
def letters_of_text() -> tuple[Array, int]:
    """The text that the project ships, as numbers of its letters in the order of the alphabet; how many there are."""
    text = (files("fixtures") / "text.txt").read_text(encoding="utf-8")
    letters = sorted(set(text))
    return np.array([letters.index(letter) for letter in text]), len(letters)


def text_and_weights(
    steps: int, batch: int, width: int, heads: int, context: int, blocks: int = 2, text=letters_of_text
):
    """Places in the text, and weights as GPT-2 draws them, but larger, as the model is small: on a grid of 2^-10, so
    that a program with all of them in it stays small. No bias is 0: one at the wrong place shows at once."""

    def make(rng: np.random.Generator) -> tuple[Array, ...]:
        tokens, letters = text()
        starts = rng.integers(0, len(tokens) - context, (steps, batch))
        size, hidden = width // heads, 2 * width

        def drawn(*shape: int, scale: float) -> Array:
            return np.round(rng.standard_normal(shape) * scale * 2**10) / 2**10

        def dense(kernel: tuple[int, ...], bias: tuple[int, ...], fan_in: int) -> tuple[Array, Array]:
            return drawn(*kernel, scale=fan_in**-0.5), drawn(*bias, scale=0.125)

        def norm(*shape: int) -> tuple[Array, Array]:
            return 1 + drawn(*shape, scale=0.125), drawn(*shape, scale=0.125)

        of_blocks = [
            *norm(blocks, width),
            *(a for _ in range(3) for a in dense((blocks, width, heads, size), (blocks, heads, size), width)),
            *dense((blocks, heads, size, width), (blocks, width), width),
            *norm(blocks, width),
            *dense((blocks, width, hidden), (blocks, hidden), width),
            *dense((blocks, hidden, width), (blocks, width), hidden),
        ]
        tables = drawn(letters, width, scale=0.5), drawn(context, width, scale=0.5)
        return (tokens, starts, *tables, *of_blocks, *norm(width), *dense((width, letters), (letters,), width))

    return make


def one_letter() -> tuple[Array, int]:
    return np.zeros(20, np.int64), 3


# An epsilon that is negligible: torch adds it after the bias correction, Keras before (see adam-epsilon-hat). The rate
# of each step of the warm-up, and all else, is a number that float32 holds.
RUN: dict[str, Any] = {
    "every": 10, "learning_rate": 2.0**-8, "warm_up": 32, "beta_1": 0.875, "beta_2": 1 - 2.0**-6, "epsilon": 2.0**-80,
    "weight_decay": 2.0**-4, "decay_all": False, "limit": 1.0, "norm_epsilon": 2.0**-17, "activation": "gelu",
    "clip": "agreed", "tied": False, "eager": False,
}  # fmt: skip
SHORT: dict[str, Any] = {**RUN, "every": 1, "warm_up": 4, "limit": 0.5, "activation": "gelu_erf", "eager": True}
few = text_and_weights(4, 3, 8, 2, 8, blocks=1)

# In float64, heads of a size that is a power of 4 and a gelu by hand: see transformer-keras-defaults.
SAMPLES: list[Sample] = [
    sample("tied", few, dtypes=("float64",), **{**SHORT, "tied": True}),
    sample(
        "one-letter",
        text_and_weights(4, 1, 8, 2, 1, blocks=1, text=one_letter),
        edge=True,
        dtypes=("float32",),
        **{**SHORT, "limit": 2.0**10, "decay_all": True, "activation": "gelu_tanh"},
    ),
    sample("library-clipping", few, edge=True, dtypes=("float64",), **{**SHORT, "clip": "library"}),
    sample(
        "library-defaults",
        text_and_weights(4, 3, 16, 2, 8, blocks=1),
        edge=True,
        dtypes=("float64",),
        **{**SHORT, "norm_epsilon": None, "activation": "gelu"},
    ),
    sample("200-steps", text_and_weights(200, 4, 16, 2, 16), dtypes=("float32",), **RUN),
    sample(
        "200-steps-float64",
        text_and_weights(200, 4, 16, 4, 16),
        dtypes=("float64",),
        **{**RUN, "activation": "gelu_erf"},
    ),
]

CASES: tuple[Case, ...] = (
    Case(
        "transformer_language_model",
        "training",
        ref.language_model,
        torch=[scaled_dot_product_attention, transformer_encoder],
        tensorflow=[keras_fit_language_model, gradient_tape_language_model],
        samples=SAMPLES,
        extended=False,
        figure=figure,
        modes=("eager",),
        dtypes=MASTER,
        sources=(
            "https://github.com/karpathy/nanoGPT",
            "https://keras.io/examples/generative/text_generation_with_miniature_gpt/",
            "https://docs.pytorch.org/docs/stable/generated/torch.nn.TransformerEncoder.html",
        ),
    ),
)
