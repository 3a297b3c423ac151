"""Steps of optimizers and of training, as each framework's users write them.

A builder gets the framework, ``compiled`` (which compiles a function, in the modes that do), the mode, and what the
reference gets. It returns a function that takes one step (and returns the loss, if there is one), and one that returns
the weights as the reference names and lays them out.
"""

import numpy as np

from conformance.benchmark import Program
from conformance.catalogue import benchmark_programs_jax as in_jax
from conformance.catalogue.training_transformer import (
    by_layer,
    by_name,
    in_keras_layout,
    letters_of_text,
    text_and_weights,
    torch_state,
)
from conformance.reference import optimizers as rules
from conformance.reference import training_steps as ref

NEGLIGIBLE = 2.0**-80
"""An epsilon whose place does not matter: torch and Keras have it in different ones."""
SGD = {"learning_rate": 2.0**-6, "momentum": 0.875}
ADAM = {"learning_rate": 2.0**-10, "beta_1": 0.875, "beta_2": 1 - 2.0**-6, "epsilon": NEGLIGIBLE}
ADAMW = {**ADAM, "weight_decay": 2.0**-4}
RMSPROP = {"learning_rate": 2.0**-10, "rho": 0.875, "epsilon": NEGLIGIBLE}


# Optimizers


def torch_optimizer(torch, parameters, kind, options, **how):
    """A torch optimizer by Keras' names of its options."""
    named = {"learning_rate": "lr", "epsilon": "eps", "rho": "alpha"}
    renamed = {named.get(k, k): v for k, v in options.items() if k not in ("beta_1", "beta_2")}
    if "beta_1" in options:
        renamed["betas"] = (options["beta_1"], options["beta_2"])
    return getattr(torch.optim, kind)(parameters, **renamed, **how)


def torch_optimizing(kind):
    """How torch updates many weights is ``foreach`` or ``fused``; if nothing is said, it chooses by itself."""

    def build(torch, compiled, mode, *arrays, **options):
        half = len(arrays) // 2
        parameters = [torch.nn.Parameter(w.clone()) for w in arrays[:half]]
        for parameter, gradient in zip(parameters, arrays[half:], strict=True):
            parameter.grad = gradient.clone()
        how = {mode: True} if mode in ("foreach", "fused") else {}
        optimizer = torch_optimizer(torch, parameters, kind, options, **how)
        return compiled(lambda: optimizer.step()), lambda: {str(i): p for i, p in enumerate(parameters)}

    return build


def keras_optimizing(kind):
    def build(tf, compiled, mode, *arrays, **options):
        half = len(arrays) // 2
        variables, gradients = [tf.keras.Variable(w) for w in arrays[:half]], list(arrays[half:])
        optimizer = getattr(tf.keras.optimizers, kind)(**options)
        optimizer.build(variables)
        step = compiled(lambda gradients: optimizer.apply(gradients, variables))
        return lambda: step(gradients), lambda: {str(i): v for i, v in enumerate(variables)}

    return build


def parameters(rng, layers, width):
    """Of so many dense layers: kernels and biases, and a gradient for each, none near 0."""
    shapes = [(width, width), (width,)] * layers
    signs = [rng.choice([-1.0, 1.0], s) for s in shapes]
    return *(rng.standard_normal(s) for s in shapes), *(sign * rng.uniform(0.1, 1, sign.shape) for sign in signs)


def optimizer(name, kind, rule, options, flops, arrays, modes=("foreach", "fused")):
    """FLOPs of one weight, and how many arrays as large as the weights are read or written. ``modes`` are torch's."""

    def amount(layers, width):
        return layers * (width**2 + width)

    return Program(
        name, "trajectory", "optimizer step", {"layers": 4, "width": 16}, {"layers": 4, "width": 128},
        {"layers": 4, "width": 1024}, parameters, ref.optimizing(rule), torch_optimizing(kind), keras_optimizing(kind),
        in_jax.optimizing(kind),
        flops=lambda **size: flops * amount(**size), bytes=lambda **size: 4 * arrays * amount(**size),
        options=lambda **_: options, modes={"torch": modes},
    )  # fmt: skip


# Training


def torch_training(torch, compiled, model, optimizer, x, labels):
    """A step on one batch."""
    loss_of = compiled(lambda x, labels: torch.nn.functional.cross_entropy(model(x), labels))

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of(x, labels)
        loss.backward()
        optimizer.step()
        return loss.detach()

    return step


def keras_training(tf, compiled, model, optimizer, x, labels):
    variables = model.trainable_variables
    optimizer.build(variables)
    loss_of = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    def train(x, labels):
        with tf.GradientTape() as tape:
            loss = loss_of(labels, model(x, training=True))
        # Gradients of embeddings hold a row for each use of it: Adam would square them one by one.
        gradients = [tf.convert_to_tensor(g) for g in tape.gradient(loss, variables)]
        optimizer.apply(gradients, variables)
        return loss

    one_step = compiled(train)
    return lambda: one_step(x, labels)


NAMES = ("kernel_1", "bias_1", "kernel_2", "bias_2", "kernel_3", "bias_3")


def torch_dense(torch, compiled, mode, x, labels, *weights, **options):
    features, hidden = weights[0].shape
    layers = [torch.nn.Linear(features, hidden), torch.nn.Tanh(), torch.nn.Linear(hidden, len(weights[3]))]
    model = torch.nn.Sequential(*layers).to(x.device)
    with torch.no_grad():
        for p, w in zip(model.parameters(), weights, strict=True):
            p.copy_(w.t() if w.ndim == 2 else w)
    step = torch_training(torch, compiled, model, torch_optimizer(torch, model.parameters(), "SGD", options), x, labels)
    return step, lambda: {n: p.t() if p.ndim == 2 else p for n, p in zip(NAMES, model.parameters(), strict=False)}


def keras_dense(tf, compiled, mode, x, labels, *weights, **options):
    layers = tf.keras.layers
    hidden, classes = weights[2].shape
    model = tf.keras.Sequential([layers.Dense(hidden, activation="tanh"), layers.Dense(classes)])
    return keras_built(tf, compiled, model, x, labels, weights, options)


def keras_built(tf, compiled, model, x, labels, weights, options):
    model.build(x.shape)
    for variable, w in zip(model.trainable_variables, weights, strict=True):
        variable.assign(w)
    step = keras_training(tf, compiled, model, tf.keras.optimizers.SGD(**options), x, labels)
    return step, lambda: dict(zip(NAMES, model.trainable_variables, strict=False))


def torch_convolutional(torch, compiled, mode, x, labels, *weights, **options):
    """torch has channels first: in images, in kernels, and in what it flattens."""
    nn, size, places = torch.nn, weights[0].shape[0], x.shape[1] // 4
    first, second = weights[0].shape[-1], weights[2].shape[-1]
    model = nn.Sequential(
        nn.Conv2d(x.shape[-1], first, size, padding="same"), nn.Tanh(), nn.AvgPool2d(2),
        nn.Conv2d(first, second, size, padding="same"), nn.Tanh(), nn.AvgPool2d(2), nn.Flatten(),
        nn.Linear(*weights[4].shape),
    ).to(x.device)  # fmt: skip

    def to_torch(w):
        if w.ndim == 2:
            return w.reshape(places, places, second, -1).permute(3, 2, 0, 1).flatten(1)
        return w.permute(3, 2, 0, 1) if w.ndim == 4 else w

    def to_keras(p):
        if p.ndim == 2:
            return p.reshape(-1, second, places, places).permute(2, 3, 1, 0).flatten(0, 2)
        return p.permute(2, 3, 1, 0) if p.ndim == 4 else p

    with torch.no_grad():
        for p, w in zip(model.parameters(), weights, strict=True):
            p.copy_(to_torch(w))
    images = x.permute(0, 3, 1, 2).contiguous()
    optimizer = torch_optimizer(torch, model.parameters(), "SGD", options)
    step = torch_training(torch, compiled, model, optimizer, images, labels)
    return step, lambda: {n: to_keras(p) for n, p in zip(NAMES, model.parameters(), strict=True)}


def keras_convolutional(tf, compiled, mode, x, labels, *weights, **options):
    layers, size = tf.keras.layers, weights[0].shape[0]
    conv = {"padding": "same", "activation": "tanh"}
    model = tf.keras.Sequential([
        layers.Conv2D(weights[0].shape[-1], size, **conv), layers.AveragePooling2D(2),
        layers.Conv2D(weights[2].shape[-1], size, **conv), layers.AveragePooling2D(2), layers.Flatten(),
        layers.Dense(weights[4].shape[-1]),
    ])  # fmt: skip
    return keras_built(tf, compiled, model, x, labels, weights, options)


def torch_transformer(torch, compiled, mode, ids, following, *weights, **options):
    """torch.nn.TransformerEncoder with a causal mask."""
    nn, (letters, width) = torch.nn, weights[0].shape
    context, (blocks, _, heads, _), hidden = len(weights[1]), weights[4].shape, weights[14].shape[2]

    class LanguageModel(nn.Module):
        def __init__(self):
            super().__init__()
            self.token, self.position = nn.Embedding(letters, width), nn.Embedding(context, width)
            layer = nn.TransformerEncoderLayer(
                width, heads, hidden, dropout=0.0, activation="gelu", batch_first=True, norm_first=True,
                layer_norm_eps=ref.NORM_EPSILON,
            )  # fmt: skip
            last = nn.LayerNorm(width, eps=ref.NORM_EPSILON)
            self.encoder = nn.TransformerEncoder(layer, blocks, last, enable_nested_tensor=False)
            self.head = nn.Linear(width, letters)
            self.register_buffer("mask", nn.Transformer.generate_square_subsequent_mask(context), persistent=False)

        def forward(self, ids):
            x = self.encoder(self.token(ids) + self.position.weight, mask=self.mask, is_causal=True)
            return self.head(x).flatten(0, 1)

    model = LanguageModel().to(ids.device)
    model.load_state_dict(torch_state(torch, weights))
    optimizer = torch_optimizer(torch, model.parameters(), "AdamW", options)
    step = torch_training(torch, compiled, model, optimizer, ids, following.flatten())
    return step, lambda: in_keras_layout(torch, dict(model.named_parameters()), blocks, heads)


def keras_transformer(tf, compiled, mode, ids, following, *weights, **options):
    """Blocks of Keras' layers."""
    keras, (letters, width) = tf.keras, weights[0].shape
    context, (blocks, _, heads, size), hidden = len(weights[1]), weights[4].shape, weights[14].shape[2]
    norm = {"epsilon": ref.NORM_EPSILON}

    class Block(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.norm_1 = keras.layers.LayerNormalization(**norm)
            self.attention = keras.layers.MultiHeadAttention(heads, size)
            self.norm_2 = keras.layers.LayerNormalization(**norm)
            self.dense_1 = keras.layers.Dense(hidden, activation="gelu")
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
            self.token, self.position = (keras.layers.Embedding(n, width) for n in (letters, context))
            self.blocks = [Block() for _ in range(blocks)]
            self.norm, self.head = keras.layers.LayerNormalization(**norm), keras.layers.Dense(letters)

        def call(self, ids):
            x = self.token(ids) + self.position(keras.ops.arange(context))
            for block in self.blocks:
                x = block(x)
            return self.head(self.norm(x))

    model = LanguageModel()
    model(ids)  # creates the weights
    for variable, w in zip(model.trainable_variables, by_layer(weights), strict=True):
        variable.assign(w)
    step = keras_training(tf, compiled, model, keras.optimizers.AdamW(**options), ids, following)
    return step, lambda: by_name(tf, [tf.convert_to_tensor(v) for v in model.trainable_variables], blocks)


def dense_batch(rng, batch, features, hidden, classes):
    shapes = (features, hidden), (hidden,), (hidden, classes), (classes,)
    weights = (rng.standard_normal(s) / (s[0] ** 0.5 if len(s) > 1 else 8) for s in shapes)
    return rng.standard_normal((batch, features)), rng.integers(0, classes, batch), *weights


def images_batch(rng, batch, n, first, second):
    shapes = (5, 5, 1, first), (first,), (5, 5, first, second), (second,), ((n // 4) ** 2 * second, 10), (10,)
    weights = (rng.standard_normal(s) / (np.prod(s[:-1]) ** 0.5 if len(s) > 1 else 8) for s in shapes)
    return rng.standard_normal((batch, n, n, 1)), rng.integers(0, 10, batch), *weights


def text_batch(rng, batch, context, width, heads, blocks):
    tokens, starts, *weights = text_and_weights(1, batch, width, heads, context, blocks=blocks)(rng)
    windows = tokens[starts[0][:, None] + np.arange(context + 1)]
    return windows[:, :-1].copy(), windows[:, 1:].copy(), *weights


def dense_weights(batch, features, hidden, classes):
    return features * hidden + hidden + hidden * classes + classes


def images_weights(batch, n, first, second):
    return 25 * first + first + 25 * first * second + second + 10 * (n // 4) ** 2 * second + 10


def text_weights(batch, context, width, heads, blocks):
    letters = letters_of_text()[1]
    return blocks * (8 * width**2 + 11 * width) + width * (2 * letters + context + 2) + letters


# Of a product with weights, the gradient has two; of the first layer's, only that of the weights. Elementwise
# functions, of which there are few beside that, are left out; SGD with momentum takes 4 FLOPs a weight, AdamW 16.
TRAINING = [
    Program(
        "train_dense_network", "training", "training step", {"batch": 4, "features": 16, "hidden": 16, "classes": 10},
        {"batch": 32, "features": 256, "hidden": 128, "classes": 10},
        {"batch": 256, "features": 1024, "hidden": 1024, "classes": 10},
        dense_batch, ref.dense_network, torch_dense, keras_dense, in_jax.dense,
        flops=lambda batch, features, hidden, classes: (
            4 * batch * features * hidden + 6 * batch * hidden * classes
            + 4 * dense_weights(batch, features, hidden, classes)
        ),
        bytes=lambda batch, features, hidden, classes: (
            4 * batch * features + 8 * batch + 4 * 4 * dense_weights(batch, features, hidden, classes)
        ),
        options=lambda **_: SGD,
    ),
    Program(
        "train_convolutional_network", "training", "training step", {"batch": 2, "n": 8, "first": 2, "second": 4},
        {"batch": 8, "n": 28, "first": 6, "second": 16}, {"batch": 64, "n": 28, "first": 16, "second": 32},
        images_batch, ref.convolutional_network, torch_convolutional, keras_convolutional, in_jax.convolutional,
        flops=lambda batch, n, first, second: (
            batch * (4 * n**2 * 25 * first + 6 * (n // 2) ** 2 * 25 * first * second + 60 * (n // 4) ** 2 * second)
            + 4 * images_weights(batch, n, first, second)
        ),
        bytes=lambda batch, n, first, second: (
            4 * batch * n**2 + 8 * batch + 4 * 4 * images_weights(batch, n, first, second)
        ),
        options=lambda **_: SGD,
    ),
    Program(
        "train_transformer", "training", "training step",
        {"batch": 2, "context": 8, "width": 16, "heads": 2, "blocks": 1},
        {"batch": 4, "context": 32, "width": 64, "heads": 4, "blocks": 1},
        {"batch": 8, "context": 64, "width": 128, "heads": 4, "blocks": 2},
        text_batch, ref.language_model, torch_transformer, keras_transformer, in_jax.transformer,
        flops=lambda batch, context, width, heads, blocks: (
            3 * batch * context * (
                blocks * (16 * width**2 + 4 * context * width) + 2 * width * letters_of_text()[1]
            )
            + 16 * text_weights(batch, context, width, heads, blocks)
        ),
        bytes=lambda batch, context, width, heads, blocks: (
            16 * batch * context + 4 * 6 * text_weights(batch, context, width, heads, blocks)
        ),
        options=lambda **_: ADAMW,
    ),
]  # fmt: skip

# FLOPs: v = m v + g, w -= r v; both averages (3 and 4), both corrections, root, epsilon, quotient, rate, step; the
# decay (2). Arrays: the weights, their gradient and their state are read, the weights and their state are written.
PROGRAMS = [
    optimizer("sgd_step", "SGD", rules.sgd, SGD, 4, 5),
    optimizer("adam_step", "Adam", rules.adam, ADAM, 14, 7),
    optimizer("adamw_step", "AdamW", rules.decoupled(rules.adam), ADAMW, 16, 7),
    optimizer("rmsprop_step", "RMSprop", rules.rmsprop, RMSPROP, 9, 5, ("foreach",)),
    *TRAINING,
]
